"""A rehearsal as an HTML page that needs no other file; values of text are masked, as in every file of a rehearsal."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ..util.secrets import redact
from .findings import Blocker, Rehearsal
from .masking import masked
from .report import (
    IN_FULL,
    LONGEST,
    Section,
    blocker_line,
    effects,
    lead,
    literal,
    mark,
    moment_of_query,
    sections,
    short_sql,
    slowest,
    time_of,
    unlisted,
)

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.2rem}h2{font-size:1rem;margin:1.6rem 0 .3rem}ul{margin:.2rem 0}
code,pre{font:13px/1.45 ui-monospace,monospace}
pre{white-space:pre-wrap;background:#8882;border-radius:4px;padding:.5rem .75rem;margin:.3rem 0}
table{border-collapse:collapse;font-size:.9rem;margin:.4rem 0}
th,td{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0;border-bottom:1px solid #8884}
th,td.number{white-space:nowrap}td.number{text-align:right}
.blocker{border-left:4px solid light-dark(#b3261e,#ff8a80);padding:.1rem 0 .1rem .9rem;margin:.8rem 0}
.blocker p{margin:0}.blocker>:first-child,.failed td:first-child{color:light-dark(#b3261e,#ff8a80)}
.scrolls{overflow-x:auto}
"""


def as_html(several: Sequence[Rehearsal]) -> str:
    """Return the report as a page that needs no other file."""
    body = "".join(_database(found) for found in several)
    return redact(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Rehearsal</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _database(found: Rehearsal) -> str:
    parts = sections(found, shows_values=False)
    body = [f"<h1>{html.escape(lead(found))}</h1>{f'<p>{_numbers(found)}</p>' if parts else ''}"]
    for part in parts:
        shown = {"Blockers": _blockers, "Statements": _statements}.get(part.title)
        body.append(f"<h2>{html.escape(part.title)}</h2>{shown(found) if shown else _listed(part)}")
    return "".join(body)


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


def _blockers(found: Rehearsal) -> str:
    """Return the blockers; of many the details are folded, and so are the last ones."""
    folds = len(found.blockers) > IN_FULL
    return _some([_blocker(each.masked(), folds=folds) for each in found.blockers])


def _blocker(blocker: Blocker, *, folds: bool) -> str:
    line = html.escape(blocker_line(blocker))
    query = f"<pre><code>{html.escape(blocker.query)}</code></pre>"
    told = f"<p>Query that finds them{moment_of_query(blocker)}:</p>{query}" if blocker.query else ""
    told += f"<p>No query: {html.escape(blocker.no_query)}</p>" if blocker.no_query else ""
    below = _sample(blocker) + told
    if folds and below:
        return f'<div class="blocker"><details><summary>{line}</summary>{below}</details></div>'
    return f'<div class="blocker"><p>{line}</p>{below}</div>'


def _sample(blocker: Blocker) -> str:
    """Return the rows that are shown of a blocker as a table."""
    if not blocker.sample:
        return ""
    names = list(dict.fromkeys(name for row in blocker.sample for name in row))
    rows = [[_value(row[name]) if name in row else "" for name in names] for row in blocker.sample]
    return _table([html.escape(name) for name in names], [f"<tr>{_cells(row)}</tr>" for row in rows])


def _value(value: object) -> str:
    shown = masked(value)
    return "<em>NULL</em>" if shown is None else html.escape(literal(shown))


def _statements(found: Rehearsal) -> str:
    rows = []
    for each in slowest(found):
        told = "".join(f"<li>{html.escape(effect)}</li>" for effect in effects(each))
        sql = f"<code>{html.escape(short_sql(each))}</code>{f'<ul>{told}</ul>' if told else ''}"
        count = "" if each.rows is None else f"{each.rows:,}"
        cells = _cells([mark(each), html.escape(each.revision)]) + _cells([time_of(found, each), count], "number")
        row = '<tr class="failed">' if each.failed else "<tr>"
        rows.append(f"{row}{cells}{_cells([sql])}</tr>")
    table = _table(["", "Revision", "Time", "Rows", "Statement"], rows) if rows else ""
    return table + "".join(f"<p>{html.escape(line)}</p>" for line in unlisted(found))


def _cells(texts: Sequence[str], name: str = "") -> str:
    return "".join(f"<td{f' class={name}' if name else ''}>{text}</td>" for text in texts)


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    return f'<div class="scrolls"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _listed(section: Section) -> str:
    """Return the lines of a section as a list; in a long one the details are folded, and so are the last lines."""
    folds = len(section.lines) > IN_FULL
    return _some([_item(line, details, folds=folds) for line, details in section.lines], "<ul>", "</ul>")


def _item(line: str, details: Sequence[str], *, folds: bool) -> str:
    below = "".join(f"<li>{html.escape(detail)}</li>" for detail in details)
    if folds and below:
        return f"<li><details><summary>{html.escape(line)}</summary><ul>{below}</ul></details></li>"
    return f"<li>{html.escape(line)}{f'<ul>{below}</ul>' if below else ''}</li>"


def _some(items: Sequence[str], begin: str = "", end: str = "") -> str:
    """Return the first items, and the others folded, between ``begin`` and ``end`` each."""
    first = LONGEST if len(items) > LONGEST + 2 else len(items)  # some sections end with the number of what they omit
    rest = items[first:]
    shown = f"{begin}{''.join(items[:first])}{end}"
    more = f"<details><summary>and {len(rest):,} more</summary>{begin}{''.join(rest)}{end}</details>" if rest else ""
    return shown + more
