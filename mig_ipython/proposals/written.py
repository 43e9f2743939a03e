"""The version files that this notebook has written, so that the last one can be taken back."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from kernel_core.script import Script, ScriptDirectory
from kernel_core.util.exc import CommandError


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A version file and its text at the moment when it was written here."""

    revision: str
    path: str
    text: str


class WrittenFiles:
    """The files written by one session, in order; a file written again counts once, with its newest text."""

    def __init__(self) -> None:
        self.files: list[WrittenFile] = []

    def add(self, script: Any) -> None:
        """Note a Script that was just written, or written anew."""
        path = os.fspath(script.path)
        self.files = [one for one in self.files if one.path != path]
        self.files.append(WrittenFile(script.revision, path, _text(path) or ""))

    def refusal(self, scripts: ScriptDirectory, applied: Collection[str]) -> str | None:
        """Return why the last file cannot be deleted, None where it can; ``applied`` is what the database has.

        Raises CommandError where nothing was written.
        """
        last = self.last
        shown, text = os.path.relpath(last.path), _text(last.path)
        if text is None:
            self.files.pop()
            return f"{shown} is gone already; nothing was deleted."
        if text != last.text:
            return f"{shown} was changed since it was written here; it was kept. Delete it by hand if it shall go."
        if last.revision in applied:
            return f"{shown} is applied, so it was kept. Step back first: %mig_downgrade {last.revision}-1 --yes"
        after = sorted(scripts.map.descendants([last.revision]) - {last.revision})
        if after:
            return f"{shown} is followed by {', '.join(after)}, so it was kept. Delete those first."
        return None

    @property
    def last(self) -> WrittenFile:
        """The last file; raises CommandError where there is none."""
        if not self.files:
            raise CommandError("No version file was written in this notebook, so there is nothing to undo.")
        return self.files[-1]


def written_before(scripts: ScriptDirectory, message: str, rev_id: str | None = None) -> Script | None:
    """Return the revision that an earlier run of a cell wrote: that of the id where one is given, else of the message.

    None where neither is found. An id that another message has taken is refused where the file is written.
    """
    if rev_id is not None:
        return scripts.get_revision(rev_id) if rev_id in scripts.map else None
    wanted = " ".join(message.split())
    return next((script for script in scripts.walk_revisions() if " ".join(script.doc.split()) == wanted), None)


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
