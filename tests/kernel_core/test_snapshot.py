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


@pytest.mark.slow
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
    assert covered[-1].startswith("not compared: rows, the order of columns, present values")
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


FIRST = {
    "sqlite": (
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, a INT, b TEXT)",
        "CREATE TABLE kept (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT COLLATE NOCASE, g INT AS (1)) STRICT",
        "CREATE INDEX lowered ON plain (lower(b))",
        "CREATE INDEX partial ON plain (a) WHERE a > 1",
        "CREATE INDEX same ON plain (a)",
    ),
    "postgresql": (
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, a INTEGER, b TEXT, d TIMESTAMP, e INTEGER[])",
        "CREATE TABLE kept (id INTEGER GENERATED BY DEFAULT AS IDENTITY, r INT4RANGE, g INTEGER)",
        "CREATE TABLE parts (id INTEGER, d DATE) PARTITION BY RANGE (d)",
        "CREATE TABLE part PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "CREATE INDEX lowered ON plain (lower(b))",
        "CREATE INDEX partial ON plain (a) WHERE a > 1",
        "ALTER TABLE plain ADD CONSTRAINT checked CHECK (a > 0) NOT VALID, ADD CONSTRAINT one UNIQUE (a)",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER watch AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE TYPE address AS (street text)",
        "CREATE SEQUENCE numbers",
        "CREATE MATERIALIZED VIEW counted AS SELECT a FROM plain",
    ),
    "mysql": (
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, a INTEGER, b VARCHAR(20), d TIMESTAMP NULL)",
        "CREATE TABLE kept (id INTEGER PRIMARY KEY, g INTEGER AS (id * 2) PERSISTENT) WITH SYSTEM VERSIONING",
        "CREATE INDEX prefix ON plain (b(5))",
        (
            "CREATE TABLE parts (id INTEGER) PARTITION BY RANGE (id) "
            "(PARTITION a VALUES LESS THAN (9), PARTITION b VALUES LESS THAN MAXVALUE)"
        ),
        "CREATE FUNCTION one(x INTEGER) RETURNS INTEGER DETERMINISTIC RETURN 1",
        "CREATE SEQUENCE numbers",
    ),
}
THEN = {
    "sqlite": (
        *("DROP INDEX lowered", "CREATE INDEX lowered ON plain (upper(b))"),
        *("DROP INDEX partial", "CREATE INDEX partial ON plain (a) WHERE a > 2"),
        *("DROP INDEX same", 'CREATE INDEX "same" ON "plain" ("a")'),
        *("DROP TABLE kept", "CREATE TABLE kept (id INTEGER PRIMARY KEY, a TEXT, g INT AS (2))"),
    ),
    "postgresql": (
        "ALTER TABLE plain ALTER d TYPE TIMESTAMP WITH TIME ZONE, ALTER e TYPE BIGINT[]",
        "ALTER TABLE plain VALIDATE CONSTRAINT checked, DROP CONSTRAINT one",
        "ALTER TABLE plain ADD CONSTRAINT one UNIQUE NULLS NOT DISTINCT (a) DEFERRABLE",
        *("DROP INDEX lowered", "CREATE INDEX lowered ON plain (upper(b))"),
        *("DROP INDEX partial", "CREATE INDEX partial ON plain (a DESC) WHERE a > 1"),
        "ALTER TABLE plain DISABLE TRIGGER watch",
        "ALTER TABLE plain RENAME CONSTRAINT plain_pkey TO pk",
        "ALTER TABLE kept ALTER id SET GENERATED ALWAYS, DROP g, ADD g INTEGER GENERATED ALWAYS AS (1) STORED",
        "ALTER TABLE kept ADD CONSTRAINT apart EXCLUDE USING gist (r WITH &&)",
        "ALTER TABLE kept SET (fillfactor = 70)",
        "ALTER TABLE parts DETACH PARTITION part",
        "ALTER TYPE address ADD ATTRIBUTE zip text",
        "ALTER SEQUENCE numbers INCREMENT 10",
        "CREATE UNIQUE INDEX counted_a ON counted (a)",
        *("GRANT SELECT (a) ON plain TO pg_monitor", "GRANT USAGE ON SCHEMA public TO pg_monitor"),
        *("GRANT SELECT ON kept TO pg_monitor", "REVOKE SELECT ON kept FROM pg_monitor"),
        "ALTER TABLE parts OWNER TO pg_monitor",
        "COMMENT ON INDEX partial IS 'some'",
        "CREATE STATISTICS correlated ON a, b FROM plain",
        "CREATE AGGREGATE sum_of(integer) (sfunc = int4pl, stype = integer)",
    ),
    "mysql": (
        "ALTER TABLE plain MODIFY d TIMESTAMP NULL ON UPDATE current_timestamp(), MODIFY id INTEGER AUTO_INCREMENT",
        "ALTER TABLE plain MODIFY a INTEGER INVISIBLE, DROP INDEX prefix, ADD INDEX prefix (b(6)), ENGINE = MyISAM",
        "ALTER TABLE parts DROP PARTITION a",
        "ALTER TABLE kept DROP SYSTEM VERSIONING",
        "ALTER TABLE kept DROP g, ADD g INTEGER AS (id * 3) PERSISTENT",
        *("DROP FUNCTION one", "CREATE FUNCTION one(x INTEGER, y INTEGER) RETURNS INTEGER DETERMINISTIC RETURN 1"),
        "ALTER SEQUENCE numbers INCREMENT 10",
    ),
}


