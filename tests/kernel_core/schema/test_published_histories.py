"""Published histories: the schema at every revision is what an upgrade makes on SQLite and PostgreSQL, or incomplete."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path

import pytest
import sqlalchemy as sa
from published import HISTORIES, Published, cache_of, folder_of

from kernel_core import schema
from kernel_core.alias import alias
from kernel_core.autogenerate import compare_metadata
from kernel_core.runtime.migration import MigrationContext
from kernel_core.schema.running import ScratchRun
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError

CASES = [
    pytest.param(each, database, complete, id=f"{each.package}-{each.folder}-{database}")
    for each in HISTORIES
    for database, complete in each.complete
]


@pytest.fixture
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """The folder of unpacked wheels; the modules that a test imports from them are forgotten after it."""
    folder = cache_of(request.config, tmp_path)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


def tables_before(published: Published) -> sa.MetaData | None:
    if published.start:
        module, _, path = published.start.partition(":")
        found = reduce(getattr, path.split("."), importlib.import_module(module))
        assert isinstance(found, sa.MetaData)
        return found
    return sa.MetaData(naming_convention=dict(published.convention)) if published.convention else None


def _lacking(error: BaseException | None) -> str:
    """Return the name of a module that is not installed, if that is why a revision failed."""
    while error is not None and not isinstance(error, ModuleNotFoundError):
        error = error.__cause__
    return error.name or "" if isinstance(error, ModuleNotFoundError) else ""


@pytest.mark.peer
@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("published", "database", "expected"), CASES)
def test_every_revision_is_right_or_marked(
    published: Published,
    database: str,
    expected: int,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    cache: Path,
    record_property: Callable[[str, object], None],
) -> None:
    folder = folder_of(published, cache, monkeypatch)
    engine = sa.create_engine(request.getfixturevalue(f"{database}_url"), poolclass=sa.NullPool)
    complete = total = 0
    with alias(), engine.connect() as connection:
        start = tables_before(published)
        scripts = ScriptDirectory(str(folder))
        run = ScratchRun(scripts, connection, start)
        for each in schema.history(scripts, "heads", dialect=engine.dialect, start=start):
            try:
                run.reflected(each.revision)
            except CommandError as error:
                if lacking := _lacking(error):
                    pytest.skip(f"The version files import {lacking}, which is not installed.")
                if total < published.revisions:
                    raise
                break  # it needs more than a database from here on
            total += 1
            assert all(missing.revision and missing.reason for missing in each.incomplete)
            if each.complete:
                complete += 1
                options = {"compare_type": True, "compare_server_default": True}
                context = MigrationContext.configure(connection, opts=options)
                assert compare_metadata(context, each.metadata) == [], each.revision
                connection.rollback()
    record_property("known", f"{complete} of {total}")
    assert total >= published.revisions
    assert complete >= expected
    engine.dispose()
