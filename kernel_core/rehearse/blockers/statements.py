"""Read a statement as the operations that it carries out, so that the rows that stop it can be found.

Read are CREATE UNIQUE INDEX and ALTER TABLE with new constraints, new NOT NULL columns, SET NOT NULL, new types and
character sets; all else yields nothing, and the database's error is what is known of it. Of several statements in one
text each is read, unless one of them may change rows: then the rows are not those that stopped it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import NullType, UserDefinedType

from ...operations.operation import MigrateOperation
from ...operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateCheckConstraintOp,
    CreateExcludeConstraintOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    SetTableOptionsOp,
)
from ...util.sql import SQLDialect, tokens
from .reader import Name, Reader

_AFTER_TYPE = (
    *("NOT", "NULL", "DEFAULT", "AUTO_INCREMENT", "UNIQUE", "PRIMARY", "KEY", "COMMENT", "REFERENCES", "CHECK"),
    *("CONSTRAINT", "GENERATED", "AS", "ON", "INVISIBLE", "VISIBLE", "FIRST", "AFTER", "WITH", "WITHOUT"),
)
"""The words that can follow the type, or the default, in the definition of a column."""
_CHARACTERS = frozenset({"CHARACTER", "CHARSET", "COLLATE"})
"""The words of the option of a table of MariaDB that is the character set of new columns."""


class WrittenType(UserDefinedType[object]):
    """A type as it is written in the statement."""

    cache_ok = True

    def __init__(self, spelled: str) -> None:
        self.spelled = spelled

    def get_col_spec(self, **kw: object) -> str:
        return self.spelled


def operations_in(sql: str, dialect: SQLDialect) -> list[MigrateOperation]:
    """Return the operations of a text of SQL that rows can stop; [] where it has none, or none can be read."""
    parts = list(statements_in(sql, dialect))
    if len(parts) > 1 and any(_changes_rows(part, dialect) for part in parts):
        return []
    return [operation for part in parts for operation in _operations_of(part, dialect)]


def statements_in(sql: str, dialect: SQLDialect) -> Iterator[str]:
    """Yield the statements of a text, which semicolons separate."""
    start = 0
    for token in tokens(sql, dialect):
        if token.text == ";":
            yield sql[start : token.start]
            start = token.end
    if sql[start:].strip():
        yield sql[start:]


def _changes_rows(sql: str, dialect: SQLDialect) -> bool:
    first = next((token.keyword for token in tokens(sql, dialect) if token.kind not in ("space", "comment")), "")
    return first not in ("", "ALTER", "CREATE", "COMMENT", "SET", "GRANT", "REVOKE")


def _operations_of(sql: str, dialect: SQLDialect) -> list[MigrateOperation]:
    reader = Reader(sql, dialect)
    try:
        if reader.takes("CREATE"):
            reader.takes("OR", "REPLACE")
            return [_unique_index(reader)] if reader.takes("UNIQUE", "INDEX") else []
        if reader.takes("ALTER"):
            reader.takes("ONLINE")
            reader.takes("IGNORE")
            return list(_altered_table(reader)) if reader.takes("TABLE") else []
    except (IndexError, ValueError):
        return []
    return []


def _unique_index(reader: Reader) -> MigrateOperation:
    reader.takes("CONCURRENTLY")
    reader.takes("IF", "NOT", "EXISTS")
    name = None if reader.takes("ON") else reader.qualified()[1]
    if reader.takes("USING"):
        reader.name()
    if name is not None:
        reader.takes("ON")
    reader.takes("ONLY")
    schema, table = reader.qualified()
    if reader.takes("USING"):
        reader.name()
    parts, options = _parts(reader)
    if reader.takes("NULLS", "NOT", "DISTINCT"):
        options["postgresql_nulls_not_distinct"] = True
    while reader.left and not reader.takes("WHERE"):
        reader.name()
    where = reader.rest_of_action()
    if where:
        options |= {"postgresql_where": where, "sqlite_where": where}
    return CreateIndexOp(name or "index", table, parts, schema=schema, unique=True, **options)


def _parts(reader: Reader) -> tuple[list[str | sa.TextClause], dict[str, Any]]:
    """Read the parts of an index; return them with the option for how many characters of a column it has."""
    parts, lengths = list[str | sa.TextClause](), dict[str, int]()
    for text in reader.parenthesised():
        found = [token for token in tokens(text, reader.dialect) if token.kind not in ("space", "comment")]
        if reader.is_mysql and len(found) > 3 and found[1].text == "(" and found[2].text.isdecimal():
            lengths[found[0].name] = int(found[2].text)
            parts.append(found[0].name)
        else:
            parts.append(_index_part(text, reader.dialect))
    return parts, {"mysql_length": lengths} if lengths else {}


def _index_part(text: str, dialect: SQLDialect) -> str | sa.TextClause:
    """Return a column's name, or an expression; the order and the operator class don't matter."""
    found = [token for token in tokens(text, dialect) if token.kind not in ("space", "comment")]
    is_column = found and found[0].kind in ("word", "name") and (len(found) == 1 or found[1].kind == "word")
    if is_column and "COLLATE" not in (token.keyword for token in found):
        return _column_name(text, dialect)
    return sa.text(_escaped(text))


def _altered_table(reader: Reader) -> Iterator[MigrateOperation]:
    reader.takes("IF", "EXISTS")
    reader.takes("ONLY")
    schema, table = reader.qualified()
    if reader.takes("WAIT"):
        reader.name()
    reader.takes("NOWAIT")
    operations, is_more, names_characters = list[MigrateOperation](), True, False
    while is_more:
        operations += _action(reader, schema, table)
        names_characters |= not _CHARACTERS.isdisjoint(_words(reader.rest_of_action()).replace("=", " ").split())
        is_more = reader.skip_comma()
    converts = [each for each in operations if isinstance(each, SetTableOptionsOp)]
    if reader.is_mysql and (converts or names_characters) and any(map(_changes_type, operations)):
        raise ValueError("the table gives its character set to columns that are redefined as well")
    yield from converts
    yield from (each for each in operations if not isinstance(each, SetTableOptionsOp))


def _changes_type(operation: MigrateOperation) -> bool:
    return isinstance(operation, AlterColumnOp) and operation.modify_type is not None


def _action(reader: Reader, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    if reader.takes("ADD"):
        yield from _added(reader, schema, table)
    elif reader.takes("ALTER"):
        reader.takes("COLUMN")
        column = reader.name()
        if reader.takes("SET", "NOT", "NULL"):
            yield AlterColumnOp(table, column, schema=schema, modify_nullable=False)
        elif reader.takes("TYPE") or reader.takes("SET", "DATA", "TYPE"):
            spelled = reader.rest_of_action("USING", "COLLATE")
            using = reader.rest_of_action() if reader.takes("USING") else ""
            options: dict[str, Any] = {"postgresql_using": using} if using else {}
            yield AlterColumnOp(table, column, schema=schema, modify_type=WrittenType(spelled), **options)
    elif reader.takes("MODIFY"):
        yield from _redefined(reader, schema, table, renames=False)
    elif reader.takes("CHANGE"):
        yield from _redefined(reader, schema, table, renames=True)
    elif reader.is_mysql and reader.takes("CONVERT", "TO"):
        yield from _converted(reader, schema, table)


def _converted(reader: Reader, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    """Yield the conversion of a table to a character set."""
    if reader.takes("CHARSET") or reader.takes("CHARACTER", "SET") or reader.takes("CHAR", "SET"):
        charset = reader.name().strip("'\"")
        collate = reader.name().strip("'\"") if reader.takes("COLLATE") else None
        yield SetTableOptionsOp(table, schema=schema, charset=charset, collate=collate)


def _added(reader: Reader, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    name = None
    if reader.takes("CONSTRAINT"):
        is_named = not {"UNIQUE", "PRIMARY", "FOREIGN", "CHECK", "EXCLUDE"} & {reader.left[0].keyword}
        name = reader.name() if is_named else None
    if reader.takes("UNIQUE"):
        yield from _unique(reader, name, schema, table)
    elif reader.takes("PRIMARY", "KEY"):
        columns = [_column_name(part, reader.dialect) for part in reader.parenthesised()]
        if columns:  # else USING INDEX, whose columns only the database knows
            yield CreatePrimaryKeyOp(name, table, columns, schema=schema)
    elif reader.takes("FOREIGN", "KEY"):
        yield from _foreign_key(reader, name, schema, table)
    elif reader.takes("CHECK"):
        condition = ", ".join(reader.parenthesised())
        if "NOT VALID" not in _words(reader.rest_of_action()):
            yield CreateCheckConstraintOp(name, table, condition, schema=schema)
    elif reader.takes("EXCLUDE"):
        yield from _exclusion(reader, name, schema, table)
    elif name is None:
        yield from _added_column(reader, schema, table)


def _unique(reader: Reader, name: str | None, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    """Yield a unique key; nothing for one that takes over an index, whose columns only the database knows."""
    reader.takes("KEY")
    reader.takes("INDEX")
    reader.takes("IF", "NOT", "EXISTS")
    nulls_equal = reader.takes("NULLS", "NOT", "DISTINCT")
    if reader.takes("USING", "INDEX"):
        return
    if not reader.is_at("("):
        name = reader.name()
    if reader.takes("USING"):
        reader.name()
    parts, options = _parts(reader)
    if nulls_equal:
        options["postgresql_nulls_not_distinct"] = True
    yield CreateIndexOp(name or "index", table, parts, schema=schema, unique=True, **options)


def _foreign_key(reader: Reader, name: str | None, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    if not reader.is_at("("):
        name = reader.name()
    local = [_column_name(part, reader.dialect) for part in reader.parenthesised()]
    if not local or not reader.takes("REFERENCES"):
        return
    other_schema, other = reader.qualified()
    remote = [_column_name(part, reader.dialect) for part in reader.parenthesised()]
    rest = _words(reader.rest_of_action())
    if "NOT VALID" not in rest:
        options = {"match": "FULL"} if "MATCH FULL" in rest else {}
        yield CreateForeignKeyOp(
            name, table, other, local, remote, source_schema=schema, referent_schema=other_schema, **options
        )


def _exclusion(reader: Reader, name: str | None, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    """Yield an exclude constraint."""
    if reader.takes("USING"):
        reader.name()
    elements = []
    for part in reader.parenthesised():
        place = next((each for each in reversed(tokens(part, reader.dialect)) if each.keyword == "WITH"), None)
        if place is None:
            return
        elements.append((_index_part(part[: place.start].strip(), reader.dialect), part[place.end :].strip()))
    while reader.left and not reader.takes("WHERE"):
        reader.name()
    where = ", ".join(reader.parenthesised())  # what follows is DEFERRABLE
    if elements and all(operator for _, operator in elements):
        yield CreateExcludeConstraintOp(name, table, elements, where or None, schema)


def validated_constraints(sql: str, dialect: SQLDialect) -> list[tuple[Name, str]]:
    """Return the table and the name of each constraint that the statements of a text validate."""
    return [found for part in statements_in(sql, dialect) for found in _validated(Reader(part, dialect))]


def _validated(reader: Reader) -> Iterator[tuple[Name, str]]:
    with suppress(IndexError):
        if not reader.takes("ALTER", "TABLE"):
            return
        reader.takes("IF", "EXISTS")
        reader.takes("ONLY")
        table, is_more = reader.qualified(), True
        while is_more:
            if reader.takes("VALIDATE", "CONSTRAINT"):
                yield table, reader.name()
            reader.rest_of_action()
            is_more = reader.skip_comma()


def _added_column(reader: Reader, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    """Yield a new column, and the constraints in its definition."""
    reader.takes("COLUMN")
    reader.takes("IF", "NOT", "EXISTS")
    name = reader.name()
    spelled = reader.rest_of_action(*_AFTER_TYPE, "COLLATE")
    column = _NewColumn((schema, table), name, spelled, has_own_values="SERIAL" in spelled.upper())
    while reader.left and reader.left[0].text not in (",", ";"):
        column.read(reader)
    if not column.has_own_values:
        yield AddColumnOp(table, column.column(), schema=schema)
        yield from column.constraints


@dataclass(slots=True)
class _NewColumn:
    """What the definition of a new column has; ``has_own_values`` where each row gets another value."""

    table: Name
    name: str
    type_: str
    has_own_values: bool
    is_nullable: bool = True
    is_unique: bool = False
    default: str = ""
    computed: str = ""
    constraints: list[MigrateOperation] = field(default_factory=list)

    def column(self) -> sa.Column[Any]:
        """Return the column."""
        given: list[Any] = [sa.Computed(_escaped(self.computed))] if self.computed else []
        default = sa.text(_escaped(self.default)) if self.default else None
        return sa.Column(
            self.name,
            WrittenType(self.type_) if self.type_ else NullType(),
            *given,
            nullable=self.is_nullable,
            unique=self.is_unique,
            server_default=default,
        )

    def read(self, reader: Reader) -> None:
        """Read one part of the definition, or a word that is none."""
        schema, table = self.table
        if reader.takes("NOT", "NULL"):
            self.is_nullable = False
        elif reader.takes("DEFAULT"):
            self.default = reader.rest_of_action(*_AFTER_TYPE)
        elif reader.takes("PRIMARY", "KEY"):
            self.is_nullable, self.is_unique = False, True
        elif reader.takes("UNIQUE"):
            self.is_unique = True
        elif reader.takes("AS", "IDENTITY") or reader.takes("AUTO_INCREMENT") or reader.takes("BY", "DEFAULT"):
            self.has_own_values = True
        elif reader.takes("AS") and reader.is_at("("):
            self.computed = ", ".join(reader.parenthesised())
        elif reader.takes("CHECK"):
            condition = ", ".join(reader.parenthesised())
            self.constraints.append(CreateCheckConstraintOp(None, table, condition, schema=schema))
        elif reader.takes("REFERENCES"):
            other_schema, other = reader.qualified()
            remote = [_column_name(part, reader.dialect) for part in reader.parenthesised()]
            key = CreateForeignKeyOp(
                None, table, other, [self.name], remote, source_schema=schema, referent_schema=other_schema
            )
            self.constraints.append(key)
        elif reader.left and reader.left[0].text not in (",", ";"):
            reader.name()


def _words(sql: str) -> str:
    """Return SQL in upper case with one space between its words."""
    return " ".join(sql.upper().split())


def _escaped(sql: str) -> str:
    return sql.replace(":", r"\:")


def _redefined(reader: Reader, schema: str | None, table: str, *, renames: bool) -> Iterator[MigrateOperation]:
    """Yield the change of a column whose whole definition is given, as MODIFY and CHANGE do."""
    reader.takes("COLUMN")
    reader.takes("IF", "EXISTS")
    column = reader.name()
    if renames:
        reader.name()
    spelled = reader.rest_of_action(*_AFTER_TYPE)
    if any(token.keyword in ("GENERATED", "AS") for token in reader.left[:1]):
        return  # its values are computed
    rest = reader.rest_of_action("COLLATE")
    if reader.takes("COLLATE"):
        spelled += f" COLLATE {reader.name()}"
    is_not_null = "NOT NULL" in _words(f"{rest} {reader.rest_of_action()}")
    yield AlterColumnOp(
        table, column, schema=schema, modify_nullable=False if is_not_null else None, modify_type=WrittenType(spelled)
    )


def _column_name(text: str, dialect: SQLDialect) -> str:
    """Return the name at the start of an entry of a list of columns."""
    reader = Reader(text, dialect)
    return reader.name() if reader.left else text
