"""Histories that others have published, run by Alembic and by us: the databases are the same in the end.

They come with the packages of the extra ``histories``: MLflow (some 70 revisions, many of them batches) and Optuna.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from .published import HISTORIES, run

pytestmark = pytest.mark.peer
pytest.importorskip("alembic", reason="the yardstick is not installed (extra peer)")

UPGRADE = """
command.upgrade(config, "head")
assert ("kernel_core" in sys.modules) == (engine == "kernel_core")
"""


def upgrade(engine: str, package: str, url: str) -> None:
    """Run the whole history, in a separate process where ``alembic`` is one engine or the other."""
    run(engine, package, url, UPGRADE)


def contents(url: str) -> dict[str, Any]:
    """Return all that SQLAlchemy's inspector reads from a database, and the rows of its version table."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    inspector = sa.inspect(engine)
    found: dict[str, Any] = {}
    for table in sorted(inspector.get_table_names()):
        columns = [{**column, "type": str(column["type"])} for column in inspector.get_columns(table)]
        kinds = {
            kind: sorted(map(repr, getattr(inspector, f"get_{kind}")(table)))
            for kind in ("foreign_keys", "unique_constraints", "indexes", "check_constraints")
        }
        found[table] = {"columns": columns, "key": inspector.get_pk_constraint(table), **kinds}
    with engine.connect() as connection:
        found["standing at"] = connection.exec_driver_sql("SELECT version_num FROM alembic_version").all()
    return found


@pytest.mark.sweep
@pytest.mark.parametrize("package", HISTORIES)
def test_on_sqlite(package: str, tmp_path: Path) -> None:
    pytest.importorskip(package, reason="its history is not installed (extra histories)")
    urls = {engine: f"sqlite:///{tmp_path / engine}.db" for engine in ("alembic", "kernel_core")}
    for engine, url in urls.items():
        upgrade(engine, package, url)
    theirs, ours = map(contents, urls.values())
    assert len(theirs) > 5
    assert ours == theirs


@pytest.mark.sweep
@pytest.mark.parametrize("package", HISTORIES)
def test_on_postgresql(package: str, postgresql_url: str) -> None:
    pytest.importorskip(package, reason="its history is not installed (extra histories)")
    upgrade("alembic", package, postgresql_url)
    theirs = contents(postgresql_url)
    engine = sa.create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    upgrade("kernel_core", package, postgresql_url)
    assert len(theirs) > 5
    assert contents(postgresql_url) == theirs