EXPECTED = {
    "sqlite": [
        "~ column id INTEGER (was INTEGER autoincrement)",
        "~ column a TEXT (was TEXT collate nocase)",
        "~ column g INTEGER generated always as(2) (was INTEGER generated always as(1))",
        "- strict",
        "~ index lowered (upper(b)) (was (lower(b)))",
        "~ index partial (a) where a > 2 (was (a) where a > 1)",
    ],
    "postgresql": [
        (
            "~ column id INTEGER not null generated always as identity (was INTEGER not null generated by "
            "default as identity)"
        ),
        "~ column g INTEGER generated as (1) (was INTEGER)",
        "+ exclude apart USING gist (r WITH &&)",
        "+ index apart using gist (r)",
        "+ with {fillfactor=70}",
        "- partition of parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "~ column d TIMESTAMP WITH TIME ZONE (was TIMESTAMP WITHOUT TIME ZONE)",
        "~ column e BIGINT[] (was INTEGER[])",
        "~ primary key (id) named pk (was (id))",
        "~ check checked (a > 0) (was (a > 0) not valid)",
        "~ index lowered (upper(b)) (was (lower(b)))",
        "~ index one unique (a) NULLS NOT DISTINCT (was (a) unique)",
        "~ index partial (a DESC) WHERE (a > 1) (was (a) WHERE (a > 1))",
        "~ unique one (a) nulls not distinct deferrable (was (a))",
        "+ aggregate public.sum_of(integer)",
        "+ comment on index partial 'some'",
        "~ composite type public.address (street text, zip text) (was (street text))",
        "+ index counted_a of counted",
        "~ owner of parts pg_monitor (was root)",
        "+ privileges of column plain.a {pg_monitor=r/root}",
        (
            "~ privileges of schema public "
            "{=U/pg_database_owner,pg_database_owner=UC/pg_database_owner,pg_monitor=U/pg_database_owner} (was "
            "{=U/pg_database_owner,pg_database_owner=UC/pg_database_owner})"
        ),
        "~ sequence numbers: its definition",
        "+ statistics public.correlated",
        "~ trigger watch of plain: its definition",
    ],
    "mysql": [
        "~ column g INTEGER(11) stored generated (`id` * 3) (was INTEGER(11) stored generated (`id` * 2))",
        "- with system versioning",
        "~ column id INTEGER(11) not null auto_increment (was INTEGER(11) not null)",
        "~ column a INTEGER(11) invisible (was INTEGER(11))",
        "~ column d TIMESTAMP on update current_timestamp() (was TIMESTAMP)",
        "~ index prefix (b(6)) (was (b(5)))",
        "~ options of plain MyISAM utf8mb4_general_ci (was InnoDB utf8mb4_general_ci)",
        "~ partitions of parts: its definition",
        "~ routine one: its definition",
        "~ sequence numbers: its definition",
    ],
}


@pytest.mark.parametrize("url", ["sqlite_url", "postgresql_url", pytest.param("mariadb_url", marks=pytest.mark.sweep)])
def test_what_the_inspector_does_not_read_is_compared_too(request, url):
    engine = sa.create_engine(request.getfixturevalue(url), poolclass=sa.NullPool)
    with engine.connect() as live:
        for statement in FIRST[live.dialect.name]:
            live.exec_driver_sql(statement)
        before, after = changed(live, *THEN[live.dialect.name])
    found = [f"{sign} {text}" for sign, _, text in differences(before, after)]
    assert found == EXPECTED[live.dialect.name]
    assert differences(after, after) == ()


def test_many_tables_take_as_many_queries_as_few_on_postgresql(postgresql_url):
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    sent: list[str] = []
    sa.event.listen(engine, "after_cursor_execute", lambda _connection, _cursor, sql, *_: sent.append(sql))
    counts = []
    with engine.connect() as live:
        for number in range(12):
            live.exec_driver_sql(f"CREATE TABLE t{number} (id int PRIMARY KEY, a int UNIQUE CHECK (a > 0))")
            live.exec_driver_sql(f"CREATE INDEX ON t{number} (lower(a::text))")
            sent.clear()
            assert f"t{number}" in snapshot_of(live).tables
            counts.append(len(sent))
    assert counts[1] == counts[-1], counts


def test_a_type_that_sqlalchemy_lacks_is_read_without_a_warning(postgresql_url):
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with engine.connect() as live:
        live.exec_driver_sql("CREATE TYPE place AS (x int, y int)")
        live.exec_driver_sql("CREATE TABLE t (id int, at place)")
        assert "column at place" in snapshot_of(live).tables["t"]


@pytest.mark.sweep
def test_an_index_that_is_ignored_is_an_index_and_is_read_without_a_warning(mariadb_url):
    engine = sa.create_engine(mariadb_url, poolclass=sa.NullPool)
    with engine.connect() as live:
        live.exec_driver_sql("CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY i (a), UNIQUE KEY u (a, id))")
        ignored = "ALTER TABLE t ALTER INDEX i IGNORED, ALTER INDEX u IGNORED"
        before, after = changed(live, ignored)
    found = [f"{sign} {text}" for sign, _, text in differences(before, after)]
    assert [line for line in found if " i " in line] == ["~ index i (a) ignored (was (a))"]
    assert any("u" in line and "ignored" in line for line in found)
    assert differences(after, after) == ()
