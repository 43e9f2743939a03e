from __future__ import annotations

import ast
import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kernel_core.script.write import checked_id, checked_label, comma, docstring_safe, file_name, new_id
from kernel_core.util.exc import CommandError

MOMENT = datetime(2013, 2, 3, 4, 5, 6, tzinfo=UTC)
NASTY = st.text(alphabet=st.one_of(st.sampled_from("\"'\\\n\r\t \0#$%{}u"), st.characters()), max_size=40)


@given(NASTY)
@example("\ud800")
def test_any_message_is_unchanged_inside_either_kind_of_triple_quotes(message):
    plain = message.replace("\r\n", "\n").replace("\r", "\n").strip()
    plain = re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", plain)  # a lone surrogate cannot be encoded
    for quote in ('"""', "'''"):
        tree = ast.parse(f"{quote}{docstring_safe(message)}{quote}")
        assert [ast.literal_eval(node.value) for node in tree.body] == [plain]


@given(NASTY)
def test_any_message_can_be_encoded(message):
    docstring_safe(message).encode("utf-8")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ('Add "age"!', 'Add "age"!'),
        ('Add "age"', 'Add "age\\"'),
        ("C:\\new", "C:\\\\new"),
        ("naïve 🚀 👩\u200d💻", "naïve 🚀 👩\u200d💻"),
        ("a\u202eb", "a\\u202eb"),
        ("x\0y", "x\\x00y"),
    ],
)
def test_a_message_is_escaped_only_where_it_must_be(message, text):
    assert docstring_safe(message) == text


@pytest.mark.parametrize("text", ["", "a-b", "a b", "../x", "é", "a" * 65, "head", "current", "a\n"])
def test_an_invalid_id_is_refused(text):
    with pytest.raises(CommandError, match="cannot be a revision id"):
        checked_id(text)


@pytest.mark.parametrize("text", ["1", "a_B9", "a" * 64])
def test_a_valid_id_is_accepted(text):
    assert checked_id(text) == text


@pytest.mark.parametrize("text", ["", "a@b", "a b", "a,b", "heads", "a\u202eb"])
def test_an_invalid_label_is_refused(text):
    with pytest.raises(CommandError, match="cannot be a branch label"):
        checked_label(text)


def test_a_new_id_is_twelve_hexadecimal_digits():
    assert len(new_id()) == 12
    assert int(new_id(), 16) >= 0


@pytest.mark.parametrize(
    ("template", "message", "name"),
    [
        ("%(rev)s_%(slug)s", "Add age", "1f2e_add_age.py"),
        ("%(rev)s_%(slug)s", None, "1f2e.py"),
        ("%(rev)s_%(slug)s", "🚀", "1f2e.py"),
        ("%(year)d/%(month).2d_%(day).2d_%(hour).2d%(minute).2d%(second).2d-%(rev)s", "x", "2013/02_03_040506-1f2e.py"),
        ("%(epoch)s_%(rev)s", "x", "1359864306_1f2e.py"),
        ("%(rev)s_%(slug)s", "../../etc/passwd", "1f2e_etc_passwd.py"),
        ("%(rev)s_%(slug)s", "one two three four five", "1f2e_one_two_three.py"),
    ],
)
def test_a_file_is_named_after_the_template(template, message, name):
    assert file_name(template, "1f2e", message, MOMENT, 14) == name


@pytest.mark.parametrize("template", ["%(nothing)s", "%(rev)", "%s %s", "%(rev)d"])
def test_a_template_that_cannot_be_filled_names_its_tokens(template):
    with pytest.raises(CommandError, match="Its tokens are rev, slug"):
        file_name(template, "1f2e", "x", MOMENT, 40)


def test_comma_joins_identifiers():
    assert (comma(None), comma("a"), comma(("a", "b"))) == ("", "a", "a, b")
