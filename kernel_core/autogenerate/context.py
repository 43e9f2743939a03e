"""The context of one autogenerate run: metadata, database, options and hooks."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import MetaData, Table, inspect
from sqlalchemy.engine import Connection, Dialect, Inspector
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.schema import SchemaItem

from ..ddl.impl import DefaultImpl
from ..operations.operation import Code
from ..runtime.migration import MigrationContext
from ..util.exc import CommandError, InvalidValue
from ..util.sqla_compat import sorted_tables
from .databases import DatabaseRules, rules_of
from .registry import Comparisons, comparisons_of

NameKind = Literal[
    "schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint", "check_constraint"
]

OMITTED = Code("")
"""The source of an object that ``render_item`` leaves out."""

RENDER_DEFAULTS: Mapping[str, object] = {
    "sqlalchemy_module_prefix": "sa.",
    "alembic_module_prefix": "op.",
    "user_module_prefix": None,
    "render_as_batch": False,
    "render_item": None,
}


class AutogenContext:
    """The context of one run, passed to comparators, renderers and hooks.

    ``metadata`` is the target, one MetaData or several; ``imports`` collects the import lines of the version file;
    ``opts`` are those of ``context.configure()``.

    A context without a connection can only render. Raises CommandError where there is a connection and no metadata, and
    in offline mode.
    """

    metadata: MetaData | Sequence[MetaData] | None
    connection: Connection | None
    dialect: Dialect
    imports: set[str]

    def __init__(
        self,
        migration_context: MigrationContext | None,
        metadata: MetaData | Sequence[MetaData] | None = None,
        opts: Mapping[str, Any] | None = None,
        autogenerate: bool = True,
    ) -> None:
        given = dict(getattr(migration_context, "opts", None) or {}) if opts is None else dict(opts)
        stated = {name: value for name, value in given.items() if value is not None}
        self.opts: dict[str, Any] = {**RENDER_DEFAULTS, **stated}
        self.migration_context = migration_context
        self.metadata = given.get("target_metadata") if metadata is None else metadata
        self.connection = getattr(migration_context, "connection", None)
        self.dialect = getattr(migration_context, "dialect", None) or DefaultDialect()
        self.imports = set()
        self.batch_table: str | None = None
        self.type_sources: dict[object, str] = {}
        self.warnings: list[str] = []
        """The differences that no operation removes, in sentences; see `warn`."""
        if autogenerate:
            self._check()

    def _check(self) -> None:
        if self.metadata is None and self.connection is not None:
            raise CommandError(
                "Autogenerate has no models to compare with: target_metadata is None. "
                "Set target_metadata in env.py to the MetaData of your models."
            )
        if getattr(self.migration_context, "as_sql", False):
            raise CommandError("Autogenerate needs a database connection; it cannot run in offline (--sql) mode.")

    def warn(self, message: str) -> None:
        """Warn of a difference that no operation removes, and keep the message in ``warnings``."""
        self.warnings.append(message)
        warnings.warn(message, stacklevel=3)

    @property
    def impl(self) -> DefaultImpl | None:
        """The dialect's DefaultImpl; None in a context that only renders."""
        return getattr(self.migration_context, "impl", None)

    @cached_property
    def inspector(self) -> Inspector:
        """SQLAlchemy's Inspector on the connection."""
        if self.connection is None:
            raise CommandError("Autogenerate needs a database connection to compare with; this context has none.")
        inspector: Inspector = inspect(self.connection)
        return inspector

    @cached_property
    def rules(self) -> DatabaseRules:
        """What differs from database to database in a comparison."""
        return rules_of(self.dialect)

    @cached_property
    def comparisons(self) -> Comparisons:
        """The comparisons that ``autogenerate_plugins`` chooses."""
        return comparisons_of(self.opts.get("autogenerate_plugins"), self.dialect.name)

    @cached_property
    def metadatas(self) -> tuple[MetaData, ...]:
        """The target as a tuple, even if it is one MetaData."""
        if self.metadata is None:
            return ()
        return (self.metadata,) if isinstance(self.metadata, MetaData) else tuple(self.metadata)

    @cached_property
    def sorted_tables(self) -> list[Table]:
        """All tables of the target, referenced tables before those that refer to them."""
        ours = set(self.tables)
        return [
            table
            for metadata in self.metadatas
            for table, _ in sorted_tables(metadata.tables.values())
            if table is not None and table in ours
        ]

    @cached_property
    def tables(self) -> list[Table]:
        """All tables of the target; raises CommandError where two have one name."""
        tables = [table for metadata in self.metadatas for table in metadata.tables.values()]
        counted = Counter(table.key for table in tables)
        twice = ", ".join(sorted(key for key, count in counted.items() if count > 1))
        if twice:
            raise InvalidValue(f"Table {twice} is in more than one MetaData of target_metadata. Keep one.")
        return tables

    @cached_property
    def table_key_to_table(self) -> dict[str, Table]:
        """All tables of the target by ``schema.name``."""
        return {table.key: table for table in self.tables}

    @cached_property
    def _name_filters(self) -> tuple[Callable[..., bool], ...]:
        hook = self.opts.get("include_name")
        return (hook,) if hook is not None else ()

    @cached_property
    def _object_filters(self) -> tuple[Callable[..., bool], ...]:
        hook = self.opts.get("include_object")
        return (hook,) if hook is not None else ()

    @property
    def filters_names(self) -> bool:
        """Whether there is an ``include_name`` hook."""
        return bool(self._name_filters)

    @property
    def filters_objects(self) -> bool:
        """Whether there is an ``include_object`` hook."""
        return bool(self._object_filters)

    def run_name_filters(self, name: str | None, type_: NameKind, parent_names: Mapping[str, str | None]) -> bool:
        """Return whether ``include_name`` includes a name of the database.

        The hook is passed the ``schema_qualified_table_name`` too.
        """
        if not self._name_filters:
            return True
        parents = dict(parent_names)
        table = name if type_ == "table" else parents.get("table_name")
        if table:
            schema = parents.get("schema_name")
            parents["schema_qualified_table_name"] = f"{schema}.{table}" if schema else table
        return all(hook(name, type_, parents) for hook in self._name_filters)

    def run_object_filters(
        self, object_: SchemaItem, name: str | None, type_: NameKind, reflected: bool, compare_to: SchemaItem | None
    ) -> bool:
        """Return whether ``include_object`` includes an object; ``compare_to`` is its counterpart, if any."""
        filters = self._object_filters
        return not filters or all(hook(object_, name, type_, reflected, compare_to) for hook in filters)

    run_filters = run_object_filters
    """The older name of `run_object_filters`."""

    @property
    def has_render_hook(self) -> bool:
        """Whether there is a hook ``render_item``."""
        return self.opts.get("render_item") is not None

    def render_by_hook(self, type_: str, object_: object) -> str | Literal[False]:
        """Return the source that ``render_item`` gives for an object.

        False means that it is to be rendered by default, `OMITTED` (the hook returned None) that it is not rendered.
        """
        hook = self.opts.get("render_item")
        if hook is None:
            return False
        rendered = hook(type_, object_, self)
        if rendered is None:
            return False if type_ in ("type", "server_default") else OMITTED
        return False if rendered is False else str(rendered)


def names(items: Iterable[Any]) -> list[str]:
    """Return the names of columns or other objects as str."""
    return [str(item.name) for item in items]
