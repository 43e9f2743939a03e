"""What functions, triggers and foreign tables would do outside of the clone is refused, or named where it is not seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import CommandError

TABLES = (
    "CREATE TABLE t (id INT PRIMARY KEY, a INT)",
    "INSERT INTO t VALUES (1, 1), (2, 2)",
    "CREATE TABLE log (n INT)",
)
DBLINK = "CREATE EXTENSION dblink"
WRITE = "dblink_exec('dbname={other} {server}', 'INSERT INTO log VALUES (1)')"
ON_UPDATE = "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()"
FOREIGN = (
    "CREATE EXTENSION postgres_fdw",
    "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname '{other}', host '{host}', port '{port}')",
    "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user '{user}')",
)
FOREIGN_TABLE = (*FOREIGN, "CREATE FOREIGN TABLE ft (n int) SERVER s OPTIONS (table_name 'log')")


def function(body: str, returns: str = "trigger", parameters: str = "") -> str:
    """Return a function of PL/pgSQL."""
    return f"CREATE FUNCTION f({parameters}) RETURNS {returns} LANGUAGE plpgsql AS $$ BEGIN {body} END $$"


REFUSED = {
    "postgresql": {
        "a function of dblink": ((DBLINK,), (f"SELECT {WRITE}",), "it calls dblink_exec"),
        "a query that writes": (
            (DBLINK,),
            (
                (
                    "SELECT * FROM dblink('dbname={other} {server}', "
                    "'INSERT INTO log VALUES (1) RETURNING n') AS x (n int)"
                ),
            ),
            "it calls dblink",
        ),
        "a DO block": ((DBLINK,), (f"DO $$ BEGIN PERFORM {WRITE}; END $$",), "it calls dblink_exec"),
        "a function that calls one": (
            (DBLINK, function(f"PERFORM {WRITE}; RETURN 1;", "int")),
            ("UPDATE t SET a = f()",),
            "it runs f: it calls dblink_exec",
        ),
        "a function that the revision creates": (
            (DBLINK,),
            (function(f"PERFORM {WRITE}; RETURN 1;", "int"), "UPDATE t SET a = f()"),
            "it runs f: it calls dblink_exec",
        ),
        "a trigger": (
            (DBLINK, function(f"PERFORM {WRITE}; RETURN new;"), ON_UPDATE),
            ("UPDATE t SET a = 5",),
            "it runs f: it calls dblink_exec",
        ),
        "a trigger of a table that is written to by a key": (
            (
                DBLINK,
                "CREATE TABLE child (p int REFERENCES t ON DELETE CASCADE)",
                "INSERT INTO child VALUES (1)",
                function(f"PERFORM {WRITE}; RETURN old;"),
                "CREATE TRIGGER g BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION f()",
            ),
            ("DELETE FROM t",),
            "it runs f: it calls dblink_exec",
        ),
        "a trigger that writes to a table with one": (
            (
                *FOREIGN_TABLE,
                function("INSERT INTO ft VALUES (1); RETURN new;"),
                "CREATE TRIGGER g BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION f()",
                function("INSERT INTO log VALUES (1); RETURN new;").replace("f()", "first()"),
                "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION first()",
            ),
            ("UPDATE t SET a = 5",),
            "it runs first: it runs f: ft is a foreign table",
        ),
        "a foreign table": (FOREIGN_TABLE, ("INSERT INTO ft VALUES (1)",), "ft is a foreign table"),
        "a foreign table of another schema": (
            (*FOREIGN, "CREATE SCHEMA s", "CREATE FOREIGN TABLE s.ft (n int) SERVER s OPTIONS (table_name 'log')"),
            ('DELETE FROM ONLY "s"."ft"; INSERT INTO s.ft VALUES (1)',),
            "ft is a foreign table",
        ),
        "a foreign table that the revision creates": (
            (),
            (*FOREIGN_TABLE, "INSERT INTO ft VALUES (1)"),
            "ft is a foreign table",
        ),
        "a foreign partition": (
            (
                *FOREIGN,
                "CREATE TABLE pt (n int) PARTITION BY RANGE (n)",
                "CREATE FOREIGN TABLE ft PARTITION OF pt FOR VALUES FROM (0) TO (9) SERVER s OPTIONS (table_name 'log')",
            ),
            ("INSERT INTO pt VALUES (1)",),
            "ft is a foreign table",
        ),
        "a view of a foreign table": (
            (*FOREIGN_TABLE, "CREATE VIEW w AS SELECT * FROM ft"),
            ("INSERT INTO w VALUES (1)",),
            "w is a view: ft is a foreign table",
        ),
        "a view of a function": (
            (DBLINK, function(f"PERFORM {WRITE}; RETURN 1;", "int"), "CREATE VIEW w AS SELECT f() AS n"),
            ("INSERT INTO log SELECT n FROM w",),
            "it runs f: it calls dblink_exec",
        ),
        "a default": (
            (
                DBLINK,
                function(f"PERFORM {WRITE}; RETURN 1;", "int"),
                "ALTER TABLE log ADD m int",
                "ALTER TABLE log ALTER m SET DEFAULT f()",
            ),
            ("INSERT INTO log (n) VALUES (1)",),
            "it runs f: it calls dblink_exec",
        ),
        "a procedure that changes the server": (
            ("CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMENT ON ROLE pg_monitor IS 'x'; END $$",),
            ("CALL p()",),
            "p does",
        ),
        "a program": ((function("COPY t TO PROGRAM 'cat >/dev/null';", "void"),), ("SELECT f()",), "f does"),
    },
    "mariadb": {
        "a procedure": (("CREATE PROCEDURE p() INSERT INTO {other}.log VALUES (1)",), ("CALL p()",), "p does"),
        "a function": (
            ("CREATE FUNCTION f() RETURNS INT BEGIN INSERT INTO {other}.log VALUES (1); RETURN 1; END",),
            ("UPDATE t SET a = f()",),
            "f does",
        ),
        "a trigger": (
            ("CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW INSERT INTO {other}.log VALUES (1)",),
            ("UPDATE t SET a = 5",),
            "a trigger of t does",
        ),
        "a view": (
            ("CREATE VIEW w AS SELECT * FROM {other}.log",),
            ("INSERT INTO w VALUES (1)",),
            "w is a view of the database",
        ),
        "a procedure that changes the server": (
            ("CREATE PROCEDURE p() SET GLOBAL interactive_timeout = 28801",),
            ("CALL p()",),
            "p does",
        ),
        "SQL in a variable": (
            ("CREATE PROCEDURE p() BEGIN SET @x = 'UPDATE {live}.t SET a = 9'; PREPARE s FROM @x; EXECUTE s; END",),
            ("CALL p()",),
            "p does",
        ),
        "a function of another database": (
            ("CREATE FUNCTION {other}.f() RETURNS INT BEGIN INSERT INTO log VALUES (1); RETURN 1; END",),
            ("UPDATE t SET a = {other}.f()",),
            "",
        ),
    },
}
CLEAN = {
    "postgresql": {
        "a trigger": (
            (function("new.a := new.a + 1; INSERT INTO log VALUES (new.id); RETURN new;"), ON_UPDATE),
            ("UPDATE t SET a = 5",),
        ),
        "a trigger that notifies": (
            (function("PERFORM pg_notify('changed', new.id::text); RETURN new;"), ON_UPDATE),
            ("UPDATE t SET a = 5",),
        ),
        "a generated name": (
            (function("EXECUTE format('CREATE TABLE %I (id int)', name);", "void", "name text"),),
            ("SELECT f('new')",),
        ),
        "a name of a function in another one's text": (
            (function("RAISE NOTICE 'dblink_exec is not called'; RETURN new;"), ON_UPDATE),
            ("UPDATE t SET a = 5",),
        ),
        "a query that reads": (
            (DBLINK,),
            (
                (
                    "INSERT INTO t SELECT 7, n FROM dblink('dbname={other} {server}', "
                    "'SELECT count(*)::int FROM log') AS x (n int)"
                ),
            ),
        ),
        "a view of a query that reads": (
            (
                DBLINK,
                (
                    "CREATE VIEW w AS SELECT n FROM dblink('dbname={other} {server}', 'SELECT count(*)::int FROM log') "
                    "AS x (n int)"
                ),
            ),
            ("INSERT INTO t SELECT 7, n FROM w",),
        ),
        "a foreign table that is read": (FOREIGN_TABLE, ("INSERT INTO t SELECT 9, count(*) FROM ft",)),
        "a foreign table that is dropped": (FOREIGN_TABLE, ("DROP FOREIGN TABLE ft",)),
        "a function that is only replaced": (
            (DBLINK, function(f"PERFORM {WRITE}; RETURN new;"), ON_UPDATE),
            ("DROP TRIGGER g ON t", "DROP FUNCTION f()", function("RETURN new;"), ON_UPDATE, "UPDATE t SET a = 5"),
        ),
        "a trigger of another table": (
            (
                DBLINK,
                function(f"PERFORM {WRITE}; RETURN new;"),
                "CREATE TRIGGER g BEFORE UPDATE ON log FOR EACH ROW EXECUTE FUNCTION f()",
            ),
            ("UPDATE t SET a = (SELECT count(*) FROM log)", "ALTER TABLE log ADD m int"),
        ),
    },
    "mariadb": {
        "a trigger": (
            ("CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = NEW.a + 1",),
            ("UPDATE t SET a = 5",),
        ),
        "a procedure with aliases": (
            (
                (
                    "CREATE PROCEDURE p(IN k INT) BEGIN DECLARE x INT; SELECT max(mysql.a) INTO x FROM t AS mysql; "
                    "UPDATE t SET a = x WHERE t.id = k; END"
                ),
            ),
            ("CALL p(1)",),
        ),
        "a procedure that names its database": (("CREATE PROCEDURE p() UPDATE {live}.t SET a = 99",), ("CALL p()",)),
        "a trigger that names its database": (
            ("CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW INSERT INTO {live}.log VALUES (1)",),
            ("UPDATE t SET a = 5",),
        ),
        "a table with the name of the database": (
            ("CREATE TABLE {live} (id INT)", "INSERT INTO {live} VALUES (1)"),
            ("INSERT INTO t SELECT {live}.id + 5, 1 FROM {live}", "DELETE {live} FROM {live} WHERE {live}.id = 1"),
        ),
        "a view of another database that is read": (
            ("CREATE VIEW w AS SELECT * FROM {other}.log",),
            ("INSERT INTO t SELECT 9, count(*) FROM w",),
        ),
    },
}
NOT_SEEN = {
    "postgresql": {
        "a text that is executed": (
            (function("EXECUTE text;", "void", "text text"),),
            ("SELECT f('CREATE TABLE new (id int)')",),
            "not seen: SQL that f makes at run time and executes",
        ),
        "a DO block": (
            (),
            ("DO $$ DECLARE x text := 'CREATE TABLE new (id int)'; BEGIN EXECUTE x; END $$",),
            "not seen: SQL that a statement makes at run time and executes",
        ),
    },
    "mariadb": {
        "SQL in a variable": (
            ("CREATE PROCEDURE p(IN x TEXT) BEGIN PREPARE s FROM x; EXECUTE s; END",),
            ("CALL p('CREATE TABLE new (id int)')",),
            "not seen: SQL that p makes at run time and executes",
        ),
        "a lock of the server": (
            (),
            ("DO GET_LOCK('mig_proof', 0)",),
            "reaches outside: GET_LOCK takes a lock that all databases of the server share",
        ),
    },
}


def cases(several, quick: str = ""):
    """Return the cases; those of the name ``quick`` are in the quick run."""
    return [
        pytest.param(kind, *case, id=f"{kind}-{name}", marks=[] if name == quick else [pytest.mark.sweep])
        for kind, named in several.items()
        for name, case in named.items()
    ]


@contextmanager
def other_database(project) -> Iterator[str]:
    """Yield the name of another database of the server, with a table that stays empty."""
    url = sa.make_url(project.url)
    name = f"{url.database}_other"
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as live:
        live.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            other = sa.create_engine(url.set(database=name), poolclass=sa.NullPool)
            with other.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE log (n INT)")
            yield name
            with other.connect() as connection:
                assert connection.exec_driver_sql("SELECT count(*) FROM log").scalar_one() == 0
        finally:
            live.exec_driver_sql(f"DROP DATABASE {name}")


def rehearsed(project, setup, statements):
    """Rehearse statements; the database itself and another one of the server must be as they were."""
    with other_database(project) as other:
        url = sa.make_url(project.url)
        place = {"host": url.host or "127.0.0.1", "port": url.port or 5432, "user": url.username or "postgres"}
        names = {"{other}": other, "{live}": str(url.database)}
        names |= {"{server}": " ".join(f"{key}={value}" for key, value in place.items())}
        names |= {f"{{{key}}}": str(value) for key, value in place.items()}

        def named(sql: str) -> str:
            for mark, name in names.items():
                sql = sql.replace(mark, name)
            return sql

        project.run(*TABLES, *(named(sql).replace("%", "%%") for sql in setup))
        project.write("a1", None, "\n".join(f"op.execute({named(sql)!r})" for sql in statements))
        try:
            return command.rehearse(project.config(), "head", and_back=False)
        finally:
            assert project.rows("SELECT concat(id, ' ', a) FROM t ORDER BY id") == ["1 1", "2 2"]
            assert project.rows("SELECT count(*) FROM log") == [0]


@pytest.mark.parametrize(("kind", "setup", "statements", "why"), cases(REFUSED, "a trigger"))
def test_stored_code_that_leaves_the_clone_is_refused(request, kind, setup, statements, why):
    with pytest.raises(CommandError, match="which was not cloned") as raised:
        rehearsed(request.getfixturevalue(f"{kind}_project"), setup, statements)
    assert why in str(raised.value)


@pytest.mark.parametrize(("kind", "setup", "statements"), cases(CLEAN))
def test_ordinary_stored_code_raises_no_alarm(request, kind, setup, statements):
    (found,) = rehearsed(request.getfixturevalue(f"{kind}_project"), setup, statements)
    assert found.is_clean, found.blockers
    assert not [line for line in found.not_compared if line.startswith(("not seen", "reaches", "not copied"))]


@pytest.mark.parametrize(("kind", "setup", "statements", "note"), cases(NOT_SEEN))
def test_what_is_not_seen_is_named(request, kind, setup, statements, note):
    (found,) = rehearsed(request.getfixturevalue(f"{kind}_project"), setup, statements)
    assert found.is_clean, found.blockers
    assert note in found.not_compared
