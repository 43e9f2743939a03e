"""Migrations whose constraints are checked at COMMIT: the statements, and the blockers that were counted by hand.

Each line of SQL is executed by ``op.execute``, a line that starts with ``op.`` or ``with`` is Python. No blocker means
that a real run passes, any that it fails.
"""

from __future__ import annotations

ON_POSTGRESQL = """
CREATE TABLE p (id int PRIMARY KEY)
CREATE TABLE c (id int PRIMARY KEY, p_id int CONSTRAINT fk REFERENCES p DEFERRABLE INITIALLY DEFERRED)
CREATE TABLE d (id int PRIMARY KEY, p_id int CONSTRAINT late REFERENCES p DEFERRABLE)
CREATE TABLE u (id int PRIMARY KEY, n int CONSTRAINT uq UNIQUE DEFERRABLE INITIALLY DEFERRED)
CREATE TABLE x (id int, r int4range, ok bool, CONSTRAINT ex EXCLUDE USING gist (r WITH &&) WHERE (ok) DEFERRABLE INITIALLY DEFERRED)
INSERT INTO p VALUES (1), (2)
INSERT INTO c VALUES (1, 1), (2, 2)
INSERT INTO d VALUES (1, 1)
INSERT INTO u VALUES (1, 10), (2, 20), (3, 30)
INSERT INTO x VALUES (1, '[0,10)', true), (2, '[10,20)', true), (3, '[0,99)', false)
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF (SELECT count(*) FROM u) > 3 THEN RAISE ''too many rows''; END IF; RETURN NULL; END'
CREATE FUNCTION repair() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO p VALUES (NEW.p_id) ON CONFLICT DO NOTHING; RETURN NULL; END'
"""
"""Two rows of c and one of d refer to p; no two rows of u and of x conflict."""

