"""Two readings of a schema: what differs between them, and what was read."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.snapshot import changes, differences, snapshot_of


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def connection(request):
    """A database with a table, a key and an index."""
    engine = sa.create_engine(request.getfixturevalue(request.param), poolclass=sa.NullPool)
    with engine.begin() as live:
        live.execute(sa.text("CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL)"))
        live.execute(sa.text("CREATE INDEX ix_name ON users (name)"))
    with engine.connect() as live:
        yield live
    engine.dispose()


def changed(connection, *statements: str):
    """Return the snapshots before and after some statements."""
    before = snapshot_of(connection)
    for statement in statements:
        connection.execute(sa.text(statement))
    return before, snapshot_of(connection)


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
    "CREATE DOMAIN age AS integer CHECK (VALUE > 0)",
    "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY own ON users USING (id > 1)",
    "CREATE RULE quiet AS ON DELETE TO users DO INSTEAD NOTHING",
    "GRANT SELECT ON users TO PUBLIC",
)


@pytest.mark.parametrize("connection", ["postgresql_url"], indirect=True)
def test_every_kind_of_object_is_compared_and_named(connection):
    before, after = changed(connection, *EVERY_KIND)
    told = [f"{sign} {what}" for sign, _, what in differences(before, after)]
    assert told == [
        "+ schema audit",
        "+ table audit.log",
        "+ column id INTEGER",
        "+ column owner INTEGER",
        "+ foreign key log_owner_fkey (owner) to users (id)",
        "~ column name VARCHAR(40) not null comment 'first' (was VARCHAR(40) not null)",
        "+ comment 'who'",
        "+ domain public.age",
        "+ enum type mood (sad, ok)",
        "+ function public.nothing()",
        "+ materialized view counted",
        "+ policy own of users",
        next(line for line in told if line.startswith("+ privileges of users {")),
        "+ row level security of users",
        "+ rule quiet of users",
        "+ sequence audit.numbers",
        "+ trigger watch of users",
        "+ view adult",
    ]
    covered = after.coverage()
    assert covered[:3] == ("schemas: public, audit", "tables: users, audit.log", "views: adult")
    assert "functions: public.nothing()" in covered
    assert covered[-1].startswith("not compared: rows, default privileges, roles")
    assert before.coverage()[:3] == ("schemas: public", "tables: users", "views: none")


def test_a_changed_view_and_trigger_are_reported(connection):
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(EVERY_KIND[8]))
    trigger = {"sqlite": "BEGIN SELECT 1; END", "postgresql": "FOR EACH ROW EXECUTE FUNCTION nothing()"}
    for statement in ("CREATE VIEW v AS SELECT id FROM users", "CREATE TRIGGER w AFTER INSERT ON users "):
        connection.execute(sa.text(statement + (trigger[connection.dialect.name] if "TRIGGER" in statement else "")))
    connection.commit()
    on = "" if connection.dialect.name == "sqlite" else " ON users"
    made = f"CREATE TRIGGER w AFTER DELETE ON users {trigger[connection.dialect.name]}"
    before, after = changed(
        connection, "DROP VIEW v", "CREATE VIEW v AS SELECT id, name FROM users", f"DROP TRIGGER w{on}", made
    )
    name = "w of users" if on else "w"
    assert differences(before, after) == (
        ("~", name, f"trigger {name}: its definition"),
        ("~", "v", "view v: its definition"),
    )
