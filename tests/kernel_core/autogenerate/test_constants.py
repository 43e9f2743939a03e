"""Values in version files: each is written as valid Python of an equal value, or one error names it."""

from __future__ import annotations

import datetime as dt
import enum
import pathlib
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import render_python_code
from kernel_core.operations import ops
from kernel_core.util.exc import CommandError


class Number(enum.IntEnum):
    ONE = 1


class Flag(enum.IntFlag):
    A = 1
    B = 2


class Word(enum.StrEnum):
    X = "x"


class Plain(enum.Enum):
    A = "a"


class OwnInt(int):
    def __repr__(self) -> str:
        return "<own>"


class OwnTime(dt.datetime):
    pass


class OwnId(UUID):
    pass


class OwnBytes(bytes):
    def __repr__(self) -> str:
        return "<own>"


class Pair(NamedTuple):
    x: int
    y: int


VALUES = {
    "IntEnum": Number.ONE,
    "IntFlag": Flag.A | Flag.B,
    "StrEnum": Word.X,
    "in a dict": {"k": [Number.ONE, dt.date(2020, 1, 2)]},
    "a subclass of int": OwnInt(7),
    "a subclass of bytes": OwnBytes(b"a\x00"),
    "memoryview": memoryview(b"a"),
    "bytearray": bytearray(b"a"),
    "datetime": dt.datetime(2020, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001 - as in a column without time zone
    "datetime with an offset": dt.datetime(2020, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    "datetime with a time zone": dt.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
    "a subclass of datetime": OwnTime(2020, 1, 2),
    "date": dt.date(2020, 1, 2),
    "time": dt.time(1, 2, tzinfo=dt.UTC),
    "timedelta": dt.timedelta(days=-1, microseconds=3),
    "Decimal": Decimal("1.50"),
    "UUID": UUID(int=5),
    "a subclass of UUID": OwnId(int=5),
    "infinity": float("-inf"),
    "namedtuple": Pair(1, Number.ONE),
}


def written(value: object) -> Any:
    """Return the value in the code of ``op.bulk_insert``, after its imports."""
    imports: set[str] = set()
    operation = ops.BulkInsertOp(sa.table("t", sa.column("a")), [{"a": value}])
    code = render_python_code(ops.UpgradeOps([operation]), imports=imports)  # type: ignore[arg-type]
    given: list[Any] = []
    names: dict[str, Any] = {"sa": sa, "op": type("op", (), {"bulk_insert": lambda _, rows: given.extend(rows)})}
    for line in imports:
        exec(line, names)
    exec(code, names)
    return given[0]["a"]


@pytest.mark.parametrize("name", VALUES)
def test_a_value_of_a_row_is_written_as_an_equal_one(name: str) -> None:
    assert written(VALUES[name]) == VALUES[name]


def test_a_value_of_numpy_is_written_as_that_of_python() -> None:
    numpy = pytest.importorskip("numpy")
    for value in (numpy.int64(5), numpy.float64(1.5), numpy.bool_(True), numpy.str_("x")):
        assert written(value) == value
        assert type(written(value)).__module__ == "builtins"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Plain.A, r"A .*\.Plain cannot be written as Python. Use its name or its value."),
        ([Plain.A], r"A .*\.Plain cannot be written"),
        (object(), "A builtins.object cannot be written as Python. Use a str, a number, or SQL."),
        (len, "A builtins.builtin_function_or_method cannot be written"),
        (pathlib.PurePosixPath("/a"), "A pathlib.*PurePosixPath cannot be written"),
        (Fraction(1, 2), "A fractions.Fraction cannot be written"),
    ],
)
def test_a_value_without_source_is_an_error_that_names_its_class(value: object, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        written(value)


def test_a_member_of_the_enum_of_a_column_is_written_as_its_stored_name() -> None:
    table = sa.table("t", sa.column("a", sa.Enum(Plain)))
    code = render_python_code(ops.UpgradeOps([ops.BulkInsertOp(table, [{"a": Plain.A}])]))
    assert '[{"a": "A"}]' in code


@pytest.mark.parametrize(
    ("column", "source"),
    [
        (lambda: sa.Column("a", sa.String(Number.ONE)), 'sa.Column("a", sa.String(length=1), nullable=True)'),
        (lambda: sa.Column("a", sa.Enum(Word.X, name="e")), 'sa.Column("a", sa.Enum("x", name="e"), nullable=True)'),
        (
            lambda: sa.Column("a", sa.Integer, sa.Identity(start=Number.ONE)),
            'sa.Column("a", sa.Integer(), sa.Identity(always=False, start=1), nullable=False)',
        ),
        (
            lambda: sa.Column("a", sa.Text, server_default=Word.X, comment=Word.X),
            'sa.Column("a", sa.Text(), server_default="x", nullable=True, comment="x")',
        ),
    ],
)
def test_a_member_of_an_enum_in_a_column_is_written_as_its_value(column: Any, source: str) -> None:
    code = render_python_code(ops.UpgradeOps([ops.AddColumnOp("t", column())]))
    assert " ".join(code.split()).replace("( ", "(").replace(", )", ")").endswith(f'"t", {source})')
