"""The entity-relationship diagram of a schema: its boxes and lines, before they are written for graphviz or mermaid."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..util.counts import counted
from .changes import Change, Sign
from .description import ColumnDescription, ConstraintDescription, SchemaDescription, TableDescription
from .listing import WORDS, signs_of, table_sign


@dataclass(frozen=True, slots=True)
class Row:
    """A column in a box: its sign ("" if it did not change), PK, FK and the like, name, and type."""

    sign: str
    marks: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Box:
    """A table, or a folded schema, which has no rows; ``omitted`` is the number of columns that are not drawn."""

    key: str
    title: str
    schema: str
    sign: Sign | None = None
    rows: tuple[Row, ...] = ()
    omitted: int = 0
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A foreign key from the table ``source`` to ``target``.

    At most one row refers to a row of the target if the key is unique; the key may refer to no row if it is nullable.
    """

    source: str
    target: str
    label: str = ""
    sign: Sign | None = None
    is_unique: bool = False
    is_nullable: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """The boxes in the order of their keys, and the lines between them."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]

    def described(self) -> str:
        """Return what a picture shows, as its text."""
        changed = [f"{box.title} {WORDS[box.sign]}" for box in self.boxes if box.sign]
        tables = sum(not box.is_folded for box in self.boxes)
        counts = f"{counted(tables, 'table')}, {counted(len(self.lines), 'foreign key')}"
        return f"Entity-relationship diagram: {counts}{'; ' if changed else ''}{', '.join(changed)}"


COLUMNS = ((20, 40), (60, 16), (150, 8))
"""(number of tables, columns drawn of each table); of more tables only the keys and what changed are drawn."""


def diagram_of(
    before: SchemaDescription | None,
    after: SchemaDescription,
    changes: Sequence[Change] = (),
    *,
    folded: Collection[str] = (),
    columns: int | None = None,
) -> Diagram:
    """Return the diagram of a schema, with what was dropped since ``before``.

    ``folded`` are schemas that are drawn as one box. ``columns`` is how many columns a box has; by default fewer the
    more tables there are. Keys and columns that changed are drawn first.
    """
    signs = signs_of(changes)
    gone = {} if before is None else {key: each for key, each in before.tables.items() if key not in after.tables}
    gone = {key: each for key, each in gone.items() if signs.get((key, "table", key)) == "-"}
    tables = dict(sorted({**gone, **after.tables}.items()))
    limit = columns if columns is not None else next((most for count, most in COLUMNS if len(tables) <= count), 0)
    place = {key: _folded_key(each.schema) if each.schema in folded else key for key, each in tables.items()}
    boxes = [_box(each, before, signs, limit) for key, each in tables.items() if place[key] == key]
    for schema in sorted(set(folded)):
        inside = [key for key, each in tables.items() if each.schema == schema]
        if inside:
            boxes.append(_folded_box(schema, inside, signs))
    lines = [line for key, table in tables.items() for line in _lines(table, tables, place, signs, gone=key in gone)]
    return Diagram(tuple(boxes), tuple(dict.fromkeys(lines)))


def _folded_key(schema: str) -> str:
    return f"schema {schema or 'default'}"


def _folded_box(schema: str, keys: Sequence[str], signs: Mapping[tuple[str, str, str], Sign]) -> Box:
    sign: Sign | None = "~" if any(table_sign(key, signs) for key in keys) else None
    title = f"{_folded_key(schema)}: {counted(len(keys), 'table')}"
    return Box(_folded_key(schema), title, schema, sign, is_folded=True)


def _box(
    table: TableDescription, before: SchemaDescription | None, signs: Mapping[tuple[str, str, str], Sign], limit: int
) -> Box:
    key = table.key
    old = None if before is None else before.tables.get(key)
    dropped = [each for name, each in (old.columns if old else {}).items() if signs.get((key, "column", name)) == "-"]
    refers = {name for each in table.foreign_keys() for name in each.columns}
    unique = {each.columns[0] for each in table.constraints if each.kind == "unique" and len(each.columns) == 1}
    given = [*table.columns.values(), *dropped]
    rows = {each.name: _row(each, refers, unique, signs.get((key, "column", each.name), "")) for each in given}
    kept = [name for name, row in rows.items() if row.sign or "PK" in row.marks or "FK" in row.marks]
    kept += [name for name in rows if name not in kept][: max(0, limit - len(kept))]
    shown = tuple(row for name, row in rows.items() if name in kept)
    return Box(key, table.key, table.schema, table_sign(key, signs), shown, len(rows) - len(shown))


def _row(column: ColumnDescription, refers: Collection[str], unique: Collection[str], sign: str) -> Row:
    marks = ["PK"] * column.is_primary + ["FK"] * (column.name in refers) + ["U"] * (column.name in unique)
    nullable = " null" if column.nullable and not column.is_primary else ""
    return Row(sign, " ".join(marks), column.name, f"{_shortened(column.type)}{nullable}")


def _shortened(text: str) -> str:
    """Return a type that is not wider than a box should be: the values of an ENUM are left out."""
    shown = " ".join(text.split())
    return shown if len(shown) <= 32 else f"{shown[:31]}…"


def _lines(
    table: TableDescription,
    tables: Mapping[str, TableDescription],
    place: Mapping[str, str],
    signs: Mapping[tuple[str, str, str], Sign],
    *,
    gone: bool,
) -> list[Line]:
    found = []
    for each in table.foreign_keys():
        source, target = place[table.key], place.get(each.refers_to)
        if target is None or (source == target and source != table.key):
            continue
        sign: Sign | None = "-" if gone else signs.get((table.key, "constraint", each.name)) if each.name else None
        found.append(
            Line(
                source, target, ", ".join(each.columns), sign, table.is_unique(each.columns), _may_be_null(table, each)
            )
        )
    return found


def _may_be_null(table: TableDescription, key: ConstraintDescription) -> bool:
    return any(table.columns[name].nullable for name in key.columns if name in table.columns)
