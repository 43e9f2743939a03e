"""After statements about tables only their part of the catalog is read again: the answers are those of the whole one."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from kernel_core.rehearse.stored_code import StoredCode
from kernel_core.util.exc import CommandError
from tests.sampling import repeated

FUNCTIONS = (
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM dblink_exec(1, 2); RETURN 1; END'",
    "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM dblink_exec(1, 2); RETURN new; END'",
)
STATEMENTS = (
    "CREATE TABLE {n} (id int PRIMARY KEY, p int, a int)",
    "CREATE TABLE {n} (id int PRIMARY KEY, p int REFERENCES {m} ON DELETE CASCADE, a int)",
    "CREATE TABLE {n} (id int PRIMARY KEY) INHERITS ({m})",
    "CREATE TABLE {n} (LIKE {m} INCLUDING ALL)",
    "DROP TABLE {n} CASCADE",
    "ALTER TABLE {n} ALTER a DROP DEFAULT",
    "ALTER TABLE {n} RENAME TO {m}",
    "ALTER TABLE {n} INHERIT {m}",
    "ALTER TABLE {n} NO INHERIT {m}",
    "ALTER TABLE {n} ADD FOREIGN KEY (p) REFERENCES {m} (id) ON DELETE CASCADE",
    "TRUNCATE TABLE {n} CASCADE",
    "CREATE TRIGGER g BEFORE UPDATE ON {n} FOR EACH ROW EXECUTE FUNCTION g()",
    "CREATE VIEW {v} AS SELECT id FROM {n}",
    "DROP VIEW {v}",
)
ON_MARIADB = (
    "CREATE TABLE {n} (id int PRIMARY KEY, a int)",
    "CREATE TABLE {n} LIKE {m}",
    "CREATE OR REPLACE TABLE {n} (id int)",
    "CREATE TABLE {n} ENGINE=MyISAM AS SELECT 1 AS id",
    "DROP TABLE {n}",
    "DROP TABLES {n}, {m}",
    "ALTER TABLE {n} ADD b int",
    "ALTER TABLE {n} RENAME TO {m}",
    "RENAME TABLE {n} TO {m}",
    "TRUNCATE TABLE {n}",
    "CREATE TRIGGER g BEFORE UPDATE ON {n} FOR EACH ROW INSERT INTO mysql.nothing VALUES (1)",
    "CREATE TRIGGER h AFTER INSERT ON {n} FOR EACH ROW DELETE FROM {m}",
    "CREATE TRIGGER k AFTER DELETE ON {n} FOR EACH ROW SET @a = f()",
    "DROP TRIGGER g",
    "CREATE OR REPLACE VIEW {v} AS SELECT id FROM {n}",
    "DROP VIEW {v}",
)
TABLES, VIEWS = ('"T %"', "a", "b", "c"), ("v", "w")


class Answers:
    """Asks about statements on one connection, as a rehearsal does before each of them."""

    def __init__(self, connection: sa.Connection, kind: str, database: str, *others: str) -> None:
        self.connection = connection
        known = {"database": database, "other_databases": others, "source": SimpleNamespace(database=database)}
        self.clone = SimpleNamespace(kind=kind, after=connection.engine, **known)
        self.code = self.new()
        self.queries: list[str] = []

    def new(self) -> StoredCode:
        return StoredCode(self.clone)

    def query(self, sql: str) -> list[tuple]:
        self.queries.append(sql)
        cursor = self.connection.connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall()

    def refuses(self, code: StoredCode, sql: str) -> bool:
        try:
            code.check(sql, self.query)
        except CommandError:
            return True
        return False

    def run(self, sql: str) -> bool:
        """Check and execute a statement; return whether it was neither refused nor failed."""
        if self.refuses(self.code, sql):
            return False
        savepoint = self.connection.begin_nested() if self.clone.kind == "postgresql" else None
        try:
            self.connection.exec_driver_sql(sql.replace("%", "%%"))
        except sa.exc.DBAPIError:
            if savepoint is not None:
                savepoint.rollback()
            return False
        if savepoint is not None:
            savepoint.commit()
        return True

    def written(self) -> dict[str, bool]:
        """Return the statements that write to what exists, with whether each one is refused."""
        names = sa.inspect(self.connection).get_table_names() + sa.inspect(self.connection).get_view_names()
        quote = self.connection.dialect.identifier_preparer.quote_identifier
        several = [f"{verb} {quote(name)}" for name in names for verb in ("UPDATE", "DELETE FROM", "INSERT INTO")]
        fresh = self.new()
        assert [self.refuses(self.code, sql) for sql in several] == [self.refuses(fresh, sql) for sql in several]
        return {sql: self.refuses(fresh, sql) for sql in several}


@pytest.fixture
def answers(postgresql_url):
    with sa.create_engine(postgresql_url, poolclass=sa.NullPool).connect() as connection:
        for sql in FUNCTIONS:
            connection.exec_driver_sql(sql)
        yield Answers(connection, "postgresql", "x")


@pytest.fixture
def on_mariadb(mariadb_url):
    with sa.create_engine(mariadb_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("CREATE FUNCTION f() RETURNS int BEGIN DELETE FROM mysql.nothing; RETURN 1; END")
        yield Answers(connection, "mariadb", connection.exec_driver_sql("SELECT database()").scalar_one(), "mysql")


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.sweep) for n in range(1, 1 + repeated(40)))])
def test_what_is_refused_after_random_statements_is_what_the_whole_catalog_says(answers, seed):
    choice, taken = random.Random(seed), 0
    answers.connection.exec_driver_sql("CREATE TABLE c (id int PRIMARY KEY, p int, a int DEFAULT f())")
    answers.connection.exec_driver_sql("CREATE TABLE a (id int PRIMARY KEY, p int, a int)")
    results = set(answers.written().values())
    for _ in range(40):
        n, m = choice.sample(TABLES, 2)
        taken += answers.run(choice.choice(STATEMENTS).format(n=n, m=m, v=choice.choice(VIEWS)))
        results |= set(answers.written().values())
    assert taken > 5
    assert results == {True, False}


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.sweep) for n in range(1, 1 + repeated(15)))])
def test_what_is_refused_after_random_statements_of_mariadb_is_what_the_whole_catalog_says(on_mariadb, seed):
    choice, taken, names = random.Random(seed), 0, ("`T %'`", "`b\\`", "`É`", "c")
    on_mariadb.connection.exec_driver_sql("CREATE TABLE c (id int PRIMARY KEY, a int)")
    on_mariadb.connection.exec_driver_sql("CREATE TRIGGER t AFTER DELETE ON c FOR EACH ROW SET @a = f()")
    results = set(on_mariadb.written().values())
    for _ in range(60):
        n, m = choice.sample(names, 2)
        sql = choice.choice(ON_MARIADB).format(n=n, m=m, v=choice.choice(VIEWS))
        taken += on_mariadb.run(sql)
        results |= set(on_mariadb.written().values())
    assert taken > 5
    assert results == {True, False}


def test_of_other_tables_of_mariadb_nothing_is_read_again(on_mariadb):
    for sql in ("CREATE TABLE a (id int)", "CREATE TABLE b (id int)"):
        assert on_mariadb.run(sql)
    on_mariadb.refuses(on_mariadb.code, "UPDATE a")
    on_mariadb.queries.clear()
    assert on_mariadb.run("ALTER TABLE a ADD v int")
    assert on_mariadb.queries == []
    on_mariadb.refuses(on_mariadb.code, "UPDATE b")
    assert len(on_mariadb.queries) == 3
    assert all("_utf8mb4 X'61'," in sql for sql in on_mariadb.queries)


def test_a_new_name_is_known_in_the_rules_and_views_of_other_tables(answers):
    for sql in (
        "CREATE TABLE a (id int)",
        "CREATE TABLE b (id int)",
        "CREATE RULE r AS ON INSERT TO b DO ALSO INSERT INTO a VALUES (1)",
        "CREATE VIEW v AS SELECT id FROM a",
        "ALTER TABLE a RENAME TO c",
        "CREATE TRIGGER g BEFORE INSERT OR UPDATE ON c FOR EACH ROW EXECUTE FUNCTION g()",
    ):
        assert answers.run(sql)
    found = answers.written()
    assert found['INSERT INTO "b"']
    assert found['UPDATE "v"']


def test_a_table_that_takes_the_name_of_a_dropped_one_is_not_written_to_with_its_parent(answers):
    answers.connection.exec_driver_sql("CREATE TABLE c (a int DEFAULT f())")
    for sql in (
        "CREATE TABLE a (id int PRIMARY KEY)",
        "CREATE TABLE b (p int REFERENCES a ON DELETE CASCADE)",
        "UPDATE a SET id = 1",
        "DROP TABLE b",
        "CREATE TABLE b (LIKE c INCLUDING ALL)",
    ):
        assert answers.run(sql)
    found = answers.written()
    assert found['DELETE FROM "b"']
    assert not found['DELETE FROM "a"']


def test_of_other_tables_nothing_is_read_again(answers):
    for sql in ("CREATE TABLE a (id int)", "CREATE TABLE b (id int)"):
        assert answers.run(sql)
    answers.refuses(answers.code, "UPDATE a")
    answers.queries.clear()
    assert answers.run("ALTER TABLE a ADD v int")
    assert answers.queries == []
    answers.refuses(answers.code, "UPDATE b")
    assert len(answers.queries) == 4
    assert all("lower(c.relname) IN ('a', 'add', 'alter', 'int', 'table', 'v')" in sql for sql in answers.queries)
