"""Hostile names, strings and expressions in every directive: a clear error, or the same effect as a harmless name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
import sqlalchemy as sa
from sampling import sampled

from kernel_core.operations import MigrateOperation, Operations
from kernel_core.operations.registry import all_operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError, TruncatedName

from . import hostile, scripts

HARMLESS = hostile.HARMLESS
pytestmark = [
    pytest.mark.filterwarnings("ignore:Oracle Database does not contain native UPDATE CASCADE"),
    pytest.mark.filterwarnings("ignore::kernel_core.util.exc.TruncatedName"),
    pytest.mark.filterwarnings(r"ignore:[\s\S]* allows NULL after this"),
]


def test_every_registered_directive_is_tried() -> None:
    registered = {cls.__name__ for cls in all_operations() if cls.__module__.startswith("kernel_core.")}
    assert registered == set(hostile.DIRECTIVES)


# Offline


@cache
def harmless_count(dialect: str, directive: str, place: int) -> int | None:
    operation = hostile.DIRECTIVES[directive](HARMLESS)[place]
    return counted(dialect, operation)


def counted(dialect: str, operation: MigrateOperation) -> int | None:
    """Return how many statements the operation prints; None where it is refused."""
    try:
        script = scripts.script(dialect, lambda op: op.invoke(operation))
    except CommandError:
        return None
    return hostile.count(dialect, script)


PLACES = [
    pytest.param(dialect, name, marks=[pytest.mark.sweep] if (row + column) % 6 else [], id=f"{dialect}-{name}")
    for row, dialect in enumerate(scripts.DIALECTS)
    for column, name in enumerate(hostile.NAMES)
]
"""Every sixth case covers every name and every dialect; of these the quick run draws."""


@pytest.mark.parametrize(("dialect", "name"), PLACES)
def test_a_script_has_as_many_statements_as_with_a_harmless_name(dialect: str, name: str) -> None:
    for directive, build in hostile.DIRECTIVES.items():
        for place, operation in enumerate(build(hostile.NAMES[name])):
            wanted, found = harmless_count(dialect, directive, place), counted(dialect, operation)
            assert found in (None, wanted), (directive, place)
            if name == "NUL" and wanted:
                assert found is None, (directive, place)


@pytest.mark.parametrize("name", sampled(hostile.NAMES, ["NUL", *list(hostile.NAMES)[::3]]))
def test_a_script_rebuilds_a_table_of_that_name(name: str) -> None:
    wanted = hostile.count("sqlite", scripts.script("sqlite", hostile.in_batch(HARMLESS)))
    if name == "NUL":
        with pytest.raises(CommandError, match="NUL"):
            scripts.script("sqlite", hostile.in_batch(hostile.NAMES[name]))
    else:
        assert hostile.count("sqlite", scripts.script("sqlite", hostile.in_batch(hostile.NAMES[name]))) == wanted


@pytest.mark.parametrize("dialect", scripts.DIALECTS)
@pytest.mark.parametrize("sql", hostile.NO_EXPRESSIONS.values(), ids=hostile.NO_EXPRESSIONS)
def test_sql_that_is_not_one_expression_is_refused(dialect: str, sql: str) -> None:
    for where, build in hostile.with_expression("age > 0").items():
        (harmless,), (operation,) = build("c"), hostile.with_expression(sql)[where]("c")
        before, after = (scripts.script_or_error(dialect, lambda op, o=o: op.invoke(o)) for o in (harmless, operation))
        assert after == before or after.startswith("-- refused"), (where, after)


@pytest.mark.parametrize("dialect", scripts.DIALECTS)
@pytest.mark.parametrize("sql", hostile.EXPRESSIONS.values(), ids=hostile.EXPRESSIONS)
def test_an_expression_is_used_unchanged(dialect: str, sql: str) -> None:
    for where, build in hostile.with_expression("age > 0").items():
        (harmless,), (operation,) = build("c"), hostile.with_expression(sql)[where]("c")
        wanted, found = counted(dialect, harmless), counted(dialect, operation)
        assert found == wanted or (where == "default" and dialect == "sqlite"), where


def test_a_tab_inside_quotes_stays_a_tab() -> None:
    rows = hostile.rows("t")
    assert "'a\tb'" in scripts.script("postgresql", lambda op: op.bulk_insert(rows, [{"t": "a\tb"}]))
    assert '"a\tb"' in scripts.script("postgresql", lambda op: op.drop_table("a\tb"))


def test_a_comment_at_the_end_does_not_swallow_the_terminator() -> None:
    script = scripts.script("postgresql", lambda op: (op.execute("SELECT 1 -- one"), op.drop_table("t")))
    assert hostile.count("postgresql", script) == 2


@pytest.mark.parametrize(("dialect", "line"), [("mssql", "GO"), ("mssql", " go 5"), ("oracle", "/"), ("oracle", "")])
def test_a_line_that_ends_a_batch_is_refused_inside_a_text(dialect: str, line: str) -> None:
    with pytest.raises(CommandError, match=r"ends? the statement"):
        scripts.script(dialect, lambda op: op.create_table_comment("t", f"a\n{line}\nb"))


def test_a_script_switches_off_the_variables_of_sqlplus_and_sqlcmd() -> None:
    def say(op: Operations) -> None:
        op.create_table_comment("t", "plain")
        for text in ("R&D $(x)", "S&P $(y)"):
            op.bulk_insert(hostile.rows("t"), [{"t": text}])

    oracle, sqlserver = scripts.script("oracle", say), scripts.script("mssql", say)
    assert oracle.count("SET DEFINE OFF\n\n") == 1
    assert oracle.index("plain") < oracle.index("SET DEFINE OFF") < oracle.index("R&D $(x)")
    assert sqlserver.count("sqlcmd -x") == 1
    assert sqlserver.index("plain") < sqlserver.index("sqlcmd -x") < sqlserver.index("R&D $(x)")
    assert "DEFINE" not in scripts.script("oracle", lambda op: op.drop_table("t"))


def test_a_name_that_postgresql_truncates_is_warned_of_with_the_result() -> None:
    with pytest.warns(TruncatedName, match=f"80 bytes; PostgreSQL keeps 63 and makes '{'é' * 31}' of it"):
        scripts.script("postgresql", lambda op: op.drop_table("é" * 40))
    assert scripts.script("postgresql", lambda op: op.drop_table("x" * 63))


# Online


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def connection(request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    """A connection to an empty database; SQLite does not wait for the disk."""
    engine = sa.create_engine(request.getfixturevalue(f"{request.param}_url"), poolclass=sa.StaticPool)
    with engine.connect() as connection:
        if request.param == "sqlite":
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
            connection.commit()
        yield connection
    engine.dispose()


def make_tables(connection: sa.Connection) -> None:
    op = Operations(MigrationContext.configure(connection))
    op.create_table("users", *hostile.users())
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("user_id", sa.Integer))
    op.create_table("loose", sa.Column("a", sa.Integer, nullable=False))
    connection.commit()


CATALOGUES = {
    "sqlite": """
        SELECT 'column', t.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master t, pragma_table_info(t.name) c
        UNION ALL SELECT 'key', t.name, i.seqno, c.name, l."unique", l.origin
            FROM sqlite_master t, pragma_index_list(t.name) l, pragma_index_info(l.name) i, pragma_table_info(t.name) c
            WHERE c.cid = i.cid AND t.type = 'table'
        UNION ALL SELECT 'foreign', t.name, f."table", f."from", f."to", f.on_delete
            FROM sqlite_master t, pragma_foreign_key_list(t.name) f
        UNION ALL SELECT 'named', tbl_name, name, type, 0, (length(sql) - length(replace(sql, 'CONSTRAINT', ''))) / 10
            FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'""",
    "postgresql": """
        SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
            coalesce(col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class'))
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT 'constraint', c.relname, k.conname, k.contype::text, k.conkey::text, f.relname
            FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_class f ON f.oid = k.confrelid
            WHERE k.connamespace = 'public'::regnamespace""",
    "mysql": """
        SELECT 'column', table_name, column_name, column_type, is_nullable, column_comment
            FROM information_schema.columns WHERE table_schema = database()
        UNION ALL SELECT 'table', table_name, table_comment, '', '', ''
            FROM information_schema.tables WHERE table_schema = database()
        UNION ALL SELECT 'constraint', table_name, constraint_name, constraint_type, '', ''
            FROM information_schema.table_constraints WHERE table_schema = database()
        UNION ALL SELECT 'index', table_name, index_name, column_name, cast(seq_in_index AS char), cast(non_unique AS char)
            FROM information_schema.statistics WHERE table_schema = database()""",
}


