"""The tables of ``models.py`` as plain data.

Reading runs the file: it is the student's own code in their own kernel.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TypedDict

from sqlalchemy import MetaData
from sqlalchemy.dialects import sqlite

from kernel_core.schema import TableDescription, describe

from .schema import Table


class Models(TypedDict):
    """The tables of the models; ``error`` says why they could not be read, "" where they were."""

    tables: dict[str, Table]
    error: str


def metadata_of(folder: str) -> tuple[MetaData | None, str]:
    """Return the MetaData of ``models.py`` and why there is none: ``(None, "SyntaxError: ... (line 3)")``."""
    path = os.path.join(folder, "models.py")
    if not os.path.isfile(path):
        return None, "the folder has no models.py"
    name = f"_mig_lab_models_{abs(hash(os.path.abspath(path)))}"
    module = ModuleType(name)
    module.__file__ = path
    try:
        with open(path, encoding="utf-8") as stream:
            code = compile(stream.read(), path, "exec")
        with _importable(module, folder), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, vars(module))  # noqa: S102 - the student's models, in the student's kernel
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is wrong in it is reported in the result
        line = getattr(error, "lineno", None)
        return None, f"{type(error).__name__}: {error}{f' (line {line})' if line and 'line' not in str(error) else ''}"
    found = _metadata_in(vars(module))
    return found, "" if found is not None else "models.py defines no MetaData and no declarative Base"


def models_of(metadata: MetaData | None, error: str = "") -> Models:
    """Return a MetaData as plain data."""
    if metadata is None:
        return {"tables": {}, "error": error}
    tables = describe(metadata, sqlite.dialect()).tables
    return {"tables": {key: _table(each) for key, each in tables.items()}, "error": error}


@contextmanager
def _importable(module: ModuleType, folder: str) -> Iterator[None]:
    """Let the classes of a module find it, and the module its neighbours."""
    sys.modules[module.__name__] = module
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        del sys.modules[module.__name__]


def _metadata_in(names: dict[str, object]) -> MetaData | None:
    found: list[MetaData] = []
    for value in names.values():
        metadata = value if isinstance(value, MetaData) else getattr(value, "metadata", None)
        if isinstance(metadata, MetaData) and not any(metadata is each for each in found):
            found.append(metadata)
    return max(found, key=lambda each: len(each.tables), default=None)


def _table(table: TableDescription) -> Table:
    kinds = {kind: [each for each in table.constraints if each.kind == kind] for kind in ("primary key", "unique")}
    key = kinds["primary key"][0] if kinds["primary key"] else None
    places = {name: place for place, name in enumerate(key.columns if key else (), 1)}
    return {
        "columns": {
            name: {
                "type": " ".join(each.type.upper().split()),
                "nullable": each.nullable and not each.is_primary,
                "default": each.default or None,
                "primary_key": places.get(name, 0),
                "generated": False,
            }
            for name, each in table.columns.items()
        },
        "primary_key": {"name": key.name if key else "", "columns": list(key.columns if key else ())},
        "foreign_keys": [
            {
                "name": each.name,
                "columns": list(each.columns),
                "table": each.refers_to,
                "referred": list(each.referred_columns),
                "ondelete": each.options.get("ondelete", ""),
                "onupdate": each.options.get("onupdate", ""),
            }
            for each in table.foreign_keys()
        ],
        "unique": [{"name": each.name, "columns": list(each.columns)} for each in kinds["unique"]],
        "checks": [
            {"name": each.name, "condition": each.condition} for each in table.constraints if each.kind == "check"
        ],
        "indexes": [
            {
                "name": each.name,
                "columns": list(each.parts),
                "unique": each.is_unique,
                "where": each.options.get("sqlite_where", ""),
            }
            for each in table.indexes
        ],
    }
