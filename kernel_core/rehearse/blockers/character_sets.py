"""Texts of MariaDB that get another character set, collation or length: which are refused, and what the others become.

Observed on MariaDB 10.11 with each character set and the characters of Unicode: a character that the new set lacks is
converted to a question mark, and in strict mode the row is refused. CONVERT TO CHARACTER SET enlarges TEXT types, so
that no value is too long; MODIFY does not (https://mariadb.com/kb/en/alter-table/#convert-to). Spaces at the end are
cut off without an error, except where one VARCHAR is copied to another as it is, or only one character set has several
bytes for a space. Of ENUM and SET the bytes of the labels stay, so that they are others afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.types import UserDefinedType

from ...ddl.mysql.column_definition import parse_column
from ...ddl.mysql.definition import column_text
from ...operations.ops import AlterColumnOp, SetTableOptionsOp
from ...util.sql import in_backticks
from ...util.sqla_compat.types import AnyType
from .savepoints import on_driver

_COPY = "mig_rehearsed_texts"
_LENGTH = re.compile(r"(?:var)?(?:char|binary)\((\d+)\)")
_BITS = {"tiny": 8, "": 16, "medium": 24, "long": 32}
_BYTES = {f"{size}{kind}": 2**bits - 1 for size, bits in _BITS.items() for kind in ("text", "blob")}
_LISTS = ("enum(", "set(")
_WIDE = {"ucs2": "0020", "utf16": "0020", "utf16le": "2000", "utf32": "00000020"}
"""The bytes of a space in the character sets where it has several."""
_EXTENDED = frozenset({"ascii", "ucs2", "utf8mb3"})
"""Character sets of which others have all bytes (https://mariadb.com/kb/en/innodb-online-ddl-operations-with-the-instant-alter-algorithm/)."""
_COLUMNS = """
SELECT column_name, column_type, collation_name, character_octet_length / character_maximum_length
FROM information_schema.columns
WHERE table_schema = coalesce(:schema, database()) AND table_name = :table ORDER BY ordinal_position
"""
_COLLATION = """
SELECT table_collation FROM information_schema.tables
WHERE table_schema = coalesce(:schema, database()) AND table_name = :table
"""


@dataclass(frozen=True, slots=True)
class _Text:
    """The type of a column, as the server writes it, and its collation; "" for one that is not text, or binary.

    ``bytes_of_character`` is how many a character can have, and known of existing columns.
    """

    type: str
    collation: str
    bytes_of_character: int = 0

    @property
    def characters(self) -> str:
        """The character set, with which the name of each collation begins."""
        return self.collation.partition("_")[0]

    @property
    def is_list(self) -> bool:
        """Whether the type is ENUM or SET."""
        return self.type.startswith(_LISTS)

    @property
    def length(self) -> int | None:
        """How many characters, or bytes, a value can have; None for TEXT and BLOB, whose bytes are limited."""
        found = _LENGTH.match(self.type)
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Refused:
    """Values that are refused: ``condition`` selects them, and ``lead`` is what a sentence has before their number."""

    lead: str
    condition: sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class TextChange:
    """What happens to the values of a column: those that are refused, and what each of the others becomes.

    ``value`` is an expression, NULL for what is refused; it is None where keys and conditions see the values as before.
    ``new_list`` is the type of an ENUM or SET: which values it refuses is to be tried. ``is_copied``: the server writes
    the rows again, and so checks conditions too, which it does not for a collation, or a larger character set, alone.
    """

    column: str
    refused: tuple[Refused, ...] = ()
    value: sa.ColumnElement[str] | None = None
    new_list: str = ""
    is_copied: bool = True


def changed_text(connection: Connection, operation: AlterColumnOp) -> TextChange | None:
    """Return the change of a column of MariaDB that is text, and remains text; None for any other, and no such type."""
    columns = _texts(connection, operation.schema, operation.table_name)
    before = columns.get(operation.column_name)
    if before is None or operation.modify_type is None:
        return None
    type_ = _stated(connection, operation, operation.modify_type)
    try:
        with _copy(connection, operation, {"c": type_}) as name:
            after = _shown(connection, name)["c"]
    except connection.dialect.loaded_dbapi.Error:
        return None
    if not after.collation or after.is_list:
        return None
    is_json = type_.strip().upper() == "JSON"
    return _change(operation.column_name, before, after, is_strict=_is_strict(connection), is_json=is_json)


def changed_texts(connection: Connection, operation: SetTableOptionsOp) -> list[TextChange]:
    """Return the changes of the columns of a table that CONVERT TO CHARACTER SET converts.

    There are none where it fails without rows as well: where it makes two labels of an ENUM equal, say.
    """
    charset, collate = (operation.options.get(each) for each in ("charset", "collate"))
    if charset is None and collate is None:
        return []
    before = _texts(connection, operation.schema, operation.table_name)
    places = {f"c{place}": name for place, name in enumerate(before)}
    if not places:
        return []
    types = {
        place: f"{before[name].type} CHARACTER SET {before[name].characters} COLLATE {before[name].collation}"
        for place, name in places.items()
    }
    of_collation = f" COLLATE {collate}" if collate is not None else ""
    characters = charset if charset is not None else str(collate).partition("_")[0]
    try:
        with _copy(connection, operation, types) as name:
            on_driver(connection, f"ALTER TABLE {name} CONVERT TO CHARACTER SET {characters}{of_collation}")
            after = _shown(connection, name)
    except connection.dialect.loaded_dbapi.Error:
        return []
    is_strict = _is_strict(connection)
    return [
        _change(name, before[name], after[place], is_strict=is_strict)
        for place, name in places.items()
        if (after[place].type, after[place].collation) != (before[name].type, before[name].collation)
    ]


def _stated(connection: Connection, operation: AlterColumnOp, type_: AnyType) -> str:
    """Return the type in the statement, with the character set that an operation repeats."""
    spelled = type_.compile(connection.dialect)
    if isinstance(type_, UserDefinedType):
        return spelled  # as it is written in SQL
    quote = connection.dialect.identifier_preparer
    stored = column_text(connection, quote, operation.table_name, operation.schema, operation.column_name)
    kept = parse_column(stored).charset_for(spelled) if stored else ""
    return f"{spelled} {kept}"


def _texts(connection: Connection, schema: str | None, table: str) -> dict[str, _Text]:
    """Return the columns of a table that are text, by their names."""
    rows = connection.execute(sa.text(_COLUMNS), {"schema": schema, "table": table}).all()
    return {
        name: _Text(_without_storage(type_), collation, int(bytes_))
        for name, type_, collation, bytes_ in rows
        if collation
    }


@contextmanager
def _copy(connection: Connection, operation: AlterColumnOp | SetTableOptionsOp, types: dict[str, str]) -> Iterator[str]:
    """Create an empty temporary table of columns with these types, for the time of the block.

    It has the character set of the table of an operation, as types that name none get that one.
    """
    schema, values = operation.schema, {"schema": operation.schema, "table": operation.table_name}
    name = ".".join(in_backticks(each) for each in (schema, _COPY) if each)
    collation = connection.execute(sa.text(_COLLATION), values).scalar_one()
    definitions = ", ".join(f"{column} {type_}" for column, type_ in types.items())
    on_driver(connection, f"CREATE TEMPORARY TABLE {name} ({definitions}) COLLATE {collation}")
    try:
        yield name
    finally:
        on_driver(connection, f"DROP TEMPORARY TABLE {name}")


def _shown(connection: Connection, name: str) -> dict[str, _Text]:
    """Return the columns of a temporary table by their names; those that are not text have no collation."""
    rows = connection.exec_driver_sql(f"SHOW FULL COLUMNS FROM {name}".replace("%", "%%")).all()
    return {field: _Text(_without_storage(type_), collation or "") for field, type_, collation, *_ in rows}


def _without_storage(type_: str) -> str:
    """Return a type without the comment in which the server writes COMPRESSED."""
    return str(type_).partition(" /*")[0]


def _is_strict(connection: Connection) -> bool:
    return "STRICT" in str(connection.exec_driver_sql("SELECT @@sql_mode").scalar())


def _change(name: str, before: _Text, after: _Text, *, is_strict: bool, is_json: bool = False) -> TextChange:
    """Return what happens to the values of a column; ``is_json``: the new type has the condition of JSON."""
    if after.is_list:
        return TextChange(name, new_list=f"{after.type} CHARACTER SET {after.characters} COLLATE {after.collation}")
    column: sa.ColumnElement[str] = sa.literal_column(in_backticks(name), sa.Text())
    text: sa.ColumnElement[str] = column
    refused = list[Refused]()
    if after.characters and after.characters != before.characters:
        text = sa.literal_column(f"CONVERT({in_backticks(name)} USING {after.characters})", sa.Text())
        lost = sa.func.char_length(_without_marks(text)) < sa.func.char_length(_without_marks(column))
        refused.append(Refused(f"{name} has characters that {after.characters} lacks, in ", lost))
    too_long = _too_long(before, after, column, text)
    if too_long is not None:
        refused.append(Refused(f"values of {name} do not fit {after.type.upper()}: ", too_long))
    if not is_strict:
        refused.clear()
    if is_json:
        invalid = sa.func.json_valid(column) == sa.literal_column("0")
        refused.append(Refused(f"values of {name} are not valid JSON: ", invalid))
    value: sa.ColumnElement[str] | None = None
    if after.collation and (is_strict or too_long is None or after.length is not None):  # else the end is cut off
        value = text if after.length is None else sa.func.left(text, sa.literal_column(str(after.length)))
        value = (sa.func.rtrim(value) if after.type.startswith("char") else value).collate(after.collation)
        if refused:
            value = sa.case((sa.or_(*(each.condition for each in refused)), sa.null()), else_=value)
    has_more = after.characters == before.characters or before.characters in _EXTENDED
    return TextChange(name, tuple(refused), value, is_copied=not has_more)


def _without_marks(text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Return a text without question marks."""
    return sa.func.replace(text, sa.literal_column("'?'"), sa.literal_column("''"))


def _too_long(
    before: _Text, after: _Text, column: sa.ColumnElement[str], text: sa.ColumnElement[str]
) -> sa.ColumnElement[bool] | None:
    """Return the condition of the values that are too long for a type; None where there can be none."""
    length, limit = after.length, _BYTES.get(after.type)
    if length is not None and not after.collation:
        return sa.func.octet_length(column) > sa.literal_column(str(length))
    if length is not None:
        if before.length is not None and before.length <= length:
            return None
        found = sa.func.rtrim(column) if _are_spaces_cut(before, after) else column
        return sa.func.char_length(found) > sa.literal_column(str(length))
    is_same, known = after.characters == before.characters, _BYTES.get(before.type)
    if limit is None or (is_same and known is not None and known <= limit):
        return None
    found = sa.func.rtrim(text) if _are_spaces_cut(before, after) else text
    return sa.func.octet_length(found) > sa.literal_column(str(limit))


def _are_spaces_cut(before: _Text, after: _Text) -> bool:
    """Return whether spaces at the end are cut off without an error.

    They are not where VARCHAR is copied to VARCHAR byte by byte, with as many bytes for the length.
    """
    lengths = [each.length for each in (before, after) if each.type.startswith("varchar")]
    long = [length is not None and length * before.bytes_of_character > _BYTES["tinytext"] for length in lengths]
    is_copied = len(long) == 2 and long[0] == long[1] and before.collation == after.collation
    return not is_copied and _WIDE.get(before.characters) == _WIDE.get(after.characters)
