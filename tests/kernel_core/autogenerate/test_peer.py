"""The same differences as an installed Alembic finds, on random pairs of schemas."""

import warnings
from collections import Counter

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from random_schemas import pairs_of_schemas
from rounds import create, draws, wipe

from kernel_core.autogenerate import compare_metadata

peer = pytest.importorskip("alembic.autogenerate")
migration = pytest.importorskip("alembic.runtime.migration")

pytestmark = pytest.mark.peer


def said(diffs):
    """What the tuples say, without the objects and their order."""
    found = Counter()
    for diff in diffs:
        if isinstance(diff, list):
            found.update(
                (kind, schema, table, name, tuple(sorted(known)), str(old), str(new))
                for kind, schema, table, name, known, old, new in diff
            )
        elif diff[0] in ("add_column", "remove_column"):
            found[(diff[0], diff[1], diff[2], diff[3].name, str(diff[3].type), diff[3].nullable)] += 1
        elif diff[0] in ("add_table", "remove_table"):
            found[(diff[0], diff[1].name, tuple(diff[1].c.keys()))] += 1
        else:
            found[
                (diff[0], str(diff[1].name), diff[1].table.name, tuple(column.name for column in diff[1].columns))
            ] += 1
    return found


def without_circles(found):
    """Without the keys that close a circle of new or dropped tables, which Alembic leaves inside the tables."""
    new = {what[1] for what in found if what[0] == "add_table"}
    gone = {what[1] for what in found if what[0] == "remove_table"}
    return Counter(
        {
            what: count
            for what, count in found.items()
            if not (what[0] == "add_fk" and what[2] in new) and not (what[0] == "remove_fk" and what[2] in gone)
        }
    )


@pytest.mark.parametrize("dialect_name", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_the_same_tuples(dialect_name, request, make_context):
    connection = request.getfixturevalue(dialect_name)

    @draws(settings.default.max_examples * 2 // 5)
    @given(pairs_of_schemas(dialect_name))
    def check(pair):
        before, after = pair
        wipe(connection)
        create(before, connection)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sa.exc.SAWarning)
            theirs = peer.compare_metadata(migration.MigrationContext.configure(connection), after)
        ours = compare_metadata(make_context(connection), after)
        expected = said(theirs)
        if dialect_name == "postgresql":  # a UNIQUE that repeats the primary key is not kept, so it does not differ
            expected = Counter(
                {what: count for what, count in expected.items() if what[0] != "add_constraint" or what[3] != ("id",)}
            )
        assert without_circles(said(ours)) == without_circles(expected)

    check()


def test_the_hook_for_server_defaults_gets_the_same_arguments(sqlite, make_context):
    def models(default):
        metadata = sa.MetaData()
        sa.Table(
            "t",
            metadata,
            sa.Column("a", sa.String, server_default=default),
            sa.Column("b", sa.Integer, server_default=sa.text("5")),
        )
        return metadata

    models("x").create_all(sqlite)
    heard = []

    def hook(context, inspected, model, inspected_default, model_default, rendered):
        heard.append((inspected.name, model.name, inspected_default, type(model_default).__name__, rendered))

    peer.compare_metadata(
        migration.MigrationContext.configure(sqlite, opts={"compare_server_default": hook}), models("y")
    )
    theirs = list(heard)
    heard.clear()
    compare_metadata(make_context(sqlite, compare_server_default=hook), models("y"))
    assert heard == theirs
