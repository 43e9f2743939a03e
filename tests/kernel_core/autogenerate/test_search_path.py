"""A schema in PostgreSQL's search_path that is compared by its name as well: each table is found once."""

from collections import Counter

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ENUM

from kernel_core.autogenerate import compare_metadata
from kernel_core.migration import MigrationContext

pytestmark = pytest.mark.postgresql
BEYOND = ["alembic.autogenerate.*", "kernel_core.ext.*"]
OTHER = "other"


def models(*places, enum=None):
    """Return tables of some (schema, name); ``c`` refers to ``t``."""
    metadata = sa.MetaData()
    for schema, name in places:
        table = sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), schema=schema)
        if enum:
            mood = ENUM("sad", "happy", name="mood", schema=enum if enum != "none" else None)
            table.append_column(sa.Column("mood", mood, server_default="sad"))
        table.append_column(sa.Column("number", sa.Integer, sa.CheckConstraint("number IN (1, 2)", name=f"ck_{name}")))
        sa.Index(f"ix_{name}", table.c.number, postgresql_where=table.c.number.in_([3, 4]))
    if (None, "c") in places:
        (schema,) = [schema for schema, name in places if name == "t"]
        table = metadata.tables["c"]
        table.append_column(sa.Column("t_id", sa.ForeignKey(f"{schema}.t.id" if schema else "t.id")))
    return metadata


@pytest.fixture(params=["public,other", "other,public"])
def connect(request, postgresql_url):
    """Return what makes tables and gives a connection that sees both schemas."""
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    path = {"options": f"-csearch_path={request.param}"}
    seeing = sa.create_engine(postgresql_url, poolclass=sa.NullPool, connect_args=path)
    opened = []

    def make(metadata):
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA other")
            metadata.create_all(connection)
        opened.append(seeing.connect())
        return opened[0]

    yield make
    for connection in opened:
        connection.close()


def compared(connection, metadata, **options):
    context = MigrationContext.configure(connection, opts={"include_schemas": True, **options})
    return compare_metadata(context, metadata)


SAME = {
    "by its name": [(None, "p"), (OTHER, "t")],
    "what a key refers to": [(None, "c"), (OTHER, "t")],
}


TWO = [(None, "t"), (OTHER, "t")]


@pytest.mark.parametrize("plugins", [BEYOND[:1], BEYOND], ids=["plain", "beyond"])
@pytest.mark.parametrize("case", SAME)
def test_a_created_table_is_found_once(connect, case, plugins):
    metadata = models(*SAME[case])
    assert compared(connect(metadata), metadata, autogenerate_plugins=plugins) == []


@pytest.mark.parametrize("plugins", [BEYOND[:1], BEYOND], ids=["plain", "beyond"])
@pytest.mark.parametrize("case", SAME)
def test_metadata_without_a_schema_has_the_tables_of_the_search_path(connect, case, plugins):
    connection = connect(models(*SAME[case]))
    unnamed = models(*((None, name) for _, name in SAME[case]))
    assert compared(connection, unnamed, autogenerate_plugins=plugins) == []


@pytest.mark.parametrize("connect", ["public,other"], indirect=True)
@pytest.mark.parametrize("plugins", [BEYOND[:1], BEYOND], ids=["plain", "beyond"])
def test_two_tables_of_one_name_are_kept_apart(connect, plugins):
    metadata = models(*TWO)
    assert compared(connect(metadata), metadata, autogenerate_plugins=plugins) == []


def test_a_table_that_the_models_lack_is_dropped_once(connect):
    diffs = compared(connect(models((None, "p"), (OTHER, "t"))), models((None, "p")))
    assert [diff[0] for diff in diffs if diff[0].endswith("table")] == ["remove_table"]


def test_the_version_table_is_excluded_wherever_the_path_finds_it(connect):
    metadata = models((None, "p"), (OTHER, "t"))
    connection = connect(metadata)
    connection.exec_driver_sql("CREATE TABLE other.alembic_version (version_num varchar(32) PRIMARY KEY)")
    assert compared(connection, metadata) == []


@pytest.mark.parametrize("schemas", [True, False])
def test_an_enum_type_in_the_search_path_exists(connect, schemas):
    connection = connect(models((None, "p"), (OTHER, "t"), enum=OTHER))
    after = models((None, "p"), (None, "t"), enum="none")
    assert compared(connection, after, include_schemas=schemas, autogenerate_plugins=BEYOND) == []


def said(diffs):
    """Return kind, schema and table of each difference."""
    found = Counter()
    for diff in diffs:
        if isinstance(diff, list):
            found.update((kind, schema, table) for kind, schema, table, *_ in diff)
        else:
            table = diff[1] if diff[0].endswith("_table") else diff[1].table
            found[diff[0], table.schema, table.name] += 1
    return found


@pytest.mark.peer
@pytest.mark.parametrize("after", [*SAME.values(), TWO, [(None, "p")], [(None, "p"), (None, "t")], [(OTHER, "t")]])
@pytest.mark.parametrize("before", [*SAME.values(), TWO])
def test_alembic_finds_what_we_find_but_for_tables_that_it_sees_twice(connect, before, after):
    """It drops a table by its second sight, and takes one for the other of that name, which it then does not make."""
    theirs = pytest.importorskip("alembic.autogenerate")
    migration = pytest.importorskip("alembic.migration")
    connection, metadata = connect(models(*before)), models(*after)
    two = said(
        theirs.compare_metadata(
            migration.MigrationContext.configure(connection, opts={"include_schemas": True}), metadata
        )
    )
    connection.rollback()
    one = said(compared(connection, metadata))
    hidden = {
        name for schema, name in after if schema is None and (OTHER, name) in before and (None, name) not in before
    }
    assert not [what for what in one - two if what[0] not in ("add_table", "add_index") or what[2] not in hidden]
    assert {name for _, _, name in two - one} <= {name for _, name in before}
    assert {kind for kind, _, _ in two - one} <= {"remove_table", "remove_index", "add_fk", "remove_fk"}
