"""That nothing differed the last time: comparing again when neither side changed costs one question and one look.

It is remembered for SQLite only, whose ``PRAGMA schema_version`` and file tell whether the schema may have changed, and
for comparisons that ask no one else. One comparison is remembered for each engine.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.schema import MetaData, Table

from ...ddl.overrides import is_overridden, is_third_party
from ..context import AutogenContext
from .modelstate import ModelState
from .sameness import TYPE_HOOKS

_OPTIONS = ("compare_type", "compare_server_default", "version_table", "version_table_schema", "renames")
_HOOKS = (
    *TYPE_HOOKS,
    "compare_server_default",
    "compare_indexes",
    "compare_unique_constraint",
    "compare_check_constraint",
    "adjust_reflected_dialect_options",
    "identity_attrs_ignore",
    "correct_for_autogen_constraints",
    "correct_for_autogen_foreignkeys",
)


@dataclass(frozen=True, slots=True)
class _Remembered:
    database: tuple[Any, ...]
    options: tuple[Any, ...]
    metadatas: tuple[MetaData, ...]
    models: ModelState


_remembered: WeakKeyDictionary[Engine, _Remembered] = WeakKeyDictionary()


def forget(engine: Engine) -> None:
    """Compare the next time as if it were the first."""
    _remembered.pop(engine, None)


class Memory:
    """What is known of the last comparison of this database; ``sure`` is False where nothing is to be remembered."""

    def __init__(self, context: AutogenContext) -> None:
        self._context = context
        self._database: tuple[Any, ...] | None = None
        connection = context.connection
        if connection is not None and _is_on_its_own(context):
            self._database = _state_of(connection)
        self._options = (*(context.opts.get(name) for name in _OPTIONS), context.comparisons.names)

    def says_nothing_differs(self) -> bool:
        """Tell whether the last comparison found nothing, and neither side has changed since."""
        if self._database is None or self._context.connection is None:
            return False
        last = _remembered.get(self._context.connection.engine)
        return (
            last is not None
            and (last.database, last.options) == (self._database, self._options)
            and len(last.metadatas) == len(self._context.metadatas)
            and all(one is two for one, two in zip(last.metadatas, self._context.metadatas, strict=True))
            and last.models.is_still(self._context.metadatas)
        )

    def keep(self, nothing_differs: bool) -> None:
        """Remember that nothing differed; where something did, nothing is remembered."""
        if self._context.connection is None:
            return
        engine = self._context.connection.engine
        state = ModelState.of(self._context.metadatas) if nothing_differs and self._database is not None else None
        if state is None or self._database is None:
            forget(engine)
        else:
            _remembered[engine] = _Remembered(self._database, self._options, self._context.metadatas, state)


def _is_on_its_own(context: AutogenContext) -> bool:
    """Tell whether the outcome depends on nothing but the schema, the models and the options."""
    opts, impl = context.opts, context.impl
    return not (
        context.dialect.name != "sqlite"
        or opts.get("include_schemas")
        or context.filters_names
        or context.filters_objects
        or any(callable(opts.get(name)) for name in _OPTIONS)
        or context.comparisons.hears_strangers()
        or is_overridden(impl, "autogen_column_reflect")
        or any(is_third_party(impl, hook) for hook in _HOOKS)
        or Table("heard", MetaData()).dispatch.column_reflect
    )


def _state_of(connection: Connection) -> tuple[Any, ...] | None:
    """Return what changes with the schema: the file and the counter that each DDL moves on.

    None where that is not sure: inside a transaction, which may be rolled back and its count be given again, and where
    the file was written so shortly ago that another writing could bear the same time.
    """
    driver: Any = connection.connection.driver_connection
    if getattr(driver, "in_transaction", True):
        return None
    row = connection.exec_driver_sql(
        "SELECT file, (SELECT schema_version FROM pragma_schema_version) FROM pragma_database_list WHERE name = 'main'"
    ).one()
    file, version = row
    if not file:
        return (driver, version)
    try:
        found = os.stat(file)
    except OSError:
        return None
    age, is_coarse = time.time_ns() - found.st_mtime_ns, found.st_mtime_ns % 1_000_000_000 == 0
    if age < (2_500_000_000 if is_coarse else 100_000_000):
        return None
    return (file, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, version)
