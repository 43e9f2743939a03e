"""All problems of the version files of an environment, each with its file and line."""

from __future__ import annotations

from typing import cast

from ..util.exc import BrokenScript
from .revision import RevisionMap
from .version import Script

BODY_CHECK_LIMIT = 1000
"""With more revisions than this, the bodies of the files are not compiled to check them."""


def problems_of(revisions: RevisionMap, *, bodies: bool = True) -> tuple[BrokenScript, ...]:
    """Return the flaws by path: unreadable, a missing parent, a cycle, an id or a label used twice, bad syntax.

    Without ``bodies`` no file is compiled that has no other flaw.
    """
    found = list(revisions.broken)
    each_body = bodies and len(revisions) <= BODY_CHECK_LIMIT
    wrong = {*revisions.missing, *revisions.duplicates, *revisions.cyclic}
    for name in revisions.ids if each_body else sorted(wrong):
        found += _of_one(revisions, name)
    found += _labels_used_twice(revisions)
    return tuple(sorted(found, key=lambda error: error.path))


def _of_one(revisions: RevisionMap, name: str) -> list[BrokenScript]:
    first = revisions.at(revisions.node_of(name))
    scripts = cast("tuple[Script, ...]", (first, *revisions.duplicates.get(name, ())))
    found: list[BrokenScript] = []
    if name in revisions.cyclic:
        cycle = revisions.cyclic[name]
        found.append(BrokenScript(scripts[0].path, scripts[0].line_of(cycle.what), str(cycle)))
    if name in revisions.missing:
        lost = revisions.missing[name]
        line = scripts[0].line_of("down_revision" if set(lost) & set(scripts[0].down_revisions) else "depends_on")
        reason = f"needs revision {', '.join(lost)}, which no file here defines."
        found.append(BrokenScript(scripts[0].path, line, reason))
    for script in scripts[1:]:
        reason = f"revision {name} is taken by {scripts[0].path}. Keep one of them."
        found.append(BrokenScript(script.path, script.line_of("revision"), reason))
    return found + [
        problem for problem in (script.problem() for script in scripts) if isinstance(problem, BrokenScript)
    ]


def _labels_used_twice(revisions: RevisionMap) -> list[BrokenScript]:
    found: list[BrokenScript] = []
    for label, names in revisions.labels.items():
        others = [name for name in (*names, *((label,) if label in revisions else ())) if name != names[-1]]
        if others:
            script = cast("Script", revisions.at(revisions.node_of(names[-1])))
            reason = f'branch label "{label}" names {", ".join(others)} too. Choose another one.'
            found.append(BrokenScript(script.path, script.line_of("branch_labels"), reason))
    return found
