"""The version files that this notebook has written, so that the last one can be deleted again."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel_core.script import Script, ScriptDirectory
from kernel_core.util.exc import CommandError


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A version file and its text when it was written."""

    revision: str
    path: str
    text: str


class WrittenFiles:
    """The files written by one session, in order; a file written again counts once, with its newest text."""

    def __init__(self) -> None:
        self.files: list[WrittenFile] = []

    def add(self, script: Script) -> Script:
        """Record a version file that was just written or rewritten, and return its script."""
        path = os.fspath(script.path)
        self.files = [one for one in self.files if one.path != path]
        self.files.append(WrittenFile(script.revision, path, _text(path) or ""))
        return script

    @property
    def last(self) -> WrittenFile | None:
        """The last file, None where there is none."""
        return self.files[-1] if self.files else None

    def was_edited(self, path: os.PathLike[str] | str) -> bool:
        """Return whether a file that was written here has another text now."""
        return any(Path(one.path) == Path(path) and one.text != _text(one.path) for one in self.files)

    def delete_last(
        self, scripts: ScriptDirectory, heads: Collection[str] | None, others: Mapping[str, Collection[str]]
    ) -> str:
        """Delete the last file and return its path; ``heads`` are the database's revisions, None if not connected.

        ``others`` are those of further open connections, by name.

        Raises CommandError, and keeps the file, where it is applied, changed, or followed by another revision.
        """
        last = self.last
        if last is None:
            raise CommandError(_nothing_written(scripts))
        if heads is None:
            raise CommandError(
                f"Whether {last.revision} is applied is not known: no database is connected. %mig_connect first."
            )
        with scripts.writing():
            scripts.reload()
            reason = self._refusal(last, scripts, heads, others)
            if reason:
                raise CommandError(reason)
            os.unlink(last.path)
        self.files.pop()
        return last.path

    def _refusal(
        self,
        last: WrittenFile,
        scripts: ScriptDirectory,
        heads: Collection[str],
        others: Mapping[str, Collection[str]],
    ) -> str:
        """Return why the last file cannot be deleted, "" where it can."""
        shown, text = os.path.relpath(last.path), _text(last.path)
        if text is None:
            self.files.pop()
            return f"{shown} does not exist any more; nothing was deleted."
        if text != last.text:
            return f"{shown} was changed since it was written here; it was kept. Delete it by hand if it is not needed."
        downgrade = f"%mig_downgrade {last.revision}-1 --yes"
        if _is_applied(last, scripts, heads):
            return f"{shown} is applied, so it was kept. Downgrade first: {downgrade}"
        for name, there in others.items():
            if _is_applied(last, scripts, there):
                return (
                    f"{shown} is applied to {name}, so it was kept. Downgrade first: %mig_connect {name}, {downgrade}"
                )
        after = sorted(scripts.map.descendants([last.revision]) - {last.revision})
        if after:
            return f"{shown} is followed by {', '.join(after)}, so it was kept. Delete those first."
        return ""


def _is_applied(last: WrittenFile, scripts: ScriptDirectory, heads: Collection[str]) -> bool:
    return last.revision in scripts.map.ancestors(name for name in heads if name in scripts.map)


def _nothing_written(scripts: ScriptDirectory) -> str:
    """Return the message for a kernel that has written no file: an earlier one, whose files are not known, may have."""
    fact = "This kernel has written no version file, so there is nothing to undo"
    newest = ", ".join(os.path.relpath(script.path) for script in scripts.get_revisions("heads"))
    return (
        f"{fact}. What was written before it started is deleted by hand; the newest: {newest}."
        if newest
        else f"{fact}."
    )


def written_before(scripts: ScriptDirectory, message: str, rev_id: str | None = None) -> Script | None:
    """Return the revision that an earlier run of the cell wrote: by its id where one is given, else by its message.

    None where there is none. An id that is used with another message is refused when the file is written.
    """
    if rev_id is not None:
        return scripts.get_revision(rev_id) if rev_id in scripts.map else None
    wanted = " ".join(message.split())
    return next((script for script in scripts.walk_revisions() if " ".join(script.doc.split()) == wanted), None)


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
