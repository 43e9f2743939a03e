"""The report of a rehearsal: blockers first, then schema, rows, statements and locks, and the reverse run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kernel_core.rehearse import Blocker, Rehearsal
from kernel_core.rehearse.report import IN_FULL, LONGEST, Section, as_text, lead, literal, moment_of_query, sections
from kernel_core.rehearse.rewrites.verdict import Verdict
from kernel_core.util.counts import counted

from .html import Html, details, join, page, plain_list, table, tag
from .source import coloured
from .text import short
from .view import View

_REWRITES = "Rewrites that may help, not rehearsed yet"
_FOLDED = frozenset({"Statements", "Not checked"})
_WRAPS = "overflow-wrap:anywhere"
_MARKED = "border-left:4px solid;border-left-color:var(--mig-bad);padding:.1em 0 .3em .8em;margin:.5em 0"
"""A bar beside each blocker; inline, because JupyterLab removes the style sheet of an untrusted notebook."""


@dataclass(frozen=True, eq=False, repr=False)
class RehearsalReport(View):
    """The result of ``%mig_rehearse``: what a run did on a clone of the database, which itself was only read.

    ``found`` has a `kernel_core.rehearse.Rehearsal` for each database. False where a blocker was found. ``note`` says
    what was rehearsed, unless these are written files. ``rewrites`` are sentences about what may remove blockers, none
    of them rehearsed yet. ``verdicts`` compare the rewrite of a row, which this is a rehearsal of, with the row itself:
    one for each database.
    ``pandas.DataFrame(report.table())`` has the findings as rows.
    """

    found: tuple[Rehearsal, ...]
    where: str = ""
    note: str = ""
    rewrites: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    def __bool__(self) -> bool:
        return self.is_clean

    @property
    def is_clean(self) -> bool:
        """Whether every statement ran on the clone."""
        return all(each.is_clean for each in self.found)

    @property
    def is_good(self) -> bool:
        """Whether this verified a rewrite: no blocker is left in it, nothing is lost, and the schema is the same."""
        return bool(self.verdicts) and all(each.is_good for each in self.verdicts)

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """The blockers of all databases."""
        return tuple(blocker for each in self.found for blocker in each.blockers)

    def table(self) -> list[dict[str, Any]]:
        """Return the findings as rows of a table."""
        return [row for each in self.found for row in each.table()]

    def text(self) -> str:
        rewrites = (_REWRITES, *(f"  {each}" for each in self.rewrites)) if self.rewrites else ()
        judged = [line for each in self.verdicts for line in (each.sentence(), *(f"  {one}" for one in each.lines()))]
        return "\n".join(filter(None, (*judged, self.note, as_text(self.found), *rewrites)))

    def html(self) -> Html:
        note = (tag("p", self.note),) if self.note else ()
        rewrites = (tag("h4", _REWRITES), plain_list(self.rewrites)) if self.rewrites else ()
        return page(self.judged(), *(self._database(each) for each in self.found), *rewrites, *note, label="Rehearsal")

    def judged(self) -> Html:
        """Return the verdicts, each with its findings; nothing where no rewrite was rehearsed."""
        return join(
            join((tag("p", each.sentence(), class_=None if each.is_good else "mig-warn"), plain_list(each.lines())))
            for each in self.verdicts
        )

    def verdict_in_words(self) -> str:
        """Return the outcome of each verdict in a sentence."""
        return " ".join(dict.fromkeys(each.sentence() for each in self.verdicts))

    def outcome(self) -> str:
        """Return the result in a few words: ``every statement ran``, or how many blockers there are."""
        number = len(self.blockers)
        if number:
            return counted(number, "blocker")
        return "every statement ran" if self.is_clean else "it stopped"

    def counted(self, tables: Iterable[str] = ()) -> tuple[str, ...]:
        """Return what happened to the rows of each table that lost some, or of ``tables``, in sentences."""
        named = frozenset(tables)
        return tuple(
            rows.sentence()
            for each in self.found
            for rows in each.changed_rows
            if rows.removed or rows.lost or rows.after is None or rows.table in named
        )

    def _database(self, found: Rehearsal) -> Html:
        lead_class = "mig-lead" if found.is_clean else "mig-lead mig-warn"
        sign = f"{'✓' if found.is_clean else '✗'} " if found.revisions else ""
        parts = (
            _blockers(found, each) if each.title == "Blockers" else _section(found, each) for each in sections(found)
        )
        return join((tag("p", sign, lead(found), class_=lead_class, style=_WRAPS), *parts))


def _section(found: Rehearsal, section: Section) -> Html:
    lines = [_line(line, below) for line, below in section.lines]
    listed = plain_list(lines[:LONGEST])
    if len(lines) > LONGEST:
        listed = join((listed, details(f"and {len(lines) - LONGEST} more", plain_list(lines[LONGEST:]))))
    if section.title not in _FOLDED:
        return join((tag("h4", section.title), listed))
    number = f" ({len(found.statements)})" if section.title == "Statements" else ""
    return details(f"{section.title}{number}", listed)


def _line(line: str, below: Sequence[str]) -> Html:
    told = tag("span", line, style=_WRAPS)
    return (
        join((told, plain_list((tag("span", each, style=_WRAPS) for each in below), indented=True))) if below else told
    )


def _blockers(found: Rehearsal, section: Section) -> Html:
    """Return the blockers in full, the first ones; the others are folded, a line and a query each."""
    lines = [line for line, _ in section.lines]
    shown = [_blocker(each, line) for each, line in zip(found.blockers[:IN_FULL], lines, strict=False)]
    rest = [_blocker(each, line) for each, line in zip(found.blockers[IN_FULL:], lines[IN_FULL:], strict=False)]
    folded = (details(f"and {counted(len(rest), 'more blocker')}", *rest),) if rest else ()
    return join((tag("h4", f"{section.title} ({len(lines)})"), *shown, *folded))


def _blocker(blocker: Blocker, line: str) -> Html:
    parts = [tag("p", line, class_="mig-warn", style=_WRAPS)]
    if blocker.sample:
        parts.append(_sample(blocker))
    if blocker.query:
        parts.append(details(f"Query that finds them{moment_of_query(blocker)}", _wrapped(blocker.query)))
    if blocker.no_query:
        parts.append(tag("p", f"No query: {blocker.no_query}", style=_WRAPS))
    return tag("div", *parts, style=_MARKED)


def _sample(blocker: Blocker) -> Html:
    names = list(dict.fromkeys(name for row in blocker.sample for name in row))
    rows = [[_value(row[name]) if name in row else "" for name in names] for row in blocker.sample]
    more = f" of {blocker.rows:,}" if blocker.rows is not None and blocker.rows > len(rows) else ""
    caption = f"{len(rows)}{more} {'row' if len(rows) == 1 and not more else 'rows'}"
    return tag("div", table(names, rows, caption), style="overflow-x:auto")


def _value(value: Any) -> Html:
    """Return a value as text, NULL in italics; only the beginning of a long one."""
    return tag("em", "NULL") if value is None else tag("code", short(literal(value)))


def _wrapped(sql: str) -> Html:
    return tag("pre", tag("code", coloured(sql, "sql")), style="white-space:pre-wrap;overflow-wrap:anywhere")
