"""The JSON form of schema items: columns, their defaults, constraints, indexes, sequences and tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Index, MetaData, Table
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.schema import (
    CheckConstraint,
    Column,
    ColumnDefault,
    Computed,
    Constraint,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    PrimaryKeyConstraint,
    SchemaItem,
    Sequence,
    UniqueConstraint,
)
from sqlalchemy.sql.elements import ClauseElement, ColumnClause, ColumnElement, TextClause
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import NULLTYPE, TypeEngine

from ...util.exc import InvalidJson, NotAsJson
from ...util.sqla_compat import (
    AnyColumn,
    column_arguments,
    copy_column,
    default_argument,
    dialect_options,
    excluded,
    is_exclude_constraint,
    is_type_bound,
    new_exclude_constraint,
    referent,
    referred_parts,
    table_prefixes,
)
from .codec import KIND, Json, JsonObject, as_boolean, encode, register_value
from .sql_text import index_element

Options = dict[str, Any]
"""Keyword arguments of a constructor of SQLAlchemy."""
_SEQUENCE = ("start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue", "cycle", "cache", "data_type")
_TIMING = ("deferrable", "initially")
_KEY = ("onupdate", "ondelete", *_TIMING, "match")
_FLAGS = frozenset({"deferrable", "cycle", "nominvalue", "nomaxvalue"})


def _given(item: object, names: tuple[str, ...]) -> dict[str, Json]:
    """Return the attributes that are set, in JSON form."""
    found = {name: value for name in names if (value := getattr(item, name, None)) is not None}
    return {name: encode(as_boolean(value) if name in _FLAGS else value) for name, value in found.items()}


def _options(item: Table | AnyColumn | Constraint | Index | ForeignKey) -> dict[str, Json]:
    """Return the dialects' options of an item as the member ``options``; nothing if there are none."""
    options = {name: encode(value) for name, value in dialect_options(item) if value is not None}
    return {"options": options} if options else {}


def _name(item: Constraint | Index | ForeignKey) -> dict[str, Json]:
    return {"name": encode(item.name)} if isinstance(item.name, str) else {}


def _column(column: AnyColumn) -> dict[str, Json]:
    """Encode a column; ``default`` only if it is a value or a sequence, because a function is Python code."""
    own = copy_column(column)
    members: dict[str, Json] = {"name": encode(own.name), "type": encode(own.type)}
    if own.key != own.name:
        members["key"] = own.key
    members |= {"nullable": False} if not own.nullable else {}
    members |= {name: True for name in ("primary_key", "index", "unique", "system") if getattr(own, name)}
    if own.primary_key and own.nullable:
        members["nullable"] = True
    if own.autoincrement != "auto":
        members["autoincrement"] = encode(own.autoincrement)
    if own.server_default is not None:
        members["server_default"] = encode(default_argument(own.server_default))
    if isinstance(own.default, Sequence):
        members["default"] = encode(own.default)
    elif isinstance(own.default, ColumnDefault) and own.default.is_scalar:
        members["default"] = {"$": "value", "value": encode(own.default.arg)}
    members |= {"comment": own.comment} if own.comment is not None else {}
    checks = [encode(each) for each in own.constraints if not is_type_bound(each)]
    keys = [encode(each) for each in own.foreign_keys]
    members |= {"checks": checks} if checks else {}
    members |= {"foreign_keys": sorted(keys, key=repr)} if keys else {}
    return members | _options(own)


_COLUMN = (
    *("name", "type", "key", "nullable", "primary_key", "index", "unique", "system", "autoincrement"),
    *("server_default", "default", "comment", "checks", "foreign_keys", "options"),
)


