"""The JSON form of column types: the name of the class, and the arguments of its constructor.

Names are those of ``sqlalchemy.types`` (``String``) and of SQLAlchemy's dialects (``postgresql.JSONB``), and those that
`register_type` adds. A user-defined type that is not registered is written as its SQL on each dialect, which is all
that a migration needs of it; it is read as a type that has just this SQL.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import SchemaType, TypeDecorator, TypeEngine

from ...util.exc import CommandError, InvalidJson, InvalidValue, NotAsJson
from ...util.sqla_compat import AnyType, TypeByDialect, type_variants, without_variants
from .codec import Json, JsonObject, as_boolean, encode, register_value, shown
from .sql_text import compact, dialects, read_texts

Arguments = Callable[[Any], Mapping[str, object]]

_DIALECTS = ("postgresql", "mysql", "sqlite", "mssql", "oracle")
_registered: dict[str, tuple[type[AnyType], Arguments]] = {}


def register_type(name: str, cls: type[AnyType], arguments: Arguments | None = None) -> None:
    """Register a user-defined type, so that it is written by ``name`` and read as ``cls(**arguments)``.

        register_type("money", Money, lambda money: {"currency": money.currency})

    Without ``arguments`` these are the attributes that have the names of the constructor's arguments.
    Raises InvalidValue for a name of SQLAlchemy.
    """
    if name in _builtin():
        raise InvalidValue(f"{name!r} is a type of SQLAlchemy. Choose another name.")
    _registered[name] = (cls, arguments or constructor_options)


@cache
def _builtin() -> Mapping[str, type[AnyType]]:
    """Return name -> class of the types of SQLAlchemy and of its dialects: the only classes that a name can mean."""
    found = dict(_types_in(sqltypes))
    for dialect in _DIALECTS:
        found |= {f"{dialect}.{name}": cls for name, cls in _types_in(import_module(f"sqlalchemy.dialects.{dialect}"))}
    return found


def _types_in(module: object) -> Iterator[tuple[str, type[AnyType]]]:
    for name, cls in vars(module).items():
        if not name.startswith("_") and isinstance(cls, type) and issubclass(cls, TypeEngine):
            yield name, cls


@cache
def _names() -> Mapping[type, str]:
    """Return class -> name; the shortest one if a class has several."""
    return {cls: name for name, cls in sorted(_builtin().items(), key=lambda each: -each[0].count("."))}


_OF_STRINGS = ("charset", "collation", "ascii", "unicode", "binary", "national")
_OF_ENUMS = ("name", "schema", "metadata", "inherit_schema", "native_enum", "create_constraint")
_NOT_SQL = frozenset({"pickler", "comparator", "impl", "values_callable"})
"""Arguments of SQLAlchemy's own types that are Python objects and have no effect on SQL."""


def _type(type_: AnyType) -> dict[str, Json]:
    variants = type_variants(type_)
    members = _own(without_variants(type_))
    if variants:
        members["variants"] = {name: {"$": "type", **_own(each)} for name, each in variants.items()}
    return members


def _own(type_: AnyType) -> dict[str, Json]:
    cls = type(type_)
    registered = next((name for name, (each, _) in _registered.items() if each is cls), None)
    if registered is not None:
        return _written(registered, [], _registered[registered][1](type_))
    if isinstance(type_, TypeByDialect):
        return {"name": type_.name, **compact(type_.texts)}
    name = _names().get(cls)
    if name is None:
        return _by_sql(type_)
    listed = _listed(type_)
    return _written(name, list(getattr(type_, listed)) if listed else [], _options(type_))


def _listed(type_: AnyType) -> str | None:
    """Return the attribute with the values of a type whose constructor takes any number of them."""
    if isinstance(type_, sqltypes.Enum):
        return "enums"
    if _is_of(type_, "mysql", "SET"):
        return "values"
    return "types" if isinstance(type_, sqltypes.TupleType) else None


def _is_of(type_: AnyType, dialect: str, name: str) -> bool:
    """Return whether a type is of a class of a dialect, which is not imported for that: it takes 20 ms."""
    cls = getattr(sys.modules.get(f"sqlalchemy.dialects.{dialect}"), name, None)
    return cls is not None and isinstance(type_, cls)


def is_written_as_sql(type_: AnyType) -> bool:
    """Return whether a type is user-defined and not registered, so that what it does to values is not in its JSON."""
    return type(type_) not in _names() and all(type(type_) is not cls for cls, _ in _registered.values())


def _written(name: str, positional: list[object], options: Mapping[str, object]) -> dict[str, Json]:
    members: dict[str, Json] = {"name": name}
    if positional:
        members["arguments"] = [encode(each) for each in positional]
    if options:
        members["options"] = {key: encode(value) for key, value in options.items()}
    return members


def _by_sql(type_: AnyType) -> dict[str, Json]:
    """Encode a type of an unknown class by its SQL; one that creates an enum type or a CHECK by what it decorates."""
    if isinstance(type_, TypeDecorator) and isinstance(type_.impl_instance, SchemaType):
        return _own(type_.impl_instance)
    base = next((each for each in type(type_).__mro__ if each in _names()), None)
    if isinstance(type_, SchemaType) and base is not None and issubclass(base, sqltypes.Enum | sqltypes.Boolean):
        return _written(_names()[base], list(getattr(type_, "enums", ())), _options(type_))
    texts = {}
    for name, dialect in dialects().items():
        try:
            texts[name] = type_.compile(dialect=dialect)
        except (SQLAlchemyError, CommandError, NotImplementedError, AttributeError, TypeError, ValueError):
            continue  # the dialect has no such type
    cls = type(type_)
    if not texts:
        raise NotAsJson(type_, "Register it with kernel_core.operations.json_form.register_type().")
    return {"name": f"{cls.__module__}.{cls.__qualname__}", **compact(texts)}


