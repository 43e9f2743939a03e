"""The content of applied version files: hashes that are written with the version rows, and which files differ now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...ddl.impl import DefaultImpl
from ...script import Script, ScriptDirectory
from ...script.content import content_hash
from ...script.header import REPLACES, read_source
from ...script.replaced import old_sources, squashed_sources
from ..settings import Settings, is_on
from .table import Content, JournalTable


def remembers(opts: Mapping[str, Any], config: Settings | None) -> bool:
    """Return whether a run notes the content of the files that it applies: ``remember_content``, by default not.

    From ``context.configure()``, else the attributes of the Config, else its options. Raises CommandError for a value
    that is neither true nor false.
    """
    value: object = opts.get("remember_content")
    if value is None and config is not None:
        value = config.attributes.get("remember_content")
        value = config.get_main_option("remember_content") if value is None else value
    return is_on("remember_content", value, default=False)


def content_of(script: Script | None) -> Content | None:
    """Return the hashes of a version file; None for one that is missing, not a Python file, or has a syntax error."""
    hashes = script.hashes if script is not None else ("", "")
    return Content(*hashes) if hashes[0] else None


def edited(scripts: Iterable[Script], noted: Mapping[str, Content]) -> tuple[str, ...]:
    """Return the revisions of which the file does something else than when it was applied, as far as that was noted."""
    return tuple(script.revision for script in scripts if script.revision in noted and _differs(script, noted))


def _differs(script: Script, noted: Mapping[str, Content]) -> bool:
    before, now = noted[script.revision], content_of(script)
    if now is None or now.text == before.text:  # a broken one is reported as such
        return False
    if REPLACES in script.lines:  # a database that was there before it was squashed has noted the old file
        old = [read_source(path) for path in old_sources(script)]
        return bool(old) and before.tree not in {now.tree, *map(content_hash, old)}
    # A database that was upgraded by the squashed revision, and goes back into its range, has noted that file.
    return before.tree not in {now.tree, *(content_hash(read_source(path)) for path in squashed_sources(script))}


class AppliedContents:
    """The changes of the noted contents that a run owes, until `write` writes them in the transaction of the rows.

    With ``is_enabled`` the revisions that are applied are noted. The notes of revisions that are no longer applied are
    removed in any case. ``content`` returns the hashes of a revision's file.
    """

    def __init__(
        self,
        impl: DefaultImpl,
        table: JournalTable,
        content: Callable[[str], Content | None],
        *,
        is_enabled: bool,
        autocommits: Callable[[], bool],
    ) -> None:
        self._impl, self._table, self._content = impl, table, content
        self._is_enabled, self._autocommits = is_enabled, autocommits
        self.owed: dict[str, Content | None] = {}
        self._has_notes: bool | None = None
        """Whether there may be notes that must be removed; None before that was read."""
        self.is_used = False
        """Whether this run has written or removed hashes."""

    @property
    def has_table(self) -> bool:
        """Whether the journal is in the database."""
        return self._table.exists()

    def apply(self, revision: str) -> None:
        """Note the content of a revision that was applied."""
        self.owed[revision] = self._content(revision) if self._is_enabled else None

    def remove(self, revision: str) -> None:
        """Remove the note of a revision that was downgraded."""
        self.owed[revision] = None

    def keep_only(self, applied: frozenset[str]) -> None:
        """Remove the notes of all revisions that are not in ``applied``, after a stamp."""
        if self._table.is_known:
            self.owed |= dict.fromkeys(self._table.contents().keys() - applied)

    def write(self) -> None:
        """Write what is owed."""
        if not self.owed:
            return
        owed, self.owed = self.owed, {}
        noted = {revision: content for revision, content in owed.items() if content is not None}
        if self._table.is_known or (noted and self._create()):
            if self._has_notes is None:
                self._has_notes = self._table.has_contents()
            if self._has_notes or noted:
                self._table.change_contents(tuple(owed) if self._has_notes else (), noted)
                self.is_used = True

    def return_to(self, owed: Mapping[str, Content | None]) -> None:
        """Continue after a rollback to a savepoint; the table itself may have been rolled back."""
        self.owed = dict(owed)
        self._table.forget()
        self._table.exists()

    def end(self) -> None:
        """Forget what is owed, after a rollback of the transaction."""
        self.owed.clear()
        self._table.forget()

    def _create(self) -> bool:
        """Create the journal; False where this user may not, which is logged, or where that would commit the rows."""
        if self._table.exists():
            return True
        if not self._is_enabled or not type(self._impl).transactional_ddl:
            return False
        in_transaction = not self._autocommits()
        self._is_enabled = self._table.create_if_allowed("no contents are noted", in_transaction=in_transaction)
        return self._is_enabled


def applied_scripts(scripts: ScriptDirectory, heads: Iterable[str], names: Iterable[str]) -> list[Script]:
    """Return those of the named revisions that are applied in a database at ``heads`` and whose file is here."""
    applied = scripts.map.ancestors(head for head in heads if head in scripts.map)
    return list(scripts.get_revisions(sorted(applied.intersection(names))))
