"""The session of a notebook: which database, which environment, the last proposal.

There is one for each shell. Everything else is in the database and in the versions folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakSet, proxy

from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import Script, ScriptDirectory
from kernel_core.util.exc import CommandError

from .cells.declaring import ModelCells
from .connection import Connection, connect, sqlite_path
from .elsewhere import NamedDatabase, configured_database, flask_database, section_files, section_url
from .environment import Environment, make, open_at
from .errors import message_of
from .models import Models, candidates, find_models
from .proposals.proposal import Proposal
from .proposals.wanted import Wanted, patterns
from .proposals.written import WrittenFiles
from .reimport import reload
from .running import carrying, planning
from .running.carrying import OnStep
from .settings import settings_of
from .targets import Target, labels, targets_of
from .views.declared import Declared
from .views.plan import Plan
from .views.report import RunReport
from .views.revisions import Current

RELOAD = "import the project's edited modules into this kernel too, and give the notebook's names their new values"
"""What ``--reload`` does, in the help of each command that has it."""

__all__ = ["Connection", "Environment", "Models", "Proposal", "Session", "forget_session", "session_of"]


class Watching(Protocol):
    """A panel that shows what the database and the files are now."""

    def refresh(self) -> None:
        """Show what is true now; raises nothing."""


class Session:
    """What the commands of one notebook share.

    ``namespace`` is the notebook's, read for engines and models; only ``%%mig_models`` runs its cell in it.
    """

    def __init__(self, namespace: dict[str, Any], shell: Any = None) -> None:
        self.namespace, self._shell = namespace, shell
        self.settings = settings_of(shell)
        self.connections: dict[str, Connection] = {}
        self.closed: set[str] = set()
        self.current_name: str | None = None
        self.proposal: Proposal | None = None
        self.panels: dict[str, Any] = {}
        self._watching: WeakSet[Watching] = WeakSet()
        self.written = WrittenFiles()
        self.model_cells = ModelCells()
        self._environment: Environment | None = None

    @property
    def has_front_end(self) -> bool:
        """Whether somebody can click: there is a kernel, and whoever runs the cell answers questions."""
        kernel = getattr(self._shell, "kernel", None)
        return kernel is not None and bool(getattr(kernel, "_allow_stdin", True))

    @property
    def has_terminal(self) -> bool:
        """Whether this is IPython in a terminal, where lines can be printed as a run goes on."""
        return self._shell is not None and self._shell.__class__.__name__ == "TerminalInteractiveShell"

    def show_panel(self, panel: Any) -> None:
        """Display a panel in place of the one that this cell showed before; the old one is closed."""
        from IPython.display import display

        parent: dict[str, Any] = self._shell.get_parent() if hasattr(self._shell, "get_parent") else {}
        cell = str(parent.get("metadata", {}).get("cellId", ""))
        old = self.panels.pop(cell, None)
        if old is not None:
            old.close()
        self.panels[cell] = panel
        self.watch(panel)
        display(panel)  # type: ignore[no-untyped-call]

    def watch(self, panel: Watching) -> None:
        """Let a panel know from now on when a file is written or deleted, or the database changes, in another cell."""
        self._watching.add(panel)

    def tell_panels(self) -> None:
        """Let every panel show what is true now."""
        for panel in list(self._watching):
            panel.refresh()

    # ---- which database --------------------------------------------------------------------------------------------

    @property
    def connection(self) -> Connection:
        """The current connection; raises CommandError where there is none."""
        if self.current_name is None:
            named = self.default_database()
            connecting = f"%mig_connect takes {named}." if named else self.connecting
            raise CommandError(f"Not connected to a database. Connect first: {connecting}")
        return self.connections[self.current_name]

    @property
    def connecting(self) -> str:
        """The command that connects, for where no database is named by default."""
        if self.has_environment and self.environment.is_of_flask:
            return "%mig_connect URL (your Flask application's SQLALCHEMY_DATABASE_URI)"
        return "%mig_connect sqlite:///dev.db"

    def default_database(self) -> NamedDatabase | None:
        """Return the database that ``%mig_connect`` takes without an argument, None where none is named.

        ``%config Mig.database``, else ``sqlalchemy.url`` of the environment's configuration, else ``$DATABASE_URL``,
        which comes first where ``env.py`` reads it. Where ``env.py`` is that of Flask-Migrate, the database of the
        Flask application whose context is pushed comes before ``$DATABASE_URL``. Raises CommandError where
        ``sqlalchemy.url`` cannot be read.
        """
        if self.settings.database:
            return NamedDatabase(self.settings.database, "%config Mig.database")
        variable = NamedDatabase("$DATABASE_URL", "$DATABASE_URL") if "DATABASE_URL" in os.environ else None
        if not self.has_environment or (variable and self.environment.reads_variable("DATABASE_URL")):
            return variable
        of_flask = flask_database() if self.environment.is_of_flask else None
        return configured_database(self.environment) or of_flask or variable

    def connect_by_default(self) -> Connection:
        """Connect to the `default_database`; raises CommandError where there is none."""
        named = self.default_database()
        return self.connection if named is None else self.connect(named.target)

    def connect(self, target: Any, name: str | None = None) -> Connection:
        """Connect to a URL, an engine, or the name of one, and make it the current connection.

        A connection of the same name is closed and replaced; one of the session's names alone makes that one current.
        """
        if isinstance(target, str) and name is None and target in self.connections:
            self.current_name = target
            return self.connection
        section = target[1:] if isinstance(target, str) and target.startswith("@") else None
        connection = connect(self.value_of(target), name or section)
        replaced = self.connections.pop(connection.name, None)
        if replaced is not None:
            replaced.close()
        self.connections[connection.name] = connection
        self.current_name = connection.name
        return connection

    def close(self, name: str) -> Connection:
        """Forget a connection; the engine is disposed where we made it. Raises CommandError for an unknown name."""
        if name not in self.connections:
            known = ", ".join(self.connections) or "none"
            raise CommandError(f"No connection is called {name!r}. Open ones: {known}.")
        connection = self.connections.pop(name)
        connection.close()
        self.closed.add(name)
        if self.current_name == name:
            self.current_name = next(reversed(self.connections), None)
        return connection

    def value_of(self, target: Any) -> Any:
        """Return what ``$NAME`` or the name of a variable stands for; anything else as it is.

        ``$NAME`` is an environment variable or, if there is none, a variable of the notebook; ``@NAME`` a section of
        an ini file.
        """
        if not isinstance(target, str):
            return target
        if target.startswith("@"):
            environment = self.environment if self.has_environment else None
            return section_url(target[1:], section_files(environment.ini if environment else None), environment)
        if target.startswith("$"):
            name = target[1:].strip("{}")
            if name not in os.environ and name not in self.namespace:
                raise CommandError(
                    f"{target} is set neither in the environment nor in this notebook. Set it, or type the URL."
                )
            return os.environ.get(name, self.namespace.get(name))
        return self.namespace.get(target, target) if target.isidentifier() else target

    # ---- which environment -----------------------------------------------------------------------------------------

    @property
    def environment(self) -> Environment:
        """The environment; the only one in the working folder is opened by itself. Raises EnvironmentMissing."""
        if self._environment is None:
            self._environment = open_at(self.settings.environment, self.settings.section)
        return self._environment

    @property
    def has_environment(self) -> bool:
        """Whether there is an environment to work in."""
        try:
            return self.environment is not None
        except CommandError:
            return False

    def init(self, directory: str, template: str = "generic", alembic: bool = False) -> Environment:
        """Make an environment, or open the existing one; with ``alembic`` its files run with plain Alembic too."""
        self._environment = make(directory, template, alembic)
        return self._environment

    def open(self, place: str = "", section: str = "alembic") -> Environment:
        """Open an existing environment."""
        self._environment = open_at(place, section)
        return self._environment

    def scripts(self) -> ScriptDirectory:
        """Return the versions as they are on disk now."""
        return self.environment.scripts()

    def wrote(self, script: Script) -> Script:
        """Note a version file that was just written here, and return it."""
        self.written.add(script)
        return script

    def unwrite(self) -> str:
        """Delete the version file that was written last here and return its path; raises CommandError, and keeps it."""
        last, scripts = self.written.last, self.scripts()
        heads = self.heads_if_connected()
        if heads is None:
            raise CommandError(
                f"Whether {last.revision} is applied is not known: no database is connected. %mig_connect first."
            )
        with scripts.writing():
            scripts.reload()
            applied = scripts.map.ancestors(name for name in heads if name in scripts.map)
            reason = self.written.refusal(scripts, applied)
            if reason is not None:
                raise CommandError(reason)
            os.unlink(last.path)
        self.written.files.pop()
        self.tell_panels()
        return last.path

    # ---- which models ----------------------------------------------------------------------------------------------

    def models(self, targets: Sequence[Any] = ()) -> Models | None:
        """Return the models that are named, by an argument or ``%config Mig.target``, or the only ones in the notebook.

        None where there are none and an environment may have its own. Raises CommandError where two may be meant.
        """
        named = targets or ([self.settings.target] if self.settings.target else [])
        if not named and not candidates(self.namespace) and self.has_environment:
            return None
        return find_models(named, self.namespace)

    def likely_models(self) -> Models | None:
        """Return the models where there is no doubt which."""
        if self.settings.target in self.namespace:
            return find_models([self.settings.target], self.namespace)
        found = candidates(self.namespace)
        return found[0] if len(found) == 1 else None

    def wanted(
        self, only: str | Sequence[str] | None = None, exclude: str | Sequence[str] | None = None, renames: str = ""
    ) -> Wanted:
        """Return which part of a comparison is wanted: as said here, else as ``%config Mig`` says."""
        settings = self.settings
        said = renames or (settings.renames if settings.renames != "show" else None)
        beyond = tuple(settings.beyond)
        return Wanted(patterns(only or settings.only), patterns(exclude or settings.exclude), said, beyond)

    def declare(self, cell: str, target: str | None = None) -> Declared:
        """Run a cell that declares models, in place of what it declared before; see `cells.declaring`."""
        parent: dict[str, Any] = self._shell.get_parent() if hasattr(self._shell, "get_parent") else {}
        cell_id = parent.get("metadata", {}).get("cellId")
        named = target or self.settings.target or None
        return self.model_cells.run(cell, named, self.namespace, self._exec, cell_id)

    def _exec(self, cell: str) -> None:
        """Run the text of a cell in the notebook's namespace, so that its errors show its lines."""
        if self._shell is None:
            exec(compile(cell, "<%%mig_models>", "exec"), self.namespace)  # noqa: S102 - the person's own cell
            return
        try:
            text = self._shell.transform_cell(cell)
            name = self._shell.compile.cache(text, self._shell.execution_count, raw_code=cell)
            code = self._shell.compile(text, name, "exec")
        except SyntaxError as error:
            line = f": {error.text.strip()}" if error.text else ""
            raise CommandError(f"Line {error.lineno} of the cell is no Python ({error.msg}){line}") from error
        exec(code, self.namespace)  # noqa: S102 - as above

    def all_models(self) -> list[Models]:
        """Return every candidate."""
        return candidates(self.namespace)

    # ---- work ------------------------------------------------------------------------------------------------------

    @property
    def where(self) -> str:
        """The database and the environment in few words, masked."""
        if not self.has_environment:
            return self.connection.target
        several = ", ".join(self.environment.databases)
        place = f"{self.environment.shown}{f' ({several})' if several else ''}"
        return f"{self.connection.target}, environment {place}"

    @property
    def where_if_connected(self) -> str:
        """The database and the environment, or the environment alone."""
        return self.where if self.current_name is not None else f"environment {self.environment.shown}; not connected"

    @property
    def import_folders(self) -> tuple[str, ...]:
        """The folders that the environment has put first on ``sys.path`` (``prepend_sys_path``)."""
        return self.scripts().prepend_sys_path if self.has_environment else ()

    def reload(self) -> tuple[str, ...]:
        """Import the project's edited modules again into the kernel; return the notebook's names that changed with it.

        Raises CommandError, and changes nothing, where one of them cannot be imported.
        """
        return reload(self.import_folders, self.namespace)

    @property
    def version_table(self) -> dict[str, str]:
        """Name and schema of the version table, as far as ``env.py`` says another one."""
        return self.environment.version_table if self.has_environment else {"version_table": "alembic_version"}

    def targets(self) -> tuple[Target, ...]:
        """Return each version table that ``env.py`` migrates, where only its run can tell; else ()."""
        if not self.has_environment or not self.environment.has_computed_targets:
            return ()
        several = bool(self.environment.databases)
        return targets_of(self) if several or not _is_missing_file(self.connection) else ()

    def heads_of_database(self) -> tuple[str, ...]:
        """Return where the database stands; nothing is written."""
        connection = self.connection
        targets = self.targets()
        if targets:
            return Current.of(zip(labels(targets), (target.heads for target in targets), strict=True))
        if _is_missing_file(connection):
            return ()
        with self.connection.open() as live:
            return tuple(MigrationContext.configure(connection=live, opts=self.version_table).get_current_heads())

    def heads_if_connected(self) -> tuple[str, ...] | None:
        """Return where the database stands, None where none is connected."""
        return self.heads_of_database() if self.current_name is not None else None

    def heads_or_reason(self) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
        """Return the revisions of the database; None, with a sentence, where ``env.py`` is needed for it and fails."""
        try:
            return self.heads_if_connected(), ()
        except (Exception, SystemExit) as error:
            told = message_of(error)
            if told is None or not self.environment.has_computed_targets:
                raise
            return None, (f"What is applied is not known: {' '.join(told.splitlines())}",)

    def plan(self, verb: str, revision: str) -> Plan:
        """Return what ``upgrade`` or ``downgrade`` to a revision would do; nothing is run."""
        return planning.plan(self, verb, revision)

    def upgrade(self, revision: str = "head", *, sql: bool = False, on_step: OnStep | None = None) -> RunReport:
        """Upgrade the database; with ``sql`` only return the SQL. ``on_step`` is told of every revision."""
        return carrying.run(self, "upgrade", revision, sql=sql, on_step=on_step)

    def downgrade(self, revision: str, *, sql: bool = False, on_step: OnStep | None = None) -> RunReport:
        """Step the database back; with ``sql`` only return the SQL. ``on_step`` is told of every revision."""
        return carrying.run(self, "downgrade", revision, sql=sql, on_step=on_step)

    def stamp(self, revisions: Sequence[str], *, purge: bool = False, sql: bool = False) -> RunReport:
        """Write into the version table without running anything; with ``sql`` only return the SQL."""
        return carrying.stamp(self, revisions, purge=purge, sql=sql)


_sessions: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def session_of(shell: Any) -> Session:
    """Return the session of a shell (by default the running one; without IPython, that of ``__main__``)."""
    if shell is None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
    owner = shell if shell is not None else sys.modules["__main__"]
    if owner not in _sessions:
        _sessions[owner] = Session(shell.user_ns if shell is not None else vars(owner), shell and proxy(shell))
    return _sessions[owner]


def forget_session(shell: Any) -> None:
    """Close what the session of a shell opened, and forget it."""
    session = _sessions.pop(shell, None)
    for one in (*session.panels.values(), *session.connections.values()) if session else ():
        one.close()


def _is_missing_file(connection: Connection) -> bool:
    """Tell whether the database is a SQLite file that nobody has written yet."""
    path = sqlite_path(connection.engine)
    return path is not None and not os.path.exists(os.path.join(connection.folder, path))