def _read_column(json: JsonObject) -> AnyColumn:
    json.only(*_COLUMN)
    flags = ("nullable", "primary_key", "index", "unique", "system")
    options: Options = {name: json.need(name, bool) for name in flags if name in json}
    if "autoincrement" in json:
        options["autoincrement"] = json.get("autoincrement")
        if options["autoincrement"] not in (True, False, "auto", "ignore_fk"):
            raise InvalidJson("'autoincrement' must be true, false or 'ignore_fk'")
    items: list[Any] = list(_several(json, "checks", CheckConstraint))
    items += _several(json, "foreign_keys", ForeignKey)
    if "server_default" in json:
        default = json.get("server_default")
        if not isinstance(default, (str, ClauseElement, FetchedValue)):
            raise InvalidJson("'server_default' must be a text, SQL, computed, identity or sequence")
        options |= {} if isinstance(default, (Computed, Identity)) else {"server_default": default}
        items += [default] if isinstance(default, (Computed, Identity)) else []
    options |= {name: json.need(name, str) for name in ("key", "comment") if name in json}
    if "default" in json:
        options["default"] = json.get("default")
    column: AnyColumn = Column(
        json.need("name", str), json.need("type", TypeEngine), *items, **options, **_read_options(json)
    )
    return column


def _several(json: JsonObject, name: str, kind: type) -> list[Any]:
    items = json.need(name, list) if name in json else []
    if not all(isinstance(each, kind) for each in items):
        raise InvalidJson(f"{name!r} has an item that is not a {kind.__name__}")
    return items


def _read_options(json: JsonObject) -> Options:
    return json.need("options", dict) if "options" in json else {}


def _foreign_key(key: ForeignKey) -> dict[str, Json]:
    schema, table, column = referred_parts(key)
    members: dict[str, Json] = {"table": table, "column": column}
    members |= {"schema": schema} if schema else {}
    members |= {"use_alter": True} if key.use_alter else {}
    return _name(key) | members | _given(key, _KEY) | _options(key)


def _read_foreign_key(json: JsonObject) -> ForeignKey:
    json.only("name", "schema", "table", "column", "use_alter", "options", *_KEY)
    target = _target(json.get("schema"), json.need("table", str), [json.need("column", str)])[0]
    options = {name: json.get(name) for name in ("name", "use_alter", *_KEY) if name in json}
    return ForeignKey(target, **options, **_read_options(json))


def _target(schema: str | None, table: str, columns: list[str]) -> list[str] | list[AnyColumn]:
    """Return ``table.column`` for each column; Column objects where a dot in a name would be read as a separator."""
    if not all(isinstance(each, str) for each in (schema or "", table, *columns)):
        raise InvalidJson("the names of a referred table, schema and columns must be texts")
    if not any("." in each for each in (schema or "", table, *columns)):
        return [f"{schema}.{table}.{each}" if schema else f"{table}.{each}" for each in columns]
    columns_of_target = [Column(each, NULLTYPE) for each in dict.fromkeys(columns)]
    target = Table(table, MetaData(), *columns_of_target, schema=schema)
    return [target.c[each] for each in columns]


def _constraint(constraint: Constraint) -> dict[str, Json]:
    kind = next((name for name, cls in _CONSTRAINTS.items() if isinstance(constraint, cls)), None)
    kind = "exclude" if is_exclude_constraint(constraint) else kind
    if kind is None:
        raise NotAsJson(constraint)
    members: dict[str, Json] = {"constraint": kind, **_name(constraint)}
    if isinstance(constraint, ForeignKeyConstraint):
        schema, table, columns = referent(constraint)
        members |= {"columns": encode(column_arguments(constraint)), "table": table, "referred": encode(columns)}
        members |= {"schema": schema} if schema else {}
        members |= {"use_alter": True} if constraint.use_alter else {}
        return members | _given(constraint, _KEY) | _options(constraint)
    if isinstance(constraint, CheckConstraint):
        members["condition"] = encode(constraint.sqltext)
    elif is_exclude_constraint(constraint):
        elements = [[_element(each), operator] for each, operator in excluded(constraint)]
        members |= {"elements": encode(elements), **_given(constraint, ("where", "using"))}
        members |= {"ops": encode(dict(constraint.ops))} if constraint.ops else {}
    else:
        members["columns"] = encode([str(each) for each in column_arguments(constraint)])
    return members | _given(constraint, _TIMING) | _options(constraint)


