"""One change of the metadata at a time: it is found, and after the rendered script has run nothing differs."""

import warnings

import pytest
import sqlalchemy as sa
from rounds import run
from sampling import sampled

from kernel_core.autogenerate import compare_metadata, produce_migrations


def models():
    metadata = sa.MetaData()
    sa.Table(
        "parent", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("other", sa.Integer, unique=True)
    )
    table = sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20), nullable=False, server_default="x", comment="a name"),
        sa.Column("number", sa.Integer),
        sa.Column("price", sa.Numeric(10, 2), server_default=sa.text("0")),
        sa.Column("made", sa.DateTime),
        sa.Column("parent_id", sa.Integer),
        sa.UniqueConstraint("number", name="uq_number"),
        sa.ForeignKeyConstraint(["parent_id"], ["parent.id"], name="fk_parent"),
        comment="a table",
    )
    sa.Index("ix_name", table.c.name)
    sa.Index("ix_two", table.c.number, table.c.price)
    return metadata


def part(table, name):
    return next(each for each in (*table.constraints, *table.indexes) if each.name == name)


def without(table, name):
    gone = part(table, name)
    (table.indexes if isinstance(gone, sa.Index) else table.constraints).discard(gone)
    for element in getattr(gone, "elements", ()):
        table.foreign_keys.discard(element)
        element.parent.foreign_keys.discard(element)


def column(name, **changes):
    def change(t):
        for attribute, value in changes.items():
            setattr(t.c[name], attribute, value)

    return change


def instead(name, make):
    def change(t):
        without(t, name)
        made = make(t)
        if not isinstance(made, sa.Index):
            t.append_constraint(made)

    return change


def key(**options):
    return lambda t: sa.ForeignKeyConstraint(["parent_id"], ["parent.id"], name="fk_parent", **options)


def default(text):
    return sa.DefaultClause(text)


