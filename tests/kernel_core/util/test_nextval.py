"""The sequences in the ``nextval()`` of SQL text."""

import pytest

from kernel_core.util.sql import SequenceName, sequence_of_default, sequences_in


@pytest.mark.parametrize(
    ("default", "sequence"),
    [
        ("nextval('order_no'::regclass)", (None, "order_no")),
        ("NEXTVAL( 'order_no' )", (None, "order_no")),
        ("(nextval('order_no'))", (None, "order_no")),
        ("pg_catalog.nextval('order_no'::pg_catalog.regclass)", (None, "order_no")),
        ("nextval('app.s'::text::regclass)", ("app", "s")),
        ("nextval('shop.sales.order_no')", ("sales", "order_no")),
        ("nextval(/* the next */ 's')", (None, "s")),
    ],
)
def test_the_sequence_of_a_default_is_found(default, sequence):
    assert sequence_of_default(default) == SequenceName(*sequence)


@pytest.mark.parametrize(
    ("default", "sequence"),
    [
        ("nextval('Sales.Order_No')", ("sales", "order_no")),
        ("nextval('sales.\"Order no\"'::regclass)", ("sales", "Order no")),
        ('nextval(\'"a.b"."say ""c"""\')', ("a.b", 'say "c"')),
        ("nextval('\"it''s\"')", (None, "it's")),
        ("nextval($$s$$)", (None, "s")),
        ("nextval('order-no')", (None, "order-no")),
    ],
)
def test_a_word_in_the_string_is_folded_and_a_quoted_name_is_not(default, sequence):
    assert sequence_of_default(default) == SequenceName(*sequence)


@pytest.mark.parametrize(
    ("default", "sequence"),
    [
        ("nextval(`shop`.`Order no`)", ("shop", "Order no")),
        ("nextval(`it``s`)", (None, "it`s")),
        ("nextval(shop.Order_No)", ("shop", "Order_No")),
    ],
)
def test_mariadb_names_the_sequence_outside_of_a_string(default, sequence):
    assert sequence_of_default(default) == SequenceName(*sequence)


@pytest.mark.parametrize(
    "default",
    [
        *("nextval('s') + 1", "nextval('s') + nextval('s')", "currval('s')", "'nextval(1)'", "nextval('a' || 'b')"),
        *("nextval()", "nextval('s'", "nextval('')", "nextval(1)", "nextval(a.)", "nextval('\"s')", "0", "", None),
    ],
)
def test_other_defaults_have_no_sequence(default):
    assert sequence_of_default(default) is None


@pytest.mark.parametrize(
    ("sql", "sequences"),
    [
        ("nextval('a') * 10 + nextval('b.c') + nextval('A')", [(None, "a"), ("b", "c")]),
        ("ARRAY[nextval('a'), abs(nextval('b'))]", [(None, "a"), (None, "b")]),
        ("'nextval(''a'')' /* nextval('b') */", []),
        ("concat(nextval(`a`), nextval(`b`.`c`))", [(None, "a"), ("b", "c")]),
        (None, []),
    ],
)
def test_all_sequences_of_an_expression_are_found(sql, sequences):
    assert sequences_in(sql) == [SequenceName(*each) for each in sequences]


def test_the_default_schema_is_left_out_of_the_key():
    sequence = SequenceName("public", "s")
    assert (sequence.key(), sequence.key("public"), SequenceName(None, "s").key("public")) == (
        ("public", "s"),
        (None, "s"),
        (None, "s"),
    )
