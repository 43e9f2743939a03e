"""Random schemas with the features that the plugins compare; a seed and a database determine the schema."""

from __future__ import annotations

import random

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSRANGE, ExcludeConstraint

CONVENTION = {
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
COLLATIONS = {"sqlite": "NOCASE", "postgresql": "C", "mysql": "utf8mb4_bin"}
CONDITIONS = ("age > 1", "age IN (1, 2)", "age BETWEEN 1 AND 7 OR k = 2")


def random_schema(chance: random.Random, database: str, convention: bool) -> sa.MetaData:
    """Return up to two tables; of two schemas for a migration, both have or both lack the naming convention."""
    metadata = sa.MetaData(naming_convention=CONVENTION if convention else None)
    for name in ("one", "Two x"):
        if chance.random() < 0.85:
            _table(metadata, name, chance, database, convention)
    return metadata


def _table(metadata: sa.MetaData, name: str, chance: random.Random, database: str, convention: bool) -> None:
    suffix = "" if convention else f"_{name}"
    options = {"mysql_engine": chance.choice(["InnoDB", "Aria"])} if database == "mysql" else {}
    table = sa.Table(name, metadata, *_columns(chance, database), *_constraints(chance, database, suffix), **options)
    if chance.random() < 0.7:
        where = sa.text(chance.choice(["k > 1", "k IN (1, 2)"]))
        method = chance.choice(["btree", "hash"])
        sa.Index(f"where_{name}", table.c.age, postgresql_where=where, sqlite_where=where, postgresql_using=method)
    if "c" in table.c and chance.random() < 0.5:
        sa.Index(f"computed_{name}", table.c.c)


def _columns(chance: random.Random, database: str) -> list[sa.Column]:
    collation = chance.choice([COLLATIONS[database], None])
    columns = [sa.Column(name, sa.Integer, nullable=False, autoincrement=False) for name in ("id", "k")]
    columns += [sa.Column("age", sa.Integer), sa.Column("Full Name", sa.String(20, collation=collation))]
    values = chance.sample(["x", "y", "it's"], 2)
    check = sa.Enum(*values, native_enum=False, create_constraint=True, name="kind", length=5)
    columns.append(sa.Column("kind", check))
    moods = chance.sample(["sad", "ok", "happy", "it's"], chance.randint(1, 4))
    if chance.random() < 0.7 and database == "postgresql":
        columns.append(sa.Column("mood", sa.Enum(*moods, name="mood")))
    if chance.random() < 0.6:
        words = chance.choice(["age + 1", "age * 2", "coalesce(age, 0)"])
        columns.append(sa.Column("c", sa.Integer, sa.Computed(words, persisted=True)))
    if database == "postgresql":
        columns.append(sa.Column("during", TSRANGE))
    return columns


def _constraints(chance: random.Random, database: str, suffix: str) -> list[sa.Constraint]:
    found: list[sa.Constraint] = [sa.PrimaryKeyConstraint(*chance.choice([("id",), ("id", "k"), ("k",)]))]
    checks = chance.sample(["p", "q", "s"], chance.randint(0, 3))
    found += [sa.CheckConstraint(chance.choice(CONDITIONS), name=name + suffix) for name in checks]
    if chance.random() < 0.5:
        timing = {"deferrable": True} if database == "postgresql" and chance.random() < 0.5 else {}
        found.append(sa.UniqueConstraint("k", "age", name=f"u{suffix}" if suffix else None, **timing))
    if database == "postgresql" and chance.random() < 0.6:
        where = sa.text(chance.choice(CONDITIONS[:2]))
        name = f"e{suffix}" if suffix else f"e{chance.randrange(10**6)}"
        found.append(ExcludeConstraint(("during", "&&"), name=name, using="gist", where=where))
    return found
