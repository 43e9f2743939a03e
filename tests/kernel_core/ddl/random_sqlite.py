"""Random SQLite databases with everything that a rebuild could lose, and random batches on them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

STRICT_TYPES = ["TEXT", "ANY"]
LOOSE_TYPES = ["INTEGER", "TEXT", "VARCHAR(20)", "NUMERIC(8, 2)", "UNSIGNED BIG INT", ""]


@dataclass
class RandomTable:
    """The table of a batch: the statements that create it and its dependents, and the columns that may change."""

    statements: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    named: list[tuple[str, str]] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)


def random_table(seed: int) -> RandomTable:
    """Return table ``thing`` with its parent, its children, views, triggers and some rows."""
    dice = random.Random(seed)
    made = RandomTable()
    strict, without_rowid = dice.random() < 0.3, dice.random() < 0.2
    types = STRICT_TYPES if strict else LOOSE_TYPES
    autoincrement = " AUTOINCREMENT" if not without_rowid and dice.random() < 0.4 else ""
    parts = [f"id INTEGER PRIMARY KEY{autoincrement}"]
    parts += [_random_column(dice, made, place, types) for place in range(dice.randint(2, 6))]
    if dice.random() < 0.5:
        parts.append("twice INT GENERATED ALWAYS AS (id * 2) " + dice.choice(["STORED", "VIRTUAL"]))
    if dice.random() < 0.6:
        parts.append(
            "boss INT REFERENCES thing (id) ON DELETE " + dice.choice(["CASCADE", "SET NULL", "SET NULL DEFERRABLE"])
        )
    if dice.random() < 0.6:
        parts.append("parent_id INT DEFAULT 1 REFERENCES parent ON DELETE CASCADE ON UPDATE SET NULL")
    parts += _random_constraints(dice, made)
    options = [word for word, wanted in (("STRICT", strict), ("WITHOUT ROWID", without_rowid)) if wanted]
    made.statements = [
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "INSERT INTO parent VALUES (1), (2)",
        f"CREATE TABLE thing (\n  {', '.join(parts)}\n) {', '.join(options)}",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, thing INT REFERENCES thing (id) ON DELETE CASCADE)",
        "CREATE TABLE other (thing INT DEFAULT 2, FOREIGN KEY (thing) REFERENCES thing ON DELETE SET DEFAULT DEFERRABLE)",
        "CREATE TABLE log (what)",
    ]
    made.statements += _random_surroundings(dice, made)
    return made


def _random_column(dice: random.Random, made: RandomTable, place: int, types: list[str]) -> str:
    name = dice.choice(["c{}", '"Col {}"', "[odd,{}]", "`tick{}`"]).format(place)
    bare = name.strip('"[]`')
    made.columns.append(bare)
    clauses = [dice.choice(types)]
    if dice.random() < 0.4:
        clauses.append(dice.choice(["DEFAULT 7", "DEFAULT 'a, b (c'", "DEFAULT (1 + 2)", "NOT NULL DEFAULT 3", "NULL"]))
    if dice.random() < 0.3:
        clauses.append("COLLATE " + dice.choice(["NOCASE", "RTRIM"]))
    if dice.random() < 0.3:
        clauses.append(f"CHECK (length({name}) < 1000)")
        made.checked.append(bare)
    if dice.random() < 0.2:
        clauses.append("/* said, (so */")
    made.plain.append(bare)
    return f"{name} {' '.join(clauses)}"


def _random_constraints(dice: random.Random, made: RandomTable) -> list[str]:
    constraints = []
    if dice.random() < 0.5:
        constraints.append("CHECK (id > 0)")
    if dice.random() < 0.5:
        constraints.append("CONSTRAINT ck_named CHECK (id < 1000000)")
        made.named.append(("ck_named", "check"))
    if dice.random() < 0.5:
        constraints.append(f'CONSTRAINT uq_named UNIQUE (id, "{made.columns[0]}") ON CONFLICT IGNORE')
        made.named.append(("uq_named", "unique"))
    return constraints


def _random_surroundings(dice: random.Random, made: RandomTable) -> list[str]:
    """Return indexes, a view, a trigger and rows; only the indexes are on columns that batches change."""
    first = made.columns[0]
    statements = []
    if dice.random() < 0.7:
        statements.append(f'CREATE INDEX ix_plain ON thing ("{first}" DESC)')
        made.indexes.append("ix_plain")
    if dice.random() < 0.5:
        statements.append("CREATE UNIQUE INDEX ix_part ON thing (abs(id)) WHERE id > 1")
    if dice.random() < 0.4:
        statements.append(f'CREATE INDEX ix_expr ON thing (coalesce("{first}", 0) COLLATE NOCASE, id)')
    if dice.random() < 0.7:
        statements.append("CREATE VIEW seen AS SELECT id FROM thing WHERE id > 1")
    if dice.random() < 0.7:
        statements.append("CREATE TRIGGER noted AFTER INSERT ON thing BEGIN INSERT INTO log VALUES (new.id); END")
    if dice.random() < 0.3:
        statements.append("CREATE TRIGGER other AFTER INSERT ON parent BEGIN UPDATE thing SET id = id; END")
    for number in range(1, dice.randint(2, 8)):
        statements.append(f'INSERT INTO thing (id, "{first}") VALUES ({number}, {number})')
        statements.append(f"INSERT INTO child (thing) VALUES ({number})")
        statements.append(f"INSERT INTO other VALUES ({number if number > 1 else 'NULL'})")
    statements.append(f'INSERT INTO thing (id, "{first}") VALUES (1000, 1000)')
    statements.append("DELETE FROM thing WHERE id IN (1, 1000)")
    return statements


@dataclass
class Acts:
    """A batch: named changes, the arguments of ``batch_alter_table``, dropped columns and renamed ones."""

    changes: list[tuple[str, Callable[[Any], None]]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        return " + ".join(name for name, _ in self.changes) + (f" with {self.options}" if self.options else "")


def random_acts(made: RandomTable, seed: int) -> Acts:
    """Return changes to make in one batch."""
    dice, acts = random.Random(-seed - 1), Acts()
    last = made.columns[-1]
    choices: list[tuple[str, Callable[[Any], None]]] = [
        ("nullable", lambda batch: batch.alter_column(last, nullable=True, server_default="5")),
        ("type", lambda batch: batch.alter_column(last, type_=sa.Text(), existing_type=sa.Integer())),
        ("add", lambda batch: batch.add_column(sa.Column("new", sa.Integer, server_default="9"))),
        ("place", lambda batch: batch.add_column(sa.Column("new2", sa.Integer), insert_after="id")),
        (
            "refer",
            lambda batch: batch.add_column(sa.Column("new3", sa.Integer, sa.ForeignKey("parent.id", name="fk3"))),
        ),
        ("check", lambda batch: batch.create_check_constraint("ck_new", "id > -1")),
        ("unique", lambda batch: batch.create_unique_constraint("uq_new", ["id"])),
        ("foreign key", lambda batch: batch.create_foreign_key("fk_new", "thing", ["id"], ["id"], ondelete="CASCADE")),
        ("index", lambda batch: batch.create_index("ix_new", ["id"])),
        ("move", lambda batch: batch.alter_column(last, insert_before="id")),
    ]
    choices += [
        (f"drop {name}", lambda batch, n=name, k=kind: batch.drop_constraint(n, type_=k)) for name, kind in made.named
    ]
    choices += [(f"drop {index}", lambda batch, n=index: batch.drop_index(n)) for index in made.indexes]
    if len(made.columns) > 2:
        middle = made.columns[1]
        choices.append((f"drop {middle}", lambda batch: batch.drop_column(middle)))
        choices.append((f"rename {middle}", lambda batch: batch.alter_column(middle, new_column_name="Re named")))
    acts.changes = dice.sample(choices, k=min(len(choices), dice.randint(1, 4)))
    names = [name for name, _ in acts.changes]
    if len(made.columns) > 2 and f"drop {middle}" in names and f"rename {middle}" in names:
        acts.changes = [act for act in acts.changes if act[0] != f"drop {middle}"]
    acts.dropped = {name.removeprefix("drop ") for name, _ in acts.changes if name.startswith("drop ")} & set(
        made.columns
    )
    acts.renamed = {name.removeprefix("rename "): "Re named" for name, _ in acts.changes if name.startswith("rename ")}
    if dice.random() < 0.2:
        acts.options["recreate"] = "always"
    if dice.random() < 0.2:
        acts.options["partial_reordering"] = [(made.columns[0], "id")]
    return acts