POSTGRESQL = {
    "an orphan": ("INSERT INTO c VALUES (3, 9)", "orphan 1"),
    "two orphans and one row with a parent": ("INSERT INTO c VALUES (3, 9), (4, 8), (5, 1)", "orphan 2"),
    "an orphan whose parent follows": ("INSERT INTO c VALUES (3, 9)\nINSERT INTO p VALUES (9)", ""),
    "an orphan that is deleted": ("INSERT INTO c VALUES (3, 9)\nDELETE FROM c WHERE id = 3", ""),
    "an orphan that is corrected": ("INSERT INTO c VALUES (3, 9)\nUPDATE c SET p_id = 1 WHERE id = 3", ""),
    "a parent that is deleted": ("DELETE FROM p WHERE id = 2", "orphan 1"),
    "all parents deleted, one key immediate": ("DELETE FROM d\nDELETE FROM p", "orphan 2"),
    "a parent that is deleted with its child": ("DELETE FROM p WHERE id = 2\nDELETE FROM c WHERE p_id = 2", ""),
    "a parent that is written again": ("DELETE FROM p WHERE id = 2\nINSERT INTO p VALUES (2)", ""),
    "parents that get other keys": ("DELETE FROM d\nUPDATE p SET id = id + 100", "orphan 2"),
    "parents and children that get other keys": (
        "DELETE FROM d\nUPDATE p SET id = id + 100\nUPDATE c SET p_id = p_id + 100",
        "",
    ),
    "references that become null": ("UPDATE c SET p_id = NULL", ""),
    "one reference that is changed": ("UPDATE c SET p_id = 7 WHERE id = 1", "orphan 1"),
    "a value twice": ("INSERT INTO u VALUES (4, 10)", "duplicate 2"),
    "one value in all rows": ("UPDATE u SET n = 10", "duplicate 3"),
    "two values twice": ("INSERT INTO u VALUES (4, 10), (5, 20)", "duplicate 4"),
    "two values that change places": ("UPDATE u SET n = 20 WHERE id = 1\nUPDATE u SET n = 10 WHERE id = 2", ""),
    "values that move by one place": ("UPDATE u SET n = n + 10", ""),
    "a value twice that is deleted": ("INSERT INTO u VALUES (4, 10)\nDELETE FROM u WHERE id = 4", ""),
    "null twice": ("INSERT INTO u VALUES (4, NULL), (5, NULL)", ""),
    "null twice, nulls not distinct": (
        (
            "CREATE TABLE v (n int, UNIQUE NULLS NOT DISTINCT (n) DEFERRABLE INITIALLY DEFERRED)\n"
            "INSERT INTO v VALUES (1), (NULL), (NULL)"
        ),
        "duplicate 2",
    ),
    "a primary key twice": (
        "CREATE TABLE k (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)\nINSERT INTO k VALUES (1), (2), (2)",
        "duplicate 2",
    ),
    "a key of two columns": (
        (
            "CREATE TABLE v (a int, b int, UNIQUE (a, b) DEFERRABLE INITIALLY DEFERRED)\n"
            "INSERT INTO v VALUES (1, 1), (1, 2), (1, 2), (2, 1), (1, NULL), (1, NULL)"
        ),
        "duplicate 2",
    ),
    "ranges that overlap": ("INSERT INTO x VALUES (4, '[5,7)', true)", "exclusion 2"),
    "a range over two others": ("INSERT INTO x VALUES (4, '[5,15)', true)", "exclusion 3"),
    "a range that the condition leaves out": ("INSERT INTO x VALUES (4, '[5,7)', false)", ""),
    "a range that the condition lets in": ("UPDATE x SET ok = true", "exclusion 3"),
    "ranges that overlap for a while": ("INSERT INTO x VALUES (4, '[5,7)', true)\nDELETE FROM x WHERE id = 1", ""),
    "a trigger that refuses": (
        (
            "CREATE CONSTRAINT TRIGGER few AFTER INSERT ON u DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()\n"
            "INSERT INTO u VALUES (4, 40)"
        ),
        "error",
    ),
    "a trigger that refuses nothing in the end": (
        (
            "CREATE CONSTRAINT TRIGGER few AFTER INSERT ON u DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()\n"
            "INSERT INTO u VALUES (4, 40)\nDELETE FROM u WHERE id = 1"
        ),
        "",
    ),
    "a trigger that is not deferrable": (
        "CREATE TRIGGER few AFTER DELETE ON u FOR EACH ROW EXECUTE FUNCTION refuse()\nDELETE FROM u WHERE id = 1",
        "",
    ),
    "a trigger that refuses, and an orphan": (
        (
            "CREATE CONSTRAINT TRIGGER few AFTER INSERT ON u DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()\n"
            "INSERT INTO u VALUES (4, 40)\nINSERT INTO c VALUES (3, 9)"
        ),
        "orphan 1, error",
    ),
    "a trigger that writes the parent first": (
        (
            'CREATE CONSTRAINT TRIGGER "A" AFTER INSERT ON c DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION repair()\n'
            "INSERT INTO c VALUES (3, 9)"
        ),
        "",
    ),
    "a trigger that writes the parent, and a value twice": (
        (
            'CREATE CONSTRAINT TRIGGER "A" AFTER INSERT ON c DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION repair()\n'
            "INSERT INTO c VALUES (3, 9)\nINSERT INTO u VALUES (4, 10)"
        ),
        "duplicate 2",
    ),
    "an orphan and a value twice": (
        "INSERT INTO c VALUES (3, 9)\nINSERT INTO u VALUES (4, 10)",
        "orphan 1, duplicate 2",
    ),
    "three constraints": (
        "INSERT INTO x VALUES (4, '[5,7)', true)\nINSERT INTO u VALUES (4, 10)\nINSERT INTO c VALUES (3, 9), (4, 9)",
        "orphan 2, duplicate 2, exclusion 2",
    ),
    "one name in two tables": (
        (
            "CREATE TABLE e (p_id int CONSTRAINT fk REFERENCES p DEFERRABLE INITIALLY DEFERRED)\n"
            "INSERT INTO e VALUES (1), (5), (6)\nINSERT INTO c VALUES (3, 9)"
        ),
        "orphan 1, orphan 2",
    ),
    "one name in two tables, and rows in one": (
        "CREATE TABLE e (p_id int CONSTRAINT fk REFERENCES p DEFERRABLE INITIALLY DEFERRED)\nINSERT INTO e VALUES (1), (5)",
        "orphan 1",
    ),
    "set constraints all deferred": ("SET CONSTRAINTS ALL DEFERRED\nINSERT INTO d VALUES (2, 9)", "orphan 1"),
    "one constraint deferred, and its parent": (
        "SET CONSTRAINTS late DEFERRED\nINSERT INTO d VALUES (2, 9)\nINSERT INTO p VALUES (9)",
        "",
    ),
    "set constraints all immediate, after the parent": (
        "INSERT INTO c VALUES (3, 9)\nINSERT INTO p VALUES (9)\nSET CONSTRAINTS ALL IMMEDIATE",
        "",
    ),
    "set constraints all immediate, without the parent": (
        "INSERT INTO c VALUES (3, 9)\nSET CONSTRAINTS ALL IMMEDIATE",
        "orphan 1",
    ),
    "names in quotes and in a schema": (
        (
            'CREATE SCHEMA "my %s"\n'
            'CREATE TABLE "my %s"."P" ("I d" int PRIMARY KEY)\n'
            'CREATE TABLE "my %s"."C %" ("a""b" int CONSTRAINT "f %s""k" REFERENCES "my %s"."P" DEFERRABLE INITIALLY DEFERRED)\n'
            'INSERT INTO "my %s"."C %" VALUES (1), (2), (NULL)'
        ),
        "orphan 2",
    ),
    "a key of two columns that refers": (
        (
            "CREATE TABLE q (a int, b int, PRIMARY KEY (a, b))\n"
            "CREATE TABLE r (a int, b int, FOREIGN KEY (a, b) REFERENCES q DEFERRABLE INITIALLY DEFERRED)\n"
            "INSERT INTO q VALUES (1, 2)\nINSERT INTO r VALUES (1, 2), (2, 1), (1, NULL)"
        ),
        "orphan 1",
    ),
    "match full": (
        (
            "CREATE TABLE q (a int, b int, PRIMARY KEY (a, b))\nINSERT INTO q VALUES (1, 2)\n"
            "CREATE TABLE r (a int, b int, FOREIGN KEY (a, b) REFERENCES q MATCH FULL DEFERRABLE INITIALLY DEFERRED)\n"
            "INSERT INTO r VALUES (1, 2), (3, 3), (NULL, NULL)"
        ),
        "orphan 1",
    ),
    "a table that refers to itself": (
        (
            "CREATE TABLE s (id int PRIMARY KEY, up int REFERENCES s DEFERRABLE INITIALLY DEFERRED)\n"
            "INSERT INTO s VALUES (1, 2), (2, 1), (3, 4), (5, NULL)"
        ),
        "orphan 1",
    ),
    "partitions that refer": (
        (
            "CREATE TABLE s (id int, p_id int REFERENCES p DEFERRABLE INITIALLY DEFERRED) PARTITION BY LIST (id)\n"
            "CREATE TABLE s1 PARTITION OF s FOR VALUES IN (1)\nCREATE TABLE s2 PARTITION OF s FOR VALUES IN (2)\n"
            "INSERT INTO s VALUES (1, 1), (1, 9), (2, 9)"
        ),
        "orphan 2",
    ),
    "references to partitions": (
        (
            "CREATE TABLE q (id int PRIMARY KEY) PARTITION BY LIST (id)\nCREATE TABLE q1 PARTITION OF q FOR VALUES IN (1, 2)\n"
            "INSERT INTO q VALUES (1), (2)\n"
            "CREATE TABLE s (q_id int REFERENCES q DEFERRABLE INITIALLY DEFERRED)\nINSERT INTO s VALUES (1), (2), (2)\n"
            "DELETE FROM q WHERE id = 2"
        ),
        "orphan 2",
    ),
    "a key that deletes its children": (
        (
            "CREATE TABLE s (p_id int REFERENCES p ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)\n"
            "INSERT INTO s VALUES (2)\nDELETE FROM c\nDELETE FROM p WHERE id = 2"
        ),
        "",
    ),
    "a table of the revision": (
        (
            "op.create_table('n', sa.Column('p_id', sa.Integer, sa.ForeignKey('p.id', deferrable=True, initially='DEFERRED')))\n"
            "op.bulk_insert(sa.table('n', sa.column('p_id')), [{'p_id': 1}, {'p_id': 5}, {'p_id': 6}])"
        ),
        "orphan 2",
    ),
    "rows that an expression inserts": (
        "op.get_bind().execute(sa.text('INSERT INTO c VALUES (:a, 9)'), [{'a': 3}, {'a': 4}])",
        "orphan 2",
    ),
    "a key that is dropped before": (
        "DELETE FROM c WHERE id = 1\nALTER TABLE c DROP CONSTRAINT fk\nINSERT INTO c VALUES (3, 9)",
        "",
    ),
    "triggers that are disabled": (
        "ALTER TABLE c DISABLE TRIGGER ALL\nINSERT INTO c VALUES (3, 9)\nALTER TABLE d DROP CONSTRAINT late",
        "",
    ),
    "rows that a replica writes": ("SET LOCAL session_replication_role = replica\nINSERT INTO c VALUES (3, 9)", ""),
}

