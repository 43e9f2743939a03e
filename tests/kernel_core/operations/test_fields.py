"""Fields: how a text is parsed into a value, and which texts are rejected."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from any_text import any_text
from hypothesis import given
from sqlalchemy.dialects import postgresql

from kernel_core.operations.fields import Field, parse_default, parse_type, type_text
from kernel_core.operations.ops import AddColumnOp, AlterColumnOp
from kernel_core.util.exc import FieldError
from kernel_core.util.sqla_compat import default_sql


@pytest.mark.parametrize(
    "type_",
    [
        sa.String(120),
        sa.Text(),
        sa.Numeric(10, 2),
        sa.DateTime(timezone=True),
        sa.Enum("a", "b", name="letters"),
        sa.Float(53),
        sa.LargeBinary(),
        sa.BigInteger(),
    ],
    ids=repr,
)
def test_the_text_of_a_type_is_parsed_to_the_same_type(type_: sa.types.TypeEngine[object]) -> None:
    assert repr(parse_type(type_text(type_))) == repr(type_)


def test_a_type_of_the_dialect_is_known() -> None:
    parsed = parse_type("ARRAY(Integer())", postgresql.dialect())
    assert isinstance(parsed, postgresql.ARRAY)
    assert isinstance(parsed.item_type, sa.Integer)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Strng(12)", "the nearest is String"),
        ("String(", "is not a type"),
        ("__import__('os').system('true')", "there is no type"),
        ("String(__import__('os'))", "there is no type __import__"),
        ("String(length=open('x'))", "there is no type open"),
        ("Numeric(1, 2, 3, 4, 5, 6, 7)", "does not take that"),
        ("[c for c in ()]", "is not a type"),
        ("MetaData()", "there is no type"),
    ],
)
def test_text_that_is_not_a_type_is_rejected_and_never_evaluated(text: str, says: str) -> None:
    with pytest.raises(FieldError, match=says):
        AddColumnOp.example().edit_text("type_", text)


@given(any_text(max_size=30))
def test_any_text_can_be_a_literal_default(text: str) -> None:
    assert parse_default(default_sql(text)) == text


def test_a_default_without_quotes_is_sql() -> None:
    parsed = parse_default("now() + interval '1:00'")
    assert isinstance(parsed, sa.TextClause)
    assert default_sql(parsed) == "now() + interval '1:00'"
    assert not parsed.compile().params


def test_an_empty_default_is_none() -> None:
    edited = AddColumnOp.example().edit_text("server_default", "")
    assert edited.column.server_default is None
    assert AddColumnOp.example().column.server_default is not None


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00b", "x" * 200])
def test_a_name_that_no_database_accepts_is_rejected(name: str) -> None:
    with pytest.raises(FieldError):
        AddColumnOp.example().edit_text("name", name)


def test_a_name_with_markup_is_only_a_name() -> None:
    assert AddColumnOp.example().edit_text("name", "<b>x</b>").column.name == "<b>x</b>"


def test_a_boolean_is_yes_or_no() -> None:
    field = Field("nullable", "boolean")
    assert (field.parse("Yes"), field.parse("no")) == (True, False)
    with pytest.raises(FieldError, match="choose yes or no"):
        field.parse("maybe")


def test_editing_an_alteration_back_to_the_current_value_removes_the_change() -> None:
    operation = AlterColumnOp("t", "c", existing_nullable=True, modify_nullable=False)
    assert operation.has_changes()
    assert not operation.edit(nullable=True).has_changes()


def test_an_unchanged_text_keeps_a_type_that_cannot_be_parsed() -> None:
    class Celsius(sa.types.UserDefinedType[float]):
        cache_ok = True

    operation = AddColumnOp("t", sa.Column("c", Celsius()))
    field = next(field for field in operation.fields if field.name == "type_")
    assert operation.edit_text("type_", field.text(operation)) is operation
