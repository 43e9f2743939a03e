"""Read any database by the bulk methods of SQLAlchemy's Inspector: one query for each kind of object and schema."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Inspector
from sqlalchemy.engine.reflection import ObjectKind

from ..catalog import (
    Arguments,
    Catalog,
    CheckInfo,
    ColumnInfo,
    EnumInfo,
    ForeignKeyInfo,
    IndexInfo,
    Key,
    Options,
    PrimaryKeyInfo,
    TableInfo,
    UniqueInfo,
)


def read_by_inspector(
    inspector: Inspector, schemas: Sequence[str | None], is_included: Callable[[Key], bool]
) -> Catalog:
    """Return the tables of some schemas; None is the default one."""
    catalog = Catalog(inspector.default_schema_name)
    for schema in schemas:
        _read_schema(inspector, schema, is_included, catalog)
    return catalog


def _read_schema(
    inspector: Inspector, schema: str | None, is_included: Callable[[Key], bool], catalog: Catalog
) -> None:
    everything = inspector.get_table_names(schema=schema)
    names = [name for name in everything if is_included((schema, str(name)))]
    for view in _read(inspector.get_view_names, schema=schema) or ():
        catalog.views[schema, str(view)] = "view"
    for enum in _read(getattr(inspector, "get_enums", None), schema=schema) or ():
        key = (schema, str(enum["name"]))
        catalog.enums[key] = EnumInfo(*key, tuple(enum["labels"]))
    if not names:
        return
    arguments: Arguments = {"schema": schema, "kind": ObjectKind.TABLE}
    if len(names) < len(everything):
        arguments["filter_names"] = names
    columns = inspector.get_multi_columns(**arguments)
    keys = inspector.get_multi_pk_constraint(**arguments)
    foreign_keys = inspector.get_multi_foreign_keys(**arguments)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        indexes = inspector.get_multi_indexes(**arguments)
        uniques = _read(inspector.get_multi_unique_constraints, **arguments)
    checks = _read(inspector.get_multi_check_constraints, **arguments)
    comments = _read(inspector.get_multi_table_comment, **arguments)
    options = _read(inspector.get_multi_table_options, **arguments)
    for name in names:
        key = (schema, name)
        info = TableInfo((schema, str(name)), _columns(columns.get(key, ())))
        info.primary_key = PrimaryKeyInfo.from_row(keys.get(key) or {})
        info.foreign_keys = [ForeignKeyInfo.from_row(row) for row in foreign_keys.get(key, ())]
        info.uniques = [UniqueInfo.from_row(row) for row in uniques.get(key) or ()]
        info.indexes = [IndexInfo.from_row(row) for row in indexes.get(key, ())]
        info.checks = [CheckInfo.from_row(row) for row in checks.get(key) or ()]
        info.comment = (comments.get(key) or {}).get("text")
        info.options = dict(options.get(key) or {})
        catalog.tables[info.key] = info


def _columns(rows: Iterable[Options]) -> dict[str, ColumnInfo]:
    return {str(row["name"]): ColumnInfo.from_row(row) for row in rows}


def _read(method: Callable[..., Any] | None, **arguments: Any) -> Mapping[Any, Any]:
    """Call a method that not every dialect implements; return nothing where it does not."""
    if method is None:
        return {}
    try:
        rows: Mapping[Any, Any] = method(**arguments)
    except NotImplementedError:
        return {}
    return rows