ALL, COMMENTS, POSTGRESQL = "sqlite postgresql mariadb", "postgresql mariadb", "postgresql"
MUTATIONS = {
    "a table is new": (ALL, lambda t: sa.Table("new", t.metadata, sa.Column("id", sa.Integer, primary_key=True))),
    "a table is gone": (ALL, lambda t: t.metadata.remove(t)),
    "a table that points elsewhere is new": (
        ALL,
        lambda t: sa.Table("child", t.metadata, sa.Column("id", sa.Integer, sa.ForeignKey("t.id"), primary_key=True)),
    ),
    "a column is new": (ALL, lambda t: t.append_column(sa.Column("new", sa.String(9)))),
    "a column that must be filled is new": (
        ALL,
        lambda t: t.append_column(sa.Column("new", sa.Integer, nullable=False, server_default="1")),
    ),
    "a column with its key is new": (
        ALL,
        lambda t: t.append_column(sa.Column("new", sa.Integer, sa.ForeignKey("parent.id", name="fk_new"))),
    ),
    "a column with its index is new": (ALL, lambda t: t.append_column(sa.Column("new", sa.Integer, index=True))),
    "a column with its uniqueness is new": (
        ALL,
        lambda t: (
            t.append_column(sa.Column("new", sa.Integer)),
            t.append_constraint(sa.UniqueConstraint("new", name="uq_n")),
        ),
    ),
    "a column is gone": (ALL, lambda t: t._columns.remove(t.c.made)),
    "a column may be empty": (ALL, column("name", nullable=True)),
    "a column must be filled": (ALL, column("made", nullable=False)),
    "a text is longer": (ALL, column("name", type=sa.String(40))),
    "a text has no end": (ALL, column("made", type=sa.Text())),
    "a number is larger": (ALL, column("number", type=sa.BigInteger())),
    "a number has other digits": (ALL, column("price", type=sa.Numeric(12, 4))),
    "a number is a text": (ALL, column("number", type=sa.String(12))),
    "a time knows its zone": (POSTGRESQL, column("made", type=sa.DateTime(timezone=True))),
    "a default is another": (ALL, column("name", server_default=default("y"))),
    "a default is new": (ALL, column("number", server_default=default("5"))),
    "a default is gone": (ALL, column("name", server_default=None)),
    "a default is an expression": (ALL, column("price", server_default=default(sa.text("(1 + 2)")))),
    "a default is the clock": (ALL, column("made", server_default=default(sa.text("CURRENT_TIMESTAMP")))),
    "an index is new": (ALL, lambda t: sa.Index("ix_new", t.c.made)),
    "an index is gone": (ALL, lambda t: without(t, "ix_name")),
    "an index is over other columns": (ALL, instead("ix_two", lambda t: sa.Index("ix_two", t.c.number, t.c.made))),
    "an index has its columns in another order": (
        ALL,
        instead("ix_two", lambda t: sa.Index("ix_two", t.c.price, t.c.number)),
    ),
    "an index is unique": (ALL, instead("ix_name", lambda t: sa.Index("ix_name", t.c.name, unique=True))),
    "an index is sorted": (ALL, instead("ix_name", lambda t: sa.Index("ix_name", t.c.name.desc()))),
    "an index is over an expression": (
        POSTGRESQL,
        instead("ix_name", lambda t: sa.Index("ix_name", sa.func.lower(t.c.name))),
    ),
    "an index includes a column": (
        POSTGRESQL,
        instead("ix_name", lambda t: sa.Index("ix_name", t.c.name, postgresql_include=["number"])),
    ),
    "an index has another name": (ALL, instead("ix_name", lambda t: sa.Index("ix_title", t.c.name))),
    "a uniqueness is new": (ALL, lambda t: t.append_constraint(sa.UniqueConstraint("made", name="uq_new"))),
    "a uniqueness is gone": (ALL, lambda t: without(t, "uq_number")),
    "a uniqueness is over more": (
        ALL,
        instead("uq_number", lambda t: sa.UniqueConstraint("number", "made", name="uq_number")),
    ),
    "a uniqueness has another name": (ALL, instead("uq_number", lambda t: sa.UniqueConstraint("number", name="uq_n"))),
    "a uniqueness counts NULL": (
        POSTGRESQL,
        instead(
            "uq_number",
            lambda t: sa.UniqueConstraint("number", name="uq_number", postgresql_nulls_not_distinct=True),
        ),
    ),
    "a key is new": (
        ALL,
        lambda t: t.append_constraint(sa.ForeignKeyConstraint(["number"], ["parent.other"], name="fk_new")),
    ),
    "a key is gone": (ALL, lambda t: without(t, "fk_parent")),
    "a key points elsewhere": (
        ALL,
        instead("fk_parent", lambda t: sa.ForeignKeyConstraint(["parent_id"], ["parent.other"], name="fk_parent")),
    ),
    "a key deletes": (ALL, instead("fk_parent", key(ondelete="CASCADE"))),
    "a key updates": (ALL, instead("fk_parent", key(onupdate="CASCADE"))),
    "a key waits": ("sqlite postgresql", instead("fk_parent", key(deferrable=True, initially="DEFERRED"))),
    "a column's comment is another": (COMMENTS, column("name", comment="it's another")),
    "a column's comment is new": (COMMENTS, column("number", comment="a number: 100%")),
    "a column's comment is gone": (COMMENTS, column("name", comment=None)),
    "a table's comment is another": (COMMENTS, lambda t: setattr(t, "comment", "it's another")),
    "a table's comment is gone": (COMMENTS, lambda t: setattr(t, "comment", None)),
}
ONE_WAY = {("postgresql", "a text has no end"), ("postgresql", "a number is a text")}
"""What PostgreSQL does not turn back by itself: that needs USING."""
CASES = [(database, name) for name, (databases, _) in MUTATIONS.items() for database in databases.split()]
CASES_OF_TWO = [case for case in CASES if case[0] != "mariadb"]
QUICK = [case for place, case in enumerate(CASES_OF_TWO) if case[0] == "sqlite" or place % 3 == 0]


def test_there_are_enough_changes():
    assert len(MUTATIONS) >= 30


@pytest.mark.parametrize(("database", "name"), sampled(CASES_OF_TWO, QUICK))
def test_a_change_is_found_and_after_its_migration_nothing_differs(database, name, request, make_context):
    found_and_made(request.getfixturevalue(database), name, make_context)


@pytest.mark.sweep
def test_on_mariadb_as_well(mariadb, make_context):
    for database, name in CASES:
        if database == "mariadb":
            found_and_made(mariadb, name, make_context)


def found_and_made(connection, name, make_context):
    """Create the models, change them, and take the change over."""
    models().create_all(connection)
    changed = models()
    MUTATIONS[name][1](changed.tables["t"])
    context = make_context(connection, compare_server_default=True)
    script = produce_migrations(context, changed)
    assert script.upgrade_ops.as_diffs(), name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(context, script.upgrade_ops)
    assert compare_metadata(context, changed) == [], name
    if (connection.dialect.name, name) not in ONE_WAY:
        run(context, script.downgrade_ops)
        assert compare_metadata(context, models()) == [], name
    models().drop_all(connection)
