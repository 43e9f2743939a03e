"""Without pg_dump, a PostgreSQL database is cloned from its catalog: the clone has every object and every row."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.rehearse import CloneOptions, source_of
from kernel_core.rehearse.clone import postgresql
from kernel_core.snapshot import differences, snapshot_of

RICH = (
    "CREATE SCHEMA other",
    "CREATE TYPE mood AS ENUM ('sad', 'it''s fine')",
    "CREATE TYPE other.pair AS (a integer, b text)",
    "CREATE DOMAIN age AS integer DEFAULT 3 CHECK (VALUE > 0)",
    "CREATE SEQUENCE numbers START 7 INCREMENT 2",
    (
        'CREATE TABLE parents (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Name ""x""" varchar(20) NOT NULL '
        'DEFAULT \'a%b\', doubled integer GENERATED ALWAYS AS (7 * 2) STORED, UNIQUE ("Name ""x"""))'
    ),
    (
        "CREATE TABLE other.items (id serial PRIMARY KEY, parent integer REFERENCES parents ON DELETE CASCADE, m mood, "
        "g age, n numeric(8, 2) DEFAULT nextval('numbers'), tags text[], CONSTRAINT ck CHECK (n > 0))"
    ),
    "CREATE TABLE events (at date NOT NULL, what text) PARTITION BY RANGE (at)",
    "CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "CREATE INDEX ix ON other.items (lower(tags[1])) WHERE n > 1",
    "CREATE VIEW seen AS SELECT id, m FROM other.items",
    "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM parents",
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER touched BEFORE UPDATE ON other.items FOR EACH ROW EXECUTE FUNCTION touch()",
    "ALTER TABLE other.items ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY own ON other.items FOR SELECT USING (id > 0)",
    "COMMENT ON TABLE parents IS 'it''s 100%'",
    "COMMENT ON COLUMN other.items.m IS 'mood'",
    "GRANT SELECT ON parents TO PUBLIC",
    'INSERT INTO parents ("Name ""x""") VALUES (\'one\'), (\'two\')',
    "INSERT INTO other.items (parent, m, tags) VALUES (1, 'sad', '{a,b}'), (2, NULL, NULL)",
    "INSERT INTO events VALUES ('2026-05-05', 'x')",
)


@pytest.mark.slow
@pytest.mark.parametrize("has_dump", [False, True])
@pytest.mark.costly
def test_the_clone_has_every_object_and_every_row(postgresql_url, monkeypatch, has_dump):
    monkeypatch.setattr(postgresql, "has_dump", lambda: has_dump)
    if has_dump and postgresql.shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with engine.begin() as live:
        for statement in RICH:
            live.exec_driver_sql(statement.replace("%", "%%"))
    with engine.connect() as live, postgresql.postgresql_clone(source_of(engine), CloneOptions()) as clone:
        with clone.after.connect() as copy:
            assert differences(snapshot_of(live), snapshot_of(copy)) == ()
            for table in ("parents", "other.items", "events"):
                query = f"SELECT * FROM {table} ORDER BY 1"
                assert copy.exec_driver_sql(query).all() == live.exec_driver_sql(query).all()
            values = "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"
            assert copy.exec_driver_sql(values).all() == live.exec_driver_sql(values).all()
        assert clone.method == ("pg_dump" if has_dump else "catalog")
        assert [note for note in clone.notes if not note.startswith("not copied: aggregates")] == []
