"""Compare two column types by their DDL.

A type is compiled for the database and parsed into its name (``TIMESTAMP WITH TIME ZONE``), arguments (``10, 2``),
array dimensions and attributes (``COLLATE``). The names must be equal or synonyms. Arguments and attributes are
compared only where both sides have them, because the database fills in those that the metadata leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import NullType

from ..util.sql import STANDARD, Grammar, grammar_of, lex, unquoted
from ..util.sqla_compat import AnyType

_ATTRIBUTES = {"collate": 1, "charset": 1, "character": 2}

_SYNONYMS: Mapping[str, tuple[frozenset[str], ...]] = {
    "default": (
        frozenset({"numeric", "decimal", "dec"}),
        frozenset({"int", "integer"}),
        frozenset({"bool", "boolean"}),
        frozenset({"varchar", "character varying", "char varying"}),
        frozenset({"char", "character"}),
    ),
    "sqlite": (frozenset({"double", "double precision", "real"}),),
    "postgresql": (
        frozenset({"integer", "int4", "serial"}),
        frozenset({"bigint", "int8", "bigserial"}),
        frozenset({"smallint", "int2", "smallserial"}),
        frozenset({"real", "float4"}),
        frozenset({"double precision", "float8", "float"}),
        frozenset({"timestamp", "timestamp without time zone"}),
        frozenset({"timestamp with time zone", "timestamptz"}),
        frozenset({"time", "time without time zone"}),
        frozenset({"time with time zone", "timetz"}),
        frozenset({"bit varying", "varbit"}),
        frozenset({"char", "bpchar", "nchar", "national char", "national character"}),
        frozenset({"varchar", "nvarchar", "national char varying", "national character varying"}),
    ),
    "mysql": (
        frozenset({"bool", "tinyint"}),
        frozenset({"json", "longtext"}),
        frozenset({"double", "double precision", "real"}),
        frozenset({"float", "float unsigned"}),
        frozenset({"national varchar", "nvarchar", "varchar"}),
        frozenset({"national char", "national character", "nchar", "char"}),
    ),
    "mssql": (frozenset({"double precision", "float"}), frozenset({"rowversion", "timestamp"})),
    "oracle": (
        frozenset({"varchar", "varchar2"}),
        frozenset({"numeric", "number", "integer"}),
        frozenset({"float", "double precision"}),
    ),
}

_NUMERIC = frozenset({"numeric", "decimal", "dec", "number"})
_MYSQL_INTEGERS = frozenset({"tinyint", "smallint", "mediumint", "int", "integer", "bigint", "bool"})
_SQLITE_AFFINITIES = frozenset({"integer", "text", "blob", "real", "numeric", "null"})


@dataclass(frozen=True, slots=True)
class TypeText:
    """The parsed DDL of a type.

    ``base`` is its name in lower case, ``arguments`` those in parentheses, ``dimensions`` 1 for an array,
    ``attributes`` pairs such as ``("collate", "de_DE")``.
    """

    base: str
    arguments: tuple[str, ...] = ()
    dimensions: int = 0
    attributes: tuple[tuple[str, str], ...] = ()


def synonyms_of(dialect_name: str) -> tuple[frozenset[str], ...]:
    """Return the groups of names of equal types of a database, in lower case."""
    own = _SYNONYMS.get({"mariadb": "mysql"}.get(dialect_name, dialect_name), ())
    return _SYNONYMS["default"] + (() if dialect_name == "default" else own)


def types_differ(
    dialect: Dialect,
    inspected_type: AnyType,
    metadata_type: AnyType,
    synonyms: Sequence[Collection[str]] | None = None,
    extracted: Iterable[str] = (),
) -> bool:
    """Return whether the database's type differs from the metadata's.

    A type that is unknown (``NullType``) or cannot be compiled never differs. ``synonyms`` replace the groups of
    `synonyms_of`; ``extracted`` are patterns of further attributes.

    >>> from sqlalchemy import Numeric, DECIMAL
    >>> from sqlalchemy.dialects import sqlite
    >>> types_differ(sqlite.dialect(), DECIMAL(10, 2), Numeric(10, 2))
    False
    """
    wanted = metadata_type.dialect_impl(dialect)
    if isinstance(inspected_type, NullType) or isinstance(wanted, NullType):
        return False
    inspected_text, metadata_text = ddl_text(dialect, inspected_type), ddl_text(dialect, metadata_type)
    if inspected_text is None or metadata_text is None:
        return False
    if inspected_text == metadata_text:
        return False
    return texts_differ(dialect, inspected_text, metadata_text, synonyms, extracted)


_POSTGRESQL_DEFAULTS = {"bit": ("1",)} | {
    f"{word}{zone}": ("6",) for word in ("timestamp", "time") for zone in ("", " without time zone", " with time zone")
}
"""The default arguments of PostgreSQL's types (manual, 8.5 and 8.10)."""


