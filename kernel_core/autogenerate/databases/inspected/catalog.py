"""Any database, through the bulk methods of SQLAlchemy's Inspector: one question per kind and schema."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Inspector
from sqlalchemy.engine.reflection import ObjectKind

from ..catalog import Catalog, EnumInfo, Key, TableInfo


def read_by_inspector(inspector: Inspector, schemas: Sequence[str | None], wanted: Callable[[Key], bool]) -> Catalog:
    """Return the tables of some schemas; None is the default one."""
    catalog = Catalog(inspector.default_schema_name)
    for schema in schemas:
        _read_schema(inspector, schema, wanted, catalog)
    return catalog


def _read_schema(inspector: Inspector, schema: str | None, wanted: Callable[[Key], bool], catalog: Catalog) -> None:
    everything = inspector.get_table_names(schema=schema)
    names = [name for name in everything if wanted((schema, str(name)))]
    for view in _ask(inspector.get_view_names, schema=schema) or ():
        catalog.views[schema, str(view)] = "view"
    for enum in _ask(getattr(inspector, "get_enums", None), schema=schema) or ():
        key = (schema, str(enum["name"]))
        catalog.enums[key] = EnumInfo(*key, tuple(enum["labels"]))
    if not names:
        return
    question: dict[str, Any] = {"schema": schema, "kind": ObjectKind.TABLE}
    if len(names) < len(everything):
        question["filter_names"] = names
    columns = inspector.get_multi_columns(**question)
    keys = inspector.get_multi_pk_constraint(**question)
    foreign_keys = inspector.get_multi_foreign_keys(**question)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        indexes = inspector.get_multi_indexes(**question)
        uniques = _ask(inspector.get_multi_unique_constraints, **question)
    checks = _ask(inspector.get_multi_check_constraints, **question)
    comments = _ask(inspector.get_multi_table_comment, **question)
    options = _ask(inspector.get_multi_table_options, **question)
    for name in names:
        found = (schema, name)
        info = TableInfo((schema, str(name)), {str(item["name"]): dict(item) for item in columns.get(found, [])})
        info.primary_key = dict(keys.get(found) or {})
        info.foreign_keys = [dict(item) for item in foreign_keys.get(found, [])]
        info.uniques = [dict(item) for item in uniques.get(found) or ()]
        info.indexes = [dict(item) for item in indexes.get(found, [])]
        info.checks = [dict(item) for item in checks.get(found) or ()]
        info.comment = (comments.get(found) or {}).get("text")
        info.options = dict(options.get(found) or {})
        catalog.tables[info.key] = info


def _ask(method: Callable[..., Any] | None, **question: Any) -> Mapping[Any, Any]:
    """Ask what not every dialect can tell; nothing where it cannot."""
    if method is None:
        return {}
    try:
        found: Mapping[Any, Any] = method(**question)
    except NotImplementedError:
        return {}
    return found