BROKEN_ON_POSTGRESQL = """
SET session_replication_role = replica
INSERT INTO c VALUES (7, 77), (8, 88)
"""
"""Two orphans before the run."""

BROKEN_POSTGRESQL = {
    "a row that is written beside them": ("INSERT INTO c VALUES (3, 1)", ""),
    "another column of theirs": ("UPDATE c SET id = id + 100", ""),
    "a key that is not valid, and a parent": (
        (
            "ALTER TABLE c DROP CONSTRAINT fk\n"
            "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (p_id) REFERENCES p DEFERRABLE INITIALLY DEFERRED NOT VALID\n"
            "INSERT INTO c VALUES (3, 9)\nINSERT INTO p VALUES (9)"
        ),
        "",
    ),
    **{
        f"a key that is not valid, and {name}": (
            (
                "ALTER TABLE c DROP CONSTRAINT fk\n"
                "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (p_id) REFERENCES p DEFERRABLE INITIALLY DEFERRED NOT VALID\n"
                f"{sql}"
            ),
            expected,
        )
        for name, sql, expected in (
            ("a new orphan", "INSERT INTO c VALUES (3, 9)", "orphan 1"),
            (
                "orphans that keep their keys",
                "UPDATE c SET id = id + 100\nINSERT INTO c VALUES (3, 9), (4, 77)",
                "orphan 2",
            ),
            (
                "an orphan that keeps no key",
                "UPDATE c SET p_id = id + 100 WHERE id = 7\nINSERT INTO c VALUES (3, 9)",
                "orphan 2",
            ),
            ("a parent that is deleted", "INSERT INTO c VALUES (5, 2)\nDELETE FROM p WHERE id = 2", "orphan 2"),
            ("too many orphans", "INSERT INTO c SELECT n, n FROM generate_series(1000, 1300) n", "error"),
            ("orphans alone", "UPDATE c SET id = id + 100", ""),
        )
    },
    "a key that is not valid, of the same table": (
        (
            "CREATE TABLE s (id int PRIMARY KEY, up int)\n"
            "INSERT INTO s VALUES (1, 9)\n"
            "ALTER TABLE s ADD CONSTRAINT up FOREIGN KEY (up) REFERENCES s DEFERRABLE INITIALLY DEFERRED NOT VALID\n"
            "INSERT INTO s VALUES (2, 8)"
        ),
        "error",
    ),
    "keys of one name that are not valid": (
        (
            "ALTER TABLE c DROP CONSTRAINT fk\nALTER TABLE d DROP CONSTRAINT late\n"
            "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (p_id) REFERENCES p DEFERRABLE INITIALLY DEFERRED NOT VALID\n"
            "ALTER TABLE d ADD CONSTRAINT fk FOREIGN KEY (p_id) REFERENCES p DEFERRABLE INITIALLY DEFERRED NOT VALID\n"
            "INSERT INTO c VALUES (3, 9)"
        ),
        "error",
    ),
}

