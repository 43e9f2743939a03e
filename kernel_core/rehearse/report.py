"""A rehearsal as text, Markdown, HTML and JSON.

In files the values of text columns are left out: Markdown, HTML and JSON are usually kept, and sent to others.
"""

from __future__ import annotations

import dataclasses
import html
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..util.counts import counted
from ..util.secrets import redact
from .findings import Blocker, Lock, Rehearsal, Statement
from .masking import masked
from .postgresql_locks import BLOCKS

_VALUE = re.compile(r"""((?:entry|value|values|syntax for type [\w ]+):? )(?:'[^']*'|"[^"]*")""")

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
        Section("Blockers", tuple(_blocker(each, shows_values) for each in found.blockers)),
        Section("Schema", tuple(_plain(f"{sign} {table}: {text}" for sign, table, text in found.schema))),
        Section("Rows", tuple(_rows(found, shows_values))),
        Section("Statements", tuple(_statements(found))),
        Section(f"The {_reverse(found)}", tuple(_plain(_back(found)))),
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


def as_html(several: Sequence[Rehearsal]) -> str:
    """Return the report as a page that needs no other file."""
    body: list[str] = []
    for found in several:
        parts = sections(found, shows_values=False)
        body.append(f"<h1>{html.escape(lead(found))}</h1>{f'<p>{_numbers(found)}</p>' if parts else ''}")
        body += [f"<h2>{html.escape(part.title)}</h2>{_listed(part)}" for part in parts]
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "h1{font-size:1.2rem}h2{font-size:1rem;margin-bottom:0}code,li{overflow-wrap:anywhere}"
        ":root{color-scheme:light dark}"
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Rehearsal</title>'
        f"<style>{style}</style></head><body>{''.join(body)}</body></html>"
    )
    return redact(page)


def as_data(found: Rehearsal) -> dict[str, Any]:
    """Return a rehearsal as values of JSON; values of text are masked."""
    data: dict[str, Any] = dataclasses.asdict(found)
    for blocker in data["blockers"]:
        blocker["sample"] = [{name: masked(value) for name, value in row.items()} for row in blocker["sample"]]
        blocker["error"], blocker["text"] = _without_values(blocker["error"]), _without_values(blocker["text"])
    for rows in data["rows"]:
        rows["sentence"] = next(each for each in found.rows if each.table == rows["table"]).sentence()
    data["is_clean"] = found.is_clean
    data["restores"] = None if found.undone is None else found.undone.restores
    return data


def as_json(several: Sequence[Rehearsal]) -> str:
    """Return the report for programs."""
    return redact(json.dumps([as_data(found) for found in several], indent=2, default=str, ensure_ascii=False))


def _blocker(blocker: Blocker, shows_values: bool) -> tuple[str, tuple[str, ...]]:
    follows = " (it may follow from the failure above)" if blocker.follows else ""
    text = blocker.text if shows_values else _without_values(blocker.text)
    details = [f"rows: {_row(row, shows_values)}" for row in blocker.sample]
    details += [f"find them: {blocker.query}"] if blocker.query else []
    return f"✗ {blocker.revision}: {blocker.operation}: {text}{follows}", tuple(details)


def _without_values(message: str) -> str:
    """Return a database's message without the values of rows that it may quote."""
    return _VALUE.sub(r"\1...", message.partition(" DETAIL:")[0])


def _row(row: Any, shows_values: bool) -> str:
    return ", ".join(f"{name} = {literal(value if shows_values else masked(value))}" for name, value in row.items())


def literal(value: Any) -> str:
    """Return a value of a row as text: NULL, a text in quotes, else as Python prints it.

    >>> from decimal import Decimal
    >>> literal(None), literal("NULL"), literal(Decimal("1.50"))
    ('NULL', "'NULL'", '1.50')
    """
    return "NULL" if value is None else repr(value) if isinstance(value, str | bytes) else str(value)


