"""The same diff tuples as Alembic on random pairs of models.

Each difference has its name and its reason in ``[tuples]`` of ``differences.toml``; `Argued` says when it is seen.
"""

import tomllib
import warnings
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from random_models import random_models
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import False_, True_

from kernel_core import autogenerate as ours
from kernel_core.ddl.postgresql.casts import conversion
from kernel_core.migration import MigrationContext

theirs = pytest.importorskip("alembic.autogenerate")
their_migration = pytest.importorskip("alembic.migration")

pytestmark = pytest.mark.peer

URLS = {"sqlite": "sqlite_url", "postgresql": "postgresql_url", "mysql": "mariadb_url"}
REASONS: dict[str, str] = tomllib.loads(Path(__file__).with_name("differences.toml").read_text())["tuples"]
SAMPLE = {"sqlite": 40, "postgresql": 12, "mysql": 4}
FULL = 500


def said(diffs):
    """Return what the tuples say: kind, table and name or columns; SQLite's unnamed keys by their columns."""
    found = Counter()
    for diff in diffs:
        if isinstance(diff, list):
            found.update((kind, table, name) for kind, _, table, name, *_ in diff)
        elif diff[0] in ("add_column", "remove_column"):
            found[diff[0], diff[2], diff[3].name] += 1
        elif diff[0].endswith(("_table", "_comment")):
            found[diff[0], diff[1].name, None] += 1
        elif diff[0].endswith("_index"):
            found[diff[0], diff[1].table.name, str(diff[1].name)] += 1
        else:
            columns = tuple(sorted(column.name for column in diff[1].columns))
            found[diff[0], diff[1].table.name, columns] += 1
    return found


class Argued:
    """Where one of both is right, and why it is not the other."""

    def __init__(self, dialect, before, after, only_ours):
        self.dialect, self.before, self.after, self.only_ours = dialect, before, after, only_ours

    def table(self, metadata, name):
        return metadata.tables.get(name, sa.Table("none", sa.MetaData()))

    def explains(self, what):
        return any(getattr(self, name.replace(" ", "_"))(what) for name in REASONS)

    def an_identity_is_a_plain_column_on_sqlite(self, what):
        column = self.table(self.after, what[1]).c.get(what[2]) if isinstance(what[2], str) else None
        return (
            self.dialect != "postgresql"
            and what[0] == "modify_default"
            and getattr(column, "identity", None) is not None
        )

    def an_index_over_expressions_can_be_made_on_sqlite(self, what):
        if self.dialect != "sqlite" or what[0] not in ("add_index", "remove_index"):
            return False
        return any(
            index.name == what[2] and any(not isinstance(part, sa.Column) for part in index.expressions)
            for metadata in (self.before, self.after)
            for index in self.table(metadata, what[1]).indexes
        )

    def a_uniqueness_that_repeats_the_key_is_not_kept(self, what):
        if what[0] not in ("add_constraint", "remove_constraint"):
            return False
        keys = [sorted(self.table(each, what[1]).primary_key.columns.keys()) for each in (self.before, self.after)]
        return list(what[2]) in keys

    def an_index_that_a_key_needs_stays_and_goes_with_it(self, what):
        return self.dialect == "mysql" and what[0] == "remove_index"

    def unsigned_is_another_type(self, what):
        return self.dialect == "mysql" and what[0] == "modify_type"

    def every_real_of_sqlite_has_eight_bytes(self, what):
        if self.dialect != "sqlite" or what[0] != "modify_type":
            return False
        types = {type(self.table(each, what[1]).c[what[2]].type) for each in (self.before, self.after)}
        return types <= {sa.REAL, sa.Double, sa.DOUBLE}

    def one_in_quotes_is_true(self, what):
        if self.dialect != "mysql" or what[0] != "modify_default":
            return False
        old, new = (self.table(each, what[1]).c[what[2]] for each in (self.before, self.after))
        return getattr(old.server_default, "arg", None) == "1" and isinstance(new.type, sa.Boolean)

    def true_is_one_on_mariadb(self, what):
        if self.dialect != "mysql" or what[0] != "modify_default" or what in self.only_ours:
            return False
        old, new = (self.table(each, what[1]).c[what[2]] for each in (self.before, self.after))
        defaults = [getattr(each.server_default, "arg", None) for each in (old, new)]
        return isinstance(defaults[0], (True_, False_)) and type(defaults[0]) is type(defaults[1])

    def two_enums_are_two_types(self, what):
        if self.dialect != "postgresql" or what[0] != "modify_type" or what not in self.only_ours:
            return False
        old, new = (self.table(each, what[1]).c[what[2]].type for each in (self.before, self.after))
        return isinstance(old, postgresql.ENUM) and isinstance(new, postgresql.ENUM) and old.name != new.name

    def a_check_over_a_dropped_column_is_dropped_before_it(self, what):
        if what[0] not in ("remove_constraint", "add_constraint") or what[2] != () or what not in self.only_ours:
            return False
        old, new = (set(self.table(each, what[1]).c.keys()) for each in (self.before, self.after))
        return bool(old - new)

    def a_default_goes_with_a_type_that_must_be_converted(self, what):
        if self.dialect != "postgresql" or what[0] != "modify_default" or what not in self.only_ours:
            return False
        old, new = (self.table(each, what[1]).c[what[2]] for each in (self.before, self.after))
        return conversion(postgresql.dialect(), what[2], old.type, new.type) is not None


def different(connection, seed):
    """Create the models of a seed, compare with those of another; return what only one says and nothing explains."""
    dialect = connection.dialect.name
    before, after = random_models(seed, dialect), random_models(seed + 10_000, dialect)
    options = {"compare_server_default": bool(seed % 2)}
    before.create_all(connection)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = said(ours.compare_metadata(MigrationContext.configure(connection, opts=options), after))
            two = said(
                theirs.compare_metadata(their_migration.MigrationContext.configure(connection, opts=options), after)
            )
    except sa.exc.DBAPIError:  # Alembic asks PostgreSQL whether 'a'::mood = 7, and fails; ours is not in doubt
        connection.rollback()
        before.create_all(connection)
        assert ours.compare_metadata(MigrationContext.configure(connection, opts=options), after)
        return []
    finally:
        before.drop_all(connection)
        connection.commit()  # or the server keeps a lock for every table there ever was
    argued = Argued(dialect, before, after, only_ours=one - two)
    return [what for what in ((one - two) + (two - one)) if not argued.explains(what)]


@pytest.fixture
def connection(request):
    engine = sa.create_engine(request.getfixturevalue(URLS[request.param]), poolclass=sa.StaticPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_each_difference_is_argued():
    rules = {name.replace("_", " ") for name in vars(Argued) if name not in ("explains", "table") and name[0] != "_"}
    assert rules == set(REASONS)


@pytest.mark.parametrize("connection", SAMPLE, indirect=True)
def test_the_same_tuples(connection):
    found = {seed: different(connection, seed) for seed in range(SAMPLE[connection.dialect.name])}
    assert not {seed: diffs for seed, diffs in found.items() if diffs}


@pytest.mark.sweep
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("connection", SAMPLE, indirect=True)
def test_the_same_tuples_in_full(connection, part):
    found = {seed: different(connection, seed) for seed in range(part, FULL, 4)}
    assert not {seed: diffs for seed, diffs in found.items() if diffs}
