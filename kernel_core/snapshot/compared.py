"""Compare two readings of a schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Schema = Mapping[str, tuple[str, ...]]
"""For each table, its columns, keys, constraints, indexes and comments, one line each."""

Change = tuple[Literal["+", "-", "~"], str, str]
"""Added, removed or changed; the name of the table; a description."""

_KINDS = (
    *("schema", "table", "view", "materialized view", "enum type", "domain", "sequence", "trigger"),
    *("composite type", "range type", "collation", "function", "aggregate", "routine", "policy", "rule", "extension"),
)
"""The kinds that `Snapshot.coverage` names, in this order."""

_SHOWN_WHOLE = frozenset({"enum type", "composite type", "extension", "comment on"})
_SHOWN_WHOLE |= frozenset(f"privileges of{kind}" for kind in ("", " column", " schema", " function", " type"))
_ONLY_CHANGED = frozenset({"owner of", "owner of schema", "owner of function", "options of"})
_SHOWN_WHOLE |= _ONLY_CHANGED
"""Kinds of objects of which a change is shown with the whole definition, and those that each table has."""

_NAMED = frozenset({"column", "foreign key", "unique", "check", "index", "exclude"})
_NAME = re.compile(r'"(?:[^"]|"")*"|\S+')

_NOT_READ = {
    "postgresql": "rows, the order of columns, present values of sequences, default privileges, roles, event triggers, "
    "publications, foreign tables, casts and operators",
    "mysql": "rows, the order of columns, present values of AUTO_INCREMENT, privileges and events",
    "sqlite": "rows, the order of columns, present values of AUTOINCREMENT and attached databases",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One reading of a schema: schemas, their tables, and the definition of each other object by (kind, name)."""

    dialect: str
    schemas: tuple[str, ...]
    tables: Schema
    objects: Mapping[tuple[str, str], str]

    def coverage(self) -> tuple[str, ...]:
        """Return lines that describe what this snapshot compares, and what it does not."""
        kinds: dict[str, list[str]] = {"schema": list(self.schemas), "table": list(self.tables)}
        for kind, name in self.objects:
            kinds.setdefault(kind, []).append(name)
        known = [kind for kind in _KINDS if kind in kinds or (kind in ("view", "trigger"))]
        lines = [f"{_plural(kind)}: {', '.join(kinds.get(kind, ())) or 'none'}" for kind in known]
        if self.dialect != "sqlite":
            commented = sum(
                line.startswith("comment ") or " comment '" in line for lines in self.tables.values() for line in lines
            )
            lines.append(f"comments of tables and columns: {commented or 'none'}")
        return (*lines, f"not compared: {_NOT_READ.get(self.dialect, 'rows and all that is not named above')}")


def differences(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Return what differs between two snapshots: schemas, tables, then views, types, sequences and triggers."""
    old, new = before.schemas[1:], after.schemas[1:]  # the first is the default one, of MariaDB the database itself
    found: list[Change] = [("-", name, f"schema {name}") for name in old if name not in new]
    found += [("+", name, f"schema {name}") for name in new if name not in old]
    found += changes(before.tables, after.tables)
    for kind, name in sorted({*before.objects, *after.objects}):
        was, now = before.objects.get((kind, name)), after.objects.get((kind, name))
        if kind in _ONLY_CHANGED and (was is None or now is None):
            continue
        if now is None:
            found.append(("-", name, f"{kind} {name}"))
        elif was is None:
            found.append(("+", name, f"{kind} {name}{f' {now}' if kind in _SHOWN_WHOLE else ''}"))
        elif was != now:
            text = f" {now} (was {was})" if kind in _SHOWN_WHOLE else ": its definition"
            found.append(("~", name, f"{kind} {name}{text}"))
    return tuple(found)


def changes(before: Schema, after: Schema) -> tuple[Change, ...]:
    """Return what differs between two schemas, by table, what was removed before what was added."""
    found: list[Change] = []
    for name in sorted({*before, *after}):
        if name not in after:
            found.append(("-", name, f"table {name}"))
        elif name not in before:
            found.append(("+", name, f"table {name}"))
            found += [("+", name, line) for line in after[name]]
        else:
            found += _lines(name, before[name], after[name])
    return tuple(found)


def _lines(name: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Change]:
    old, new = {subject_of(line): line for line in before}, {subject_of(line): line for line in after}
    for subject in [*old, *(each for each in new if each not in old)]:
        if subject not in new:
            yield "-", name, old[subject]
        elif subject not in old:
            yield "+", name, new[subject]
        elif old[subject] != new[subject]:
            yield "~", name, f"{new[subject]} (was {old[subject].removeprefix(subject).strip()})"


def subject_of(line: str) -> str:
    """Return the kind and the name at the start of a line: ``column email``; the whole line of one without a name."""
    words = line.split(" ", 2)
    if words[0] == "comment":
        return "comment"
    if line.startswith("primary key"):
        return "primary key"
    kind = " ".join(words[: 2 if words[1:2] == ["key"] else 1])
    rest = line.removeprefix(kind).lstrip()
    found = _NAME.match(rest)
    return line if rest.startswith("(") or kind not in _NAMED or found is None else f"{kind} {found[0]}"


def _plural(kind: str) -> str:
    return "policies" if kind == "policy" else f"{kind}s"