def catalogue(connection: sa.Connection) -> list[tuple[Any, ...]]:
    """The tables in the database's catalog; SQLAlchemy's reflection fails for such names."""
    rows = connection.exec_driver_sql(CATALOGUES[connection.dialect.name])
    return sorted((tuple(row) for row in rows), key=repr)


def renamed(rows: list[tuple[Any, ...]], name: str) -> list[Any]:
    """Return the catalog with the harmless name in place of the hostile one."""

    def word(found: Any) -> Any:
        return HARMLESS + found[len(name) :] if isinstance(found, str) and found.startswith(name) else found

    return sorted(([word(each) for each in row] for row in rows), key=repr)


def carry_out(connection: sa.Connection, operation: MigrateOperation, in_batch: bool = True) -> Exception | None:
    """Run an operation in a separate transaction, in a batch where possible; return the error it failed with."""
    connection.rollback()
    op = Operations(MigrationContext.configure(connection))
    try:
        with op.get_context().impl.begin_revision(connection):
            if in_batch and getattr(operation, "alters_table", False):
                with op.batch_alter_table(operation.table_name) as batch_op:
                    batch_op.invoke(operation)
            else:
                op.invoke(operation)
    except (CommandError, sa.exc.DBAPIError) as error:
        return error
    return None


def story(name: str) -> list[tuple[str, MigrateOperation]]:
    """Every directive in order, without the one that PostgreSQL runs outside of a transaction."""
    inside = {key: build for key, build in hostile.DIRECTIVES.items() if key != "AddEnumValueOp"}
    return [(directive, each) for directive, build in inside.items() for each in build(name)]