def _options(type_: AnyType) -> dict[str, object]:
    """Return the keyword arguments of a type of SQLAlchemy that differ from their defaults."""
    if isinstance(type_, sqltypes.Enum):
        return dict(_enum_options(type_))
    return {name: value for name, value in constructor_options(type_).items() if name not in _NOT_SQL}


def _enum_options(type_: sqltypes.Enum) -> Iterator[tuple[str, object]]:
    defaults: dict[str, object] = {"native_enum": True, "create_constraint": False, "inherit_schema": False}
    is_mysql, is_postgresql = (_is_of(type_, dialect, "ENUM") for dialect in ("mysql", "postgresql"))
    is_native = is_mysql or is_postgresql
    for name in _OF_ENUMS:
        value = _attribute(type_, name, None)
        if value is None or value == defaults.get(name) or (is_native and name in defaults and name[0] != "i"):
            continue
        yield name, value
    if is_postgresql and not getattr(type_, "create_type", True):
        yield "create_type", False
    longest = max((len(each) for each in type_.enums), default=0)
    if not is_native and type_.length not in (None, longest):
        yield "length", type_.length
    for name in _OF_STRINGS:
        if is_mysql and getattr(type_, name, None):
            yield name, getattr(type_, name)


def constructor_options(type_: AnyType) -> dict[str, object]:
    """Return the attributes of a type that have the names of its constructor's arguments, if they are not the defaults.

    The constructors of base classes count as long as ``**kw`` passes arguments on to them.
    """
    found: dict[str, object] = {}
    for cls in type(type_).__mro__:
        if "__init__" not in vars(cls) or cls is object:
            continue
        parameters = list(inspect.signature(vars(cls)["__init__"]).parameters.values())[1:]
        for parameter in parameters:
            value = _attribute(type_, parameter.name, parameter.default)
            if parameter.kind in _VARIABLE or parameter.name.startswith("_") or _is_default(value, parameter.default):
                continue
            found.setdefault(parameter.name, value)
        if not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters):
            break
    return found


_VARIABLE = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def _attribute(type_: AnyType, name: str, default: object) -> object:
    attributes = vars(type_)
    return attributes.get(name, attributes.get(f"_{name}", default))


def _is_default(value: object, default: object) -> bool:
    return value is default or (type(value) is type(default) and not isinstance(value, TypeEngine) and value == default)


_NUMBER = re.compile(r"[0-9]{1,9}|max", re.IGNORECASE)


@cache
def _hint(name: str, option: str) -> str:
    """Return the annotation of an argument of a type of SQLAlchemy as text, "" where it has none."""
    for each in _builtin()[name].__mro__:
        if "__init__" in vars(each) and each is not object:
            found = inspect.signature(vars(each)["__init__"]).parameters.get(option)
            if found is not None:
                return str(found.annotation)
    return ""


def _fits(name: str, option: str, value: object) -> bool:
    """Return whether an option has a value that its annotation allows: SQLAlchemy writes it into SQL as it is.

    A number may be text, as it may be in Python, and ``max`` is one in SQL Server.
    """
    words = set(re.findall(r"\w+", _hint(name, option))) - {"Optional", "Union", "None"}
    if value is None or len(words) != 1:
        return True
    if words == {"int"}:
        most = 100 if option == "dimensions" else 10**9  # each dimension is a word of the SQL
        return (type(value) is int and abs(value) < most) or (isinstance(value, str) and bool(_NUMBER.fullmatch(value)))
    if words == {"bool"}:
        return isinstance(as_boolean(value), bool)
    return words != {"str"} or isinstance(value, str)


def _read_type(json: JsonObject) -> AnyType:
    json.only("name", "arguments", "options", "variants", "text", "texts")
    name = json.need("name", str)
    if "text" in json or "texts" in json:
        type_: AnyType = TypeByDialect(name, read_texts(json))
    else:
        type_ = _constructed(name, json)
    for dialect, variant in (json.need("variants", dict) if "variants" in json else {}).items():
        if not isinstance(variant, TypeEngine):
            raise InvalidJson(f"the variant for {dialect} is not a type")
        type_ = type_.with_variant(variant, dialect)
    return type_


def _constructed(name: str, json: JsonObject) -> AnyType:
    cls = _registered[name][0] if name in _registered else _builtin().get(name)
    if cls is None:
        raise InvalidJson(f"{name!r} is not a type. Known are those of SQLAlchemy and those added with register_type()")
    arguments = json.need("arguments", list) if "arguments" in json else []
    options = json.need("options", dict) if "options" in json else {}
    refused = next((each for each in options if each in _NOT_SQL or each.startswith("_")), None)
    if refused is not None and name not in _registered:
        raise InvalidJson(f"the type {name} does not take that: {refused!r} is Python code")
    unfit = next((each for each in options if name not in _registered and not _fits(name, each, options[each])), None)
    if unfit is not None:
        raise InvalidJson(f"the type {name} does not take that: {unfit!r} cannot be {shown(options[unfit])}")
    try:
        return cls(*arguments, **options)
    except Exception as error:  # noqa: BLE001 - a constructor refuses arguments in its own way
        raise InvalidJson(f"the type {name} does not take that: {error}") from None


register_value("type", TypeEngine, _type, _read_type)
