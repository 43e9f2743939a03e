"""A sample has the rows that its rows refer to, so that every foreign key of the clone holds, and no others."""

from __future__ import annotations

import pytest

from kernel_core import command

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) "

SQLITE = {
    "a child WITHOUT ROWID": (
        "CREATE TABLE p (k TEXT PRIMARY KEY)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, k TEXT REFERENCES p) WITHOUT ROWID",
        f"INSERT INTO p {NUMBERS} SELECT i FROM n",
        f"INSERT INTO c {NUMBERS} SELECT i, 51 - i FROM n",
    ),
    "a parent WITHOUT ROWID": (
        "CREATE TABLE p (k TEXT NOT NULL, x INT, PRIMARY KEY (k)) WITHOUT ROWID",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, k TEXT REFERENCES p)",
        f"INSERT INTO p {NUMBERS} SELECT i, 1 FROM n",
        f"INSERT INTO c {NUMBERS} SELECT i, 51 - i FROM n",
    ),
    "a parent in another case": (
        "CREATE TABLE p (k INTEGER PRIMARY KEY)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, k INT REFERENCES P)",
        f"INSERT INTO p {NUMBERS} SELECT i FROM n",
        f"INSERT INTO c {NUMBERS} SELECT i, 51 - i FROM n",
    ),
    "a column named rowid": (
        "CREATE TABLE p (rowid TEXT, k INTEGER PRIMARY KEY)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, k INT REFERENCES p)",
        f"INSERT INTO p {NUMBERS} SELECT 'x', i FROM n",
        f"INSERT INTO c {NUMBERS} SELECT i, 51 - i FROM n",
    ),
}
POSTGRESQL = {
    "both partitioned": (
        "CREATE TABLE p (k int PRIMARY KEY) PARTITION BY HASH (k)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE p2 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
        "CREATE TABLE c (id int, k int REFERENCES p) PARTITION BY LIST (id)",
        "CREATE TABLE c1 PARTITION OF c DEFAULT",
        "INSERT INTO p SELECT i FROM generate_series(1, 50) i",
        "INSERT INTO c SELECT i, 51 - i FROM generate_series(1, 50) i",
    ),
    "columns of two types": (
        "CREATE TABLE p (k numeric UNIQUE)",
        "CREATE TABLE c (id int, k int REFERENCES p (k))",
        "INSERT INTO p SELECT i::numeric(10, 2) FROM generate_series(1, 50) i",
        "INSERT INTO c SELECT i, 51 - i FROM generate_series(1, 50) i",
    ),
}


@pytest.mark.parametrize(
    ("fixture", "setup"),
    [
        *(pytest.param("project", setup, id=name) for name, setup in SQLITE.items()),
        *(
            pytest.param("postgresql_project", setup, id=name, marks=pytest.mark.sweep)
            for name, setup in POSTGRESQL.items()
        ),
    ],
)
def test_each_row_of_a_sample_has_the_rows_that_it_refers_to(request, fixture, setup):
    project = request.getfixturevalue(fixture)
    project.run(*setup)
    lacking = "SELECT 1 FROM c WHERE NOT EXISTS (SELECT 1 FROM p WHERE p.k = c.k)"
    project.write(
        "a1",
        None,
        f"op.execute('CREATE TABLE counted AS SELECT 1 AS x FROM c UNION ALL {lacking}')\n"
        "op.execute('CREATE TABLE parents AS SELECT k FROM p')",
    )
    (found,) = command.rehearse(project.config(), "head", sample=2, and_back=False)
    assert not [line for line in found.not_compared if line.startswith("not copied")]
    counted = {each.table: each.after for each in found.rows}
    assert counted["counted"] == 2
    assert 2 <= counted["parents"] <= 6
