"""Published histories: the schema at every revision is what an upgrade makes on SQLite and PostgreSQL, or incomplete."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core import schema
from kernel_core.alias import alias
from kernel_core.autogenerate import compare_metadata
from kernel_core.runtime.migration import MigrationContext
from kernel_core.schema.running import ScratchRun
from kernel_core.script import ScriptDirectory


@dataclass(frozen=True)
class Published:
    """A history in an installed package, its folder, how many revisions run, and of how many everything is known."""

    package: str
    folder: str
    revisions: int
    complete: int
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    convention: tuple[tuple[str, str], ...] = ()


PHOENIX = (
    ("ix", "ix_%(table_name)s_%(column_0_N_name)s"),
    ("uq", "uq_%(table_name)s_%(column_0_N_name)s"),
    ("ck", "ck_%(table_name)s_`%(constraint_name)s`"),
    ("fk", "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"),
    ("pk", "pk_%(table_name)s"),
)
"""The naming convention of its models, without which the names in its version files are not known."""

HISTORIES = (
    Published("aim", "storage/migrations", 6, 6),
    Published("aim", "web/migrations", 5, 5, ("sqlite",)),  # on PostgreSQL its DROP TABLE fails
    Published("mlflow", "server/auth/db/migrations", 7, 3),
    Published("phoenix", "db/migrations", 30, 6, convention=PHOENIX),
)
CASES = [
    pytest.param(each, database, id=f"{each.package}-{each.folder}-{database}")
    for each in HISTORIES
    for database in each.databases
]


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("published", "database"), CASES)
def test_every_revision_is_right_or_marked(published: Published, database: str, request: pytest.FixtureRequest) -> None:
    found = importlib.util.find_spec(published.package)
    if found is None or not found.submodule_search_locations:
        pytest.skip("its history is not installed (extra histories)")
    engine = sa.create_engine(request.getfixturevalue(f"{database}_url"), poolclass=sa.NullPool)
    start = sa.MetaData(naming_convention=dict(published.convention)) if published.convention else None
    scripts = ScriptDirectory(str(Path(found.submodule_search_locations[0], published.folder)))
    complete = total = 0
    with alias(), engine.connect() as connection:
        run = ScratchRun(scripts, connection, start)
        for each in schema.history(scripts, "heads", dialect=engine.dialect, start=start):
            run.reflected(each.revision)
            total += 1
            if each.complete:
                complete += 1
                options = {"compare_type": True, "compare_server_default": True}
                context = MigrationContext.configure(connection, opts=options)
                assert compare_metadata(context, each.metadata) == [], each.revision
                connection.rollback()
    assert total >= published.revisions
    assert complete >= published.complete
    engine.dispose()
