"""A migration environment: its place, and a new configuration for each command."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kernel_core.config import Config
from kernel_core.script import ScriptDirectory
from kernel_core.script.root import Root, is_below, project_root
from kernel_core.util.counts import counted
from kernel_core.util.exc import CommandError, EnvironmentMissing
from kernel_core.util.secrets import mask_url

from ..analysis.env_script import must_be_run, only_asks_for_options, version_table
from ..views.html import Html, page, tag
from ..views.text import shown_path, typed
from ..views.view import View


@dataclass(frozen=True, eq=False, repr=False)
class Environment(View):
    """A folder of versions and the configuration that names it.

    ``files`` are those that were just created, with ``note`` as their heading; ``section`` is the ini section; relative
    paths start from ``root``, which is found when the environment is opened (`kernel_core.script.root`).
    """

    directory: str
    ini: str | None = None
    toml: str | None = None
    section: str = "alembic"
    files: tuple[str, ...] = ()
    note: str = ""
    root: Root | None = None

    def config(self) -> Config:
        """Return a new configuration, so that commands do not share its attributes."""
        config = Config(self.ini, toml_file=self.toml, ini_section=self.section)
        config.prints_results = False
        if not (self.ini or self.toml):
            config.set_main_option("script_location", self.directory.replace("%", "%%"))
        if self.root is not None:
            config.root = self.root
        return config

    def scripts(self) -> ScriptDirectory:
        """Return the version files as they are on disk now."""
        if not os.path.isdir(self.directory):
            raise EnvironmentMissing(
                f"{self.shown} does not exist any more. Restore it, or make a new one with "
                f"%mig_init {typed(self.shown)}.",
                self.directory,
            )
        return ScriptDirectory.from_config(self.config())

    @property
    def project_folder(self) -> str:
        """The folder in which ``env.py`` runs; relative paths start there."""
        return self.config().root.folder

    @property
    def takes_connection(self) -> bool:
        """Whether ``env.py`` mentions ``attributes``, and so may use the notebook's connection; it is not run."""
        return "attributes" in self._env_py()

    def reads_variable(self, name: str) -> bool:
        """Return whether ``env.py`` mentions an environment variable; it is not run."""
        return name in self._env_py()

    @property
    def asks_only_for_command_line(self) -> bool:
        """Whether ``env.py`` uses ``cmd_opts`` only to find out whether it runs on the command line; it is not run."""
        return only_asks_for_options(self._env_py())

    @property
    def is_of_flask(self) -> bool:
        """Whether ``env.py`` uses the database of the Flask application, as that of Flask-Migrate does."""
        return "current_app" in self._env_py()

    @property
    def databases(self) -> tuple[str, ...]:
        """The names of the databases of an environment of the template ``multidb``; else ()."""
        text = self._env_py()
        if "connections" not in text and "engine_name" not in text:
            return ()
        names = self.config().get_main_option("databases") or ""
        return tuple(name for name in re.split(r"[,\s]+", names) if name)

    def refuse_several(self) -> None:
        """Raise CommandError where a version file has a function for each of several databases."""
        if self.databases:
            first = self.databases[0]
            raise CommandError(
                f"{self.shown} migrates several databases ({', '.join(self.databases)}), but a cell has one upgrade(). "
                f"Write an empty revision (%mig_revision -m ...) and complete upgrade_{first}() and the others."
            )

    @property
    def version_table(self) -> dict[str, str]:
        """``version_table`` and ``version_table_schema`` where ``env.py`` writes them as literals; it is not run."""
        return version_table(self._env_py())

    @property
    def has_computed_targets(self) -> bool:
        """Whether the version tables and their schemas are known only when ``env.py`` runs."""
        return must_be_run(self._env_py())

    def _env_py(self) -> str:
        path = os.path.join(self.directory, "env.py")
        if not os.path.isfile(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()

    @property
    def shown(self) -> str:
        """The folder as it is typed in the working folder."""
        return shown_path(self.directory)

    def text(self) -> str:
        return "\n".join((self.note or self._facts(), *(f"  {shown_path(path)}" for path in self.files)))

    def html(self) -> Html:
        files = tag("ul", *(tag("li", tag("code", shown_path(path))) for path in self.files)) if self.files else ""
        return page(tag("p", self.note or self._facts()), files)

    def _facts(self) -> str:
        scripts = self.scripts()
        number = len(list(scripts.walk_revisions()))
        broken = f", {counted(len(scripts.broken), 'broken file')}" if scripts.broken else ""
        heads = ", ".join(scripts.get_heads())
        found = f"Environment {self.shown}: {counted(number, 'revision')}{f', head {heads}' if heads else ''}{broken}"
        return f"{found}. {self._when_it_runs()}"

    def _when_it_runs(self) -> str:
        """Return the sentence that names the commands that run ``env.py``, and its connection."""
        if not self._env_py():
            return "It has no env.py, so its history can be read, but nothing can be run."
        if self.databases:
            return (
                f"It migrates several databases: {', '.join(self.databases)}. Its env.py connects to them, "
                "also for status, current and history."
            )
        if self.has_computed_targets:
            there = "takes the notebook's connection" if self.takes_connection else "connects by itself"
            return f"Its env.py {there} and decides which version tables there are: commands that read them run it."
        there = "takes the notebook's connection" if self.takes_connection else "connects by itself"
        return (
            f"Its env.py {there}; it runs for upgrade, downgrade, stamp, autogenerate, diff and check, "
            "and for status to find drift (not with --no-drift)."
        )


def refuse_url(path: str) -> None:
    """Raise CommandError where a URL is given for a file or folder, which would have its password in its name."""
    if "://" in path:
        raise CommandError(f"{mask_url(path)} is a URL, not a path. A database is connected with %mig_connect URL.")


def make(directory: str, template: str = "generic", alembic: bool = False) -> Environment:
    """Create an environment in ``directory``, or open an existing one there; ``note`` of the result says which.

    With ``alembic`` its files import ``alembic``, so that they run with plain Alembic too. Raises CommandError where
    the folder contains other files.
    """
    from kernel_core import command

    path = os.path.abspath(directory)
    if _is_environment(path):
        found = open_at(directory)
        return replace(found, note=f"{found.shown} is an environment already; opened it.")
    ini = os.path.join(path, "alembic.ini")
    config = Config(ini)
    config.prints_results = False
    files = command.init(config, path, template=template, alembic=alembic)
    found = open_at(directory)
    return replace(found, files=tuple(files), note=f"Made the environment {found.shown}:")


def open_at(place: str = "", section: str = "alembic") -> Environment:
    """Open the environment at a folder, an ini file or a ``pyproject.toml``; without one, the only one in the folder.

    A folder is the environment itself, or contains the file that names it. Raises EnvironmentMissing without one.
    """
    if not place:
        return _only_one_here(section)
    path = os.path.abspath(place)
    if os.path.isfile(path):
        return _opened(path, section)
    if not _is_environment(path):
        for name in _FILES:
            if _location(os.path.join(path, name), section) is not None:
                return _opened(os.path.join(path, name), section)
        fact = "has no env.py: it is not a migration environment" if os.path.isdir(path) else "does not exist"
        raise EnvironmentMissing(f"{shown_path(path)} {fact}. Make one with %mig_init {typed(shown_path(path))}.", path)
    for folder in (path, os.path.dirname(path)):
        for name in _FILES:
            if _location(os.path.join(folder, name), section) == os.path.realpath(path):
                return _opened(os.path.join(folder, name), section)
    if section != "alembic":
        raise CommandError(
            f"No ini file in {shown_path(path)} or above it has a section [{section}] that names it. "
            "Leave out --name, or name the file: %mig_open alembic.ini --name SECTION"
        )
    above = os.path.dirname(path)
    return Environment(path, section=section, root=None if is_below(above, os.getcwd()) else Root(above, above))


_FILES = ("alembic.ini", "pyproject.toml")
"""The files that may name an environment; if a folder has both, both are read, as on the command line."""


def _opened(file: str, section: str) -> Environment:
    """Return the environment that a configuration file names; raises EnvironmentMissing where it names none."""
    config = _config(file, section)
    found = ScriptDirectory.from_config(config)
    return Environment(found.dir, config.config_file_name, config.toml_file_name, section, root=config.root)


def _config(file: str, section: str) -> Config:
    """Return the configuration of a file and of the other one next to it, with the root for a notebook."""
    folder, name = os.path.split(os.path.abspath(file))
    ini, toml = (os.path.join(folder, each) for each in _FILES)
    if name.endswith(".toml"):
        toml = file
    else:
        ini = file
    config = Config(ini if os.path.isfile(ini) else None, toml if os.path.isfile(toml) else None, section)
    location = config.get_main_option("script_location")
    if location:
        config.root = project_root(location, file)
    return config


def _only_one_here(section: str) -> Environment:
    for name in _FILES:
        if _location(os.path.abspath(name), section) is not None:
            return _opened(os.path.abspath(name), section)
    found = sorted(entry.name for entry in os.scandir(".") if entry.is_dir() and _is_environment(entry.path))
    if len(found) == 1:
        return open_at(found[0], section)
    if found:
        raise CommandError(
            f"{counted(len(found), 'environment')} are here: {', '.join(found)}. Name one: %mig_open {typed(found[0])}"
        )
    above = next((path for path in _above() if _location(path, section) is not None), None)
    remedy = (
        f"Open the one above: %mig_open {typed(shown_path(above))}" if above else "Make one with %mig_init migrations."
    )
    raise EnvironmentMissing(f"No migration environment was found here. {remedy}", os.getcwd())


def _above() -> Iterator[str]:
    """Yield the configuration files in the folders above the working folder, nearest first."""
    folder = os.path.dirname(os.getcwd())
    for _ in range(3):
        yield from (os.path.join(folder, name) for name in _FILES)
        folder = os.path.dirname(folder)


def _location(file: str, section: str) -> str | None:
    """Return the folder that a configuration file names, None where it names none."""
    if not os.path.isfile(file):
        return None
    try:
        return os.path.realpath(ScriptDirectory.from_config(_config(file, section)).dir)
    except CommandError:
        return None


def _is_environment(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "env.py"))
