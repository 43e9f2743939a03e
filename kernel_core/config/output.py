"""Formats the values that commands return: as lines for a person, as JSON for a program."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from typing import TextIO

from ..command import DatabaseHeads
from ..runtime.report import RunReport
from ..script import Revision, Script
from ..util.exc import CommandError
from ..util.messaging import print_replacing


def line(revision: Revision, options: argparse.Namespace, *, parents: bool = False, marks: Sequence[str] = ()) -> str:
    """Return the line for a revision, with ``-v`` all its fields; ``marks`` are shown in parentheses."""
    mark = "".join(f" ({each})" for each in marks)
    if options.verbose and isinstance(revision, Script):
        return revision.log_entry.replace("\n", f"{mark}\n", 1)
    return brief(revision, parents=parents, mark=mark)


def brief(revision: Revision, *, parents: bool = False, mark: str = "") -> str:
    """Return the line for a revision; ``mark`` follows its id and its kind."""
    if not isinstance(revision, Script):
        return f"{revision.revision} ({revision.doc})"
    text = revision.cmd_format(False, include_branches=True, include_parents=parents, tree_indicators=True) + mark
    return f"{text}, {revision.doc}" if revision.doc else text


def ran(report: RunReport, options: argparse.Namespace) -> list[str]:
    """Return the result of a run, or its SQL in offline mode."""
    if report.sql is not None:
        return [report.sql.rstrip("\n")] if report.sql else []
    if options.quiet or not report.target:  # env.py configured no database: a warning has said so
        return []
    before, after = (", ".join(heads) or "base" for heads in (report.before, report.after))
    if not report.steps:
        return [f"{report.target} is at {before}; there is nothing to do."]
    return [f"{report.target}: {before} -> {after}"]


def made(paths: Sequence[str], options: argparse.Namespace) -> list[str]:
    """Return a line for each file that was written."""
    return [] if options.quiet else [f"made {os.path.relpath(path)}" for path in paths]


def printed(text: str, options: argparse.Namespace, stream: TextIO) -> None:
    """Print a result on a stream of any encoding.

    A character that the encoding lacks becomes a question mark, in JSON its escape. In SQL only comments are changed;
    raises CommandError if a statement contains such a character, because it would become a different statement.
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if getattr(options, "json", False) or getattr(options, "operations_json", False):
        text = "".join(one if _fits(one, encoding) else _escaped(one) for one in text)
    elif getattr(options, "sql", False):
        text = "\n".join(_sql_line(line, encoding) for line in text.split("\n"))
    print_replacing(text, stream)


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _escaped(character: str) -> str:
    import json  # noqa: PLC0415 - as below

    return json.dumps(character)[1:-1]


def _sql_line(line: str, encoding: str) -> str:
    """Return a line of a script as it can be encoded; raises CommandError for a statement that cannot."""
    if line.startswith("--") or _fits(line, encoding):
        return line
    missing = next(one for one in line if not _fits(one, encoding))
    raise CommandError(
        f"The script contains {missing!a}, which the output's encoding {encoding} lacks. Nothing was written. "
        "Set PYTHONIOENCODING=utf-8 and run it again."
    )


def as_json(value: object) -> str:
    """Return plain data as JSON text, two spaces for each level."""
    import json  # noqa: PLC0415 - heads and history start without it

    return json.dumps(value, indent=2, ensure_ascii=False)


def as_json_line(value: object) -> str:
    """Return plain data as JSON text on one line."""
    import json  # noqa: PLC0415 - as above

    return json.dumps(value, ensure_ascii=False)


def facts(revision: Revision) -> dict[str, object]:
    """Return the fields of a revision for ``--json``; ``path`` is null if its file is missing."""
    if not isinstance(revision, Script):
        return {"revision": revision.revision, "path": None, "doc": revision.doc}
    date = revision.create_date
    return {
        "revision": revision.revision,
        "down_revision": list(revision.down_revisions),
        "depends_on": _names(revision.dependencies),
        "branch_labels": sorted(revision.branch_labels),
        "replaces": list(revision.replaces),
        "is_head": revision.is_head,
        "is_base": revision.is_base,
        "is_branch_point": revision.is_branch_point,
        "is_merge_point": revision.is_merge_point,
        "children": sorted(revision.nextrev),
        "doc": revision.doc,
        "create_date": date.isoformat() if date else None,
        "path": revision.path,
    }


def marks_of(places: Iterable[DatabaseHeads], revision: str) -> tuple[str, ...]:
    """Return the marks of a revision in a list: "current", "unfinished", ..., each once for all databases."""
    found = (("current",) * (revision in place.heads) + place.journal.marks(revision) for place in places)
    return tuple(dict.fromkeys(mark for marks in found for mark in marks))


def state_of(places: Iterable[DatabaseHeads], revision: str) -> dict[str, object]:
    """Return the state of a revision in the databases, for ``--json``."""
    marks = marks_of(places, revision)
    return {
        "is_current": "current" in marks,
        "is_unfinished": "unfinished" in marks,
        "is_running": "running now" in marks,
        "is_edited": "edited since it was applied" in marks,
    }


def place_facts(place: DatabaseHeads, revisions: Iterable[Revision]) -> list[dict[str, object]]:
    """Return the current revisions of a database for ``--json``, each with what its journal says.

    A database at base in which a revision is unfinished has one entry, whose revision is null.
    """
    found, state = place.unfinished, place.journal
    unfinished = found and {
        "revision": found.revision,
        "direction": found.direction,
        "statement": found.statement,
        "statement_number": found.number,
        "since": found.since,
        "is_running": state.is_running,
    }
    facts_of_place = {"unfinished": unfinished, "edited": list(state.edited)}
    entries = [facts(each) for each in revisions] or ([{"revision": None}] if found is not None else [])
    return [{"database": place.target, **each, **facts_of_place} for each in entries]


def _names(written: str | Sequence[str] | None) -> list[str]:
    return [written] if isinstance(written, str) else list(written or ())
