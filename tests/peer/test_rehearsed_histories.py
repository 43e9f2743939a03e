"""Published histories, rehearsed: every revision is described by what it did, and the database stays as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.peer

HERE = Path(__file__).resolve()
HISTORIES = {"mlflow": "mlflow/store/db_migrations", "optuna": "optuna/storages/_rdb/alembic"}
RUN = """
import importlib.util, json, logging, sys

package, folder, url, root = sys.argv[1:]
logging.getLogger().addHandler(logging.NullHandler())  # or env.py asks for an ini file to configure logging from
sys.path.insert(0, root)
import kernel_core.alias
kernel_core.alias.install()
from kernel_core import command
from kernel_core.config import Config

if package == "mlflow":  # its history begins at tables that it makes itself
    import sqlalchemy as sa
    from mlflow.store.tracking.dbmodels.initial_models import Base
    Base.metadata.create_all(sa.create_engine(url))
config = Config()
place = importlib.util.find_spec(package).submodule_search_locations[0]
config.set_main_option("script_location", place.removesuffix(package) + folder)
config.set_main_option("sqlalchemy.url", url)
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
    argv = [sys.executable, "-W", "ignore", "-c", RUN, package, HISTORIES[package], url, str(HERE.parents[2])]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=HERE.parent, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["blockers"] == []
    assert len(found["silent"]) <= 3, "MLflow has three revisions that do nothing on a new database"
    assert found["revisions"] > 5
    assert found["schema"] > 5
    tables = sa.inspect(sa.create_engine(url, poolclass=sa.NullPool)).get_table_names()
    assert "alembic_version" not in tables
