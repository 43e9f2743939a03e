"""Server defaults are compared by their SQL."""

import pytest

from kernel_core.ddl.default_comparison import defaults_differ


@pytest.mark.parametrize(
    ("inspected", "metadata"),
    [
        (None, None),
        ("5", "'5'"),
        ("'new'::character varying", "'new'"),
        ("'{}'::jsonb", "'{}'"),
        ("'{}'::integer[]", "'{}'"),
        ("(now())", "now()"),
        ("CURRENT_TIMESTAMP", "now()"),
        ("((1))", "1"),
        ("1.50", "'1.5'"),
        ("'-5'::integer", "-5"),
        ("false", "'0'"),
        ("TRUE", "true"),
        ("(a || 'x')", "a||'x'"),
        ("'a'::text || 'b'::text", "'a'::text || 'b'::text"),
    ],
)
def test_spellings_of_one_default_do_not_differ(inspected, metadata):
    assert not defaults_differ(inspected, metadata)
    assert not defaults_differ(metadata, inspected)


@pytest.mark.parametrize(
    ("inspected", "metadata"),
    [
        (None, "'a'"),
        ("'a'", None),
        ("'a'", "'A'"),
        ("'a  b'", "'a b'"),
        ("5", "6"),
        ("'now()'", "now()"),
        ("(1) + (2)", "(1) + (3)"),
        ("'a' || 'b'::text", "'a' || 'c'::text"),
        ("''", "'0'"),
        ("100", "1"),
    ],
)
def test_other_defaults_differ(inspected, metadata):
    assert defaults_differ(inspected, metadata)
    assert defaults_differ(metadata, inspected)
