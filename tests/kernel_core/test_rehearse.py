"""A rehearsal: its changes are reported, and none of them stays in the database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.rehearse import changes, rehearse, schema_of
from kernel_core.runtime.report import RunReport
from kernel_core.util.exc import CommandError


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def connection(request):
    """A database with a table, a key and an index."""
    engine = sa.create_engine(request.getfixturevalue(request.param), poolclass=sa.NullPool)
    with engine.begin() as live:
        live.execute(sa.text("CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL)"))
        live.execute(sa.text("CREATE INDEX ix_name ON users (name)"))
        live.execute(sa.text("INSERT INTO users VALUES (1, 'Ada')"))
    with engine.connect() as live:
        yield live
    engine.dispose()


def running(*statements: str):
    def run(copy: sa.Connection) -> RunReport:
        for statement in statements:
            copy.execute(sa.text(statement))
        if copy.dialect.name == "sqlite":
            copy.commit()
        return RunReport(after=("b2",))

    return run


def test_the_changes_of_a_run_are_reported_and_rolled_back(connection):
    before = schema_of(connection)
    trial = rehearse(
        connection,
        running(
            "CREATE TABLE pets (id INTEGER NOT NULL PRIMARY KEY, age INTEGER DEFAULT 3)",
            "ALTER TABLE users ADD COLUMN email VARCHAR(80)",
            "DROP INDEX ix_name",
            "DELETE FROM users",
        ),
    )
    assert trial.report.after == ("b2",)
    assert next(change[:2] for change in trial.changes if change[0] == "+" and change[1] == "pets") == ("+", "pets")
    assert ("+", "pets", "table pets") in trial.changes
    assert ("-", "users", "index ix_name (name)") in trial.changes
    assert ("+", "users", "column email VARCHAR(80)") in trial.changes
    connection.rollback()
    assert schema_of(connection) == before
    assert connection.execute(sa.text("SELECT count(*) FROM users")).scalar() == 1


def test_a_failing_run_is_rolled_back_and_raises_its_error(connection):
    before = schema_of(connection)
    with pytest.raises(sa.exc.SQLAlchemyError):
        rehearse(connection, running("CREATE TABLE pets (id INTEGER)", "SELECT * FROM nowhere"))
    connection.rollback()
    assert schema_of(connection) == before


def test_the_version_table_is_left_out(connection):
    trial = rehearse(connection, running("CREATE TABLE my_versions (id INTEGER)"), version_table="my_versions")
    assert trial.changes == ()


def test_mariadb_is_refused_with_the_reason(mariadb_url):
    engine = sa.create_engine(mariadb_url, poolclass=sa.NullPool)
    with engine.connect() as live, pytest.raises(CommandError, match="commits each change of a table at once"):
        rehearse(live, running("CREATE TABLE t (x INTEGER)"))


def test_the_copy_enforces_foreign_keys_where_the_database_does(sqlite_url):
    engine = sa.create_engine(sqlite_url, poolclass=sa.StaticPool)
    seen = []
    with engine.connect() as live:
        live.exec_driver_sql("PRAGMA foreign_keys = ON")

        def run(copy: sa.Connection) -> RunReport:
            seen.append(copy.exec_driver_sql("PRAGMA foreign_keys").scalar())
            return RunReport()

        rehearse(live, run)
    engine.dispose()
    assert seen == [1]


def test_two_unnamed_foreign_keys_are_distinguished():
    one, other = "foreign key (a) to x (id)", "foreign key (b) to y (id)"
    assert changes({"t": (one, other)}, {"t": (one,)}) == (("-", "t", other),)
    named = "foreign key fk_a (a) to x (id)"
    assert changes({"t": (named,)}, {"t": ("foreign key fk_a (a) to y (id)",)}) == (
        ("~", "t", "foreign key fk_a (a) to y (id) (was (a) to x (id))"),
    )


def test_a_changed_line_has_the_former_value():
    before = {"t": ("column a INTEGER", "primary key (a)"), "u": ("column x INTEGER",)}
    after = {"t": ("column a BIGINT not null", "primary key (a)"), "v": ("column x INTEGER",)}
    assert changes(before, after) == (
        ("~", "t", "column a BIGINT not null (was INTEGER)"),
        ("-", "u", "table u"),
        ("+", "v", "table v"),
        ("+", "v", "column x INTEGER"),
    )


EVERY_KIND = (
    "CREATE SCHEMA audit",
    "CREATE TABLE audit.log (id INTEGER, owner INTEGER REFERENCES users)",
    "CREATE VIEW adult AS SELECT id FROM users",
    "CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM users",
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE SEQUENCE audit.numbers",
    "COMMENT ON TABLE users IS 'who'",
    "COMMENT ON COLUMN users.name IS 'first'",
    "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER watch BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION nothing()",
)


@pytest.mark.parametrize("connection", ["postgresql_url"], indirect=True)
def test_every_kind_of_object_is_compared_and_named(connection):
    trial = rehearse(connection, running(*EVERY_KIND))
    told = [f"{sign} {what}" for sign, _, what in trial.changes]
    assert told == [
        "+ schema audit",
        "+ table audit.log",
        "+ column id INTEGER",
        "+ column owner INTEGER",
        "+ foreign key log_owner_fkey (owner) to users (id)",
        "~ column name VARCHAR(40) not null comment 'first' (was VARCHAR(40) not null)",
        "+ comment 'who'",
        "+ enum type mood (sad, ok)",
        "+ materialized view counted",
        "+ sequence audit.numbers",
        "+ trigger watch of users",
        "+ view adult",
    ]
    assert trial.after.coverage() == (
        "schemas: public, audit",
        "tables: users, audit.log",
        "views: adult",
        "materialized views: counted",
        "enum types: mood",
        "sequences: audit.numbers",
        "triggers: watch of users",
        "comments of tables and columns: 2",
        "not compared: rows, functions, privileges, row level policies, rules, extensions, domains and partitions",
    )
    assert trial.before.coverage()[:3] == ("schemas: public", "tables: users", "views: none")


def test_a_changed_view_and_trigger_are_reported(connection):
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(EVERY_KIND[8]))
    trigger = {"sqlite": "BEGIN SELECT 1; END", "postgresql": "FOR EACH ROW EXECUTE FUNCTION nothing()"}
    for statement in ("CREATE VIEW v AS SELECT id FROM users", "CREATE TRIGGER w AFTER INSERT ON users "):
        connection.execute(sa.text(statement + (trigger[connection.dialect.name] if "TRIGGER" in statement else "")))
    connection.commit()
    on = "" if connection.dialect.name == "sqlite" else " ON users"
    made = f"CREATE TRIGGER w AFTER DELETE ON users {trigger[connection.dialect.name]}"
    trial = rehearse(
        connection,
        running("DROP VIEW v", "CREATE VIEW v AS SELECT id, name FROM users", f"DROP TRIGGER w{on}", made),
    )
    name = "w of users" if on else "w"
    assert trial.changes == (
        ("~", name, f"trigger {name}: its definition"),
        ("~", "v", "view v: its definition"),
    )


@pytest.mark.parametrize("connection", ["postgresql_url"], indirect=True)
@pytest.mark.parametrize("fails", [False, True])
def test_a_run_that_commits_is_reported_as_not_rolled_back(connection, fails):
    statements = ("CREATE TABLE pets (id INTEGER)", "COMMIT", *(["nonsense"] if fails else []))
    with pytest.raises(CommandError, match=r"was not rolled back.* What it left: \+ pets: table pets") as raised:
        rehearse(connection, running(*statements))
    assert fails == isinstance(raised.value.__cause__, sa.exc.ProgrammingError)
