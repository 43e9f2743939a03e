"""Builds the JSON Schema of operations: arguments from the constructors, the kinds of values as written here.

``python tests/kernel_core/operations/json_schema.py`` writes the file in the package.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union

from sqlalchemy import Column, Table
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import TypeEngine

import kernel_core.operations
from kernel_core.operations.batch import BatchOptions
from kernel_core.operations.json_form.arguments import parameters
from kernel_core.operations.kinds.column.type_conversion import Conversion
from kernel_core.operations.operation import JSON_VERSION, MigrateOperation
from kernel_core.operations.registry import json_classes

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
ANY: Schema = {"$ref": "#/$defs/value"}
NAMES: Schema = {"type": "array", "items": {"$ref": "#/$defs/name"}}
BY_DIALECT: Schema = {
    "text": {"type": "string", "description": "The SQL on every dialect that texts does not name."},
    "texts": {"type": "object", "additionalProperties": TEXT, "description": "Name of a dialect: its SQL."},
}
OPTIONS: Schema = {"type": "object", "description": "Options of dialects, such as postgresql_using."}
TIMING: Schema = {"deferrable": FLAG, "initially": TEXT}
KEY: Schema = dict.fromkeys(("onupdate", "ondelete", "match"), TEXT) | TIMING | {"use_alter": FLAG}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name.replace(' ', '_')}"}


def kind(name: str, about: str, needed: tuple[str, ...] = (), /, **members: Schema) -> Schema:
    """An object whose ``$`` is that name."""
    return {
        "description": about,
        "type": "object",
        "properties": {"$": {"const": name}, **members},
        "required": ["$", *needed],
        "additionalProperties": False,
    }


KINDS: dict[str, Schema] = {
    "name": {
        "description": "A name; final: no naming convention changes it; quote: whether it is always quoted.",
        "anyOf": [TEXT, kind("name", "A name with its marks.", ("name",), name=TEXT, final=FLAG, quote=FLAG)],
    },
    "sql": {
        "description": "SQL: a text, a text with parameters, or an expression as its text on each dialect.",
        "anyOf": [
            TEXT,
            kind("text", "sqlalchemy.text().", ("text",), text=TEXT, parameters={"type": "object"}),
            kind("sql", "An expression.", **BY_DIALECT),
            ref("parameter"),
        ],
    },
    "parameter": kind(
        "parameter",
        "A parameter of a text, with its value.",
        ("name", "value", "type"),
        name=TEXT,
        value=ANY,
        type=ref("type"),
        expanding=FLAG,
        literal_execute=FLAG,
    ),
    "type": kind(
        "type",
        "A column type: a class of SQLAlchemy (String, postgresql.JSONB) or a registered one, with the arguments of "
        "its constructor; or any other class, with its SQL on each dialect.",
        ("name",),
        name=TEXT,
        arguments={"type": "array", "items": ANY},
        options={"type": "object", "additionalProperties": ANY},
        variants={"type": "object", "additionalProperties": ref("type")},
        **BY_DIALECT,
    ),
    "column": kind(
        "column",
        "A column. nullable is true unless given.",
        ("name", "type"),
        name=ref("name"),
        type=ref("type"),
        key=TEXT,
        **dict.fromkeys(("nullable", "primary_key", "index", "unique", "system"), FLAG),
        autoincrement={"enum": [True, False, "ignore_fk"]},
        server_default={
            "anyOf": [TEXT, *map(ref, ("sql", "computed", "identity", "sequence", "server default"))],
            "description": "A text is a string, not SQL.",
        },
        default={
            "description": "A value, or a sequence, that Python supplies.",
            "anyOf": [ref("scalar"), ref("sequence")],
        },
        comment=TEXT,
        checks={"type": "array", "items": ref("constraint")},
        foreign_keys={"type": "array", "items": ref("foreign key")},
        options=OPTIONS,
    ),
    "scalar": kind("value", "A value of Python.", ("value",), value=ANY),
    "foreign key": kind(
        "foreign key",
        "A foreign key of one column.",
        ("table", "column"),
        name=ref("name"),
        schema=ref("name"),
        table=ref("name"),
        column=ref("name"),
        options=OPTIONS,
        **KEY,
    ),
    "constraint": kind(
        "constraint",
        "A constraint of a table; which members it has depends on its kind.",
        ("constraint",),
        constraint={"enum": ["primary_key", "unique", "foreign_key", "check", "exclude"]},
        name=ref("name"),
        columns=NAMES,
        schema=ref("name"),
        table=ref("name"),
        referred=NAMES,
        condition=ref("sql"),
        elements={"type": "array", "items": {"type": "array", "prefixItems": [ref("sql"), TEXT]}},
        where=ref("sql"),
        using=TEXT,
        ops={"type": "object"},
        options=OPTIONS,
        **KEY,
    ),
    "index": kind(
        "index",
        "An index of a table.",
        ("columns",),
        name=ref("name"),
        columns={"type": "array", "items": ref("sql")},
        unique=FLAG,
        options=OPTIONS,
    ),
    "sequence": {
        "description": "A sequence, with the options of sqlalchemy.Sequence.",
        "type": "object",
        "properties": {"$": {"const": "sequence"}, "name": ref("name")},
        "required": ["$", "name"],
    },
    "identity": {
        "description": "GENERATED AS IDENTITY, with the options of sqlalchemy.Identity.",
        "type": "object",
        "properties": {"$": {"const": "identity"}, "always": FLAG},
        "required": ["$"],
    },
    "computed": kind("computed", "GENERATED ALWAYS AS.", ("expression",), expression=ref("sql"), persisted=FLAG),
    "server default": kind("server default", "A default that the database sets."),
    "table of rows": kind(
        "table of rows",
        "A table for rows: names and types of columns.",
        ("name", "columns"),
        name=ref("name"),
        schema=ref("name"),
        columns={"type": "array", "items": {"type": "array", "prefixItems": [TEXT, ref("type")]}},
    ),
    "table": kind(
        "table",
        "A table: its columns, constraints and indexes.",
        ("name", "items"),
        name=ref("name"),
        schema=ref("name"),
        items={"type": "array", "items": {"anyOf": [ref("column"), ref("constraint"), ref("index")]}},
        prefixes={"type": "array", "items": TEXT},
        comment=TEXT,
        options=OPTIONS,
    ),
    "batch options": {
        "description": "The arguments of batch_alter_table.",
        "type": "object",
        "properties": {"$": {"const": "batch options"}, "recreate": {"enum": ["auto", "always", "never"]}},
        "required": ["$"],
    },
    "conversion": kind(
        "conversion", "How values are converted to a new type.", ("options", "remark"), options=OPTIONS, remark=TEXT
    ),
    "value": {
        "description": "Any value: plain JSON, or an object whose $ names its kind (date, decimal, bytes, dict, ...).",
        "anyOf": [
            {"type": ["null", "boolean", "number", "string"]},
            {"type": "array", "items": ANY},
            {"type": "object"},
        ],
    },
}
BY_CLASS: tuple[tuple[type, str], ...] = (
    (BatchOptions, "batch options"),
    (Conversion, "conversion"),
    (TypeEngine, "type"),
    (Column, "column"),
    (Table, "table"),
    (TableClause, "table of rows"),
    (MigrateOperation, "operation"),
)


def json_schema() -> Schema:
    """The JSON Schema of every operation of this package."""
    classes = {name: cls for name, cls in sorted(json_classes().items()) if cls.__module__.startswith("kernel_core.")}
    operations = {f"operation_{name}": operation_schema(name, cls) for name, cls in classes.items()}
    known = [
        {"if": {"properties": {"operation": {"const": name}}}, "then": ref(f"operation_{name}")} for name in classes
    ]
    operation = {
        "description": "An operation; of one that is user-defined, only the name is checked.",
        "type": "object",
        "properties": {"operation": TEXT},
        "required": ["operation"],
        "allOf": known,
    }
    values = {name.replace(" ", "_"): schema for name, schema in sorted(KINDS.items())}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Operations of a migration",
        "description": "The JSON form of an operation: MigrateOperation.to_json() writes it, from_json() reads it.",
        "allOf": [ref("operation")],
        "properties": {"version": {"const": JSON_VERSION}},
        "required": ["version"],
        "$defs": {"operation": operation, **operations, **values},
    }


def operation_schema(name: str, cls: type[MigrateOperation]) -> Schema:
    """The members of one operation."""
    hints = typing.get_type_hints(cls.__init__)
    given = [each for each in parameters(cls) if each.name not in cls.json_omitted]
    members: Schema = {"version": True, "operation": {"const": name}}
    for each in given:
        if each.kind is inspect.Parameter.VAR_KEYWORD:
            members["options"] = {"type": "object", "description": "Further options, such as those of dialects."}
        else:
            members[each.name.lstrip("_")] = hint_schema(hints.get(each.name, Any))
    members |= {each: FLAG if each.startswith("outside_") else TEXT for each in cls.json_state if each != "followed_by"}
    members |= {each: {"type": "array", "items": ref("operation")} for each in ("followed_by", "undone_by")}
    if name == "alter_column":
        members |= {each: ref("conversion") for each in ("conversion", "conversion_back")}
    needed = [each.name for each in given if each.default is each.empty and each.kind is not each.VAR_KEYWORD]
    return {
        "description": (inspect.getdoc(cls) or "").partition("\n")[0],
        "type": "object",
        "properties": members,
        "required": ["operation", *needed],
        "additionalProperties": False,
    }


def hint_schema(hint: Any) -> Schema:
    """The schema of an annotation."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        several = list({str(each): each for each in map(hint_schema, inner)}.values())
        return several[0] if len(several) == 1 else {"anyOf": several}
    if origin is Literal:
        return {"enum": list(inner)}
    if hint is type(None):
        return {"type": "null"}
    plain = {str: ref("name"), bool: FLAG, int: {"type": "integer"}}
    if hint in plain:
        return plain[hint]
    return class_schema(origin or hint, inner)


def class_schema(cls: Any, inner: tuple[Any, ...]) -> Schema:
    """The schema of instances of a class, with the arguments of its annotation."""
    if typing.is_typeddict(cls):
        return {"type": "object", "properties": dict.fromkeys(cls.__annotations__, True), "additionalProperties": False}
    if not isinstance(cls, type) or cls is object:
        return ANY
    if issubclass(cls, tuple):
        return {"type": "array", "items": hint_schema(inner[0]) if Ellipsis in inner else ANY}
    if issubclass(cls, Mapping):
        return {"type": "object"}
    if issubclass(cls, (list, set)) or cls is Sequence:
        return {"type": "array", "items": hint_schema(inner[0]) if inner else ANY}
    found = next((name for base, name in BY_CLASS if issubclass(cls, base)), None)
    if found is not None:
        return ref(found)
    if issubclass(cls, (ClauseElement, Executable)):
        return ref("sql")
    if issubclass(cls, SchemaItem):
        return {"anyOf": [ref(each) for each in ("column", "constraint", "index")]}
    return ANY


def as_text() -> str:
    """The file's text."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(kernel_core.operations.__file__).with_name("operations.schema.json").write_text(as_text(), encoding="utf-8")
