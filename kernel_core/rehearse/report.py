"""A rehearsal as text, Markdown and JSON.

In files the values of text columns are left out: Markdown, JSON and the HTML page are usually kept, and sent to others.
"""

from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..util.counts import counted
from ..util.secrets import redact
from .findings import Blocker, Lock, Rehearsal, Statement
from .masking import Masked, masked
from .postgresql_locks import BLOCKS

LONGEST = 40
"""So many statements or tables are listed at most; the number of the others is said."""

IN_FULL = 10
"""So many findings of one kind are shown with their details; of more than these the details are folded."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: a heading, and lines; ``details`` of a line are shown below it."""

    title: str
    lines: tuple[tuple[str, tuple[str, ...]], ...]


def lead(found: Rehearsal) -> str:
    """Return the result in one sentence."""
    if not found.revisions:
        return f"{found.target} is at {', '.join(found.before) or 'base'}; there is nothing to rehearse."
    steps = f"{found.direction} by {counted(len(found.revisions), 'revision')}"
    data = (
        "without rows"
        if found.schema_only
        else f"with up to {counted(found.sample, 'row')} of each table"
        if found.sample
        else ""
    )
    where = f"rehearsed on a clone{f' {data}' if data else ''}"
    if found.is_clean:
        return f"{found.target}: {steps}, {where}: every statement ran."
    number = len(found.blockers)
    return f"{found.target}: {steps}, {where}: {counted(number, 'blocker')}."


def sections(found: Rehearsal, *, shows_values: bool = True) -> list[Section]:
    """Return the parts of the report; with ``shows_values=False`` values of text are masked."""
    if not found.revisions:
        return []
    parts = [
        Section("Blockers", tuple(_blocker(each if shows_values else each.masked()) for each in found.blockers)),
        Section("Schema", tuple(_plain(f"{sign} {table}: {text}" for sign, table, text in found.schema))),
        Section("Rows", tuple(_rows(found, shows_values))),
        Section("Statements", tuple(_statements(found))),
        Section(f"The {_reverse(found)}", tuple(_plain(_back(found, shows_values=shows_values)))),
        Section("The database itself", tuple(_plain(_live(found)))),
        Section("Not checked", tuple(_plain(found.not_compared))),
    ]
    return [part for part in parts if part.lines]


def as_text(several: Sequence[Rehearsal], *, shows_values: bool = True) -> str:
    """Return the report for a terminal."""
    lines: list[str] = []
    for found in several:
        lines.append(lead(found))
        for section in sections(found, shows_values=shows_values):
            lines += ["", f"{section.title}:"]
            for line, details in section.lines:
                lines.append(f"  {line}")
                lines += [f"      {detail}" for detail in details]
    return redact("\n".join(lines))


def as_markdown(several: Sequence[Rehearsal]) -> str:
    """Return the report for a comment of a pull request."""
    lines: list[str] = []
    for found in several:
        lines += [f"### {_md(lead(found))}", ""]
        for section in sections(found, shows_values=False):
            lines += [f"**{section.title}**", ""]
            for line, details in section.lines:
                lines.append(f"- {_md(line)}")
                lines += [f"  - {_md(detail)}" for detail in details]
            lines.append("")
    return redact("\n".join(lines))


def as_data(found: Rehearsal) -> dict[str, Any]:
    """Return a rehearsal as values of JSON; values of text are masked."""
    undone = None if found.undone is None else found.undone.masked()
    shown = dataclasses.replace(found, blockers=tuple(each.masked() for each in found.blockers), undone=undone)
    data: dict[str, Any] = dataclasses.asdict(shown)
    for rows in data["rows"]:
        rows["sentence"] = next(each for each in found.rows if each.table == rows["table"]).sentence()
    data["is_clean"] = found.is_clean
    data["restores"] = None if found.undone is None else found.undone.restores
    return data


def as_json(several: Sequence[Rehearsal]) -> str:
    """Return the report for programs."""
    return redact(json.dumps([as_data(found) for found in several], indent=2, default=str, ensure_ascii=False))


def _blocker(blocker: Blocker) -> tuple[str, tuple[str, ...]]:
    details = [f"rows: {row_text(row, shows_values=True)}" for row in blocker.sample]
    details += [f"find them{moment_of_query(blocker)}: {blocker.query}"] if blocker.query else []
    details += [f"no query: {blocker.no_query}"] if blocker.no_query else []
    return blocker_line(blocker), tuple(details)


def blocker_line(blocker: Blocker) -> str:
    """Return a blocker in one line, as it begins the text of it."""
    follows = " (it may follow from the failure above)" if blocker.follows else ""
    return f"✗ {blocker.revision}: {blocker.operation}: {blocker.text}{follows}"


def moment_of_query(blocker: Blocker) -> str:
    """Return when the query of a blocker finds its rows, if the database as it is does not have them."""
    return ", after the operations before it" if blocker.is_later else ""


def row_text(row: Any, *, shows_values: bool) -> str:
    """Return the names and values of a row in one line."""
    return ", ".join(f"{name} = {literal(value if shows_values else masked(value))}" for name, value in row.items())


def literal(value: Any) -> str:
    """Return a value of a row as text: NULL, a text in quotes, else as Python prints it; a masked one without quotes.

    >>> from decimal import Decimal
    >>> literal(None), literal("NULL"), literal(Decimal("1.50"))
    ('NULL', "'NULL'", '1.50')
    """
    if value is None:
        return "NULL"
    return repr(value) if isinstance(value, str | bytes) and not isinstance(value, Masked) else str(value)


