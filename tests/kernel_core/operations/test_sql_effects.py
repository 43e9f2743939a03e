"""The effect of plain SQL on a schema: equal to what a database has, or not known."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kernel_core.operations.schema_state import SchemaState
from kernel_core.operations.sql_effects import apply_sql
from kernel_core.schema import metadata_of, state_of
from kernel_core.util.exc import UnknownEffect


def state(dialect: sa.Dialect) -> SchemaState:
    metadata = sa.MetaData()
    sa.Table("users", metadata, sa.Column("mood", sa.Enum("sad", "ok", name="mood")), sa.Column("id", sa.Integer))
    sa.Table("pets", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table("toys", metadata, sa.Column("pet", sa.Integer, sa.ForeignKey("pets.id")))
    return state_of(metadata, dialect)


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("ALTER TYPE mood ADD VALUE 'glad'", ["sad", "ok", "glad"]),
        ("alter type public.mood add value if not exists 'ok';", ["sad", "ok"]),
        ("ALTER TYPE \"mood\" ADD VALUE 'so so' BEFORE 'ok'", ["sad", "so so", "ok"]),
        ("ALTER TYPE Mood ADD VALUE 'worse' AFTER 'sad'; UPDATE users SET id = 1", ["sad", "worse", "ok"]),
        ("UPDATE users SET id = 1; DELETE FROM users", ["sad", "ok"]),
        ("DROP TYPE IF EXISTS colour", ["sad", "ok"]),
    ],
)
def test_values_of_an_enum_type(sql: str, values: list[str]) -> None:
    found = state(postgresql.dialect())
    apply_sql(sql, found)
    type_ = metadata_of(found).tables["users"].c.mood.type
    assert isinstance(type_, sa.Enum)
    assert type_.enums == values


def test_a_type_is_created() -> None:
    found = state(postgresql.dialect())
    apply_sql("CREATE TYPE shop.colour AS ENUM ('red', 'it''s');", found)
    assert found.enums == {("shop", "colour"): ["red", "it's"]}


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_a_table_is_dropped(dialect: sa.Dialect) -> None:
    found = state(dialect)
    apply_sql("DROP TABLE IF EXISTS nothing; DROP TABLE toys", found)
    assert sorted(metadata_of(found).tables) == ["pets", "users"]


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE pets",  # toys refers to it
        "DROP TABLE users CASCADE",
        "DROP TABLE users, toys",
        "DROP TABLE nothing",
        "DROP TYPE mood CASCADE",
        "ALTER TYPE mood RENAME TO mood2",
        "ALTER TYPE mood ADD VALUE 'a' NEAR 'b'",
        "CREATE TYPE pair AS (a int, b int)",
        "SELECT 1 AS n INTO other",
        "UPDATE users SET id = 1; CREATE TABLE t (id int)",
        "WITH x AS (SELECT 1) SELECT * INTO t FROM x",
    ],
)
def test_what_is_not_known_changes_nothing(sql: str) -> None:
    found = state(postgresql.dialect())
    before = dict(found.tables)
    with pytest.raises(UnknownEffect):
        apply_sql(f"DROP TABLE toys; {sql}" if "pets" not in sql else sql, found)
    assert found.tables == before
