"""Hostile names and strings in every directive: a clear error, or the same statements as with a harmless name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError

from . import scripts

pytestmark = pytest.mark.filterwarnings("ignore::kernel_core.util.exc.TruncatedName")
HARMLESS = "A b"
HOSTILE = {
    "single quote": "a'; DROP TABLE canary; --",
    "double quote": 'a"; DROP TABLE canary; --',
    "backtick": "a`; DROP TABLE canary; --",
    "bracket": "a]; DROP TABLE canary; --",
    "all quotes": "a'\"`]); DROP TABLE canary; /*",
    "newline": "a\n; DROP TABLE canary;\n--",
    "separators": "a\nGO\n/\nDROP TABLE canary",
    "comment": "a */ DROP TABLE canary /*",
    "percent and colon": "a%(x)s %s :x {y} ?",
    "backslash": "a\\'; DROP TABLE canary; --",
    "dots": "app.users.id",
    "right to left": "\u202eselbat porD",
    "emoji": "🧨\u200d🔥",
    "long": "x y" * 1700,
    "NUL": "a\0b; DROP TABLE canary",
}

DIRECTIVES: dict[str, Callable[[Operations, str], object]] = {
    "create_table": lambda op, x: op.create_table(x, sa.Column(x, sa.Integer, primary_key=True)),
    "create_table, texts": lambda op, x: op.create_table(
        "T t", sa.Column("a", sa.Text, server_default=x, comment=x), comment=x
    ),
    "create_table, constraints": lambda op, x: op.create_table(
        "T t", sa.Column("a", sa.Integer), sa.UniqueConstraint("a", name=x)
    ),
    "rename_table": lambda op, x: op.rename_table("T t", x),
    "rename_table, old": lambda op, x: op.rename_table(x, "T t"),
    "table comment": lambda op, x: op.create_table_comment("T t", x, schema="S s"),
    "add_column": lambda op, x: op.add_column(x, sa.Column(x, sa.Integer)),
    "add_column, texts": lambda op, x: op.add_column("T t", sa.Column("a", sa.Text, server_default=x, comment=x)),
    "drop_column": lambda op, x: op.drop_column(
        x, x, mssql_drop_default=True, mssql_drop_check=True, mssql_drop_foreign_key=True
    ),
    "alter_column, rename": lambda op, x: op.alter_column(x, x, new_column_name=x, existing_type=sa.Text()),
    "alter_column, texts": lambda op, x: op.alter_column(
        "T t", "A a", comment=x, server_default=x, existing_type=sa.Text()
    ),
    "create_index": lambda op, x: op.create_index(x, x, [x]),
    "drop_index": lambda op, x: op.drop_index(x, x),
    "unique": lambda op, x: op.create_unique_constraint(x, x, [x]),
    "foreign key": lambda op, x: op.create_foreign_key(x, x, x, [x], [x]),
    "check": lambda op, x: op.create_check_constraint(x, x, sa.column(x) > 5),
    "drop_constraint": lambda op, x: op.drop_constraint(x, x, "foreignkey"),
    "schema": lambda op, x: op.drop_table("T t", schema=x),
    "rows": lambda op, x: op.bulk_insert(sa.table(x, sa.column(x, sa.String)), [{x: x}]),
    "json": lambda op, x: op.bulk_insert(sa.table("T t", sa.column("A a", sa.JSON)), [{"A a": {x: [x]}}]),
    "execute": lambda op, x: op.execute(sa.update(sa.table("T t", sa.column("A a"))).values({"A a": x})),
    "enum": lambda op, x: op.create_table("T t", sa.Column("a", sa.Enum(x, "z", name="e e"))),
}


def shape(dialect: str, sql: str) -> list[object]:
    """Return the kinds of the tokens of a script, and the number of lines that are a batch separator."""
    tokens = sqlglot.tokenize(
        sql, read={"mssql": "tsql", "mariadb": "mysql", "postgresql": "postgres"}.get(dialect, dialect)
    )
    separator = {"mssql": "GO", "oracle": "/"}.get(dialect)
    lines = sum(line.strip().upper() == separator for line in sql.splitlines()) if separator else 0
    same = {sqlglot.TokenType.NATIONAL_STRING: sqlglot.TokenType.STRING}  # N'...' where a text is not plain ASCII
    return [lines, *(same.get(token.token_type, token.token_type) for token in tokens)]


@cache
def harmless_shape(dialect: str, directive: str) -> list[object]:
    return shape(dialect, scripts.script(dialect, lambda op: DIRECTIVES[directive](op, HARMLESS)))


PLACES = [
    pytest.param(directive, kind, marks=[pytest.mark.sweep] if (row + column) % 4 else [], id=f"{directive}-{kind}")
    for row, directive in enumerate(DIRECTIVES)
    for column, kind in enumerate(HOSTILE)
]
"""Every fourth case is in the quick run, which so has every directive and every kind of text."""


@pytest.mark.parametrize(("directive", "kind"), PLACES)
def test_offline_it_stays_inside_its_quotes(directive: str, kind: str) -> None:
    say = DIRECTIVES[directive]
    for dialect in scripts.DIALECTS:
        if (dialect, directive, kind) == ("mssql", "schema", "dots"):
            continue  # SQLAlchemy reads it as database.owner, as its manual says
        try:
            hostile = scripts.script(dialect, lambda op: say(op, HOSTILE[kind]))
        except (CommandError, sa.exc.SQLAlchemyError):
            continue
        if kind == "long" and "VARCHAR" in hostile:  # the length of an Enum's type
            hostile = re.sub(r"VARCHAR\(\d+", "VARCHAR(3", hostile)
        assert shape(dialect, hostile) == harmless_shape(dialect, directive), f"{dialect}: {hostile[:500]}"
        assert kind != "NUL" or "\0" not in hostile


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def op(request: pytest.FixtureRequest) -> Iterator[Operations]:
    engine = sa.create_engine(request.getfixturevalue(f"{request.param}_url"))
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE canary (a INTEGER)")
        connection.commit()
        yield Operations(MigrationContext.configure(connection))
    engine.dispose()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Unknown schema content")
def test_online_the_canary_survives_and_names_come_back_as_given(op: Operations) -> None:
    connection = op.get_bind()
    for kind, name in HOSTILE.items():
        for say in DIRECTIVES.values():
            try:
                say(op, name)
            except (CommandError, sa.exc.SQLAlchemyError, ValueError, UnicodeError):
                connection.rollback()
            connection.rollback()
            assert "canary" in sa.inspect(connection).get_table_names(), kind


@pytest.mark.parametrize("kind", ["single quote", "double quote", "backtick", "percent and colon", "emoji", "newline"])
def test_online_a_table_and_its_texts_are_as_given(op: Operations, kind: str) -> None:
    if kind == "emoji" and op.get_context().dialect.name == "mysql":
        pytest.skip("MariaDB's names have no characters beyond the basic plane")
    name = HOSTILE[kind]
    op.create_table(name, sa.Column(name, sa.String(50), server_default=name, comment=name), comment=name)
    op.bulk_insert(sa.table(name, sa.column(name, sa.String)), [{name: name}])
    assert op.get_bind().execute(sa.select(sa.table(name, sa.column(name)))).scalar() == name
    if op.get_bind().dialect.name == "mysql":  # SQLAlchemy cannot reflect a backtick or a newline there
        tables = "SELECT table_name, table_comment FROM information_schema.tables WHERE table_schema = database()"
        columns = "SELECT column_name, column_comment FROM information_schema.columns WHERE table_name = :name"
        assert set(op.get_bind().execute(sa.text(tables))) == {("canary", ""), (name, name)}
        assert list(op.get_bind().execute(sa.text(columns), {"name": name})) == [(name, name)]
        return
    inspector = sa.inspect(op.get_bind())
    assert set(inspector.get_table_names()) == {"canary", name}
    assert [column["name"] for column in inspector.get_columns(name)] == [name]
    if op.get_bind().dialect.supports_comments:
        assert inspector.get_table_comment(name)["text"] == name
        assert inspector.get_columns(name)[0]["comment"] == name


def test_a_tab_in_a_value_stays_a_tab() -> None:
    rows = scripts.script(
        "sqlite", lambda op: op.bulk_insert(sa.table("t", sa.column("a", sa.String)), [{"a": "x\n\ty"}])
    )
    assert rows == "INSERT INTO t (a) VALUES ('x\n\ty');"
    table = scripts.script(
        "postgresql", lambda op: op.create_table("t", sa.Column("a", sa.Text, server_default="\n\t"))
    )
    assert table == "CREATE TABLE t (\n    a TEXT DEFAULT '\n\t'\n);"


@pytest.mark.parametrize(
    ("dialect", "word", "option"), [("mssql", "go", "mssql_batch_separator"), ("oracle", "/", "oracle_batch_separator")]
)
def test_a_line_that_ends_a_batch_is_refused_with_the_option_to_change(dialect: str, word: str, option: str) -> None:
    say: Any = lambda op: op.create_table_comment("t", f"x\n{word}\ny", schema="s")  # noqa: E731
    with pytest.raises(CommandError, match=option):
        scripts.script(dialect, say)
    assert "\nend_batch" in scripts.script(dialect, say, **{option: "end_batch"})
