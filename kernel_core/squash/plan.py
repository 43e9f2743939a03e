"""The range of a squash: one line of revisions that nothing outside of it builds on, except on its last one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..script import Script, ScriptDirectory
from ..script.rev_ids import as_tuple
from ..util.exc import CommandError

_FOLDER = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.\-]*")
"""The ids that are the name of a folder too."""


@dataclass(frozen=True, slots=True)
class SquashRange:
    """The revisions of a range in their order, and the identifiers of the one that replaces them.

    ``replaces`` are the ids that it replaces in their order: those of the range, and what they replace themselves.
    """

    scripts: tuple[Script, ...]
    parents: tuple[str, ...]
    depends_on: tuple[str, ...]
    labels: tuple[str, ...]
    replaces: tuple[str, ...]

    @property
    def first(self) -> Script:
        """The first revision of the range."""
        return self.scripts[0]

    @property
    def last(self) -> Script:
        """The last revision, whose id the squashed one has."""
        return self.scripts[-1]


def range_of(scripts: ScriptDirectory, text: str) -> SquashRange:
    """Return the range ``A:B``, both included; raises CommandError, and says why, if it cannot be squashed."""
    scripts.map.require_readable()
    lower, colon, upper = text.partition(":")
    if not colon:
        raise CommandError(f'"{text}" is not a range. Name its first and its last revision: A:B.')
    last = _one(scripts, upper.strip() or "head")
    line = list(_line(scripts, last, lower.strip()))[::-1]
    if len(line) < 2:
        raise CommandError(f"{text} has only one revision; there is nothing to squash.")
    inside = {each.revision for each in line}
    if not _FOLDER.fullmatch(last.revision):
        raise _refused(text, f"no folder can have the name {last.revision!r}")
    for each in line:
        problem = scripts.map.problem(each.revision)
        if problem is not None:
            raise problem
        if not each.path.endswith(".py"):
            raise _refused(text, f"{each.path} is compiled")
        _refuse_children(scripts, each, inside, last, text)
    needs = {name for each in line for name in as_tuple(each.dependencies)}
    outside = [name for name in sorted(needs) if not set(scripts.map.resolve(name)) <= inside]
    labels = sorted({label for each in line for label in each.own_labels})
    names = dict.fromkeys(name for each in line for name in (*each.replaces, each.revision) if name != last.revision)
    replaces = (*names, last.revision)
    return SquashRange(tuple(line), line[0].down_revisions, tuple(outside), tuple(labels), replaces)


def _one(scripts: ScriptDirectory, name: str) -> Script:
    found = scripts.get_revision(name)
    if found is None:
        raise CommandError(f"{name} is not a revision. Name the last revision of the range.")
    return found


def _line(scripts: ScriptDirectory, last: Script, lower: str) -> Iterator[Script]:
    """Yield the revisions from the last one down to ``lower``, or to base."""
    first = None if lower in ("", "base") else _one(scripts, lower).revision
    each = last
    while True:
        yield each
        if each.revision == first:
            return
        parents = each.down_revisions
        if len(parents) > 1:
            raise CommandError(
                f"{each.revision} merges {' and '.join(parents)}, and a merge can only be the first revision of a "
                "range. Nothing was written."
            )
        if not parents:
            if first is not None:
                raise CommandError(f"{last.revision} does not come after {first}. Nothing was written.")
            return
        each = _one(scripts, parents[0])


def _refuse_children(scripts: ScriptDirectory, each: Script, inside: set[str], last: Script, text: str) -> None:
    """Refuse a range of which another revision follows, or needs, one that is not the last."""
    if each.revision == last.revision:
        return
    others = sorted(set(each.nextrev) - inside)
    if others:
        raise _refused(text, f"{others[0]} follows {each.revision} too")
    revisions = scripts.map
    children = revisions.whole.children[revisions.node_of(each.revision)]
    users = sorted({revisions.name_of(node) for node in children} - inside)
    if users:
        raise _refused(text, f"{users[0]} depends on {each.revision}")


def _refused(text: str, reason: str) -> CommandError:
    return CommandError(f"{text} cannot be squashed: {reason}. Nothing was written. Choose another range.")