ON_SQLITE = """
CREATE TABLE p (id INTEGER PRIMARY KEY)
CREATE TABLE c (id INTEGER PRIMARY KEY, p_id int REFERENCES p DEFERRABLE INITIALLY DEFERRED)
CREATE TABLE d (id INTEGER PRIMARY KEY, p_id int REFERENCES p (id))
CREATE TABLE "w %s" ("a b" TEXT PRIMARY KEY, "p_%" int REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED) WITHOUT ROWID
CREATE TABLE q (a int, b int, PRIMARY KEY (a, b))
CREATE TABLE r (id INTEGER PRIMARY KEY, a int, b int, up int REFERENCES r DEFERRABLE INITIALLY DEFERRED, FOREIGN KEY (a, b) REFERENCES q DEFERRABLE INITIALLY DEFERRED)
INSERT INTO p VALUES (1), (2), (3)
INSERT INTO c VALUES (1, 1), (2, 2), (3, 2)
INSERT INTO q VALUES (1, 1)
"""
"""Three rows of c refer to two of p."""

SQLITE = {
    "an orphan": ("INSERT INTO c VALUES (4, 9)", "orphan 1"),
    "two orphans and one row with a parent": ("INSERT INTO c VALUES (4, 9), (5, 8), (6, 1)", "orphan 2"),
    "an orphan whose parent follows": ("INSERT INTO c VALUES (4, 9)\nINSERT INTO p VALUES (9)", ""),
    "an orphan that is deleted": ("INSERT INTO c VALUES (4, 9)\nDELETE FROM c WHERE id = 4", ""),
    "a parent of two rows that is deleted": ("DELETE FROM p WHERE id = 2", "orphan 2"),
    "a parent that is written again": ("DELETE FROM p WHERE id = 2\nINSERT INTO p VALUES (2)", ""),
    "a parent without children that is deleted": ("DELETE FROM p WHERE id = 3", ""),
    "parents that get other keys": ("UPDATE p SET id = id + 100", "orphan 3"),
    "references that become null": ("UPDATE c SET p_id = NULL\nDELETE FROM p", ""),
    "a key that is deferred by a pragma": (
        "PRAGMA defer_foreign_keys = ON\nINSERT INTO d VALUES (1, 9), (2, 1)",
        "orphan 1",
    ),
    "a key that is deferred by a pragma, and its parent": (
        "PRAGMA defer_foreign_keys = ON\nINSERT INTO d VALUES (1, 9)\nINSERT INTO p VALUES (9)",
        "",
    ),
    "a table without rowids": ("""INSERT INTO "w %s" VALUES ('x', 9), ('y', 1), ('z', 8)""", "orphan 2"),
    "a key of two columns": ("INSERT INTO r (a, b) VALUES (1, 1), (1, 2), (2, 1), (1, NULL)", "orphan 2"),
    "a table that refers to itself": ("INSERT INTO r (id, up) VALUES (1, 2), (2, 1), (3, 9)", "orphan 1"),
    "two keys of one table": ("INSERT INTO r (id, a, b, up) VALUES (1, 2, 2, 9), (2, 1, 1, 9)", "orphan 1, orphan 2"),
    "keys of two tables": ("INSERT INTO c VALUES (4, 9)\nINSERT INTO r (id, up) VALUES (1, 9)", "orphan 1, orphan 1"),
    "rows that an expression inserts": (
        "op.get_bind().execute(sa.text('INSERT INTO c VALUES (:a, 9)'), [{'a': 4}, {'a': 5}])",
        "orphan 2",
    ),
    "rows of bulk_insert": (
        "op.bulk_insert(sa.table('c', sa.column('id'), sa.column('p_id')), [{'id': 4, 'p_id': 9}, {'id': 5, 'p_id': 1}])",
        "orphan 1",
    ),
}

BROKEN_ON_SQLITE = """
PRAGMA foreign_keys = OFF
INSERT INTO c VALUES (7, 77), (8, 88)
INSERT INTO "w %s" VALUES ('old', 77)
"""
"""Three orphans before the run."""

BROKEN_SQLITE = {
    "a row that is written beside them": ("INSERT INTO c VALUES (4, 1)", ""),
    "an orphan beside them": ("INSERT INTO c VALUES (4, 9)", "orphan 1"),
    "another column of theirs": ("UPDATE c SET id = id", ""),
    "a parent that is deleted beside them": ("DELETE FROM p WHERE id = 2", "orphan 2"),
    "one that is corrected": ("UPDATE c SET p_id = 1 WHERE id = 7", ""),
    "an orphan in a table without rowids": ("""INSERT INTO "w %s" VALUES ('x', 9)""", "orphan 1"),
}
