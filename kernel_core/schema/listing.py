"""A schema as lines of text: each table with its columns, keys, indexes and comments, and the signs of changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .changes import Change, Sign
from .description import ColumnDescription, SchemaDescription, TableDescription, options_of

WORDS: Mapping[str, str] = {"+": "added", "-": "dropped", "~": "changed"}


def signs_of(changes: Iterable[Change]) -> dict[tuple[str, str, str], Sign]:
    """Return the sign of each (table, kind, name) that changed."""
    return {(each.table, each.kind, each.name): each.sign for each in changes}


def lines_of(schema: SchemaDescription, changes: Sequence[Change] = ()) -> Iterator[str]:
    """Yield the lines of a schema; what changed begins with its sign."""
    signs = signs_of(changes)
    for key, table in schema.tables.items():
        yield from _table(table, signs)
        own = [each for each in changes if each.table == key and (each.sign == "-" or each.kind == "table")]
        yield from (f"  {each.sign} {each.sentence}" for each in own if each.sign != "+")
        yield ""
    for each in changes:
        if each.sign == "-" and each.kind == "table":
            yield from (f"- {each.table} (dropped)", "")
    for enum in schema.enums.values():
        sign = signs.get(("", "enum type", enum.name), " ")
        yield f"{sign} enum type {enum.name}: {', '.join(enum.values)}".lstrip()
    for name in schema.sequences:
        yield f"{signs.get(('', 'sequence', name), ' ')} sequence {name}".lstrip()


def table_sign(key: str, signs: Mapping[tuple[str, str, str], Sign]) -> Sign | None:
    """Return the sign of a table: its own, or ``~`` where something in it changed."""
    own = signs.get((key, "table", key))
    return own or ("~" if any(table == key for table, _, _ in signs) else None)


def _table(table: TableDescription, signs: Mapping[tuple[str, str, str], Sign]) -> Iterator[str]:
    sign = table_sign(table.key, signs)
    about = [WORDS[sign]] if sign else []
    about += options_of(table.options)
    shown = f" ({', '.join(about)})" if about else ""
    yield f"{f'{sign} ' if sign else ''}{table.key}{shown}"
    if table.comment:
        yield f"    -- {_one_line(table.comment)}"
    width = max((len(name) for name in table.columns), default=0)
    for column in table.columns.values():
        yield f"  {signs.get((table.key, 'column', column.name), ' ')} {column.name:<{width}}  {about_column(column)}"
    for kind, items in (("constraint", table.constraints), ("index", table.indexes)):
        for each in items:
            yield f"  {signs.get((table.key, kind, each.name), ' ') if each.name else ' '} {_one_line(each.sentence())}"


def about_column(column: ColumnDescription) -> str:
    """Return type, nullability, default and comment of a column: ``INTEGER not null default 0 -- in years``."""
    words = [column.type, *([] if column.nullable else ["not null"])]
    words += [column.default if column.default.startswith("GENERATED ") else f"default {column.default}"] * bool(
        column.default
    )
    return _one_line(" ".join(words) + (f"  -- {column.comment}" if column.comment else ""))


def _one_line(text: str) -> str:
    return " ".join(text.split("\n"))
