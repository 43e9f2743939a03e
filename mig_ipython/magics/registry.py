"""Find the commands in the files beside this one, and hand them to IPython without importing them.

``upgrade.py`` is the line magic ``%mig_upgrade``, also ``%mig upgrade`` and ``mig.upgrade()``. ``cell_migration.py`` is
the cell magic ``%%migration``, also ``mig.migration()``; ``cell_mig_models.py`` is ``%%mig_models``.

A command file has a docstring (its help), a function ``arguments(parser)`` and a function ``run(session, args)`` that
returns what the cell shows.
"""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from types import ModuleType
from typing import Any

from ..settings import give, take
from ..sources import note_imports, sources
from ..transform import add_transformer, take_transformer

_NO_COMMANDS = frozenset({"__init__", "carry", "line", "notice", "registry"})
_CELL = "cell_"


class Command:
    """One command; its file is imported when it is called, or when its help is asked for."""

    _ipython_magic_no_var_expand = True  # the line is read in `words`: a value is never split, a password never shown
    needs_local_scope = True

    def __init__(self, file: str, shell: Any = None) -> None:
        self.is_cell = file.startswith(_CELL)
        self.file, self.shell = file, shell
        self.name = file.removeprefix(_CELL)
        self.verb = self.name.removeprefix("mig_")

    @property
    def magic(self) -> str:
        """The name that IPython knows it by, without percent signs."""
        return self.name if self.is_cell else f"mig_{self.verb}"

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from .line import usage

        return usage(self)

    @cached_property
    def module(self) -> ModuleType:
        """The command's file, imported."""
        return importlib.import_module(f"{__package__}.{self.file}")

    def options(self) -> list[str]:
        """Return the options that it knows."""
        from .line import LineParser

        return [name for action in LineParser(self).declared for name in action.option_strings if len(name) > 2]

    def kind_at(self, typed: str) -> str:
        """Return the kind of value (``REV``, ``NAME``, ``TARGET``...) that stands next after ``typed``."""
        from .line import LineParser

        return LineParser(self).kind_at(typed)

    def __call__(self, line: str = "", cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """Run what is typed after the magic's name."""
        from .line import run_line

        return run_line(self, line, cell, {} if self.is_cell else local_ns or {})

    def __repr__(self) -> str:
        return f"<{'%%' if self.is_cell else '%'}{self.magic}>"


class Dispatch:
    """``%mig``: alone the status, with a verb that command."""

    _ipython_magic_no_var_expand = True
    needs_local_scope = True

    def __init__(self, commands: dict[str, Command]) -> None:
        self.commands = commands

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from .help import commands_help

        return f"%mig alone shows the status; %mig VERB ... runs the command %mig_VERB.\n\n{commands_help().text()}\n"

    def __call__(self, line: str = "", cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """Run ``status``, or the verb that the line begins with."""
        verb, _, rest = (line.strip() or "status").partition(" ")
        if verb[0] in ";#":
            verb, rest = "status", line
        elif verb.endswith(";"):
            verb, rest = verb[:-1], ";"
        name = "help" if verb in ("-h", "--help") else verb.removeprefix("mig_")
        command = self.commands.get(name)
        if command is None or command.is_cell != (cell is not None):
            from .line import unknown_verb

            raise unknown_verb(verb, self.commands, command, is_cell=cell is not None)
        return command(rest, cell, local_ns)


class Commands:
    """Every command as a Python call: ``mig.upgrade("head")``, ``mig.connect(engine)``, ``mig.autogenerate(Base)``.

    Positional arguments and options are those of the magic (``--as-name`` becomes ``as_name=``); engines, MetaData and
    classes are passed as they are.
    """

    def __init__(self, shell: Any = None) -> None:
        self._commands = find_commands(shell)

    def __repr__(self) -> str:
        return f"mig: {', '.join(f'{verb}()' for verb in self._commands)}. mig.upgrade? tells about one."

    def __dir__(self) -> list[str]:
        return [*self._commands, "session"]

    @property
    def session(self) -> Any:
        """The session: its ``connection``, ``environment`` and last ``proposal``."""
        from ..session import session_of

        return session_of(None)

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        command = self.__dict__.get("_commands", {}).get(verb)
        if command is None:
            raise AttributeError(
                f"mig has no command {verb!r}. It has {', '.join(self.__dict__.get('_commands', {}))}."
            )

        def call(*args: Any, **options: Any) -> Any:
            from .line import run_call

            return run_call(command, args, options)

        call.__name__, call.__doc__ = verb, command.__doc__
        return call


def find_commands(shell: Any = None) -> dict[str, Command]:
    """Return the commands by verb, from the names of the files; nothing is imported."""
    files = sorted(
        name.partition(".")[0] for name in os.listdir(os.path.dirname(__file__)) if name.endswith((".py", ".pyc"))
    )
    commands = (Command(file, shell) for file in files if file not in _NO_COMMANDS)
    return {command.verb: command for command in commands}


def register(shell: Any) -> None:
    """Give every command to an IPython shell; what an earlier loading gave is replaced."""
    commands = find_commands(shell)
    for command in commands.values():
        shell.register_magic_function(command, "cell" if command.is_cell else "line", command.magic)
    shell.register_magic_function(Dispatch(commands), "line_cell", "mig")
    give(shell)
    add_transformer(shell)
    _add_completion(shell, commands)
    _take_noting(shell)
    sources.note(may_be_older=True)
    shell.events.register("post_run_cell", note_imports)


def unregister(shell: Any) -> None:
    """Take the commands from the shell, and close the connections that they opened.

    While ``%reload_ext`` runs, the session and the settings are kept for the loading that follows.
    """
    for magics in shell.magics_manager.magics.values():
        for name in [name for name, magic in magics.items() if isinstance(magic, Command | Dispatch)]:
            del magics[name]
    matchers = shell.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if getattr(matcher, "matcher_identifier", "") != "mig"]
    take_transformer(shell)
    _take_noting(shell)
    if _is_reloading():
        return
    take(shell)
    import sys

    if f"{__package__.rpartition('.')[0]}.session" in sys.modules:
        from ..session import forget_session

        forget_session(shell)


def _is_reloading() -> bool:
    """Return whether ``%reload_ext`` is what unloads: IPython gives an extension no other sign of it."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "reload_extension" and frame.f_globals.get("__name__") == "IPython.core.extensions":
            return True
        frame = frame.f_back
    return False


def _take_noting(shell: Any) -> None:
    """Stop noting imports after each cell, so that a second loading notes them once."""
    callbacks = shell.events.callbacks["post_run_cell"]
    callbacks[:] = [one for one in callbacks if getattr(one, "__name__", "") != note_imports.__name__]


def _add_completion(shell: Any, commands: dict[str, Command]) -> None:
    """Complete lines that begin with our magics; the work is imported with the first of them."""

    def session() -> Any:
        from ..session import session_of

        return session_of(shell)

    def complete(context: Any) -> dict[str, Any]:
        if "%mig" not in context.line_with_cursor:
            return {"completions": []}
        from ..completion import complete as work

        return work(context, commands, session)

    complete.matcher_priority = 200  # type: ignore[attr-defined]
    complete.matcher_identifier = "mig"  # type: ignore[attr-defined]
    complete.matcher_api_version = 2  # type: ignore[attr-defined]
    matchers = shell.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if getattr(matcher, "matcher_identifier", "") != "mig"]
    matchers.append(complete)