_CONSTRAINTS: dict[str, type[Constraint]] = {
    "primary_key": PrimaryKeyConstraint,
    "unique": UniqueConstraint,
    "foreign_key": ForeignKeyConstraint,
    "check": CheckConstraint,
}


def _element(expression: object) -> object:
    """Return a column as its key, other SQL grouped as an index needs it."""
    return expression.key if isinstance(expression, Column) else grouped(expression)


def grouped(expression: object) -> object:
    """Return an element of an index with the parentheses that it needs, a name or a text unchanged."""
    is_text = isinstance(expression, (str, TextClause))
    return index_element(expression) if isinstance(expression, ColumnElement) and not is_text else expression


def _read_constraint(json: JsonObject) -> Constraint:
    kind = json.need("constraint", str)
    if kind not in (*_CONSTRAINTS, "exclude"):
        raise InvalidJson(f"{kind!r} is not a constraint. Known are: {', '.join((*_CONSTRAINTS, 'exclude'))}")
    read: Callable[[JsonObject, Options], Constraint] = {
        "foreign_key": _read_foreign_key_constraint,
        "check": _read_check,
        "exclude": _read_exclude,
    }.get(kind, _read_over_columns)
    return read(json, {name: json.get(name) for name in ("name", *_TIMING) if name in json} | _read_options(json))


def _read_over_columns(json: JsonObject, options: Options) -> Constraint:
    columns = _several(json.only("constraint", "name", "columns", "options", *_TIMING), "columns", str)
    is_key = json.need("constraint", str) == "primary_key"
    return PrimaryKeyConstraint(*columns, **options) if is_key else UniqueConstraint(*columns, **options)


def _read_check(json: JsonObject, options: Options) -> Constraint:
    json.only("constraint", "name", "condition", "options", *_TIMING)
    return CheckConstraint(_need_sql(json, "condition"), **options)


def _need_sql(json: JsonObject, name: str) -> str | TextClause:
    sql = json.get(name)
    if not isinstance(sql, (str, TextClause)):
        raise InvalidJson(f"{name!r} must be SQL")
    return sql


def _read_exclude(json: JsonObject, options: Options) -> Constraint:
    given = ("elements", "where", "using", "ops")
    json.only("constraint", "name", "options", *given, *_TIMING)
    elements = _several(json, "elements", list)
    if not all(len(each) == 2 for each in elements):
        raise InvalidJson("'elements' must be pairs of a column or SQL and an operator")
    pairs: list[Any] = [tuple(each) for each in elements]
    return new_exclude_constraint(*pairs, **{name: json.get(name) for name in given[1:] if name in json}, **options)


def _read_foreign_key_constraint(json: JsonObject, options: Options) -> Constraint:
    own = ("columns", "table", "referred", "schema", "use_alter", *_KEY)
    json.only("constraint", "name", "options", *own)
    columns, referred = _several(json, "columns", str), _several(json, "referred", str)
    if len(columns) != len(referred) or not columns:
        raise InvalidJson("'columns' and 'referred' must have as many names")
    target = _target(json.get("schema"), json.need("table", str), referred)
    more = {name: json.get(name) for name in ("use_alter", *_KEY) if name in json}
    return ForeignKeyConstraint(columns, target, **more, **options)


def _index(index: Index) -> dict[str, Json]:
    columns = [encode(_element(each)) for each in column_arguments(index)]
    return {**_name(index), "columns": columns, **({"unique": True} if index.unique else {}), **_options(index)}


def _read_index(json: JsonObject) -> Index:
    json.only("name", "columns", "unique", "options")
    columns = json.need("columns", list)
    if not all(isinstance(each, (str, ClauseElement)) for each in columns):
        raise InvalidJson("'columns' must be names or SQL")
    return Index(
        json.get("name"), *columns, unique="unique" in json and json.need("unique", bool), **_read_options(json)
    )


def _computed(computed: Computed) -> dict[str, Json]:
    members: dict[str, Json] = {"expression": encode(computed.sqltext)}
    return members | ({} if computed.persisted is None else {"persisted": encode(as_boolean(computed.persisted))})


