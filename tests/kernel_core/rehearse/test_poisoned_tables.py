"""Random tables with random bad rows: every blocker is found with its exact number, and no other one."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa
from sampling import repeated

from kernel_core import command

Row = dict[str, int | str | None]


class Poisoned:
    """A table with random rows, and one constraint of each kind; `expected` counts the bad rows in Python."""

    def __init__(self, seed: int, *, clean: bool) -> None:
        self.random, self.clean = random.Random(seed), clean
        self.parents = self.random.sample(range(1, 40), self.random.randint(1, 6))
        number = self.random.randint(1, 30)
        self.rows: list[Row] = [self.row(place) for place in range(1, number + 1)]
        self.kinds = self.random.sample(
            ["null", "duplicate", "orphan", "check", "pair", "key"], self.random.randint(1, 4)
        )

    def row(self, place: int) -> Row:
        draw = self.random
        if self.clean:
            return {
                "id": place,
                "u": place * 3,
                "p": draw.choice(self.parents),
                "n": draw.randint(0, 9),
                "s": f"s{place}",
            }
        return {
            "id": place,
            "u": draw.choice([None, *range(1, 12)]),
            "p": draw.choice([None, *self.parents, 99, 98]),
            "n": draw.choice([None, *range(14)]),
            "s": draw.choice([None, "a", "b", "c", "long one"]),
        }

    def setup(self) -> list[str]:
        made = ["CREATE TABLE parents (id INTEGER NOT NULL PRIMARY KEY)"]
        made += [f"INSERT INTO parents VALUES ({one})" for one in self.parents]
        made.append(
            "CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, u INTEGER, p INTEGER, n INTEGER, s VARCHAR(20))"
        )
        for row in self.rows:
            values = ", ".join("NULL" if each is None else repr(each) for each in row.values())
            made.append(f"INSERT INTO items VALUES ({values})")
        return made

    def operation(self, kind: str) -> str:
        batch = "with op.batch_alter_table('items') as b: b."
        return {
            "null": f"{batch}alter_column('s', existing_type=sa.String(20), nullable=False)",
            "duplicate": f"{batch}create_unique_constraint('uq_u', ['u'])",
            "orphan": f"{batch}create_foreign_key('fk_p', 'parents', ['p'], ['id'])",
            "check": f"{batch}create_check_constraint('ck_n', 'n < 10')",
            "pair": "op.create_index('ux_pair', 'items', ['n', 's'], unique=True)",
            "key": "op.execute('CREATE UNIQUE INDEX ux_sql ON items (p, u)')",
        }[kind]

    def count(self, kind: str) -> int:
        rows = self.rows
        if kind == "null":
            return sum(row["s"] is None for row in rows)
        if kind == "orphan":
            return sum(row["p"] is not None and row["p"] not in self.parents for row in rows)
        if kind == "check":
            return sum(row["n"] is not None and int(row["n"]) >= 10 for row in rows)
        names = {"duplicate": ("u",), "pair": ("n", "s"), "key": ("p", "u")}[kind]
        keys = [tuple(row[name] for name in names) for row in rows]
        return sum(None not in key and keys.count(key) > 1 for key in keys)

    def expected(self) -> list[tuple[str, int]]:
        shown = {"pair": "duplicate", "key": "duplicate"}
        return [(shown.get(kind, kind), self.count(kind)) for kind in self.kinds if self.count(kind)]


def check(project, seed: int, *, clean: bool) -> None:
    poisoned = Poisoned(seed, clean=clean)
    project.run(*poisoned.setup())
    project.write("a1", None, "\n".join(poisoned.operation(kind) for kind in poisoned.kinds))
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert [(each.kind, each.rows) for each in found.blockers] == poisoned.expected(), (
        seed,
        poisoned.kinds,
        poisoned.rows,
    )
    if clean:
        command.upgrade(project.config(), "head")
    else:
        with sa.create_engine(project.url, poolclass=sa.NullPool).connect() as live:
            assert live.exec_driver_sql("SELECT count(*) FROM items").scalar_one() == len(poisoned.rows)


def counted(many: int, quick: int = 1) -> list:
    """Return seeds, of which the quick run tries some."""
    return [seed if seed < quick else pytest.param(seed, marks=pytest.mark.sweep) for seed in range(repeated(many))]


@pytest.mark.parametrize("seed", counted(100))
def test_no_bad_row_is_missed_on_sqlite(project, seed):
    check(project, seed, clean=False)


@pytest.mark.parametrize("seed", counted(60, quick=1))
def test_clean_rows_have_no_blocker_on_sqlite(project, seed):
    check(project, seed, clean=True)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(300, 300 + repeated(15)))
@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_no_bad_row_is_missed_on_a_server(request, server, seed):
    check(request.getfixturevalue(f"{server}_project"), seed, clean=False)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(300, 300 + repeated(5)))
@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_clean_rows_have_no_blocker_on_a_server(request, server, seed):
    check(request.getfixturevalue(f"{server}_project"), seed, clean=True)