def only_one_is_bounded(dialect: Dialect, inspected_type: AnyType, metadata_type: AnyType) -> bool:
    """Return whether one of two types of the same name has a length or precision, and the other has none.

    >>> from sqlalchemy import String
    >>> from sqlalchemy.dialects import postgresql
    >>> only_one_is_bounded(postgresql.dialect(), String(), String(5))
    True
    """
    texts = ddl_text(dialect, inspected_type), ddl_text(dialect, metadata_type)
    if texts[0] is None or texts[1] is None or texts[0] == texts[1]:
        return False
    one, two = (_as_stored(dialect, parse_type_text(text, dialect)) for text in texts if text is not None)
    if one.base != two.base or bool(one.arguments) is bool(two.arguments):
        return False
    usual = _POSTGRESQL_DEFAULTS.get(one.base) if dialect.name == "postgresql" else None
    return (one.arguments or two.arguments) != usual


def ddl_text(dialect: Dialect, type_: AnyType) -> str | None:
    """Return the DDL of a type; None where this database does not have it."""
    try:
        return dialect.type_compiler_instance.process(type_)
    except (SQLAlchemyError, NotImplementedError):
        return None


def texts_differ(
    dialect: Dialect,
    inspected: str,
    metadata: str,
    synonyms: Sequence[Collection[str]] | None = None,
    extracted: Iterable[str] = (),
) -> bool:
    """Return whether two types differ, by their DDL; see `types_differ`."""
    one, two = (_as_stored(dialect, _parsed(text, extracted, dialect)) for text in (inspected, metadata))
    if dialect.name == "sqlite" and _is_affinity_of(dialect, one, two):
        return False
    if one.dimensions != two.dimensions or not _same_base(
        one.base, two.base, synonyms_of(dialect.name) if synonyms is None else synonyms
    ):
        return True
    if _arguments_differ(one, two):
        return True
    stated, wanted = dict(one.attributes), dict(two.attributes)
    return any(stated[name] != wanted[name] for name in stated.keys() & wanted.keys())


def _arguments_differ(one: TypeText, two: TypeText) -> bool:
    """Return whether both types have arguments, and these differ; the scale of a number may be left out."""
    if {one.base, two.base} <= _NUMERIC:
        return any(first != second for first, second in zip(one.arguments, two.arguments, strict=False))
    return bool(one.arguments and two.arguments) and one.arguments != two.arguments


def _parsed(text: str, extracted: Iterable[str], dialect: Dialect) -> TypeText:
    """Parse a type, after removing the attributes that a dialect's patterns match."""
    found_attributes: list[tuple[str, str]] = []
    for pattern in extracted:
        found = re.search(pattern, text, re.IGNORECASE)
        if found is not None:
            found_attributes.append((pattern, found.group(1).lower()))
            text = text[: found.start()] + text[found.end() :]
    parsed = parse_type_text(text, dialect)
    return replace(parsed, attributes=(*found_attributes, *parsed.attributes)) if found_attributes else parsed


def parse_type_text(text: str, dialect: Dialect | Grammar = STANDARD) -> TypeText:
    """Parse the DDL of a type.

    >>> parse_type_text("NUMERIC(10, 2)")
    TypeText(base='numeric', arguments=('10', '2'), dimensions=0, attributes=())
    """
    words: list[str] = []
    arguments: list[str] = []
    current: list[str] = []
    depth = dimensions = 0
    for kind, piece in _pieces(text, dialect):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth -= 1
            if depth == 0 and current:
                arguments.append(" ".join(current))
                current = []
        elif piece == "," and depth:
            arguments.append(" ".join(current))
            current = []
        elif piece in "[]":
            dimensions = 1
        elif depth:
            current.append(piece if kind == "text" else piece.lower())
        else:
            words.append(unquoted(piece) if kind == "name" else piece.lower())
    base, attributes = _without_attributes(words)
    return TypeText(base, tuple(arguments), dimensions, attributes)


def _pieces(text: str, dialect: Dialect | Grammar) -> Iterator[tuple[str, str]]:
    """Yield kind and SQL of each part of a type; tokens without white space between them are one: ``public.mood``.

    ``[`` and ``]``, which quote a name in SQLite, denote an array here.
    """
    grammar = grammar_of(dialect)
    word = ""
    for token in lex(text, STANDARD if grammar.name == "sqlite" else grammar):
        if token.kind in ("word", "number", "operator") or (token.kind == "sign" and token.text not in "(),[]"):
            word += token.text
            continue
        if word:
            yield "word", word
            word = ""
        if token.kind in ("name", "text", "sign"):
            yield token.kind, token.text
    if word:
        yield "word", word


