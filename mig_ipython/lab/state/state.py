"""`State`: the schema, rows, version table and history of a student's folder at one moment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import MetaData

from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError

from .database import Database
from .history import Revision, read_history, scripts_of, with_kinds_only
from .models import Models, metadata_of, models_of
from .schema import Schema
from .scratch import moved, ran_sql

DATABASE = "flights.db"
VERSION = 1
"""The version of the JSON form."""


class NotRecorded(CommandError):
    """A state that was read from JSON has no rows and no files: only what was recorded is known."""


@dataclass(slots=True)
class State:
    """What a check looks at. All public fields are plain data, and are what `to_json` returns.

        state = State.read("workshop/lesson_2")
        state.schema["tables"]["airlines"]["columns"]["name"]["type"]      # "TEXT"
        state.applied, state.pending                                       # ids, in the order in which they run

    ``counts`` and ``digests`` are the number of rows and a hash of them by table; ``version`` are the rows of the
    version table, None without one. ``revisions`` are in the order in which they run. ``problems`` are sentences about
    files that cannot be read. ``facts`` holds every value that a look has found, by `looks.key_of`.
    """

    schema: Schema
    counts: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    version: list[str] | None = None
    environment: bool = False
    revisions: list[Revision] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    models: Models = field(default_factory=lambda: models_of(None))
    unfinished: str = ""
    edited: list[str] = field(default_factory=list)
    facts: dict[str, list[object]] = field(default_factory=dict)
    folder: str = field(default="", compare=False)
    before: Callable[[], State] | None = field(default=None, compare=False, repr=False)
    """Returns the state when the exercise began, where it is known: from there `reversible` goes up and down."""
    _database: Database | None = field(default=None, compare=False, repr=False)
    _metadata: MetaData | None = field(default=None, compare=False, repr=False)
    _scripts: ScriptDirectory | None = field(default=None, compare=False, repr=False)
    _derived: dict[str, State | CommandError] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def read(cls, folder: str, metadata: MetaData | None = None, database: str = DATABASE) -> Self:
        """Read a folder: the database is copied into memory, version files are read and not run.

        ``models.py`` is run, unless ``metadata`` is given. Raises DatabaseUnreadable where the database is
        locked for longer than a second, or is not a SQLite database.
        """
        copied = Database.of_file(os.path.join(folder, database))
        if metadata is None:
            metadata, problem = metadata_of(folder)
        else:
            problem = ""
        try:
            scripts = scripts_of(folder)
        except CommandError:
            scripts = None
        made = cls.of_database(copied, scripts)
        return made.of_folder(os.path.abspath(folder), models_of(metadata, problem), metadata)

    @classmethod
    def of_database(cls, database: Database, scripts: ScriptDirectory | None) -> Self:
        """Return the state of a database in memory with some version files, without models."""
        history = read_history(scripts)
        tables = database.tables()
        made = cls(
            schema=database.schema(),
            counts={table: database.count(table) for table in tables},
            digests={table: database.digest(table) for table in tables},
            version=database.version(),
            environment=history.exists,
            revisions=history.revisions,
            heads=history.heads,
            problems=history.problems,
        )
        made._database, made._scripts = database, scripts
        made._read_journal()
        return made

    def of_folder(self, folder: str, models: Models, metadata: MetaData | None) -> Self:
        """Set the folder and its models; return the state."""
        self.folder, self.models, self._metadata = folder, models, metadata
        return self

    def _read_journal(self) -> None:
        from kernel_core.runtime.migration import MigrationContext

        if self._scripts is None or not self._has_journal():
            return
        try:
            with self.database.connection() as connection:
                found = MigrationContext.configure(connection, opts={"script": self._scripts}).journal_state()
        except CommandError:
            return
        self.unfinished = "" if found.unfinished is None else found.unfinished.sentence
        self.edited = list(found.edited)

    def _has_journal(self) -> bool:
        rows = self.database.query("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version_journal'")
        return bool(rows)

    # ---- as JSON ---------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, object]:
        """Return it as plain data, without rows; `from_json` reads it.

        Of operations only the kinds are kept, and the tables of the models where a look at them was recorded: a
        snapshot is written for each exercise, and read and written again with each check.
        """
        names = [name for name in self.__dataclass_fields__ if name not in _LIVE]
        values = {name: getattr(self, name) for name in names}
        values["revisions"] = [with_kinds_only(each) for each in self.revisions]
        if not any('"of":"models"' in key for key in self.facts):
            values["models"] = {"tables": {}, "error": self.models["error"]}
        return {"state": VERSION, **values}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """Return the state of a snapshot; raises CommandError where the document is none, or of a later version."""
        if not isinstance(document, Mapping) or document.get("state") != VERSION:
            raise CommandError("This is not a snapshot of a workshop's state, or one of a later version.")
        known = cls.__dataclass_fields__
        values = {name: value for name, value in document.items() if name in known and name not in _LIVE}
        for name, kind in _SHAPES.items():
            if name in values and not isinstance(values[name], kind):
                raise CommandError(f"This is not a snapshot of a workshop's state: {name} is not as it must be.")
        if "schema" not in values:
            raise CommandError("This is not a snapshot of a workshop's state: it has no schema.")
        return cls(**values)  # type: ignore[arg-type]  # the shapes were checked just above

    # ---- what only a state that was read from a folder has -----------------------------------------------------------

    @property
    def is_live(self) -> bool:
        """Whether rows and files are at hand."""
        return self._database is not None

    @property
    def database(self) -> Database:
        """The copy of the database; raises NotRecorded for a state from JSON."""
        if self._database is None:
            raise NotRecorded("The rows are not in a snapshot; only what was looked at is recorded.")
        return self._database

    @property
    def scripts(self) -> ScriptDirectory:
        """The version files; raises NotRecorded for a state from JSON, CommandError without an environment."""
        if self._database is None:
            raise NotRecorded("The version files are not in a snapshot; only what was looked at is recorded.")
        if self._scripts is None:
            raise CommandError("This folder has no migration environment.")
        return self._scripts

    @property
    def metadata(self) -> MetaData | None:
        """The MetaData of the models, None without one; raises NotRecorded for a state from JSON."""
        if self._database is None:
            raise NotRecorded("The models are not in a snapshot; only what was looked at is recorded.")
        return self._metadata

    def at(self, target: str) -> State:
        """Return the state of a scratch copy that was moved to a revision; raises CommandError where that fails."""
        return self._made_once(f"at {target}", lambda: moved(self, target))

    def of_file(self, name: str) -> State:
        """Return the state of another database file of the folder; raises CommandError for a path outside of it."""
        return self._made_once(f"file {name}", lambda: Database.of_file(self.path(name)))

    def after_sql(self, name: str) -> State:
        """Return the state of a scratch copy on which a SQL file of the folder was run; raises CommandError."""
        return self._made_once(f"sql {name}", lambda: ran_sql(self, self.path(name)))

    def _made_once(self, key: str, make: Callable[[], Database]) -> State:
        """Return the state of the database that ``make()`` returns; where it fails, the next call raises its error."""
        if key not in self._derived:
            try:
                self._derived[key] = self._with(make())
            except CommandError as error:
                self._derived[key] = error
        found = self._derived[key]
        if isinstance(found, CommandError):
            raise found.with_traceback(None)
        return found

    def _with(self, database: Database) -> State:
        """Return the state of another database with the files of this folder."""
        return State.of_database(database, self._scripts).of_folder(self.folder, self.models, self._metadata)

    def path(self, name: str) -> str:
        """Return the path of a file of the folder; raises NotRecorded, or CommandError for one outside of it."""
        if not self.folder:
            raise NotRecorded("The files are not in a snapshot; only what was looked at is recorded.")
        path = os.path.realpath(os.path.join(self.folder, name))
        if not path.startswith(os.path.realpath(self.folder) + os.sep):
            raise CommandError(f"{name} is not in the folder of the lesson.")
        return path

    # ---- the history -------------------------------------------------------------------------------------------------

    @property
    def applied(self) -> list[str]:
        """The revisions that are applied, in the order in which they run."""
        known = self.ancestors(self.version or ())
        return [each["id"] for each in self.revisions if each["id"] in known]

    @property
    def pending(self) -> list[str]:
        """The revisions that an upgrade to all heads would run, in their order."""
        known = self.ancestors(self.version or ())
        return [each["id"] for each in self.revisions if each["id"] not in known]

    @property
    def lost(self) -> list[str]:
        """The revisions in the version table that no file defines."""
        known = {each["id"] for each in self.revisions} | {name for each in self.revisions for name in each["replaces"]}
        return [each for each in self.version or () if each not in known]

    @property
    def is_at_head(self) -> bool:
        """Whether everything is applied, and there is something."""
        return bool(self.version) and not self.pending and not self.lost

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """Return revisions with all that come before them."""
        by_id = {each["id"]: each for each in self.revisions}
        for each in self.revisions:  # a squashed revision counts as those that it replaces
            by_id |= dict.fromkeys(each["replaces"], each) if each["replaces"] else {}
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            one = by_id.get(waiting.pop())
            if one is not None and one["id"] not in found:
                found.add(one["id"])
                waiting += [*one["down"], *one["depends_on"]]
        return found

    def revision(self, name: str) -> Revision | None:
        """Return a revision by its id, its place ("1" the first, "-1" or "head" the last), or a part of its message."""
        exact = next((each for each in self.revisions if each["id"] == name), None)
        if exact is not None:
            return exact
        if name in ("head", "heads"):
            name = "-1"
        if re.fullmatch(r"-?\d{1,3}", name) and int(name) != 0:
            place = int(name) - (int(name) > 0)
            return self.revisions[place] if -len(self.revisions) <= place < len(self.revisions) else None
        found = (each for each in self.revisions if name.casefold() in each["message"].casefold())
        return next(found, None)


_LIVE = frozenset({"folder", "before", "_database", "_metadata", "_scripts", "_derived"})
"""The fields that are not plain data."""

_SHAPES: dict[str, type] = {
    **dict.fromkeys(("schema", "counts", "digests", "models", "facts"), dict),
    **dict.fromkeys(("revisions", "heads", "problems", "edited"), list),
}
