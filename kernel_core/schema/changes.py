"""What changed between two schemas: a sign, the table, and a sentence for each change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..util.counts import counted
from .description import (
    ColumnDescription,
    ConstraintDescription,
    IndexDescription,
    SchemaDescription,
    TableDescription,
    options_of,
)

Sign = Literal["+", "-", "~"]
"""Added, dropped, changed."""


@dataclass(frozen=True, slots=True)
class Renames:
    """The old name for each new one: of tables by key, of columns by (new key of the table, new name)."""

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def reversed(self) -> Renames:
        """Return the renames of the opposite direction."""
        return Renames(
            {before: after for after, before in self.tables.items()},
            {(self.tables.get(key, key), before): after for (key, after), before in self.columns.items()},
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    ``table`` is its key after the change, before it if it was dropped, "" for what belongs to no table. ``kind`` is
    "table", "column", "constraint", "index", "enum type" or "sequence"; ``name`` is "" for an unnamed constraint.
    """

    sign: Sign
    kind: str
    table: str
    name: str
    sentence: str


def compare(before: SchemaDescription, after: SchemaDescription, renames: Renames | None = None) -> tuple[Change, ...]:
    """Return the changes from ``before`` to ``after``, table by table.

        compare(describe(old), describe(new))[0].sentence      # "Add column age INTEGER to users"

    Without ``renames``, a renamed table or column is a dropped and an added one.
    """
    known = renames or Renames()
    renamed = _renamed(before, known)
    found: list[Change] = []
    for key in sorted({*renamed.tables, *after.tables}):
        old, new = renamed.tables.get(key), after.tables.get(key)
        if old is None and new is not None:
            found.append(
                Change("+", "table", key, key, f"Create table {key} with {counted(len(new.columns), 'column')}")
            )
        elif new is None:
            found.append(Change("-", "table", key, key, f"Drop table {key}"))
        elif old is not None:
            found += _of_table(old, new, known)
    return (*found, *_of_enums(renamed, after), *_of_sequences(renamed.sequences, after.sequences))


def _renamed(schema: SchemaDescription, renames: Renames) -> SchemaDescription:
    """Return a schema with its names replaced by those after the renames."""
    forward = renames.reversed()
    tables: dict[str, TableDescription] = {}
    for table in schema.tables.values():
        key = forward.tables.get(table.key, table.key)
        names = {before: after for (owner, before), after in forward.columns.items() if owner == table.key}
        tables[key] = _with_names(table, key, names, forward)
    return replace(schema, tables=tables)


def _with_names(table: TableDescription, key: str, names: Mapping[str, str], forward: Renames) -> TableDescription:
    def new(column: str) -> str:
        return names.get(column, column)

    def constraint(each: ConstraintDescription) -> ConstraintDescription:
        referred = tuple(forward.columns.get((each.refers_to, one), one) for one in each.referred_columns)
        return replace(
            each,
            columns=tuple(map(new, each.columns)),
            refers_to=forward.tables.get(each.refers_to, each.refers_to),
            referred_columns=referred,
        )

    return replace(
        table,
        key=key,
        columns={new(name): replace(column, name=new(name)) for name, column in table.columns.items()},
        constraints=tuple(map(constraint, table.constraints)),
        indexes=tuple(replace(each, parts=tuple(map(new, each.parts))) for each in table.indexes),
    )


def _of_table(old: TableDescription, new: TableDescription, renames: Renames) -> Iterator[Change]:
    key = new.key
    before = renames.tables.get(key)
    if before is not None:
        yield Change("~", "table", key, key, f"Rename table {before} to {new.name}")
    if old.comment != new.comment:
        yield Change("~", "table", key, key, f"Change the comment of {key}: {_from_to(old.comment, new.comment)}")
    if old.options != new.options:
        was, now = (" ".join(options_of(each.options)) for each in (old, new))
        yield Change("~", "table", key, key, f"Change the options of {key}: {_from_to(was, now)}")
    for name in dict.fromkeys((*old.columns, *new.columns)):
        yield from _of_column(key, old.columns.get(name), new.columns.get(name), renames.columns.get((key, name)))
    yield from _of_items(key, "constraint", old.constraints, new.constraints)
    yield from _of_items(key, "index", old.indexes, new.indexes)


def _of_column(
    key: str, old: ColumnDescription | None, new: ColumnDescription | None, before: str | None
) -> Iterator[Change]:
    if new is None:
        assert old is not None, "a column is in one of both"
        yield Change("-", "column", key, old.name, f"Drop column {old.name} of {key}")
        return
    if old is None:
        rest = "" if new.nullable else " not null"
        yield Change("+", "column", key, new.name, f"Add column {new.name} {new.type}{rest} to {key}")
        return
    if before is not None:
        yield Change("~", "column", key, new.name, f"Rename column {before} of {key} to {new.name}")
    differences = _differences(old, new)
    if differences:
        yield Change("~", "column", key, new.name, f"Change column {new.name} of {key}: {'; '.join(differences)}")


def _differences(old: ColumnDescription, new: ColumnDescription) -> list[str]:
    found = [f"type {old.type} to {new.type}"] if old.type != new.type else []
    if old.nullable != new.nullable:
        found.append("null is allowed" if new.nullable else "not null")
    if old.default != new.default:
        found.append(f"default {_from_to(old.default, new.default)}")
    if old.comment != new.comment:
        found.append(f"comment {_from_to(old.comment, new.comment)}")
    return found


def _from_to(before: str, after: str) -> str:
    return f"{before or 'none'} to {after or 'none'}"


def _of_items(
    key: str,
    kind: str,
    old: Sequence[ConstraintDescription] | Sequence[IndexDescription],
    new: Sequence[ConstraintDescription] | Sequence[IndexDescription],
) -> Iterator[Change]:
    """Yield the changes of constraints or indexes; two of one name are one that has changed."""
    gone = [each for each in old if each not in new]
    added = [each for each in new if each not in old]
    named = {each.name: each for each in gone if each.name}
    for each in added:
        before = named.pop(each.name, None)
        if before is None:
            yield Change("+", kind, key, each.name, f"Add to {key}: {each.sentence()}")
        else:
            gone = [one for one in gone if one is not before]
            yield Change("~", kind, key, each.name, f"Change in {key}: {before.sentence()} to {each.sentence()}")
    for each in gone:
        yield Change("-", kind, key, each.name, f"Drop from {key}: {each.sentence()}")


def _of_enums(old: SchemaDescription, new: SchemaDescription) -> Iterator[Change]:
    for key in sorted({*old.enums, *new.enums}):
        before, after = old.enums.get(key), new.enums.get(key)
        if before is None and after is not None:
            yield Change("+", "enum type", "", key, f"Create enum type {key} ({', '.join(after.values)})")
        elif after is None:
            yield Change("-", "enum type", "", key, f"Drop enum type {key}")
        elif before is not None and before.values != after.values:
            was, now = ", ".join(before.values), ", ".join(after.values)
            yield Change("~", "enum type", "", key, f"Change the values of {key}: {was} to {now}")


def _of_sequences(old: Iterable[str], new: Iterable[str]) -> Iterator[Change]:
    before, after = set(old), set(new)
    for name in sorted(after - before):
        yield Change("+", "sequence", "", name, f"Create sequence {name}")
    for name in sorted(before - after):
        yield Change("-", "sequence", "", name, f"Drop sequence {name}")
