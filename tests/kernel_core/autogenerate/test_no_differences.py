"""Tables just created from the metadata do not differ from it, on any database, with any types."""

import pytest
from random_models import random_models

from kernel_core.autogenerate import compare_metadata

SAMPLE = {"sqlite": 20, "postgresql": 5, "mariadb": 2}
FULL = {"sqlite": 2000, "postgresql": 300, "mariadb": 300}
BEYOND = ["alembic.autogenerate.*", "kernel_core.ext.*"]
OPTIONS = ({}, {"compare_server_default": True}, {"compare_server_default": True, "autogenerate_plugins": BEYOND})


def differences(seed, connection, make_context):
    """Create the models of a seed, compare, and drop them again."""
    metadata = random_models(seed, connection.dialect.name)
    metadata.create_all(connection)
    try:
        return [diff for options in OPTIONS for diff in compare_metadata(make_context(connection, **options), metadata)]
    finally:
        metadata.drop_all(connection)


@pytest.mark.slow
@pytest.mark.parametrize("database", SAMPLE)
def test_created_tables_do_not_differ(database, request, make_context):
    connection = request.getfixturevalue(database)
    found = {seed: differences(seed, connection, make_context) for seed in range(SAMPLE[database])}
    assert not {seed: diffs for seed, diffs in found.items() if diffs}


@pytest.mark.sweep
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("database", FULL)
def test_created_tables_do_not_differ_in_full(database, part, request, make_context):
    connection = request.getfixturevalue(database)
    found = {seed: differences(seed, connection, make_context) for seed in range(part, FULL[database], 4)}
    assert not {seed: diffs for seed, diffs in found.items() if diffs}
