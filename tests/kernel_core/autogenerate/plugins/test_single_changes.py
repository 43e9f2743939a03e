"""One change of the metadata at a time, of all that the plugins compare: applied and reversed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.dialects.postgresql import ExcludeConstraint

Change = Callable[[dict[str, Any]], object]
"""The changed arguments of `models`."""


def models(database: str, said: dict[str, Any]) -> sa.MetaData:
    """Return two tables, ``t`` and one that it refers to, with features of the database."""
    is_postgresql, is_mysql = database == "postgresql", database == "mysql"
    metadata = sa.MetaData()
    options = {f"mysql_{name}": value for name, value in said["options"].items()} if is_mysql else {}
    for name in ("p", "q"):
        parent = sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))
        parent.append_column(sa.Column("other", sa.Integer, nullable=False))
        parent.append_constraint(sa.UniqueConstraint("id", "other", name=f"uq_{name}"))
    columns = [sa.Column(name, sa.Integer, nullable=False, autoincrement=False) for name in ("a", "b")]
    columns += [sa.Column("n", sa.Integer), sa.Column("x", sa.Integer), sa.Column("y", sa.Integer)]
    columns += [sa.Column("name", sa.String(20, **said["text"]))]
    columns.append(
        sa.Column("kind", sa.Enum(*said["kinds"], native_enum=False, create_constraint=True, name="kind", length=9))
    )
    generated = [] if said["computed"] is None else [sa.Computed(said["computed"], persisted=said["persisted"])]
    columns.append(sa.Column("c", sa.Integer, *generated))
    if not is_mysql:
        columns += [sa.Column("title", said["title"]), sa.Column("amount", said["amount"])]
    if is_postgresql:
        identity = [] if said["identity"] is None else [sa.Identity(**said["identity"])]
        columns.append(sa.Column("i", sa.Integer, *identity, nullable=False))
        columns.append(sa.Column("mood", sa.Enum(*said["moods"], name="mood"), server_default=said["mood"]))
        columns.append(sa.Column("moods", postgresql.ARRAY(sa.Enum(*said["moods"], name="mood"))))
        columns.append(sa.Column("l", postgresql.ARRAY(said["item"])))
        columns.append(sa.Column("at", postgresql.TIMESTAMP(**said["time"])))
        columns.append(sa.Column("during", postgresql.TSRANGE))
    if is_mysql:
        columns.append(sa.Column("u", mysql.INTEGER(**said["number"])))
        columns.append(sa.Column("e", mysql.ENUM(*said["moods"])))
        columns.append(sa.Column("s", mysql.SET(*said["moods"])))
    table = sa.Table("t", metadata, *columns, **options)
    if said["key"]:
        table.append_constraint(sa.PrimaryKeyConstraint(*said["key"], name=said["key_name"]))
    table.append_constraint(sa.CheckConstraint(said["check"], name=said["check_name"]))
    timing = said["unique"] if is_postgresql else {}
    table.append_constraint(sa.UniqueConstraint("n", "a", name="uq_t", **timing))
    reference = {name: value for name, value in said["reference"].items() if name != "to"}
    to = said["reference"]["to"]
    table.append_constraint(sa.ForeignKeyConstraint(["x", "y"], [f"{to}.id", f"{to}.other"], name="fk_t", **reference))
    where = {f"{name}_where": sa.text(said["where"]) for name in ("postgresql", "sqlite") if said["where"]}
    own = said["index"] if is_postgresql else {}
    sa.Index("ix_t", table.c.name, **where, **own, **(said["mysql_index"] if is_mysql else {}))
    if not is_mysql:
        sa.Index("ix_words", sa.text(said["expression"]), _table=table)
    if is_postgresql and said["exclude"] is not None:
        excluded = {"elements": [("during", "&&")], "name": "ex_t", "using": "gist", **said["exclude"]}
        table.append_constraint(ExcludeConstraint(*excluded.pop("elements"), **excluded))
    return metadata


def usual(database: str) -> dict[str, Any]:
    return {
        "options": {"engine": "InnoDB"},
        "text": {},
        "title": sa.String(),
        "amount": sa.Numeric(),
        "kinds": ["x", "y"],
        "moods": ["sad", "happy"],
        "mood": None,
        "computed": "a + 1",
        "persisted": True,
        "identity": {"always": False},
        "item": sa.Integer,
        "time": {},
        "number": {},
        "key": ["a"],
        "key_name": "pk_t" if database != "mysql" else None,
        "check": "n > 1",
        "check_name": "ck_t",
        "unique": {},
        "reference": {"to": "p"},
        "where": "n > 1",
        "index": {},
        "mysql_index": {},
        "expression": "lower(name)",
        "exclude": {},
    }


def put(**changes: Any) -> Change:
    return lambda said: said.update(changes)


ALL, BOTH, POSTGRESQL, MYSQL = "sqlite postgresql mysql", "sqlite postgresql", "postgresql", "mysql"
TO = {"to": "p"}
CHANGES: dict[str, tuple[str, Change]] = {
    "the key is over other columns": (ALL, put(key=["b"])),
    "the key is over more columns": (ALL, put(key=["a", "b"])),
    "the key is gone": (ALL, put(key=[])),
    "a check says something else": (ALL, put(check="n > 2")),
    "a check says more": (ALL, put(check="n > 1 AND n IN (2, 3)")),
    "a check has another name": (ALL, put(check_name="ck_other")),
    "a kept value is new": (ALL, put(kinds=["x", "y", "z"])),
    "a kept value is gone": (ALL, put(kinds=["x"])),
    "another value is computed": (ALL, put(computed="a + 2")),
    "a value is computed by a function": (ALL, put(computed="abs(a)")),
    "a computed value is not kept": ("sqlite mysql", put(persisted=False)),
    "a text sorts otherwise on SQLite": ("sqlite", put(text={"collation": "NOCASE"})),
    "a text sorts otherwise on PostgreSQL": (POSTGRESQL, put(text={"collation": "C"})),
    "a text sorts otherwise on MariaDB": (MYSQL, put(text={"collation": "utf8mb4_bin"})),
    "a text has another character set": (MYSQL, put(text={"collation": "latin1_swedish_ci"})),
    "an index has another condition": (BOTH, put(where="n > 2")),
    "an index has no condition": (BOTH, put(where=None)),
    "an index is over another expression": (BOTH, put(expression="upper(name)")),
    "an index over an expression is sorted": (BOTH, put(expression="lower(name) DESC")),
    "an index puts nothing first": (POSTGRESQL, put(expression="lower(name) NULLS FIRST")),
    "an index has another method": (POSTGRESQL, put(index={"postgresql_using": "hash"})),
    "an index has another operator class": (POSTGRESQL, put(index={"postgresql_ops": {"name": "varchar_pattern_ops"}})),
    "an index includes more": (POSTGRESQL, put(index={"postgresql_include": ["n"]})),
    "an index holds a beginning": (MYSQL, put(mysql_index={"mysql_length": 5})),
    "an index holds words": (MYSQL, put(mysql_index={"mysql_prefix": "FULLTEXT"})),
    "a uniqueness can wait": (POSTGRESQL, put(unique={"deferrable": True})),
    "a uniqueness waits": (POSTGRESQL, put(unique={"deferrable": True, "initially": "DEFERRED"})),
    "a uniqueness counts NULL": (POSTGRESQL, put(unique={"postgresql_nulls_not_distinct": True})),
    "a reference points elsewhere": (ALL, put(reference={"to": "q"})),
    "a reference deletes": (ALL, put(reference={**TO, "ondelete": "CASCADE"})),
    "a reference updates": (ALL, put(reference={**TO, "onupdate": "CASCADE"})),
    "a reference can wait": (BOTH, put(reference={**TO, "deferrable": True})),
    "a reference waits": (BOTH, put(reference={**TO, "deferrable": True, "initially": "DEFERRED"})),
    "a reference matches in full": (POSTGRESQL, put(reference={**TO, "match": "FULL"})),
    "an exclusion is gone": (POSTGRESQL, put(exclude=None)),
    "an exclusion is over more": (
        POSTGRESQL,
        put(exclude={"elements": [("during", "&&"), (sa.text("int4range(a, b)"), "&&")]}),
    ),
    "an exclusion has another operator": (POSTGRESQL, put(exclude={"elements": [("during", "-|-")]})),
    "an exclusion has a condition": (POSTGRESQL, put(exclude={"where": sa.text("n > 1")})),
    "an exclusion waits": (POSTGRESQL, put(exclude={"deferrable": True, "initially": "DEFERRED"})),
    "an identity is always given": (POSTGRESQL, put(identity={"always": True})),
    "an identity starts elsewhere": (POSTGRESQL, put(identity={"start": 7})),
    "an identity goes by tens": (POSTGRESQL, put(identity={"increment": 10})),
    "an identity has limits": (POSTGRESQL, put(identity={"minvalue": -5, "maxvalue": 50})),
    "an identity goes round": (POSTGRESQL, put(identity={"cycle": True, "cache": 5})),
    "an identity is gone": (POSTGRESQL, put(identity=None)),
    "an enum has a value more": (POSTGRESQL, put(moods=["sad", "so so", "happy"])),
    "an enum has a value less": (POSTGRESQL, put(moods=["sad"])),
    "an enum has its values in another order": (POSTGRESQL, put(moods=["happy", "sad"])),
    "an enum has a renamed value": (POSTGRESQL, put(moods=["sad", "happily"])),
    "an enum of MariaDB has a value more": (MYSQL, put(moods=["sad", "happy", "so so"])),
    "an enum is filled in": (POSTGRESQL, put(mood="happy")),
    "a list holds larger numbers": (POSTGRESQL, put(item=sa.BigInteger)),
    "a time knows its zone": (POSTGRESQL, put(time={"timezone": True})),
    "a time is less exact": (POSTGRESQL, put(time={"precision": 3})),
    "a text has an end": (BOTH, put(title=sa.String(30))),
    "a number has digits": (BOTH, put(amount=sa.Numeric(10, 2))),
    "a number has no sign": (MYSQL, put(number={"unsigned": True})),
    "a table has another collation": (MYSQL, put(options={"engine": "InnoDB", "collate": "utf8mb4_bin"})),
    "a table has rows of another kind": (MYSQL, put(options={"engine": "InnoDB", "row_format": "COMPRESSED"})),
}
CASES = [(database, name) for name, (databases, _) in CHANGES.items() for database in databases.split()]
MARKS = {"postgresql": [pytest.mark.postgresql], "mysql": [pytest.mark.mariadb], "sqlite": []}


def marks(place, database):
    """Leave MariaDB, and each second change on PostgreSQL, to the full run."""
    in_full_only = database == "mysql" or (database == "postgresql" and place % 2)
    return MARKS[database] + ([pytest.mark.sweep] if in_full_only else [])


def test_there_are_enough_changes():
    assert len(CHANGES) >= 50


@pytest.fixture
def migration_of(request):
    names = {"sqlite": "sqlite_migration", "postgresql": "postgresql_migration", "mysql": "mariadb_migration"}
    return lambda database: request.getfixturevalue(names[database])


@pytest.mark.parametrize(
    ("database", "name"),
    [pytest.param(*case, marks=marks(place, case[0]), id=" ".join(case)) for place, case in enumerate(CASES)],
)
def test_a_change_is_found_applied_and_reversed(database, name, migration_of):
    said = usual(database)
    before = models(database, said)
    CHANGES[name][1](said)
    after = models(database, said)
    assert migration_of(database).there_and_back(before, after)


@pytest.mark.postgresql
def test_a_simple_match_is_the_default(postgresql_migration):
    said = usual("postgresql")
    postgresql_migration.create(models("postgresql", said))
    said["reference"] = {**TO, "match": "SIMPLE"}
    assert postgresql_migration.found(models("postgresql", said)) == []


@pytest.mark.postgresql
def test_include_object_may_exclude_a_key_with_another_match(postgresql_migration):
    said = usual("postgresql")
    postgresql_migration.create(models("postgresql", said))
    said["reference"] = {**TO, "match": "FULL"}

    def include(object_, name, type_, reflected, compare_to):
        return type_ != "foreign_key_constraint"

    assert postgresql_migration.found(models("postgresql", said), include_object=include) == []
