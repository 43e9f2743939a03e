"""What one command works on: the database, the environment and the models of the notebook as they are now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError

from .environment import Environment, open_at
from .settings import Mig
from .written_files import WrittenFiles

if TYPE_CHECKING:
    from .connection import Connection
    from .models import Models


@dataclass(frozen=True, slots=True)
class Workspace:
    """The state of a session at one moment; what is missing raises CommandError when it is read.

    ``connections`` are the open ones by name, ``current`` is the one that commands use, ``opened`` the environment.
    ``namespace`` is the notebook's, ``written`` the version files that were written here. ``refresh`` updates the
    panels after the database or a file has changed.
    """

    settings: Mig
    namespace: Mapping[str, object]
    connections: Mapping[str, Connection]
    current: Connection | None
    opened: Environment | None
    written: WrittenFiles
    refresh: Callable[[], None]

    @property
    def is_connected(self) -> bool:
        """Whether there is a current connection."""
        return self.current is not None

    @property
    def connection(self) -> Connection:
        """The current connection; raises CommandError where there is none."""
        if self.current is None:
            from .named_databases import connect_command, default_database

            named = default_database(self.settings, self.opened)
            command = f"%mig_connect takes {named}." if named else connect_command(self.opened)
            raise CommandError(f"Not connected to a database. Connect first: {command}")
        return self.current

    @property
    def has_environment(self) -> bool:
        """Whether there is an environment to work in."""
        return self.opened is not None

    @property
    def environment(self) -> Environment:
        """The environment; raises EnvironmentMissing where there is none."""
        return self.opened or open_at(self.settings.environment, self.settings.section)

    def scripts(self, *named: str | None) -> ScriptDirectory:
        """Return the version files as they are on disk now, as the connected database sees them.

        One that is inside the range of a squashed revision sees the files that this one replaces; so does a command
        that names one of their ids, in the targets and ranges ``named``.
        """
        found = self.environment.scripts()
        if self.current is not None:
            found.follow(partial(tuple, self.current.seen_heads))
        found.also_see(*named)
        return found

    @property
    def where(self) -> str:
        """The database and the environment in a few words, masked."""
        if self.opened is None:
            return self.connection.target
        several = ", ".join(self.opened.databases)
        place = f"{self.opened.shown}{f' ({several})' if several else ''}"
        return f"{self.connection.target}, environment {place}"

    @property
    def where_if_connected(self) -> str:
        """The database and the environment, or the environment alone."""
        return self.where if self.is_connected else f"environment {self.environment.shown}; not connected"

    @property
    def import_folders(self) -> tuple[str, ...]:
        """The folders that the environment puts first on ``sys.path`` (``prepend_sys_path``)."""
        return self.environment.scripts().prepend_sys_path if self.has_environment else ()

    @property
    def version_table(self) -> dict[str, str]:
        """Name and schema of the version table, as far as ``env.py`` writes them as literals."""
        return self.opened.version_table if self.opened is not None else {"version_table": "alembic_version"}

    def models(self, targets: Sequence[object] = ()) -> Models | None:
        """Return the models that are named, by an argument or ``%config Mig.target``, or the only ones in the notebook.

        None where there are none and an environment may have its own. Raises CommandError where two are possible.
        """
        from .models import candidates, find_models

        if not targets and self.settings.target:
            try:
                return find_models([self.settings.target], self.namespace)
            except CommandError as error:
                raise CommandError(f"Mig.target: {error}") from None
        if not targets and not candidates(self.namespace) and self.has_environment:
            return None
        return find_models(targets, self.namespace)

    def unambiguous_models(self) -> Models | None:
        """Return the models that ``%config Mig.target`` names, or the only ones; None where neither exists."""
        from .models import candidates, find_models

        if self.settings.target in self.namespace:
            return find_models([self.settings.target], self.namespace)
        found = candidates(self.namespace)
        return found[0] if len(found) == 1 else None


class Host(Protocol):
    """The session, as objects use it that outlive a command: it returns what is current when they ask."""

    def workspace(self) -> Workspace:
        """Return the current state."""

    def init(self, directory: str) -> Environment:
        """Create an environment, or open the existing one."""