def _rows(found: Rehearsal, shows_values: bool) -> Iterable[tuple[str, tuple[str, ...]]]:
    if found.schema_only:
        yield "not compared: the clone has no rows", ()
        return
    changed = found.changed_rows
    for each in changed[:LONGEST]:
        details = []
        for sample in each.sample:
            values = ", ".join(
                f"{name}: {literal(old)} -> {literal(new)}" for name, (old, new) in sample.values.items()
            )
            details.append(f"{_row(sample.key, shows_values)}: {values}")
        keyless = () if each.key or each.before is None or each.after is None else ("it has no primary key",)
        yield each.sentence(), (*keyless, *details)
    if len(changed) > LONGEST:
        yield f"and {counted(len(changed) - LONGEST, 'more table')}", ()
    same = len(found.rows) - len(changed)
    if same:
        yield f"{counted(same, 'table')} with the same rows as before", ()


def _statements(found: Rehearsal) -> Iterable[tuple[str, tuple[str, ...]]]:
    several = sorted(enumerate(found.statements), key=lambda each: -each[1].seconds)[:LONGEST]
    for _, statement in sorted(several):
        yield _statement(found, statement), tuple(_effects(statement))
    if len(found.statements) > LONGEST:
        yield f"and {len(found.statements) - LONGEST} more, each quicker than these", ()
    told = {statement.revision for statement in found.statements}
    silent = [revision for revision in found.revisions if revision not in told and revision != found.stopped_at]
    if silent:
        yield f"no statement in {', '.join(silent)}", ()


def _statement(found: Rehearsal, statement: Statement) -> str:
    rows = "" if statement.rows is None else f", {counted(statement.rows, 'row')}"
    guess = found.estimate(statement)
    scaled = f", about {guess:.2f} s on all rows" if guess > statement.seconds * 1.5 else ""
    mark = "✗" if statement.failed else "✓"
    shown = " ".join(statement.sql.split())
    shown = shown if len(shown) <= 160 else f"{shown[:157]}..."
    return f"{mark} {statement.revision} {statement.seconds:.3f} s{scaled}{rows}: {shown}"


def _effects(statement: Statement) -> Iterable[str]:
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


def _back(found: Rehearsal) -> Iterable[str]:
    back = _reverse(found)
    undone = found.undone
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


def _numbers(found: Rehearsal) -> str:
    """Return how many findings of each kind there are, in all."""
    several = (
        (len(found.blockers), "blocker"),
        (len(found.schema), "change of the schema"),
        (len(found.changed_rows), "table with changed rows"),
        (len(found.statements), "statement"),
    )
    plurals = {"change of the schema": "changes of the schema", "table with changed rows": "tables with changed rows"}
    return " · ".join(
        f"{number:,} {plurals.get(noun, f'{noun}s') if number != 1 else noun}" for number, noun in several
    )


def _listed(section: Section) -> str:
    """Return the lines of a section as a list; in a long one the details are folded, and so are the last lines."""
    folds = len(section.lines) > IN_FULL
    items = [_item(line, details, folds=folds) for line, details in section.lines]
    first = LONGEST if len(items) > LONGEST + 2 else len(items)  # some sections end with the number of what they omit
    shown, rest = "".join(items[:first]), items[first:]
    more = f"<details><summary>and {len(rest):,} more</summary><ul>{''.join(rest)}</ul></details>" if rest else ""
    return f"<ul>{shown}</ul>{more}"


def _item(line: str, details: Sequence[str], *, folds: bool) -> str:
    below = "".join(f"<li>{html.escape(detail)}</li>" for detail in details)
    if folds and below:
        return f"<li><details><summary>{html.escape(line)}</summary><ul>{below}</ul></details></li>"
    return f"<li>{html.escape(line)}{f'<ul>{below}</ul>' if below else ''}</li>"


def _md(text: str) -> str:
    """Escape what Markdown or HTML would read as markup."""
    escaped = html.escape(text, quote=False)
    return "".join(f"\\{one}" if one in "\\`*_[]|#~" else one for one in escaped)
