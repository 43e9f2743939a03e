"""The CHECK of an Enum or a Boolean is dropped and added with the type of its column."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import UnsupportedOperation


def enum(*values: str, name: str | None = None) -> sa.Enum:
    return sa.Enum(*values, name=name, create_constraint=True, native_enum=False)


def altered(connection: sa.Connection, before: Any, after: Any, *checks: str, **existing: Any) -> str:
    """Return the definition of ``t`` after a batch has changed the type of its column ``b``."""
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("b", before))
    for check in checks:
        table.append_constraint(sa.CheckConstraint(check))
    table.create(connection)
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("t") as batch:
        batch.alter_column("b", type_=after, **existing)
    sql: str = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 't'").scalar_one()
    return " ".join(sql.split())


@pytest.mark.parametrize(
    ("before", "existing"),
    [
        (enum("a", "b"), {"existing_type": enum("a", "b")}),
        (enum("a", "b"), {"existing_type": sa.String(1)}),
        (enum("a", "b"), {}),
        (enum("a", "b", name="kind"), {"existing_type": enum("a", "b", name="kind")}),
        (sa.String(1), {}),
    ],
)
def test_the_new_value_is_allowed_and_no_other(sqlite: sa.Connection, before: Any, existing: dict[str, Any]) -> None:
    sql = altered(sqlite, before, enum("a", "b", "c"), **existing)
    assert sql.count("CHECK") == 1
    sqlite.exec_driver_sql("INSERT INTO t (b) VALUES ('c')")
    with pytest.raises(IntegrityError):
        sqlite.exec_driver_sql("INSERT INTO t (b) VALUES ('d')")


def test_a_type_without_a_check_allows_any_value(sqlite: sa.Connection) -> None:
    sql = altered(sqlite, enum("a", "b"), sa.String(5), existing_type=enum("a", "b"))
    assert "CHECK" not in sql


def test_a_boolean_gets_its_check(sqlite: sa.Connection) -> None:
    sql = altered(sqlite, sa.Boolean(), sa.Boolean(create_constraint=True), existing_type=sa.Boolean())
    assert "CHECK (b IN (0, 1))" in sql


@pytest.mark.parametrize("check", ["b <> 'z'", "b IN ('a', 'b') OR id > 7", "id IN (1, 2)"])
def test_a_custom_check_is_kept(sqlite: sa.Connection, check: str) -> None:
    assert f"CHECK ({check})" in altered(sqlite, enum("a"), enum("a", "b"), check, existing_type=enum("a"))


def test_a_list_of_values_that_is_not_of_a_type_is_kept(sqlite: sa.Connection) -> None:
    sql = altered(sqlite, sa.String(3), sa.String(9), "b IN ('a', 'b')", existing_type=sa.String(3))
    assert "CHECK (b IN ('a', 'b'))" in sql


def offline(dialect: str, before: Any, after: Any) -> str:
    script = io.StringIO()
    context = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": script})
    Operations(context).alter_column("t", "b", type_=after, existing_type=before)
    return script.getvalue()


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mssql", "oracle"])
@pytest.mark.filterwarnings(r"ignore:[\s\S]* allows NULL after this")
def test_elsewhere_an_unnamed_check_is_added(dialect: str) -> None:
    assert "ADD CHECK (b IN ('a', 'b'))" in offline(dialect, sa.String(5), enum("a", "b"))


@pytest.mark.parametrize("dialect", ["postgresql", "mssql", "oracle"])
def test_elsewhere_an_unnamed_check_cannot_be_dropped_and_is_reported(dialect: str) -> None:
    with pytest.raises(UnsupportedOperation, match=r"constraint of t has no name.*Name it"):
        offline(dialect, enum("a"), enum("a", "b"))
