"""A rehearsal names every blocker with the exact number of rows, and none where everything runs."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.operations import ops
from kernel_core.rehearse.blockers.find import blockers_of
from kernel_core.rehearse.blockers.row_checks import BLOCKED, RowChecks

DATABASES = ["sqlite", *(pytest.param(name, marks=pytest.mark.sweep) for name in ("postgresql", "mariadb"))]
"""A clone on a server takes a second, so most of its tests are in the sweep."""

SETUP = (
    "CREATE TABLE parents (id INTEGER NOT NULL PRIMARY KEY, code VARCHAR(20))",
    "CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), parent INTEGER, n INTEGER, twin INTEGER)",
)
PARENTS = "INSERT INTO parents VALUES (1, 'a'), (2, 'b'), (3, 'b'), (4, NULL)"
ITEMS = (
    "INSERT INTO items VALUES (1, 'a', 1, 5, 1), (2, NULL, 2, 50, 1), (3, 'c', 9, 500, 1), (4, NULL, 8, 7, 2), "
    "(5, 'd', NULL, NULL, 2), (6, 'e', 7, 900, 3)"
)
KINDS = {
    "not null": (
        "with op.batch_alter_table('items') as b: b.alter_column('name', existing_type=sa.String(20), nullable=False)",
        ("null", 2),
    ),
    "unique": (
        "with op.batch_alter_table('parents') as b: b.create_unique_constraint('uq', ['code'])",
        ("duplicate", 2),
    ),
    "unique index": ("op.create_index('ux', 'items', ['twin'], unique=True)", ("duplicate", 5)),
    "foreign key": (
        "with op.batch_alter_table('items') as b: b.create_foreign_key('fk', 'parents', ['parent'], ['id'])",
        ("orphan", 3),
    ),
    "check": ("with op.batch_alter_table('items') as b: b.create_check_constraint('ck', 'n < 100')", ("check", 2)),
    "unique index in SQL": ("op.execute('CREATE UNIQUE INDEX ux2 ON items (twin, parent)')", ("duplicate", 0)),
}
TWICE = "op.execute('CREATE UNIQUE INDEX ux3 ON items (twin)')"


@pytest.fixture(params=DATABASES)
def filled(request, tmp_path, monkeypatch):
    """An environment whose database has rows that constraints refuse."""
    make = {"sqlite": "project", "postgresql": "postgresql_project", "mariadb": "mariadb_project"}
    made = request.getfixturevalue(make[request.param])
    made.run(*SETUP, PARENTS, ITEMS)
    return made


def rehearsed(project, *bodies: str, **options):
    project.write("a1", None, "\n".join(bodies))
    (found,) = command.rehearse(project.config(), "head", **options)
    return found


def test_all_blockers_of_a_revision_are_found_not_only_the_first(filled):
    bodies = [body for body, (_, rows) in KINDS.values() if rows]
    found = rehearsed(filled, *bodies)
    expected = [(kind, rows) for _, (kind, rows) in KINDS.values() if rows]
    assert [(each.kind, each.rows) for each in found.blockers] == expected
    assert not found.is_clean
    assert filled.tables() == {"parents", "items"}


def test_a_query_of_a_blocker_finds_its_rows_in_the_database_itself(filled):
    found = rehearsed(filled, *[body for body, (_, rows) in KINDS.values() if rows])
    engine = sa.create_engine(filled.url, poolclass=sa.NullPool)
    for blocker in found.blockers:
        with engine.connect() as live:
            assert len(live.exec_driver_sql(blocker.query.replace("%", "%%")).all()) == blocker.rows, blocker
        assert len(blocker.sample) == min(5, blocker.rows)


def test_what_the_rows_allow_has_no_blocker(filled):
    found = rehearsed(
        filled,
        KINDS["unique index in SQL"][0],
        "with op.batch_alter_table('items') as b: b.create_check_constraint('ck', 'n < 1000')",
        "with op.batch_alter_table('items') as b: b.create_unique_constraint('uq', ['id', 'name'])",
    )
    assert found.is_clean
    assert found.blockers == ()
    assert found.undone is not None


def test_several_operations_of_one_batch_are_counted_each(filled):
    found = rehearsed(
        filled,
        "with op.batch_alter_table('items') as b:\n"
        "    b.create_check_constraint('ck', 'n < 100')\n"
        "    b.add_column(sa.Column('fine', sa.Integer))\n"
        "    b.create_unique_constraint('uq', ['twin'])\n"
        "    b.alter_column('name', existing_type=sa.String(20), nullable=False)",
    )
    assert [(each.kind, each.rows) for each in found.blockers] == [("check", 2), ("duplicate", 5), ("null", 2)]
    assert any("fine" in change[2] for change in found.schema)


def test_a_statement_of_a_connection_stops_the_revision_and_is_explained(filled):
    found = rehearsed(filled, "op.get_bind().exec_driver_sql('CREATE UNIQUE INDEX ux ON items (twin)')")
    assert found.stopped_at == "a1"
    assert [(each.kind, each.rows) for each in found.blockers] == [("duplicate", 5)]


def test_a_failure_that_the_revision_catches_is_no_blocker(project):
    project.run(*SETUP, PARENTS, ITEMS)
    body = f"try:\n    {TWICE}\nexcept sa.exc.IntegrityError:\n    op.execute('DELETE FROM items WHERE twin = 1')"
    found = rehearsed(project, body)
    assert found.blockers == ()
    assert next(each for each in found.rows if each.table == "items").removed == 3


def test_a_later_revision_is_checked_on_what_the_earlier_ones_did(filled):
    filled.write("a1", None, "op.execute(\"UPDATE items SET name = 'x' WHERE name IS NULL\")")
    filled.write("b2", "a1", KINDS["not null"][0])
    (found,) = command.rehearse(filled.config(), "head")
    assert found.is_clean
    assert found.revisions == ("a1", "b2")


POSTGRESQL = {
    "type": ("op.alter_column('t', 'v', type_=sa.Integer, postgresql_using='v::integer')", ("misfit", 2)),
    "shorter": ("op.alter_column('t', 'v', type_=sa.String(2), existing_type=sa.String(20))", ("misfit", 1)),
    "enum": (
        "op.alter_column('t', 'v', type_=sa.Enum('1', 'x', name='e'), postgresql_using='v::e')",
        ("enum value", 3),
    ),
    "exclusion": ("op.create_exclude_constraint('ex', 't', ('w', '='), using='btree')", ("exclusion", 2)),
    "column": ("op.add_column('t', sa.Column('c', sa.Integer, nullable=False))", ("null", 4)),
    "set not null": ("op.execute('ALTER TABLE t ALTER COLUMN v SET NOT NULL')", ("null", 1)),
    "type in SQL": ("op.execute('ALTER TABLE t ALTER COLUMN v TYPE integer USING v::integer')", ("misfit", 2)),
    "key in SQL": ("op.execute('ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (w)')", ("duplicate", 2)),
    "foreign key in SQL": (
        "op.execute('ALTER TABLE t ADD FOREIGN KEY (w) REFERENCES u (id)')",
        ("orphan", 2),
    ),
    "check in SQL": ("op.execute('ALTER TABLE t ADD CHECK (w > 1)')", ("check", 2)),
    "exclusion in SQL": (
        "op.execute('ALTER TABLE t ADD CONSTRAINT ex EXCLUDE USING btree (w WITH =)')",
        ("exclusion", 2),
    ),
    "validation in SQL": (
        "for sql in ('ADD CONSTRAINT ck CHECK (w > 1) NOT VALID', 'VALIDATE CONSTRAINT ck'): op.execute('ALTER TABLE t ' + sql)",
        ("check", 2),
    ),
    "partial index": (
        "op.create_index('ux', 't', ['w'], unique=True, postgresql_where=sa.text('v IS NOT NULL'))",
        ("duplicate", 2),
    ),
    "expression": ("op.create_index('ux', 't', [sa.text('(w % 2)')], unique=True)", ("duplicate", 3)),
    "NULLs that are equal": (
        "op.create_index('ux', 't', ['n'], unique=True, postgresql_nulls_not_distinct=True)",
        ("duplicate", 4),
    ),
}


@pytest.mark.parametrize(
    "kind", [name if name in ("type", "enum") else pytest.param(name, marks=pytest.mark.sweep) for name in POSTGRESQL]
)
@pytest.mark.costly
def test_a_blocker_of_postgresql_is_counted_exactly(postgresql_project, kind):
    postgresql_project.run(
        "CREATE TABLE u (id integer PRIMARY KEY)",
        "INSERT INTO u VALUES (2), (3)",
        "CREATE TABLE t (v varchar(20), w integer NOT NULL, n integer)",
        "INSERT INTO t VALUES ('1', 1), ('x', 1), (NULL, 2), ('12 apples', 3)",
    )
    if kind == "enum":
        postgresql_project.run("CREATE TYPE e AS ENUM ('1', 'x')")
        postgresql_project.run("INSERT INTO t VALUES ('2', 4), ('7', 5)")
    body, expected = POSTGRESQL[kind]
    if kind == "NULLs that are equal":
        with sa.create_engine(postgresql_project.url, poolclass=sa.NullPool).connect() as live:
            if live.dialect.server_version_info < (15,):
                pytest.skip("NULLS NOT DISTINCT came with PostgreSQL 15")
    found = rehearsed(postgresql_project, body)
    assert [(each.kind, each.rows) for each in found.blockers] == [expected]


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_the_rows_of_a_table_in_another_schema_are_named_by_their_primary_key(request, kind):
    engine, other = (
        sa.create_engine(request.getfixturevalue(f"{kind}_url"), poolclass=sa.NullPool),
        f"other_{uuid.uuid4().hex[:8]}",
    )
    with engine.connect() as live:
        try:
            live.exec_driver_sql(f"CREATE SCHEMA {other}")
            live.exec_driver_sql(
                f"CREATE TABLE {other}.pets (tag INTEGER NOT NULL, name VARCHAR(9), PRIMARY KEY (tag))"
            )
            live.exec_driver_sql(f"INSERT INTO {other}.pets VALUES (1, 'a'), (2, 'b'), (3, 'a')")
            live.commit()
            unique = ops.CreateUniqueConstraintOp("uq", "pets", ["name"], schema=other)
            check = ops.CreateCheckConstraintOp("ck", "pets", "name <> 'a'", schema=other)
            for operation in (unique, check):
                (blocker,) = blockers_of(live, [operation], RuntimeError("refused"), "a1")
                assert (blocker.table, blocker.rows) == (f"{other}.pets", 2)
                assert sorted(row["tag"] for row in blocker.sample) == [1, 3]
        finally:
            live.rollback()
            live.exec_driver_sql(f"DROP SCHEMA {other}" + (" CASCADE" if kind == "postgresql" else ""))
            live.commit()


def test_an_error_that_no_row_explains_is_told_as_it_is(filled):
    found = rehearsed(filled, "op.execute('DROP TABLE nowhere')")
    (blocker,) = found.blockers
    assert (blocker.kind, blocker.rows) == ("error", None)
    assert "nowhere" in blocker.error


def test_masked_blockers_show_no_text(filled):
    found = rehearsed(filled, KINDS["unique"][0], mask=True)
    (blocker,) = found.blockers
    assert "b" not in {row["code"] for row in blocker.sample}
    assert blocker.sample[0]["code"] == "text of 1 character"


def test_sql_with_a_parameter_that_has_no_text_form_is_rehearsed(filled):
    found = rehearsed(filled, "op.execute(sa.text('UPDATE items SET n = :n WHERE id = 1').bindparams(n=b'5'[0]))")
    assert found.is_clean
    found = rehearsed(filled, "op.execute(sa.text('UPDATE nowhere SET n = :n').bindparams(n=b'5'))")
    assert [each.kind for each in found.blockers] == ["error"]


def test_each_operation_that_rows_can_block_has_its_check():
    assert set(BLOCKED.values()) == RowChecks.__abstractmethods__