def _read_computed(json: JsonObject) -> Computed:
    expression: Any = _need_sql(json.only("expression", "persisted"), "expression")
    return Computed(expression, persisted=json.get("persisted"))


def _identity(identity: Identity) -> dict[str, Json]:
    members = _given(identity, _SEQUENCE[:-1]) | ({"always": True} if identity.always else {})
    of_dialects = getattr(identity, "dialect_kwargs", None)
    if of_dialects is None:  # SQLAlchemy 2.0
        return members | _given(identity, ("on_null", "order"))
    return members | {name: encode(value) for name, value in of_dialects.items() if value is not None}


def _sequence(sequence: Sequence) -> dict[str, Json]:
    members: dict[str, Json] = {"name": encode(sequence.name)}
    return members | _given(sequence, ("schema", *_SEQUENCE, "order", "optional"))


def _made(cls: Callable[..., Any]) -> Callable[[JsonObject], object]:
    """Return a function that calls the constructor with all members of an object."""
    return lambda json: cls(**{name: json.get(name) for name in sorted(json.names())})


def _table_of_rows(table: TableClause) -> dict[str, Json]:
    columns = [[str(each.name), each.type] for each in table.c]
    return {"name": encode(table.name), **_given(table, ("schema",)), "columns": encode(columns)}


def _read_table_of_rows(json: JsonObject) -> TableClause:
    given = _several(json.only("name", "schema", "columns"), "columns", list)
    if not all(list(map(type, each))[:1] == [str] and isinstance(each[-1], TypeEngine) for each in given):
        raise InvalidJson("'columns' must be pairs of a name and a type")
    columns: list[ColumnClause[Any]] = [sql_column(*each) for each in given]
    return sql_table(json.need("name", str), *columns, schema=json.get("schema"))


def _table(table: Table) -> dict[str, Json]:
    constraints = [each for each in table.constraints if not is_type_bound(each) and _is_defined(each)]
    ordered = sorted(constraints, key=lambda each: (type(each).__name__, str(each.name), repr(column_arguments(each))))
    # Constraints and indexes are items of their own, so that the columns need no flags for them.
    columns = [{k: v for k, v in _column(each).items() if k not in ("index", "unique")} for each in table.columns]
    items: list[Json] = [{KIND: "column", **each} for each in columns]
    items += [encode(each) for each in (*ordered, *sorted(table.indexes, key=lambda each: str(each.name)))]
    members: dict[str, Json] = {"name": encode(table.name), "items": items}
    members |= {"prefixes": encode(table_prefixes(table))} if table_prefixes(table) else {}
    return members | _given(table, ("schema", "comment")) | _options(table)


def _is_defined(constraint: Constraint) -> bool:
    """Return whether a constraint is created: a primary key without columns is not."""
    return not isinstance(constraint, PrimaryKeyConstraint) or bool(column_arguments(constraint))


def _read_table(json: JsonObject) -> Table:
    json.only("name", "items", "prefixes", "schema", "comment", "options")
    given = {name: json.get(name) for name in ("prefixes", "schema", "comment") if name in json}
    items = _several(json, "items", SchemaItem)
    return Table(json.need("name", str), MetaData(), *items, **given, **_read_options(json))


register_value("foreign key", ForeignKey, _foreign_key, _read_foreign_key)
register_value("table of rows", TableClause, _table_of_rows, _read_table_of_rows)
register_value("table", Table, _table, _read_table)
register_value("column", Column, _column, _read_column)
register_value("constraint", Constraint, _constraint, _read_constraint)
register_value("index", Index, _index, _read_index)
register_value("sequence", Sequence, _sequence, _made(Sequence))
register_value("server default", FetchedValue, lambda _: {}, lambda json: json.only() and FetchedValue())
register_value("computed", Computed, _computed, _read_computed)
register_value("identity", Identity, _identity, _made(Identity))
register_value("value", (), lambda _: {}, lambda json: json.only("value").get("value"))
