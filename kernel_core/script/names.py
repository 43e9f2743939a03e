"""Finds revisions by name: an id, the beginning of one, or a branch label."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence

from ..util.exc import BrokenScript, ResolutionError

FORBIDDEN = "@-+:"
"""Characters that are not allowed in an id, because the grammar of `resolver` uses them."""


class Names:
    """The ids of all revisions, sorted, and the labels: ``labels["shop"]`` are the ids that declare it.

    A node is the position of an id. ``broken`` are files that could not be read, for error messages; ``replaced_by``
    returns the squashed revision that replaces an unknown name, "" or the name itself without one.
    """

    __slots__ = ("broken", "ids", "labels", "node_of", "replaced_by")

    def __init__(
        self,
        ids: Sequence[str],
        labels: Mapping[str, tuple[str, ...]],
        broken: Sequence[BrokenScript] = (),
        replaced_by: Callable[[str], str] = str,
    ) -> None:
        self.replaced_by = replaced_by
        self.ids = tuple(ids)
        self.labels = labels
        self.broken = tuple(broken)
        self.node_of = {name: node for node, name in enumerate(self.ids)}

    def find(self, name: str, within: Collection[int] | None = None) -> int:
        """Return the node of an id, a label, or the beginning of an id (``within`` a set of nodes, if given).

        Raises ResolutionError, with the nearest names or the candidates.
        """
        if name in self.node_of:
            return self.node_of[name]
        matching = list(self.labels.get(name, ())) or [
            each for each in self._beginning_with(name) if within is None or self.node_of[each] in within
        ]
        if len(matching) > 1:
            shown = ", ".join(matching[:6]) + (", ..." if len(matching) > 6 else "")
            raise ResolutionError(f'"{name}" is ambiguous: it could be {shown}.', name, matching)
        if not matching:
            raise ResolutionError(f'No revision is named "{name}".{self.hint(name)}', name, self.nearest(name))
        return self.node_of[matching[0]]

    def nearest(self, name: str) -> tuple[str, ...]:
        """Return the ids and labels most similar to ``name``, at most three, best first."""
        from difflib import get_close_matches  # noqa: PLC0415 - only a typo needs it

        written = {each[: max(len(name), 4)]: each for each in reversed(self.ids)}
        written.update((each, each) for each in (*self.ids, *self.labels))
        return tuple(dict.fromkeys(written[each] for each in get_close_matches(name, written, n=3)))

    def hint(self, name: str) -> str:
        """Return the hint for an unknown name: similar names, and an unreadable file that may define it."""
        squashed = self.replaced_by(name)
        if squashed not in ("", name):
            return f" {squashed} replaces it. Name {squashed}."
        near = self.nearest(name)
        text = f" Did you mean {' or '.join(near)}?" if near else ""
        if self.broken:
            text += f" It may be in a file that cannot be read: {self.broken[0]}"
        return text

    def _beginning_with(self, prefix: str) -> list[str]:
        found = []
        for position in range(bisect_left(self.ids, prefix), len(self.ids)):
            if not self.ids[position].startswith(prefix):
                break
            found.append(self.ids[position])
        return found
