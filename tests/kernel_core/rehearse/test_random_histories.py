"""What a rehearsal says of the rows is what a comparison in Python finds after the real upgrade."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa
from sampling import repeated

from kernel_core import command

Rows = dict[str, list[dict[str, Any]]]


class History:
    """A random revision on tables with random rows; ``names`` follows tables and columns to what they were before."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tables = {f"t{number}": {"id": "id", "a": "a", "b": "b"} for number in range(self.random.randint(1, 3))}
        self.first = {name: name for name in self.tables}
        self.initial = tuple(self.tables)
        self.lines: list[str] = []
        for _ in range(self.random.randint(1, 6)):
            self.step()

    def setup(self) -> list[str]:
        """Return the statements that create the tables and their rows."""
        made = []
        for name in self.initial:
            made.append(f"CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY, a INTEGER, b VARCHAR(20))")
            for number in range(1, self.random.randint(2, 9)):
                a = self.random.choice(["NULL", str(self.random.randint(0, 3))])
                b = self.random.choice(["NULL", "'x'", "'X'", "'y '", "''"])
                made.append(f"INSERT INTO {name} VALUES ({number}, {a}, {b})")
        return made

    def step(self) -> None:
        """Add one operation, in the names that hold now."""
        if not self.tables:
            return
        table = self.random.choice(sorted(self.tables))
        columns = self.tables[table]
        kinds = ["update", "delete", "insert", "add", "rename column", "rename table", "drop column", "drop table"]
        kind = self.random.choices(kinds, [4, 3, 3, 2, 2, 2, 2, 1])[0]
        others = [name for name in columns if name != "id"]
        if kind == "update" and others:
            column = self.random.choice(others)
            value = self.random.choice(
                [column, "NULL", "7", "'7'"] if columns[column] == "b" else [column, "NULL", "7"]
            )
            self.sql(f"UPDATE {table} SET {column} = {value} WHERE id <= {self.random.randint(1, 6)}")
        elif kind == "delete":
            self.sql(f"DELETE FROM {table} WHERE id = {self.random.randint(1, 6)}")
        elif kind == "insert":
            self.sql(f"INSERT INTO {table} (id) VALUES ({self.random.randint(20, 10_000)})")
        elif kind == "add":
            name = f"c{len(self.lines)}"
            self.lines.append(f"op.add_column({table!r}, sa.Column({name!r}, sa.Integer))")
            columns[name] = ""
        elif kind == "rename column" and others:
            column, name = self.random.choice(others), f"r{len(self.lines)}"
            type_ = "sa.String(20)" if columns[column] == "b" else "sa.Integer"
            self.lines.append(
                f"with op.batch_alter_table({table!r}) as b: "
                f"b.alter_column({column!r}, new_column_name={name!r}, existing_type={type_})"
            )
            columns[name] = columns.pop(column)
        elif kind == "rename table":
            name = f"n{len(self.lines)}"
            self.lines.append(f"op.rename_table({table!r}, {name!r})")
            self.tables[name] = self.tables.pop(table)
            self.first[name] = self.first.pop(table)
        elif kind == "drop column" and len(others) > 1:
            column = self.random.choice(others)
            self.lines.append(f"with op.batch_alter_table({table!r}) as b: b.drop_column({column!r})")
            del columns[column]
        elif kind == "drop table" and len(self.tables) > 1:
            self.lines.append(f"op.drop_table({table!r})")
            del self.tables[table], self.first[table]

    def sql(self, statement: str) -> None:
        self.lines.append(f"op.execute({statement!r})")

    def expected(self, before: Rows, after: Rows) -> dict[str, tuple[int, int, int]]:
        """Return for each table that exists before and after how many rows were added, removed and changed."""
        found = {}
        for table, first in self.first.items():
            old = {row["id"]: row for row in before[first]}
            new = {row["id"]: row for row in after[table]}
            shared = {now: was for now, was in self.tables[table].items() if was and now != "id"}
            changed = [
                key
                for key in old.keys() & new.keys()
                if any(old[key][was] != new[key][now] for now, was in shared.items())
            ]
            found[table] = (len(new.keys() - old.keys()), len(old.keys() - new.keys()), len(changed))
        return found


def rows_of(url: str) -> Rows:
    """Return all rows of a database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as live:
        names = [name for name in sa.inspect(live).get_table_names() if name != "alembic_version"]
        return {
            name: [dict(row) for row in live.execute(sa.text(f"SELECT * FROM {name}")).mappings()] for name in names
        }


def compare(project, seed: int) -> None:
    history = History(seed)
    project.run(*history.setup())
    before = rows_of(project.url)
    project.write("a1", None, "\n".join(history.lines) or "pass")
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert found.blockers == (), (seed, history.lines)
    assert rows_of(project.url) == before, seed
    command.upgrade(project.config(), "head")
    after = rows_of(project.url)
    said = {each.table: (each.added, each.removed, each.changed) for each in found.rows if each.before is not None}
    gone = {each.table for each in found.rows if each.after is None}
    assert {name: numbers for name, numbers in said.items() if name not in gone} == history.expected(before, after), (
        seed,
        history.lines,
    )
    assert gone == before.keys() - set(history.first.values()), seed


@pytest.mark.parametrize(
    "seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.sweep) for seed in range(2, 2 + repeated(58)))]
)
def test_rows_are_counted_as_after_the_real_upgrade_on_sqlite(project, seed):
    compare(project, seed)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(100, 100 + repeated(12)))
def test_rows_are_counted_as_after_the_real_upgrade_on_postgresql(postgresql_project, seed):
    compare(postgresql_project, seed)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(200, 200 + repeated(12)))
def test_rows_are_counted_as_after_the_real_upgrade_on_mariadb(mariadb_project, seed):
    compare(mariadb_project, seed)
