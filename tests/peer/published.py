"""Histories that others have published, in the packages of the extra ``histories``, and a process that runs one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve()
HISTORIES = {"mlflow": "mlflow/store/db_migrations", "optuna": "optuna/storages/_rdb/alembic"}
CONFIGURED = """
import importlib.util, logging, sys

engine, package, folder, url, root = sys.argv[1:]
logging.getLogger().addHandler(logging.NullHandler())  # or env.py asks for an ini file to configure logging from
if engine == "kernel_core":
    sys.path.insert(0, root)
    import kernel_core.alias
    kernel_core.alias.install()
from alembic import command
from alembic.config import Config

if package == "mlflow":  # its history begins at tables that it makes itself
    import sqlalchemy as sa
    from mlflow.store.tracking.dbmodels.initial_models import Base
    Base.metadata.create_all(sa.create_engine(url))
config = Config()
place = importlib.util.find_spec(package).submodule_search_locations[0]
config.set_main_option("script_location", place.removesuffix(package) + folder)
config.set_main_option("sqlalchemy.url", url)
"""


def run(engine: str, package: str, url: str, code: str) -> str:
    """Run ``code``, which has ``command`` and ``config``, in a process where ``alembic`` is one engine or the other.

    Returns what it prints.
    """
    root = str(HERE.parents[2])
    argv = [sys.executable, "-W", "ignore", "-c", CONFIGURED + code, engine, package, HISTORIES[package], url, root]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=HERE.parent, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
