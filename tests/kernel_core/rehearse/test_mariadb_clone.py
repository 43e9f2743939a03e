"""A MariaDB database is cloned table by table: the clone has every object and every row."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.rehearse import CloneOptions, source_of
from kernel_core.rehearse.clone.mariadb import mariadb_clone
from kernel_core.snapshot import differences, snapshot_of

RICH = (
    "CREATE SEQUENCE numbers START WITH 7 INCREMENT BY 2",
    "SELECT NEXT VALUE FOR numbers",
    (
        "CREATE TABLE parents (id INTEGER PRIMARY KEY AUTO_INCREMENT, `Name ``x``` VARCHAR(20) NOT NULL DEFAULT 'a%%b', "
        "doubled INTEGER AS (id * 2) VIRTUAL, UNIQUE (`Name ``x```)) COMMENT 'it''s 100%%'"
    ),
    (
        "CREATE TABLE items (id INTEGER PRIMARY KEY, parent INTEGER, mood ENUM('sad', 'it''s fine') COMMENT 'mood', "
        "n NUMERIC(8, 2) DEFAULT NEXTVAL(numbers), FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE, "
        "CONSTRAINT ck CHECK (n > 0), INDEX ix (mood))"
    ),
    "CREATE VIEW all_seen AS SELECT id FROM seen",
    "CREATE FUNCTION doubled(x INTEGER) RETURNS INTEGER DETERMINISTIC RETURN x * 2",
    "CREATE PROCEDURE forget() DELETE FROM items",
    "CREATE TRIGGER calmed BEFORE INSERT ON items FOR EACH ROW SET NEW.mood = COALESCE(NEW.mood, 'sad')",
    "INSERT INTO parents (`Name ``x```) VALUES ('one'), ('two')",
    "INSERT INTO items (id, parent, mood) VALUES (1, 1, NULL), (2, NULL, 'it''s fine')",
)


@pytest.mark.slow
def test_the_clone_has_every_object_and_every_row(mariadb_url):
    engine = sa.create_engine(mariadb_url, poolclass=sa.NullPool)
    with engine.begin() as live:
        live.exec_driver_sql("CREATE TABLE seen (id INTEGER)")
        for statement in RICH:
            live.exec_driver_sql(statement)
        live.exec_driver_sql("DROP TABLE seen")
        live.exec_driver_sql("CREATE VIEW seen AS SELECT id FROM items")  # it sorts after the view that reads it
    with engine.connect() as live, mariadb_clone(source_of(engine), CloneOptions()) as clone:
        assert clone.notes == ()
        with clone.after.connect() as copy:
            assert differences(snapshot_of(live), snapshot_of(copy)) == ()
            for query in (
                "SELECT * FROM parents ORDER BY 1",
                "SELECT * FROM items ORDER BY 1",
                "SELECT * FROM all_seen ORDER BY 1",
                "SELECT doubled(21)",
                "SELECT next_not_cached_value FROM numbers",
            ):
                assert copy.exec_driver_sql(query).all() == live.exec_driver_sql(query).all(), query
            copy.exec_driver_sql("CALL forget()")
            assert copy.exec_driver_sql("SELECT count(*) FROM items").scalar() == 0
        assert live.exec_driver_sql("SELECT count(*) FROM items").scalar() == 2
