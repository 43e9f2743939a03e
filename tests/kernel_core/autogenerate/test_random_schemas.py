"""Properties of any schema: created, migrated and downgraded tables do not differ from their metadata."""

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from random_schemas import pairs_of_schemas, schemas
from rounds import create, draws, run, wipe

from kernel_core.autogenerate import compare_metadata, produce_migrations

in_rounds = pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(settings.default.max_examples // 5, id="sample"),
        pytest.param(settings.default.max_examples, id="full", marks=pytest.mark.sweep),
    ],
)


@pytest.mark.slow
@in_rounds
def test_created_tables_do_not_differ_on_sqlite(sqlite, make_context, rounds):
    @draws(rounds)
    @given(schemas("sqlite"))
    def check(metadata):
        wipe(sqlite)
        create(metadata, sqlite)
        assert compare_metadata(make_context(sqlite, compare_server_default=True), metadata) == []

    check()


@pytest.mark.slow
@in_rounds
@pytest.mark.postgresql
def test_created_tables_do_not_differ_on_postgresql(postgresql, make_context, rounds):
    @draws(rounds)
    @given(schemas("postgresql"))
    def check(metadata):
        wipe(postgresql)
        create(metadata, postgresql)
        assert compare_metadata(make_context(postgresql, compare_server_default=True), metadata) == []

    check()


@pytest.mark.slow
@in_rounds
@pytest.mark.parametrize("dialect_name", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_rendered_tables_run_without_differences_and_can_be_undone(dialect_name, request, make_context, rounds):
    connection = request.getfixturevalue(dialect_name)

    @draws(rounds)
    @given(schemas(dialect_name))
    def check(metadata):
        wipe(connection)
        context = make_context(connection, compare_server_default=True, target_metadata=metadata)
        script = produce_migrations(context, metadata)
        run(context, script.upgrade_ops)
        assert compare_metadata(context, metadata) == []
        run(context, script.downgrade_ops)
        assert compare_metadata(context, sa.MetaData()) == []

    check()


@pytest.mark.slow
@in_rounds
@pytest.mark.parametrize("dialect_name", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_any_schema_becomes_any_other_and_back(dialect_name, request, make_context, rounds):
    connection = request.getfixturevalue(dialect_name)

    @draws(rounds)
    @given(pairs_of_schemas(dialect_name))
    def check(pair):
        before, after = pair
        wipe(connection)
        create(before, connection)
        context = make_context(connection, compare_server_default=True, target_metadata=after)
        script = produce_migrations(context, after)
        run(context, script.upgrade_ops)
        assert compare_metadata(context, after) == []
        run(context, script.downgrade_ops)
        assert compare_metadata(context, before) == []

    check()
