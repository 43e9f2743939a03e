"""The state of a student's folder: tables, rows, current revisions and revisions on disk, as plain data."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import cast

from sqlalchemy import MetaData

from ..sealed import Json


@dataclass(frozen=True, slots=True)
class State:
    """``tables`` has the columns of each table by name, ``rows`` the number of its rows."""

    tables: dict[str, Json]
    rows: dict[str, int]
    version: list[str]
    revisions: list[str]
    models: list[str]

    @classmethod
    def read(cls, folder: str, metadata: MetaData | None = None) -> State:
        """Return the state of a folder; ``metadata`` are the student's models."""
        tables: dict[str, Json] = {}
        rows: dict[str, int] = {}
        version: list[str] = []
        path = os.path.join(folder, "flights.db")
        if os.path.isfile(path):
            with closing(sqlite3.connect(path)) as connection:
                names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                for (name,) in names:
                    if name == "alembic_version":
                        version = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
                        continue
                    columns = connection.execute(f"PRAGMA table_info('{name}')").fetchall()
                    tables[name] = {str(column[1]): str(column[2]) for column in columns}
                    rows[name] = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        versions = os.path.join(folder, "migrations", "versions")
        found = sorted(os.listdir(versions)) if os.path.isdir(versions) else []
        revisions = [name for name in found if name.endswith(".py")]
        return cls(tables, rows, sorted(version), revisions, sorted(metadata.tables) if metadata is not None else [])

    def to_json(self) -> dict[str, Json]:
        """Return the state as JSON, without rows."""
        return {
            "tables": cast("Json", self.tables),
            "rows": cast("Json", self.rows),
            "version": cast("Json", self.version),
            "revisions": cast("Json", self.revisions),
            "models": cast("Json", self.models),
        }