def _change(old: Any, new: Any) -> str:
    """Return the change of a value; two masked ones may look the same."""
    other = "other " if isinstance(new, Masked) and old == new else ""
    return f"{literal(old)} -> {other}{literal(new)}"


def _rows(found: Rehearsal, shows_values: bool) -> Iterable[tuple[str, tuple[str, ...]]]:
    if found.schema_only:
        yield "not compared: the clone has no rows", ()
        return
    changed = found.changed_rows
    for each in changed[:LONGEST]:
        details = []
        for sample in each.sample:
            values = ", ".join(f"{name}: {_change(old, new)}" for name, (old, new) in sample.values.items())
            details.append(f"{row_text(sample.key, shows_values=shows_values)}: {values}")
        keyless = () if each.key or each.before is None or each.after is None else ("it has no primary key",)
        yield each.sentence(), (*keyless, *details)
    if len(changed) > LONGEST:
        yield f"and {counted(len(changed) - LONGEST, 'more table')}", ()
    same = len(found.rows) - len(changed)
    if same:
        yield f"{counted(same, 'table')} with the same rows as before", ()


def _statements(found: Rehearsal) -> Iterable[tuple[str, tuple[str, ...]]]:
    for statement in slowest(found):
        rows = "" if statement.rows is None else f", {counted(statement.rows, 'row')}"
        facts = f"{mark(statement)} {statement.revision} {time_of(found, statement)}{rows}"
        yield f"{facts}: {short_sql(statement)}", tuple(effects(statement))
    yield from ((line, ()) for line in unlisted(found))


def slowest(found: Rehearsal) -> list[Statement]:
    """Return the statements that are listed, in the order in which they ran."""
    several = sorted(enumerate(found.statements), key=lambda each: -each[1].seconds)[:LONGEST]
    return [statement for _, statement in sorted(several)]


def unlisted(found: Rehearsal) -> Iterable[str]:
    """Return sentences about what the list of statements does not show."""
    if len(found.statements) > LONGEST:
        yield f"and {len(found.statements) - LONGEST} more, each quicker than these"
    told = {statement.revision for statement in found.statements}
    silent = [revision for revision in found.revisions if revision not in told and revision != found.stopped_at]
    if silent:
        yield f"no statement in {', '.join(silent)}"


def mark(statement: Statement) -> str:
    """Return the sign of a statement."""
    return "✗" if statement.failed else "✓"


def time_of(found: Rehearsal, statement: Statement) -> str:
    """Return the seconds of a statement; where the clone has a part of the rows, also those on all of them."""
    guess = found.estimate(statement)
    scaled = f", about {guess:.2f} s on all rows" if guess > statement.seconds * 1.5 else ""
    return f"{statement.seconds:.3f} s{scaled}"


def short_sql(statement: Statement) -> str:
    """Return the SQL of a statement in one line, a long one without its end."""
    shown = " ".join(statement.sql.split())
    return shown if len(shown) <= 160 else f"{shown[:157]}..."


def effects(statement: Statement) -> Iterable[str]:
    """Return sentences about the locks, the rewritten tables and the algorithm of a statement."""
    for lock in statement.locks:
        if BLOCKS.get(lock.mode):
            yield f"locks {lock.name}: {_mode(lock)}, which keeps others from {BLOCKS[lock.mode]}"
    if statement.rewrites:
        yield f"rewrites: {', '.join(statement.rewrites)}"
    if statement.algorithm:
        yield f"accepted: {statement.algorithm}"


def _mode(lock: Lock) -> str:
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in lock.mode.removesuffix("Lock")).split()
    return f"{' '.join(words).upper()}{'' if lock.observed else ' (by the manual)'}"


def _reverse(found: Rehearsal) -> str:
    return "downgrade" if found.direction == "upgrade" else "upgrade"


def _back(found: Rehearsal, *, shows_values: bool) -> Iterable[str]:
    back = _reverse(found)
    undone = found.undone if shows_values or found.undone is None else found.undone.masked()
    if undone is None:
        yield f"the {back} was not rehearsed"
    elif undone.failure:
        was_run = not undone.failure.startswith("not run")
        yield f"the {back} {'failed: ' if was_run else 'was '}{undone.failure}"
    elif undone.restores:
        rows = "" if found.schema_only else " and its rows"
        yield f"the {back} brings back the schema{rows}"
    else:
        yield f"the {back} ran, and does not bring back everything:"
        yield from (f"{sign} {table}: {text}" for sign, table, text in undone.schema)
        yield from (each.sentence() for each in undone.rows)


def _live(found: Rehearsal) -> Iterable[str]:
    if found.live_unchanged:
        yield "it is as it was: nothing was written to it meanwhile (verified)"
    elif found.live_unchanged is False:
        yield "it was written to meanwhile, by another program; the clone has the state from before"
    else:
        yield "it was only read, to be copied; every connection of the run was to the clone"


def _plain(lines: Iterable[str]) -> Iterable[tuple[str, tuple[str, ...]]]:
    return ((line, ()) for line in lines)


def _md(text: str) -> str:
    """Escape what Markdown or HTML would read as markup; a line break would end the entry of a list."""
    escaped = html.escape(text, quote=False)
    marked = "".join(f"\\{one}" if one in "\\`*_[]|#~" else one for one in escaped)
    return "<br>".join(marked.splitlines())
