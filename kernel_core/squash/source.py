"""The version file of a squashed revision."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.engine import Dialect

from ..script import ScriptDirectory
from ..script.draft import Draft, RevisionRequest
from ..script.header import REPLACES, parse_header
from ..script.revision import RevisionMap
from ..util.exc import CommandError
from .embedding import embedded, needs_future
from .optimizing import optimized
from .parts import Code, Item, Part, is_rendered_exactly, parts_of, rendered
from .plan import SquashRange, range_of
from .proof import Proof, Scratch, prove


@dataclass(frozen=True, slots=True)
class Squashed:
    """A squashed revision that is not written yet: its text, what it replaces, and the proof.

    ``before`` and ``after`` count the operations of the range and of the squashed revision; ``kept`` are the revisions
    whose code is taken over as it is.
    """

    range: SquashRange
    text: str
    before: int
    after: int
    kept: tuple[str, ...]
    proof: Proof
    sources: Mapping[str, str]
    """The text of each file of the range."""
    notes: tuple[str, ...] = field(default=())

    @property
    def revision(self) -> str:
        """The id: that of the last revision of the range."""
        return self.range.last.revision

    def lines(self) -> tuple[str, ...]:
        """Return what is replaced by what, and what was compared."""
        ids = ", ".join(each.revision for each in self.range.scripts)
        found = [f"{self.revision} replaces {ids}: {self.before} operations become {self.after}"]
        if self.kept:
            found.append(f"kept as they are, because they are more than operations: {', '.join(self.kept)}")
        found += [f"compared: {each}" for each in self.proof.compared]
        return (*found, *(f"not compared: {each}" for each in self.proof.not_compared), *self.notes)


def squashed(
    scripts: ScriptDirectory,
    text: str,
    dialect: Dialect | None = None,
    *,
    message: str | None = None,
    start: MetaData | None = None,
    scratch: Scratch | None = None,
    why_not: str = "",
    optimizes: bool = True,
    template_args: Mapping[str, Any] | None = None,
) -> Squashed:
    """Return the revision that replaces the range ``A:B``; writes nothing.

        squashed(ScriptDirectory("migrations"), "1f2e:3a4b").text

    It is compared with the range: computed from the files, and, if ``scratch`` gives databases, by running both.
    Raises CommandError if the range cannot be squashed, or if the result would differ.
    """
    found = range_of(scripts, text)
    upgrades = parts_of(found.scripts, "upgrade")
    downgrades = parts_of(found.scripts[::-1], "downgrade")
    before = _count(upgrades)
    if optimizes:
        upgrades, downgrades = ([_optimized(part) for part in parts] for parts in (upgrades, downgrades))
    doc = message or f"Squash {found.first.revision} to {found.last.revision}"
    source = _source(scripts, found, doc, upgrades, downgrades, template_args or {})
    proof = prove(scripts, found, source, dialect, start=start, scratch=scratch, why_not=why_not)
    kept = tuple(each.revision for each in found.scripts if _is_code(each.revision, [*upgrades, *downgrades]))
    sources = {each.revision: each.source for each in found.scripts}
    return Squashed(found, source, before, _count(upgrades), kept, proof, sources)


def _optimized(part: Part) -> Part:
    """Return fewer operations; the same ones if they could not be rendered exactly."""
    if isinstance(part, Code):
        return part
    fewer = optimized(part)
    return fewer if is_rendered_exactly(fewer) else part


def _count(parts: Sequence[Part]) -> int:
    return sum(1 if isinstance(part, Code) else len(part) for part in parts)


def _is_code(revision: str, parts: Sequence[Part]) -> bool:
    return any(isinstance(part, Code) and part.script.revision == revision for part in parts)


def _source(
    scripts: ScriptDirectory,
    found: SquashRange,
    message: str,
    upgrades: Sequence[Part],
    downgrades: Sequence[Part],
    template_args: Mapping[str, Any],
) -> str:
    """Return the text of the file, rendered from the template, with ``replaces`` and the code that is kept."""
    imports: set[str] = set()
    codes = {each.script.revision: each for each in (*upgrades, *downgrades) if isinstance(each, Code)}
    arguments = {
        **template_args,
        "upgrades": _body(upgrades, "upgrade", imports),
        "downgrades": _body(downgrades, "downgrade", imports),
        "imports": "\n".join(sorted(imports)),
    }
    request = RevisionRequest(
        found.last.revision,
        message,
        found.parents or "base",
        splice=True,
        depends_on=found.depends_on,
        branch_labels=found.labels,
        version_path=_folder(scripts, found),
        arguments=arguments,
        keeps_id=True,
    )
    inside = {each.revision for each in found.scripts}
    without = copy.copy(scripts)
    without.use(RevisionMap([each.unbound() for each in scripts.walk_revisions() if each.revision not in inside]))
    text = Draft(without, request).text()
    text = _with_replaces(text, found.replaces)
    if any(needs_future(each.script.source) for each in codes.values()):
        text = _with_future(text)
    for revision, code in codes.items():
        name = os.path.basename(code.script.path)
        text = f"{text.rstrip()}\n\n\n{embedded(code.script.source, revision, _function(revision), name)}"
        text += f"\n\n{_variable(revision)} = {_function(revision)}()\n"
    compile(text, found.last.path, "exec", dont_inherit=True)
    return text


def _folder(scripts: ScriptDirectory, found: SquashRange) -> str | None:
    path = found.last.path
    return next((each for each in scripts.folders if path.startswith(os.path.join(each, ""))), None)


def _function(revision: str) -> str:
    return f"_revision_{re.sub(r'[^0-9A-Za-z_]', '_', revision)}"


def _variable(revision: str) -> str:
    return _function(revision).upper()


def _body(parts: Sequence[Part], function: str, imports: set[str]) -> str:
    """Return the body of a function: the first line not indented, as templates need it."""
    blocks: list[str] = []
    for part in parts:
        if isinstance(part, Code):
            revision = part.script.revision
            blocks.append(f'{_variable(revision)}["{function}"]()')
        else:
            text, needed = rendered(part)
            imports |= needed
            blocks.append(text)
    return "\n    ".join(block for block in blocks if block != "pass") or "pass"


def _with_replaces(text: str, replaces: Sequence[str]) -> str:
    """Return the text with ``replaces`` after the other identifiers."""
    lines = text.splitlines(keepends=True)
    place = max(parse_header(text, "").lines.values())
    while place < len(lines) and lines[place].startswith((" ", "\t", ")")):
        place += 1
    names = ", ".join(f'"{name}"' for name in replaces)
    lines.insert(place, f"{REPLACES} = ({names})\n")
    after = "".join(lines)
    if REPLACES not in parse_header(after, "").lines:
        raise CommandError("script.py.mako has no place for replaces after its identifiers. Nothing was written.")
    return after


def _with_future(text: str) -> str:
    """Return the text with the import that only the top of a file can have."""
    line = "from __future__ import annotations\n"
    if line in text:
        return text
    header = re.match(r'\s*("""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'.*?\'\'\')?[ \t]*\n?', text, re.DOTALL)
    end = header.end() if header else 0
    return f"{text[:end]}\n{line}{text[end:]}"


__all__ = ["Item", "Squashed", "squashed"]
