"""Tables that SQLAlchemy or an operation alone cannot state are adopted exactly, or what is left out is listed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from adoptions import created
from catalogs import catalog

from kernel_core import command
from kernel_core.util.exc import CommandError

pytestmark = pytest.mark.slow

POSTGRESQL = {
    "partitions": (
        "CREATE TABLE m (id INT, d DATE NOT NULL, k INT, PRIMARY KEY (id, d)) PARTITION BY RANGE (d)",
        "CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "CREATE INDEX ON m (d)",
        "CREATE INDEX own ON m1 (k)",
    ),
    "a circle of foreign keys, NOT VALID and with a comment": (
        "CREATE TABLE a (id INT PRIMARY KEY, b INT)",
        "CREATE TABLE b (id INT PRIMARY KEY, a INT REFERENCES a)",
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id) NOT VALID",
        "COMMENT ON CONSTRAINT b_a_fkey ON b IS 'back'",
    ),
    "a primary key that takes its numbers from a sequence that it does not own": (
        "CREATE SEQUENCE numbers START 7",
        "CREATE TABLE t (id INT PRIMARY KEY DEFAULT nextval('numbers'))",
    ),
    "children of other tables": (
        'CREATE SCHEMA "S"',
        "CREATE TABLE \"S\".\"P p\" (id SERIAL, n TEXT NOT NULL DEFAULT 'it''s %', g INT, CHECK (id > 0))",
        "CREATE TABLE q (id INT, m TEXT)",
        'CREATE TABLE c (e INT UNIQUE REFERENCES c, PRIMARY KEY (id), CHECK (g > 1) NO INHERIT) INHERITS ("S"."P p", q)',
        "CREATE UNLOGGED TABLE d (n TEXT DEFAULT 'd') INHERITS (c) WITH (fillfactor=60)",
        "ALTER TABLE d ALTER id DROP DEFAULT, ALTER m SET NOT NULL, ALTER g SET DEFAULT 7",
        "CREATE INDEX ON c (m)",
        "COMMENT ON TABLE c IS 'a child'",
        "COMMENT ON COLUMN c.m IS 'inherited'",
    ),
    "partitions with parts of their own, and a foreign key to them": (
        "CREATE TABLE m (id INT NOT NULL, r TEXT DEFAULT 'x', o INT, PRIMARY KEY (id, r)) PARTITION BY LIST (r)",
        "CREATE TABLE ma PARTITION OF m (r DEFAULT 'a', CONSTRAINT own CHECK (id > 0), UNIQUE (o)) FOR VALUES IN ('a')",
        "CREATE TABLE md PARTITION OF m DEFAULT",
        "ALTER TABLE ma SET (fillfactor=50), ALTER o SET NOT NULL, ADD CONSTRAINT v CHECK (id > 1) NOT VALID",
        "COMMENT ON TABLE ma IS 'a partition'",
        "COMMENT ON COLUMN ma.o IS 'own'",
        "CREATE TABLE a (id INT, r TEXT, FOREIGN KEY (id, r) REFERENCES m)",
        "CREATE TABLE h (id INT PRIMARY KEY, up INT REFERENCES h) PARTITION BY HASH (id)",
        "CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
    ),
    "sequences of columns, which SERIAL would not create": (
        "CREATE TABLE old (id SERIAL PRIMARY KEY, n SERIAL, s SMALLSERIAL, i INT GENERATED ALWAYS AS IDENTITY (START 5))",
        "ALTER TABLE old ALTER s DROP NOT NULL",
        "ALTER TABLE old RENAME TO t",
        "CREATE TABLE old (id BIGSERIAL PRIMARY KEY)",
        "ALTER SEQUENCE old_id_seq1 INCREMENT 5 CACHE 10",
        "CREATE SEQUENCE shared",
        "CREATE TABLE u (id INT PRIMARY KEY, n INT DEFAULT nextval('shared'))",
        "CREATE INDEX ON u (n)",
        "CREATE TABLE another (id INT PRIMARY KEY DEFAULT nextval('old_id_seq'))",
    ),
    "what no CREATE TABLE or CREATE INDEX states": (
        "CREATE TABLE t (id INT PRIMARY KEY WITH (fillfactor=50), a TEXT) WITH (toast.autovacuum_enabled=false)",
        "CREATE INDEX i ON t (a)",
        "ALTER TABLE t CLUSTER ON i",
        "CREATE TABLE v (a TSVECTOR)",
        "CREATE INDEX g ON v USING gist (a tsvector_ops(siglen=100))",
    ),
}
SQLITE = {
    "columns without a type": (
        "CREATE TABLE g (a INTEGER PRIMARY KEY, e DEFAULT CURRENT_TIMESTAMP, f)",
        "CREATE TABLE h (a INTEGER PRIMARY KEY, e AS (a), f GENERATED ALWAYS AS (a + 1) STORED)",
    ),
    "a virtual table": ("CREATE VIRTUAL TABLE ft USING fts5(x, y)", "CREATE TABLE t (id INTEGER PRIMARY KEY)"),
    "a circle of references to keys": (
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b INT REFERENCES b)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a)",
    ),
    "a reference to the key of a table that does not exist": (
        "CREATE TABLE a (id INTEGER PRIMARY KEY, c INT REFERENCES missing)",
        "CREATE INDEX i ON a (c)",
    ),
}


def adopted(project, statements: tuple[str, ...], folder: Path) -> dict[str, object]:
    """Adopt the tables, with model classes; return the catalog."""
    created(project.url, list(statements))
    before = catalog(project.url)
    done = command.adopt(project.config(), models=folder / "models.py")
    assert done.models is not None
    assert done.models.deviations == ()
    assert catalog(project.url) == before
    [found] = command.locate(project.config())
    assert found.is_certain
    return before


@pytest.mark.parametrize("what", SQLITE)
def test_tables_of_sqlite(what: str, project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    before = adopted(project, SQLITE[what], tmp_path)
    monkeypatch.setenv("DATABASE_URL", empty)
    command.upgrade(project.config(), "head")
    assert catalog(empty) == before


@contextmanager
def empty_database(url: str) -> Iterator[str]:
    """Make a database on the server of ``url``, yield its URL, drop it."""
    named = sa.make_url(url)
    server = sa.create_engine(named, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    name = f"mig_test_{uuid.uuid4().hex[:12]}"
    force = " WITH (FORCE)" if named.get_backend_name() == "postgresql" else ""
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield named.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}{force}")


@pytest.mark.parametrize("what", POSTGRESQL)
def test_tables_of_postgresql(what: str, postgresql_project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = adopted(postgresql_project, POSTGRESQL[what], tmp_path)
    with empty_database(postgresql_project.url) as empty:
        monkeypatch.setenv("DATABASE_URL", empty)
        command.upgrade(postgresql_project.config(), "head")
        found = catalog(empty)
        for each in (found, before):
            each.pop("- COMMENT SCHEMA public", None)  # of the database of the tests, whose schema is a new one
        assert found == before
        command.downgrade(postgresql_project.config(), "base")
        assert not [each for each in catalog(empty) if not each.startswith("- ")]


MARIADB = {
    "system versioning": (
        "CREATE TABLE t (a INT, b INT WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING COMMENT 'AUTO_INCREMENT=5 '",
        (
            "CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY, rs TIMESTAMP(6) GENERATED ALWAYS AS ROW START, "
            "re TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (rs, re)) WITH SYSTEM VERSIONING"
        ),
        "INSERT INTO u (id) VALUES (7)",
    ),
    "partitions, periods and options of an engine": (
        "CREATE TABLE p (id INT, KEY own (id)) PARTITION BY HASH (id) PARTITIONS 3",
        "CREATE TABLE o (id INT, b DATE, e DATE, PERIOD FOR valid (b, e), UNIQUE (id, valid WITHOUT OVERLAPS))",
        "CREATE TABLE c (id INT PRIMARY KEY) PAGE_COMPRESSED=1 PAGE_COMPRESSION_LEVEL=5 MIN_ROWS=3",
    ),
    "indexes and AUTO_INCREMENT": (
        "CREATE TABLE z (a INT AUTO_INCREMENT, b INT CHECK (b > 0), KEY (a), KEY b (b) COMMENT 'c')",
        "CREATE TABLE `a%b` (id INT PRIMARY KEY, `c%d` INT INVISIBLE, KEY `i%` (`c%d`) IGNORED, KEY used (id))",
        "CREATE TABLE k (id INT PRIMARY KEY, KEY sized (id) KEY_BLOCK_SIZE=4, KEY tree (id) USING BTREE)",
    ),
    "a circle of foreign keys": (
        "CREATE TABLE a (id INT PRIMARY KEY, b INT, KEY n (b) COMMENT 'x')",
        "CREATE TABLE b (id INT PRIMARY KEY, a INT, CONSTRAINT ba FOREIGN KEY (a) REFERENCES a (id) ON DELETE CASCADE)",
        "ALTER TABLE a ADD CONSTRAINT ab FOREIGN KEY (b) REFERENCES b (id)",
    ),
}


@pytest.mark.parametrize("what", MARIADB)
def test_tables_of_mariadb(what: str, mariadb_project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = adopted(mariadb_project, MARIADB[what], tmp_path)
    with empty_database(mariadb_project.url) as empty:
        monkeypatch.setenv("DATABASE_URL", empty)
        command.upgrade(mariadb_project.config(), "head")
        assert catalog(empty) == before
        command.downgrade(mariadb_project.config(), "base")
        assert catalog(empty) == {}


def refusal(project) -> str:
    with pytest.raises(CommandError) as refused:
        command.adopt(project.config())
    assert not list(Path(project.config().get_main_option("script_location"), "versions").glob("*.py"))
    return str(refused.value)


def test_columns_whose_type_is_not_known_are_all_named_on_postgresql(postgresql_project) -> None:
    postgresql_project.run(
        "CREATE SCHEMA s",
        'CREATE TABLE "T x" (id INT PRIMARY KEY, "x y" XML, p POINT, n INT)',
        "CREATE TABLE ok (n INT)",
    )
    assert "does not know the type of T x.x y (xml), T x.p (point). Nothing was written" in refusal(postgresql_project)


def test_columns_whose_type_is_not_known_are_named_on_mariadb(mariadb_project) -> None:
    mariadb_project.run("CREATE TABLE t (id INT PRIMARY KEY, g GEOMETRY)")
    assert "does not know the type of t.g (geometry)" in refusal(mariadb_project)


def test_an_index_that_sqlalchemy_cannot_write_is_named(mariadb_project) -> None:
    mariadb_project.run("CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), KEY k (a(3) DESC))")
    assert "Index k of t has the prefix of a column" in refusal(mariadb_project)


def test_what_no_operation_states_of_postgresql_is_listed(postgresql_project) -> None:
    postgresql_project.run(
        "CREATE TABLE t (a INT)",
        "ALTER TABLE t REPLICA IDENTITY FULL",
        "CREATE SEQUENCE unused OWNED BY t.a",
        "CREATE TABLE m (id INT NOT NULL, r TEXT, PRIMARY KEY (id, r)) PARTITION BY LIST (r)",
        "CREATE TABLE ma (r TEXT NOT NULL, id INT NOT NULL)",
        "ALTER TABLE m ATTACH PARTITION ma FOR VALUES IN ('a')",
        "CREATE INDEX named ON ma (id)",
        "CREATE INDEX ON m (id)",
        "CREATE TABLE mb PARTITION OF m FOR VALUES IN ('b')",
        'CREATE TYPE "row" AS (a INT)',
        'CREATE TABLE typed OF "row"',
        "GRANT SELECT (a) ON t TO PUBLIC",
        "COMMENT ON SEQUENCE unused IS 'c'",
    )
    done = command.adopt(postgresql_project.config())
    assert list(map(str, done.baseline.outside)) == [
        "comment of sequence unused",
        'composite type public."row"',
        "name of index named, which is part of that of a partitioned table",
        "order of columns of ma, which is not that of m",
        "privileges of t",
        "replica identity of t",
        "sequence that no column uses public.unused",
        'type of typed, which is OF "row"',
    ]
