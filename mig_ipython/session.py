"""The session of a notebook: its connections, its environment, the last proposal, and the panels that are displayed.

There is one for each shell. Everything else is in the database and in the versions folder. What only some commands need
is imported when they run: ``%mig_open`` and ``%mig_history`` without a connection need no SQLAlchemy.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary, WeakSet, proxy

from IPython.core.interactiveshell import InteractiveShell

from kernel_core.util.exc import CommandError

from .workspace.environment import Environment, make, open_at
from .workspace.settings import settings_of
from .workspace.workspace import Workspace
from .workspace.written_files import WrittenFiles

if TYPE_CHECKING:
    from .cells.model_cells import ModelCells
    from .proposals.proposal import Proposal
    from .workspace.connection import Connection

RELOAD = "import the project's edited modules into this kernel too, and update the notebook's names"
"""The help of ``--reload`` of each command that has it."""

__all__ = ["RELOAD", "Session", "forget_session", "session_of"]


class Refreshable(Protocol):
    """A panel that shows the state of the database and of the files."""

    def refresh(self) -> None:
        """Show the current state; raises nothing."""


class Panel(Refreshable, Protocol):
    """A panel that is displayed in the output of a cell."""

    def close(self) -> None:
        """Remove it from the page."""


class Session:
    """The state that the commands of one notebook share; `workspace` returns it as a frozen value for one command.

    ``namespace`` is the notebook's, read for engines and models; only ``%%mig_models`` runs its cell in it.
    """

    def __init__(self, namespace: dict[str, Any], shell: InteractiveShell | None = None) -> None:
        self.namespace, self.shell = namespace, shell
        self.settings = settings_of(shell)
        self.connections: dict[str, Connection] = {}
        self.closed: set[str] = set()
        self.current_name: str | None = None
        self.proposal: Proposal | None = None
        self.written = WrittenFiles()
        self.panels: dict[str, Panel] = {}
        self._refreshed: WeakSet[Refreshable] = WeakSet()
        self._environment: Environment | None = None
        self._has_no_widgets = False

    @cached_property
    def model_cells(self) -> ModelCells:
        """The cells that define models with ``%%mig_models``."""
        from .cells.model_cells import ModelCells

        return ModelCells()

    def workspace(self) -> Workspace:
        """Return the current state; an environment that is the only one in the working folder is opened for it."""
        if self._environment is None:
            with suppress(CommandError):  # reading `Workspace.environment` raises it
                self._environment = open_at(self.settings.environment, self.settings.section)
        current = self.connections[self.current_name] if self.current_name is not None else None
        return Workspace(
            settings=self.settings,
            namespace=self.namespace,
            connections=self.connections,
            current=current,
            opened=self._environment,
            written=self.written,
            refresh=self.refresh_panels,
        )

    # ---- the database ----------------------------------------------------------------------------------------------

    @property
    def connection(self) -> Connection:
        """The current connection; raises CommandError where there is none."""
        return self.workspace().connection

    def connect(self, target: object, name: str | None = None) -> Connection:
        """Connect to a URL, an engine, or the name of one, and make it the current connection.

        A connection of the same name is closed and replaced; the name of an open connection makes that one current.
        """
        from .workspace.connection import connect
        from .workspace.named_databases import resolved

        if isinstance(target, str) and name is None and target in self.connections:
            self.current_name = target
            self.refresh_panels()
            return self.connection
        section = target[1:] if isinstance(target, str) and target.startswith("@") else None
        environment = self.workspace().opened if section is not None else None
        connection = connect(
            resolved(target, self.namespace, environment), name or section, open_names=self.connections
        )
        replaced = self.connections.pop(connection.name, None)
        if replaced is not None:
            replaced.close()
        self.connections[connection.name] = connection
        self.current_name = connection.name
        self.refresh_panels()
        return connection

    def connect_by_default(self) -> Connection:
        """Connect to the default database; raises CommandError where there is none."""
        from .workspace.named_databases import default_database

        named = default_database(self.settings, self.workspace().opened)
        return self.connection if named is None else self.connect(named.target)

    def close(self, name: str) -> Connection:
        """Close a connection; a borrowed engine is not disposed. Raises CommandError for an unknown name."""
        if name not in self.connections:
            known = ", ".join(self.connections) or "none"
            raise CommandError(f"No connection is called {name!r}. Open ones: {known}.")
        connection = self.connections.pop(name)
        connection.close()
        self.closed.add(name)
        if self.current_name == name:
            self.current_name = next(reversed(self.connections), None)
            self.refresh_panels()
        return connection

    # ---- the environment -------------------------------------------------------------------------------------------

    @property
    def environment(self) -> Environment:
        """The environment; the only one in the working folder is opened by default. Raises EnvironmentMissing."""
        return self.workspace().environment

    def init(self, directory: str, template: str = "generic", alembic: bool = False) -> Environment:
        """Create an environment, or open the existing one; with ``alembic`` its files run with plain Alembic too."""
        self._environment = make(directory, template, alembic)
        return self._environment

    def open(self, place: str = "", section: str = "alembic") -> Environment:
        """Open an existing environment."""
        self._environment = open_at(place, section)
        self.refresh_panels()
        return self._environment

    def forget_environment(self) -> None:
        """Leave the environment; the only one in the working folder is opened by the next command that needs one."""
        self._environment = None

    def forget_models(self) -> None:
        """Forget the last proposal, and which cells defined models: the notebook has other models now."""
        self.proposal = None
        self.__dict__.pop("model_cells", None)

    def forget_files(self) -> None:
        """Forget which version files were written, and remove the panels from the page: their files are replaced."""
        self.written = WrittenFiles()
        self.close_panels()

    def reload(self) -> tuple[str, ...]:
        """Import the project's edited modules again into the kernel; return the names of the notebook that changed.

        Raises CommandError, and changes nothing, where one of them cannot be imported.
        """
        from .workspace.reloading.importer import reload

        return reload(self.workspace().import_folders, self.namespace)

    # ---- the front end ---------------------------------------------------------------------------------------------

    @property
    def has_front_end(self) -> bool:
        """Whether widgets can be used: there is a kernel, and its front end accepts input."""
        kernel = getattr(self.shell, "kernel", None)
        return kernel is not None and bool(getattr(kernel, "_allow_stdin", True))

    def can_show_panels(self) -> bool:
        """Return whether panels of ipywidgets can be displayed; where only that package is missing, print so once."""
        if not self.has_front_end:
            return False
        try:
            import ipywidgets  # noqa: F401
        except ImportError as error:
            if not self._has_no_widgets:
                print(f"Shown as text, without a panel: {error}. Panels need ipywidgets: %pip install ipywidgets")  # noqa: T201
            self._has_no_widgets = True
            return False
        return True

    @property
    def has_terminal(self) -> bool:
        """Whether this is IPython in a terminal, which prints progress line by line."""
        kinds = () if self.shell is None else self.shell.__class__.__mro__  # an embedded shell is a subclass
        return any(kind.__name__ == "TerminalInteractiveShell" for kind in kinds)

    @property
    def cell_id(self) -> str | None:
        """The id of the cell that runs now, None where the front end sends none."""
        parent: dict[str, Any] = self.shell.get_parent() if self.shell and hasattr(self.shell, "get_parent") else {}
        found = parent.get("metadata", {}).get("cellId")
        return None if found is None else str(found)

    def show_panel(self, panel: Panel) -> None:
        """Display a panel in place of the one that this cell showed before, which is closed."""
        from IPython.display import display

        cell = self.cell_id or ""
        old = self.panels.pop(cell, None)
        if old is not None:
            old.close()
        self.panels[cell] = panel
        self.keep_current(panel)
        display(panel)  # type: ignore[no-untyped-call]

    def close_panels(self) -> None:
        """Remove every panel from the page."""
        while self.panels:
            self.panels.popitem()[1].close()

    def keep_current(self, panel: Refreshable) -> None:
        """Refresh a panel from now on when another cell changes the database or a version file."""
        self._refreshed.add(panel)

    def refresh_panels(self) -> None:
        """Let every panel show the current state."""
        for panel in list(self._refreshed):
            panel.refresh()


_sessions: WeakKeyDictionary[object, Session] = WeakKeyDictionary()


def session_of(shell: InteractiveShell | None) -> Session:
    """Return the session of a shell (by default the running one; without IPython, that of ``__main__``)."""
    if shell is None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
    owner = shell if shell is not None else sys.modules["__main__"]
    if owner not in _sessions:
        _sessions[owner] = Session(vars(owner)) if shell is None else Session(shell.user_ns, proxy(shell))
    return _sessions[owner]


def forget_session(shell: InteractiveShell) -> None:
    """Close what the session of a shell opened, and forget it."""
    session = _sessions.pop(shell, None)
    if session is None:
        return
    session.close_panels()
    for connection in session.connections.values():
        connection.close()
