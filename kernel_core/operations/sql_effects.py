"""The effect of plain SQL statements on a schema: of those about rows, and of a few that change types and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..util.exc import UnknownEffect
from ..util.sql import Token, tokens
from .schema_state import Place, SchemaState, TableState

ROWS_ONLY = frozenset({"INSERT", "UPDATE", "DELETE", "TRUNCATE", "LOCK", "MERGE", "ANALYZE", "VACUUM"})
"""First words of statements that change rows, or nothing that a MetaData has."""

SESSION_ONLY = frozenset({"FOREIGN_KEYS", "FOREIGN_KEY_CHECKS", "LOCK_TIMEOUT", "STATEMENT_TIMEOUT"})
"""Settings that ``SET`` or ``PRAGMA`` changes for a connection or a transaction, and that change no schema."""


def apply_sql(sql: str, schema: SchemaState) -> None:
    """Change a state as the statements of ``sql`` change a database; raises UnknownEffect where one is not known.

    Known are statements about rows, ``DROP TABLE``, on PostgreSQL ``CREATE TYPE ... AS ENUM``,
    ``ALTER TYPE ... ADD VALUE`` and ``DROP TYPE``, and what `register_statement_reader` has added. Nothing is changed
    where one of several is not known.
    """
    found = [each for each in _statements(tokens(sql, schema.dialect)) if not _is_about_rows(each)]
    if not found:
        return
    statements = [(each, sql[each[0].start : each[-1].end]) for each in found]
    tried = schema.copied()
    if not all(_apply(*each, tried) for each in statements):
        raise UnknownEffect(f"SQL: {' '.join(sql.split())[:80]}")
    for each in statements:
        _apply(*each, schema)


def _statements(found: Sequence[Token]) -> Iterator[list[Token]]:
    statement: list[Token] = []
    for token in found:
        if token.text == ";":
            if statement:
                yield statement
            statement = []
        else:
            statement.append(token)
    if statement:
        yield statement


def _is_about_rows(statement: list[Token]) -> bool:
    """Return whether a statement reads, changes or checks rows, or changes how that is done.

    ``ALTER TABLE ... VALIDATE CONSTRAINT`` checks them.
    """
    words = [token.keyword for token in statement]
    if words[:1] in (["SET"], ["PRAGMA"]) and any(word in SESSION_ONLY for word in words[1:3]):
        return True
    if words[:2] == ["ALTER", "TABLE"] and words[-3:-1] == ["VALIDATE", "CONSTRAINT"]:
        return all(token.text not in ("(", ")", ",") for token in statement)
    return words[0] in ROWS_ONLY or (words[0] == "SELECT" and "INTO" not in words)


_readers: dict[str, Callable[[str, SchemaState], bool]] = {}


def register_statement_reader(dialect_name: str, read: Callable[[str, SchemaState], bool]) -> None:
    """Register the function that applies a statement of one database to a state.

    It returns whether it knows the kind of statement, and raises UnknownEffect where the database refuses this one.
    """
    _readers[dialect_name] = read


def _apply(statement: list[Token], sql: str, schema: SchemaState) -> bool:
    """Apply one statement, which is ``sql`` as text; return whether its effect is known."""
    words = [token.keyword for token in statement]
    if words[:2] == ["DROP", "TABLE"]:
        return _drop(statement[2:], schema, "table")
    if schema.dialect.name in _readers and _readers[schema.dialect.name](sql, schema):
        return True
    if schema.dialect.name != "postgresql":
        return False
    if words[:2] == ["DROP", "TYPE"]:
        return _drop(statement[2:], schema, "type")
    if words[:2] == ["ALTER", "TYPE"]:
        return _add_value(statement[2:], schema)
    return words[:2] == ["CREATE", "TYPE"] and _create_enum(statement[2:], schema)


def _drop(rest: list[Token], schema: SchemaState, kind: str) -> bool:
    optional = [token.keyword for token in rest[:2]] == ["IF", "EXISTS"]
    rest = rest[2:] if optional else rest
    if rest and rest[-1].keyword == "RESTRICT":
        rest = rest[:-1]
    place, left = _place(rest, schema)
    if place is None or left:
        return False
    if kind == "type":
        schema.enums.pop(place, None)
        return True
    if place not in schema.tables:
        return optional
    if any(_refers(table, place) for other, table in schema.tables.items() if other != place):
        return False
    del schema.tables[place]
    return True


def _refers(table: TableState, place: Place) -> bool:
    keys = (each for each in table.constraints if getattr(each, "referent_table", None) is not None)
    return any((each.referent_schema, each.referent_table) == place for each in keys)


def _add_value(rest: list[Token], schema: SchemaState) -> bool:
    place, left = _place(rest, schema)
    if place is None or [token.keyword for token in left[:2]] != ["ADD", "VALUE"]:
        return False
    left = left[2:]
    optional = [token.keyword for token in left[:3]] == ["IF", "NOT", "EXISTS"]
    left = left[3:] if optional else left
    if not left or left[0].kind != "text" or len(left) not in (1, 3):
        return False
    value, where = left[0].name, left[1].keyword if len(left) == 3 else ""
    if len(left) == 3 and (where not in ("BEFORE", "AFTER") or left[2].kind != "text"):
        return False

    def change(values: list[str]) -> list[str]:
        if value in values:
            return values
        known = len(left) == 3 and left[2].name in values
        at = values.index(left[2].name) + (where == "AFTER") if known else len(values)
        return [*values[:at], value, *values[at:]]

    schema.set_enum(place, change)
    return True


def _create_enum(rest: list[Token], schema: SchemaState) -> bool:
    place, left = _place(rest, schema)
    values = left[3:-1]
    if place is None or [token.keyword for token in left[:2]] != ["AS", "ENUM"] or len(left) < 4:
        return False
    if left[2].text != "(" or left[-1].text != ")" or any(token.kind != "text" for token in values[::2]):
        return False
    schema.enums[place] = [token.name for token in values[::2]]
    return all(token.text == "," for token in values[1::2])


def _place(rest: list[Token], schema: SchemaState) -> tuple[Place | None, list[Token]]:
    """Return the schema and name at the beginning, and what follows; None where there is no name."""
    names: list[str] = []
    while rest and rest[0].kind in ("word", "name"):
        folded = (
            rest[0].name.lower() if rest[0].kind == "word" and schema.dialect.name == "postgresql" else rest[0].name
        )
        names.append(folded)
        rest = rest[1:]
        if not rest or rest[0].text != ".":
            break
        rest = rest[1:]
    if not names or len(names) > 2:
        return None, rest
    own = names[0] if len(names) == 2 else None
    return (None if own == "public" and schema.dialect.name == "postgresql" else own, names[-1]), rest
