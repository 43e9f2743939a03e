"""Published histories, rehearsed: every revision is described by what it did, and the database stays as it was."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from .published import HISTORIES, run

pytestmark = pytest.mark.peer
ROOT = str(Path(__file__).resolve().parents[2])

REHEARSE = """
import json

(found,) = command.rehearse(config, "head", and_back=False)
told = {each.revision for each in found.statements}
print(json.dumps({
    "revisions": len(found.revisions), "silent": [each for each in found.revisions if each not in told],
    "blockers": [each.text for each in found.blockers], "schema": len(found.schema), "live": found.live_unchanged,
}))
"""


@pytest.mark.sweep
@pytest.mark.parametrize("server", ["sqlite_url", "postgresql_url"])
@pytest.mark.parametrize("package", HISTORIES)
def test_each_revision_of_a_published_history_is_described(request, package, server):
    pytest.importorskip(package, reason="its history is not installed (extra histories)")
    url = request.getfixturevalue(server)
    found = json.loads(run("kernel_core", package, url, REHEARSE).splitlines()[-1])
    assert found["blockers"] == []
    assert len(found["silent"]) <= 3, "MLflow has three revisions that do nothing on a new database"
    assert found["revisions"] > 5
    assert found["schema"] > 5
    tables = sa.inspect(sa.create_engine(url, poolclass=sa.NullPool)).get_table_names()
    assert "alembic_version" not in tables


OTHERS = {
    "aim": ("aim/storage/migrations/versions", "", ""),
    "phoenix": ("phoenix/db/migrations/versions", "phoenix.db.models:Base", ""),
}
"""Histories whose own env.py needs a running program: their version files, what has their metadata, and a block."""

OWN_ENV = """
import contextlib
import importlib

import sqlalchemy as sa
from alembic import context

models, block = {models!r}, {block!r}
metadata = None
if models:
    module, _, name = models.partition(":")
    metadata = getattr(importlib.import_module(module), name).metadata
engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=sa.NullPool)
with engine.connect() as connection, (eval(block) if block else contextlib.nullcontext()):
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
"""

RUN = """
import json, sys

folder, url, root, *paths = sys.argv[1:]
sys.path[:0] = [*paths, root]
import kernel_core.alias
kernel_core.alias.install()
from alembic import command
from alembic.config import Config

config = Config()
config.set_main_option("script_location", folder)
config.set_main_option("sqlalchemy.url", url)
(found,) = command.rehearse(config, "heads", and_back=False)
told = {{each.revision for each in found.statements}}
print(json.dumps({{
    "revisions": len(found.revisions), "silent": [each for each in found.revisions if each not in told],
    "blockers": [f"{{each.revision}}: {{each.text}}" for each in found.blockers],
}}))
"""


@pytest.mark.sweep
@pytest.mark.parametrize("package", OTHERS)
def test_each_revision_is_described_with_an_env_of_our_own(sqlite_url, tmp_path, package):
    pytest.importorskip(package, reason="its history is not installed (extra histories)")
    versions, models, block = OTHERS[package]
    place = importlib.util.find_spec(package).submodule_search_locations[0].removesuffix(package)
    shutil.copytree(f"{place}{versions}", tmp_path / "versions", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "env.py").write_text(OWN_ENV.format(models=models, block=block))
    argv = [sys.executable, "-W", "ignore", "-c", RUN.format(), str(tmp_path), sqlite_url, ROOT]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["blockers"] == []
    assert found["silent"] == []
    assert found["revisions"] >= 5
