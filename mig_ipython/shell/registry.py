"""Register the commands with IPython as magics; their files are imported when they are called."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..magics import Command, find_commands
from ..workspace.reloading.source_files import record_imports, source_files
from ..workspace.settings import add_settings, remove_settings
from .input_transformer import add_transformer, remove_transformer
from .unknown_names import explain_unknown_names, stop_explaining

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from ..session import Session


class Magic:
    """A command as IPython calls it: ``%mig_upgrade head``, ``%%migration "Fill e-mail"``."""

    _ipython_magic_no_var_expand = True  # `tokenizer` reads the line: a value is never split, a password never shown
    needs_local_scope = True

    def __init__(self, command: Command, shell: InteractiveShell | None = None) -> None:
        self.command, self.shell = command, shell

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from .command_line import usage

        return usage(self.command)

    def __call__(self, line: str = "", cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """Run what is typed after the magic's name."""
        from .command_line import run_line

        return run_line(self.command, self.shell, line, cell, {} if cell is not None else local_ns or {})

    def __repr__(self) -> str:
        return f"<{self.command.typed}>"


class Dispatch:
    """``%mig``: alone the status, with a verb the command of that name."""

    _ipython_magic_no_var_expand = True
    needs_local_scope = True

    def __init__(self, commands: Mapping[str, Command], shell: InteractiveShell | None = None) -> None:
        self.commands, self.shell = commands, shell

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from ..magics.help import commands_help

        return f"%mig alone shows the status; %mig VERB ... runs the command %mig_VERB.\n\n{commands_help().text()}\n"

    def __call__(self, line: str = "", cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """Run ``status``, or the verb that the line begins with."""
        verb, _, rest = (line.strip() or "status").partition(" ")
        if verb[0] in ";#":
            verb, rest = "status", line
        elif verb.endswith(";"):
            verb, rest = verb[:-1], ";"
        name = "help" if verb in ("-h", "--help") else verb.removeprefix("mig_")
        if name.startswith("--"):
            name, rest = "status", line
        command = self.commands.get(name)
        if command is None or not (command.takes_cell if cell is not None else not command.is_cell):
            from .command_line import unknown_command

            raise unknown_command(verb, self.commands, command, is_cell=cell is not None)
        return Magic(command, self.shell)(rest, cell, local_ns)


class Commands:
    """Every command as a Python call: ``mig.upgrade("head")``, ``mig.connect(engine)``, ``mig.autogenerate(Base)``.

    Positional arguments and options are those of the magic (``--as-name`` becomes ``as_name=``); engines, MetaData and
    classes are passed as they are.
    """

    def __init__(self) -> None:
        self._commands = find_commands()

    def __repr__(self) -> str:
        return f"mig: {', '.join(f'{verb}()' for verb in self._commands)}. mig.upgrade? shows the help of one."

    def __dir__(self) -> list[str]:
        return [*self._commands, "session"]

    @property
    def session(self) -> Session:
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
            from .command_line import run_call

            return run_call(command, args, options)

        call.__name__, call.__doc__ = verb, Magic(command).__doc__
        return call


def register(shell: InteractiveShell) -> None:
    """Register every command with an IPython shell, in place of what an earlier loading registered."""
    commands = find_commands()
    for command in commands.values():
        _register(shell, Magic(command, shell), command.kind, command.magic)
    _register(shell, Dispatch(commands, shell), "line_cell", "mig")
    add_settings(shell)
    add_transformer(shell)
    explain_unknown_names(shell)
    _add_completion(shell, commands)
    _remove_import_hook(shell)
    source_files.record(may_be_older=True)
    shell.events.register("post_run_cell", record_imports)


def _register(shell: InteractiveShell, magic: Magic | Dispatch, kind: str, name: str) -> None:
    shell.register_magic_function(magic, kind, name)  # type: ignore[arg-type]  # IPython's decorator hides `self`


def unregister(shell: InteractiveShell) -> None:
    """Remove the commands from the shell, and close the connections that they opened.

    While ``%reload_ext`` runs, the session and the settings are kept for the loading that follows.
    """
    for magics in shell.magics_manager.magics.values():
        for name in [name for name, magic in magics.items() if isinstance(magic, Magic | Dispatch)]:
            del magics[name]
    matchers = shell.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if getattr(matcher, "matcher_identifier", "") != "mig"]
    remove_transformer(shell)
    stop_explaining(shell)
    _remove_import_hook(shell)
    if _is_reloading():
        return
    remove_settings(shell)
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


def _remove_import_hook(shell: InteractiveShell) -> None:
    """Stop recording imports after each cell, so that a second loading records them once."""
    callbacks = shell.events.callbacks["post_run_cell"]
    callbacks[:] = [one for one in callbacks if getattr(one, "__name__", "") != record_imports.__name__]


def _add_completion(shell: InteractiveShell, commands: Mapping[str, Command]) -> None:
    """Complete lines that begin with our magics; `completion` is imported with the first of them."""

    def session() -> Session:
        from ..session import session_of

        return session_of(shell)

    def complete(context: CompletionContext) -> SimpleMatcherResult:
        if "%mig" not in context.line_with_cursor:
            return {"completions": []}
        from .completion import complete as work

        return work(context, commands, session)

    complete.matcher_priority = 200  # type: ignore[attr-defined]
    complete.matcher_identifier = "mig"  # type: ignore[attr-defined]
    complete.matcher_api_version = 2  # type: ignore[attr-defined]
    matchers = shell.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if getattr(matcher, "matcher_identifier", "") != "mig"]
    matchers.append(complete)
