"""Histories that others have published: in installed packages, and in wheels that the test downloads and unpacks."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Published:
    """A history: its package and folder, how many revisions run, and of how many everything is known.

    ``databases`` are those that it supports, and ``complete`` the numbers for each of them. ``wheel`` is what is
    downloaded, with the other wheels that its version files import; without one the package is installed. ``start`` is
    the import path of the MetaData of the tables that exist before it.
    """

    package: str
    folder: str
    revisions: int
    complete: tuple[tuple[str, int], ...]
    convention: tuple[tuple[str, str], ...] = ()
    wheel: str = ""
    imports: tuple[str, ...] = ()
    start: str = ""


PHOENIX = (
    ("ix", "ix_%(table_name)s_%(column_0_N_name)s"),
    ("uq", "uq_%(table_name)s_%(column_0_N_name)s"),
    ("ck", "ck_%(table_name)s_`%(constraint_name)s`"),
    ("fk", "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"),
    ("pk", "pk_%(table_name)s"),
)
"""The naming convention of its models, without which the names in its version files are not known."""


def both(sqlite: int, postgresql: int) -> tuple[tuple[str, int], ...]:
    """Return the numbers of revisions of which everything is known."""
    return (("sqlite", sqlite), ("postgresql", postgresql))


MLFLOW_START = "mlflow.store.tracking.dbmodels.initial_models:Base.metadata"
DAGSTER = ("dagster-shared==1.13.29", "dagster-pipes==1.13.29", "toposort", "coloredlogs", "humanfriendly")

HISTORIES = (
    Published("aim", "storage/migrations", 6, both(6, 6)),
    Published("aim", "web/migrations", 5, (("sqlite", 5),)),  # on PostgreSQL its DROP TABLE fails
    Published("mlflow", "server/auth/db/migrations", 7, both(5, 3)),
    Published("mlflow", "store/db_migrations", 20, both(1, 1), start=MLFLOW_START),
    Published("optuna", "storages/_rdb/alembic", 8, both(2, 2)),
    Published("phoenix", "db/migrations", 30, both(6, 6), convention=PHOENIX),
    Published("mage_ai", "orchestration/db/migrations", 40, both(40, 40), wheel="mage-ai==0.9.80"),
    Published(
        "conda_store_server", "_internal/alembic", 4, both(4, 14), wheel="conda-store-server==2025.2.2"
    ),  # on SQLite its fifth revision changes a table that it never creates
    Published(
        "dagster", "_core/storage/alembic", 9, both(19, 9), wheel="dagster==1.13.29", imports=DAGSTER
    ),  # up to a revision that needs a running instance
    Published(
        "meltano", "migrations", 16, both(2, 2), wheel="meltano==4.4.1", imports=("dateparser", "tzlocal", "structlog")
    ),
)


def cache_of(config: pytest.Config, otherwise: Path) -> Path:
    """Return the folder in which wheels are kept between runs of pytest; ``otherwise`` where it keeps nothing."""
    cache = getattr(config, "cache", None)
    return otherwise if cache is None else Path(str(cache.mkdir("published")))


def folder_of(published: Published, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the script location of a history; it is downloaded once into ``cache``, and skipped without a network."""
    if published.wheel:
        place = cache / published.wheel
        if not place.is_dir():
            _download(published, place)
        monkeypatch.syspath_prepend(str(place))
        return place / published.package / published.folder
    found = importlib.util.find_spec(published.package)
    if found is None or not found.submodule_search_locations:
        pytest.skip("its history is not installed (extra histories)")
    return Path(found.submodule_search_locations[0], published.folder)


def _download(published: Published, place: Path) -> None:
    wheels = place.with_name(f".{place.name}.wheels")
    wheels.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(wheels)]
    done = subprocess.run([*command, published.wheel, *published.imports], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{published.wheel} cannot be downloaded: {done.stderr.strip()[-200:]}")
    unpacked = place.with_name(f".{place.name}.part")
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked)
    unpacked.rename(place)