def _without_attributes(words: list[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Split the words of a type into its name and the attributes after it, such as ``collate de_DE``."""
    base: list[str] = []
    attributes: list[tuple[str, str]] = []
    position = 0
    while position < len(words):
        word = words[position]
        length = _ATTRIBUTES.get(word, 0)
        is_charset = word != "character" or words[position + 1 : position + 2] == ["set"]
        if length and position and is_charset and position + length < len(words):
            name = "charset" if word == "character" else word
            attributes.append((name, words[position + length].lower()))
            position += length + 1
            continue
        base.append(word)
        position += 1
    return " ".join(base), tuple(attributes)


def _as_stored(dialect: Dialect, type_text: TypeText) -> TypeText:
    """Return the type as the database stores it."""
    base, arguments = type_text.base, type_text.arguments
    if base in _NUMERIC and len(arguments) == 1 and dialect.name in _DEFAULT_SCALE_IS_0:
        arguments = (*arguments, "0")
    if dialect.name == "postgresql":
        base, arguments = _stored_by_postgresql(base, arguments)
    elif dialect.name in ("mysql", "mariadb"):
        return _stored_by_mysql(type_text, arguments)
    return TypeText(base, arguments, type_text.dimensions, type_text.attributes)


_DEFAULT_SCALE_IS_0 = frozenset({"postgresql", "mysql", "mariadb", "sqlite", "mssql", "oracle"})
"""The databases on which NUMERIC(10) is NUMERIC(10, 0)."""
_MYSQL_SIZES = (("tiny", 255), ("", 65_535), ("medium", 16_777_215), ("long", 4_294_967_295))
_MYSQL_ATTRIBUTES = {"binary": ("is_binary", "yes"), "ascii": ("charset", "latin1"), "unicode": ("charset", "ucs2")}
_MYSQL_BYTES_OF_A_CHARACTER = 4


def _stored_by_mysql(type_text: TypeText, arguments: tuple[str, ...]) -> TypeText:
    """Return a type as MySQL and MariaDB store it.

    The width of an integer has no effect. ``FLOAT(p)`` is FLOAT or DOUBLE; ``TEXT(n)`` and ``BLOB(n)`` are the smallest
    type of that size; BINARY after a string type is a collation. https://mariadb.com/kb/en/data-types/
    """
    base, attributes = type_text.base.removesuffix(" zerofill"), type_text.attributes
    if base.split(" ")[0] in _MYSQL_INTEGERS:
        arguments = ()
    elif base == "float" and len(arguments) == 1 and arguments[0].isdigit():
        base, arguments = ("float" if int(arguments[0]) <= 24 else "double"), ()
    elif base in ("text", "blob") and arguments and arguments[0].isdigit():
        size = int(arguments[0]) * (_MYSQL_BYTES_OF_A_CHARACTER if base == "text" else 1)
        base, arguments = f"{next(word for word, most in _MYSQL_SIZES if size <= most)}{base}", ()
    for word, attribute in _MYSQL_ATTRIBUTES.items():
        if base.endswith(f" {word}"):
            base, attributes = base.removesuffix(f" {word}"), (*attributes, attribute)
    collation = dict(attributes).get("collate")
    if collation is not None:
        attributes = (*attributes, ("is_binary", "yes" if collation.endswith("_bin") else "no"))
    return TypeText(base, arguments, type_text.dimensions, attributes)


def _stored_by_postgresql(base: str, arguments: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return a type as PostgreSQL stores it: ``float(p)`` as real or double precision (8.1.3), char as ``char(1)``."""
    if base == "float":
        is_single = bool(arguments) and arguments[0].isdigit() and int(arguments[0]) <= 24
        return ("real" if is_single else "double precision"), ()
    if base == "double precision":
        return base, ()
    if base in ("char", "character") and not arguments:
        return base, ("1",)
    return base, arguments


def _same_base(one: str, two: str, synonyms: Iterable[Collection[str]]) -> bool:
    if one == two:
        return True
    groups = [{word.lower() for word in group} for group in synonyms]
    reached = {one}
    for _ in range(2):
        for group in groups:
            if reached & group:
                reached |= group
    return two in reached


def _is_affinity_of(dialect: Dialect, inspected: TypeText, metadata: TypeText) -> bool:
    """Return whether SQLite's reflection returned the affinity of a type whose name it does not know.

    The rules are those of https://sqlite.org/datatype3.html#determination_of_column_affinity.
    """
    known = {name.lower() for name in getattr(dialect, "ischema_names", {})}
    if inspected.base not in _SQLITE_AFFINITIES or metadata.base in known:
        return False
    name = metadata.base
    if "int" in name:
        affinity = "integer"
    elif any(part in name for part in ("char", "clob", "text")):
        affinity = "text"
    elif "blob" in name or not name:
        affinity = "blob"
    elif any(part in name for part in ("real", "floa", "doub")):
        affinity = "real"
    else:
        affinity = "numeric"
    return affinity == inspected.base
