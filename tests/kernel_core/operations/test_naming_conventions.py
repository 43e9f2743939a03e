"""Naming conventions: applied once, with the real table's name, also to the CHECK of a type and in a batch."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
FLAG = sa.Boolean(create_constraint=True, name="flag")


@pytest.mark.parametrize(
    ("directive", "names"),
    [
        (lambda op: op.create_unique_constraint(None, "t", ["a"]), ["uq_t_a"]),
        (lambda op: op.create_check_constraint("short", "t", "a > 0"), ["ck_t_short"]),
        (lambda op: op.create_check_constraint(op.f("ck_t_short"), "t", "a > 0"), ["ck_t_short"]),
        (lambda op: op.create_foreign_key(None, "t", "u", ["a"], ["id"]), ["fk_t_a_u"]),
        (lambda op: op.create_primary_key(None, "t", ["a"]), ["pk_t"]),
        (lambda op: op.create_index(None, "t", ["a"]), ["ix_t_a"]),
        (lambda op: op.drop_constraint("short", "t", "check"), ["ck_t_short"]),
        (lambda op: op.drop_constraint(op.f("short"), "t", "check"), ["short"]),
        (lambda op: op.add_column("t", sa.Column("b", FLAG)), ["ck_t_flag"]),
        (lambda op: op.alter_column("t", "b", type_=FLAG, existing_type=sa.Integer()), ["ck_t_flag"]),
        (lambda op: op.alter_column("t", "b", type_=sa.Integer(), existing_type=FLAG), ["ck_t_flag"]),
        (
            lambda op: op.create_table("t", sa.Column("a", FLAG), sa.PrimaryKeyConstraint("a", name=op.f("mine"))),
            ["ck_t_flag"],
        ),
    ],
)
def test_a_name_follows_the_convention_once(directive: Callable[[Operations], Any], names: list[str]) -> None:
    buffer = io.StringIO()
    metadata = sa.MetaData(naming_convention=CONVENTION)
    opts = {"as_sql": True, "output_buffer": buffer, "target_metadata": metadata}
    directive(Operations(MigrationContext.configure(dialect_name="mariadb", opts=opts)))
    words = buffer.getvalue().replace("`", " ").replace("(", " ").replace(";", " ").split()
    assert [word for word in words if word.startswith(("ix_", "uq_", "ck_", "fk_", "pk_", "short"))] == names


def test_in_a_batch_names_are_those_of_the_real_table(sqlite_url: str) -> None:
    engine = sa.create_engine(sqlite_url)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b INT)")
        connection.commit()
        metadata = sa.MetaData(naming_convention=CONVENTION)
        op = Operations(MigrationContext.configure(connection, opts={"target_metadata": metadata}))
        with op.batch_alter_table("t") as batch_op:
            batch_op.create_unique_constraint(None, ["a"])
            batch_op.create_check_constraint("short", "a > 0")
            batch_op.create_foreign_key(None, "t", ["b"], ["id"])
            batch_op.alter_column("b", type_=FLAG, existing_type=sa.Integer())
            batch_op.create_index(None, ["b"])
        inspector = sa.inspect(connection)
        assert [each["name"] for each in inspector.get_unique_constraints("t")] == ["uq_t_a"]
        assert {each["name"] for each in inspector.get_check_constraints("t")} == {"ck_t_short", "ck_t_flag"}
        assert [each["name"] for each in inspector.get_foreign_keys("t")] == ["fk_t_b_t"]
        assert [each["name"] for each in inspector.get_indexes("t")] == ["ix_t_b"]
        with op.batch_alter_table("t") as batch_op:
            batch_op.alter_column("b", type_=sa.Integer(), existing_type=FLAG)
            batch_op.drop_constraint("short", type_="check")
            batch_op.drop_constraint(op.f("uq_t_a"), type_="unique")
            batch_op.drop_index(op.f("ix_t_b"))
        inspector = sa.inspect(connection)
        assert (inspector.get_check_constraints("t"), inspector.get_unique_constraints("t")) == ([], [])
    engine.dispose()
