"""Tell whether two column types are the same, by the words that DDL has for them.

A type is compiled for the database and taken apart: base words (``TIMESTAMP WITH TIME ZONE``), arguments
(``10, 2``), array brackets and attributes (``COLLATE``). Bases must be the same or synonyms; arguments and attributes
count only where both sides state them, because a database may fill in what the model leaves open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import NullType, TypeEngine

from ..util.sql import STANDARD, grammar_of, lex, unquoted

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
    """A type's DDL, taken apart.

    ``base`` are the words in lower case, ``arguments`` what stood in brackets, ``dimensions`` 1 for an array,
    ``attributes`` pairs such as ``("collate", "de_DE")``.
    """

    base: str
    arguments: tuple[str, ...] = ()
    dimensions: int = 0
    attributes: tuple[tuple[str, str], ...] = ()


def synonyms_of(dialect_name: str) -> tuple[frozenset[str], ...]:
    """Return the groups of type words that mean the same to a database, in lower case."""
    own = _SYNONYMS.get({"mariadb": "mysql"}.get(dialect_name, dialect_name), ())
    return _SYNONYMS["default"] + (() if dialect_name == "default" else own)


def types_differ(
    dialect: Dialect,
    inspected_type: TypeEngine[Any],
    metadata_type: TypeEngine[Any],
    synonyms: Sequence[Collection[str]] | None = None,
    extracted: Iterable[str] = (),
) -> bool:
    """Tell whether the database's type is another one than the model's.

    A type that cannot be known (``NullType``) or compiled for this database never differs. ``synonyms`` are in place of
    what is known of this database, ``extracted`` patterns of further attributes.

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


_GOES_WITHOUT_SAYING = {"bit": ("1",)} | {
    f"{word}{zone}": ("6",) for word in ("timestamp", "time") for zone in ("", " without time zone", " with time zone")
}
"""What PostgreSQL's types mean without arguments (manual, 8.5 and 8.10)."""


def only_one_is_bounded(dialect: Dialect, inspected_type: TypeEngine[Any], metadata_type: TypeEngine[Any]) -> bool:
    """Tell whether of two types with the same words one states a length or precision that the other leaves open.

    >>> from sqlalchemy import String
    >>> from sqlalchemy.dialects import postgresql
    >>> only_one_is_bounded(postgresql.dialect(), String(), String(5))
    True
    """
    texts = ddl_text(dialect, inspected_type), ddl_text(dialect, metadata_type)
    if texts[0] is None or texts[1] is None:
        return False
    one, two = (_settled(dialect, parse_type_text(text, dialect)) for text in texts if text is not None)
    if one.base != two.base or bool(one.arguments) is bool(two.arguments):
        return False
    usual = _GOES_WITHOUT_SAYING.get(one.base) if dialect.name == "postgresql" else None
    return (one.arguments or two.arguments) != usual


def ddl_text(dialect: Dialect, type_: TypeEngine[Any]) -> str | None:
    """Return the type as this database's DDL has it, or None where it has no words for it."""
    compiler: Any = dialect.type_compiler_instance
    try:
        text: str = compiler.process(type_)
    except (SQLAlchemyError, NotImplementedError):
        return None
    return text


def texts_differ(
    dialect: Dialect,
    inspected: str,
    metadata: str,
    synonyms: Sequence[Collection[str]] | None = None,
    extracted: Iterable[str] = (),
) -> bool:
    """Like `types_differ`, for two types that are written as DDL already."""
    one, two = (_settled(dialect, _parsed(text, extracted, dialect)) for text in (inspected, metadata))
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
    """Return whether both types state arguments, and other ones; a number may leave its scale to the database."""
    if {one.base, two.base} <= _NUMERIC:
        return any(first != second for first, second in zip(one.arguments, two.arguments, strict=False))
    return bool(one.arguments and two.arguments) and one.arguments != two.arguments


def _parsed(text: str, extracted: Iterable[str], dialect: Dialect) -> TypeText:
    """Take a type apart, and before that what a dialect's own patterns find in it."""
    own: list[tuple[str, str]] = []
    for pattern in extracted:
        found = re.search(pattern, text, re.IGNORECASE)
        if found is not None:
            own.append((pattern, found.group(1).lower()))
            text = text[: found.start()] + text[found.end() :]
    parsed = parse_type_text(text, dialect)
    return replace(parsed, attributes=(*own, *parsed.attributes)) if own else parsed


def parse_type_text(text: str, dialect: Any = STANDARD) -> TypeText:
    """Take the DDL of a type apart.

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


def _pieces(text: str, dialect: Any) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each part of a type; tokens without space between them are one word: ``public.mood``.

    ``[`` and ``]`` quote a name in SQLite; in a type they belong to an array.
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
    """Part the words of the type itself from the attributes behind them, such as ``collate de_DE``."""
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


def _settled(dialect: Dialect, type_text: TypeText) -> TypeText:
    """Return the type as the database will have understood it."""
    base, arguments = type_text.base, type_text.arguments
    if base in _NUMERIC and len(arguments) == 1 and dialect.name in _WITHOUT_SCALE_WHOLE:
        arguments = (*arguments, "0")
    if dialect.name == "postgresql":
        base, arguments = _settled_postgresql(base, arguments)
    elif dialect.name in ("mysql", "mariadb"):
        return _settled_mysql(type_text, arguments)
    return TypeText(base, arguments, type_text.dimensions, type_text.attributes)


_WITHOUT_SCALE_WHOLE = frozenset({"postgresql", "mysql", "mariadb", "sqlite", "mssql", "oracle"})
"""The databases whose NUMERIC(10) is NUMERIC(10, 0); another one may have a default of another kind."""
_MYSQL_SIZES = (("tiny", 255), ("", 65_535), ("medium", 16_777_215), ("long", 4_294_967_295))
_MYSQL_ATTRIBUTES = {"binary": ("is_binary", "yes"), "ascii": ("charset", "latin1"), "unicode": ("charset", "ucs2")}
_MYSQL_BYTES_OF_A_CHARACTER = 4


def _settled_mysql(type_text: TypeText, arguments: tuple[str, ...]) -> TypeText:
    """Return a type as MySQL and MariaDB keep it.

    An integer's width is for show. ``FLOAT(p)`` is FLOAT or DOUBLE, ``TEXT(n)`` and ``BLOB(n)`` the smallest type that
    holds as much, BINARY behind a text its collation. https://mariadb.com/kb/en/data-types/
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


def _settled_postgresql(base: str, arguments: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """``float(p)`` becomes real or double precision (PostgreSQL manual, 8.1.3); ``char`` means ``char(1)``."""
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
    """Tell whether SQLite's reflection fell back on the affinity of a type that it does not know by name.

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