def clear(connection: sa.Connection) -> None:
    """Drop every table but the canary."""
    connection.rollback()
    quote = connection.dialect.identifier_preparer.quote_identifier
    listed = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
        "mysql": "SELECT table_name FROM information_schema.tables WHERE table_schema = database()",
    }[connection.dialect.name]
    if connection.dialect.name == "mysql":
        connection.exec_driver_sql("SET foreign_key_checks = 0")
    cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
    for table in connection.exec_driver_sql(listed).scalars().all():
        if table != "canary":
            connection.exec_driver_sql(f"DROP TABLE {quote(table)}{cascade}")
    connection.commit()
    if connection.dialect.name == "mysql":
        connection.exec_driver_sql("SET foreign_key_checks = 1")


def harmless_story(connection: sa.Connection) -> list[Any]:
    """Return the catalog after each operation with a harmless name; None where the database refuses it."""
    make_tables(connection)
    found = []
    for _, operation in story(HARMLESS):
        error = carry_out(connection, operation)
        found.append(renamed(catalogue(connection), HARMLESS) if error is None else None)
    clear(connection)
    return found


# Servers take their time over some forty changes a name, MariaDB most: the quick run has a few names there.
FEWER = {
    "sqlite": ("NUL", *tuple(hostile.NAMES)[::9]),
    "postgresql": ("out of backticks", "NUL", "backslashes", "percent signs", "emoji"),
    "mysql": ("out of backticks", "NUL", "backslashes"),
}


@pytest.mark.slow
def test_a_database_does_the_same_as_with_a_harmless_name_or_nothing(connection: sa.Connection) -> None:
    compare_names(connection, FEWER[connection.dialect.name])


@pytest.mark.sweep
@pytest.mark.parametrize("part", range(4), ids=["1/4", "2/4", "3/4", "4/4"])
@pytest.mark.parametrize("server", ["sqlite_url", "postgresql_url", "mariadb_url"])
def test_a_server_does_the_same_with_every_other_name(server: str, part: int, request: pytest.FixtureRequest) -> None:
    engine = sa.create_engine(request.getfixturevalue(server), poolclass=sa.StaticPool)
    with engine.connect() as connection:
        others = [name for name in hostile.NAMES if name not in FEWER[connection.dialect.name]]
        compare_names(connection, others[part::4])
    engine.dispose()


def compare_names(connection: sa.Connection, names: Sequence[str]) -> None:
    """Run all operations with each name, next to a table that must not change."""
    connection.exec_driver_sql("CREATE TABLE canary (id INTEGER PRIMARY KEY)")
    connection.exec_driver_sql("INSERT INTO canary (id) VALUES (42)")
    connection.commit()
    wanted = harmless_story(connection)
    assert sum(expected is not None for expected in wanted) >= 25, "most of it is possible here"
    for place, name in enumerate(names):
        make_tables(connection)
        run_all(connection, name, wanted, in_batch=connection.dialect.name == "sqlite" or place % 2 == 0)
        clear(connection)


def run_all(connection: sa.Connection, name: str, wanted: list[Any], *, in_batch: bool) -> None:
    """Run all operations with a hostile name; each must have the same effect as with a harmless one, or be refused."""
    hostile_name, before = hostile.NAMES[name], catalogue(connection)
    together = (
        connection.dialect.name != "postgresql" or len(hostile_name.encode()) < 60
    )  # name and name2 are one if cut
    for (directive, operation), expected in zip(story(hostile_name), wanted, strict=True):
        error = carry_out(connection, operation, in_batch)
        after = catalogue(connection)
        if error is not None:
            assert after == before, (name, directive, error)
            if name == "NUL" and expected is not None:
                assert isinstance(error, CommandError), (directive, error)
            together = together and expected is None
        elif together:
            assert renamed(after, hostile_name) == expected, (name, directive)
        assert connection.exec_driver_sql("SELECT id FROM canary").scalars().all() == [42], (name, directive)
        before = after
