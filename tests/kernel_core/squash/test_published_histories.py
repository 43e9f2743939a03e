"""Random ranges of published histories, squashed: a database before, inside and after the range ends equal."""

from __future__ import annotations

import importlib
import logging
import random
import re
import shutil
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from published import HISTORIES, cache_of, folder_of

from kernel_core import command
from kernel_core.alias import alias
from kernel_core.config import Config
from kernel_core.schema.scratch import scratch_database
from kernel_core.script import ScriptDirectory
from kernel_core.snapshot import Snapshot, differences, snapshot_of
from kernel_core.squash import squashed, write
from kernel_core.util.exc import CommandError

PACKAGES = {"mlflow": "store/db_migrations", "optuna": "storages/_rdb/alembic"}
RUNS_ON = {"mlflow": ("sqlite", "postgresql", "mariadb"), "optuna": ("sqlite", "postgresql")}
"""Optuna drops a column of a unique key, which MariaDB refuses."""
REFUSED = "cannot be taken over as it is|can only be the first revision|cannot be squashed"


def _config(folder: Path, url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def _upgraded(folder: Path, server: str, start: sa.MetaData | None, at: str, then: Path) -> Snapshot:
    """Return a new database that one history brought to ``at``, and another one from there to its head."""
    with scratch_database(server) as connection:
        url = connection.engine.url
        if connection.dialect.name == "sqlite":
            connection.close()
            path = then.parent / f"{random.random()}.db"
            url = sa.make_url(f"sqlite:///{path}")
        text = url.render_as_string(hide_password=False)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        if start is not None:
            start.create_all(engine)
        if at != "base":
            command.upgrade(_config(folder, text), at)
        command.upgrade(_config(then, text), "head")
        with engine.connect() as live:
            found = snapshot_of(live)
        engine.dispose()
        return found


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("package", "database"),
    [(package, database) for package in PACKAGES for database in RUNS_ON[package]],
)
def test_a_random_range_of_a_published_history_does_the_same(
    package: str,
    database: str,
    seed: int,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = next(each for each in HISTORIES if (each.package, each.folder) == (package, PACKAGES[package]))
    logging.getLogger().addHandler(logging.NullHandler())
    server = request.getfixturevalue(f"{database}_url")
    original = tmp_path / "original" / "migrations"
    shutil.copytree(folder_of(published, cache_of(request.config, tmp_path), monkeypatch), original)
    template = original / "script.py.mako"
    if not template.exists():
        shutil.copy(Path(command.__file__).parents[1] / "templates" / "generic" / "script.py.mako", template)
    changed = tmp_path / "changed" / "migrations"
    shutil.copytree(original, changed)
    start = None
    with alias():
        if package == "mlflow":
            start = importlib.import_module("mlflow.store.tracking.dbmodels.initial_models").Base.metadata
        scripts = ScriptDirectory.from_config(_config(changed, server))
        line = [each.revision for each in scripts.walk_revisions()][::-1]
        random_ = random.Random(f"{package} {seed}")
        for _ in range(20):
            first, last = sorted(random_.sample(range(len(line)), 2))
            try:
                made = squashed(
                    scripts,
                    f"{line[first]}:{line[last]}",
                    sa.make_url(server).get_dialect()(),
                    start=start,
                    scratch=partial(scratch_database, server),
                )
            except CommandError as error:
                if not re.search(REFUSED, str(error)):
                    raise
                continue
            break
        else:
            pytest.fail("no range could be squashed")
        assert any("by running both" in each for each in made.proof.compared), made.proof
        write(scripts, made)
        middle = line[random_.randint(first, last)]
        expected = _upgraded(original, server, start, "base", original)
        for at in ("base", middle):
            assert differences(expected, _upgraded(original, server, start, at, changed)) == (), (made.lines(), at)
