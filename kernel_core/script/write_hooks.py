"""Write hooks: programs and functions that run on a new version file, such as formatters and linters.

::

    [post_write_hooks]
    hooks = black, tabs
    black.type = console_scripts
    black.entrypoint = black
    black.options = -l 100 REVISION_SCRIPT_FILENAME
    tabs.type = spaces_to_tabs          # a registered function, see `register`

Hooks are checked before the file is written, so that a misspelt hook changes nothing.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from ..util.exc import CommandError

FILENAME = "REVISION_SCRIPT_FILENAME"
"""Replaced in ``options`` by the path of the new file; without it the path is the first argument."""

Options: TypeAlias = dict[str, str | None]
Runner: TypeAlias = Callable[..., Any]
F = TypeVar("F", bound=Runner)

_registered: dict[str, Runner] = {}


def register(name: str) -> Callable[[F], F]:
    """Register a function as the hook type ``name``; its arguments are the path of the file and the hook's options.

    These contain the name of the hook as ``name`` and, as in Alembic, as ``_hook_name``.

    @write_hooks.register("spaces_to_tabs")
    def spaces_to_tabs(filename, options): ...
    """

    def decorate(function: F) -> F:
        _registered[name] = function
        return function

    return decorate


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook that is ready to run."""

    name: str
    run: Callable[[str], None]


def prepared(hooks: Iterable[Mapping[str, Any]]) -> list[Hook]:
    """Return the hooks of a configuration, ready to run.

    Each is a mapping with ``name``, ``type`` and the options of its type. Raises CommandError for one that cannot run.
    """
    return [Hook(_name(hook), _runner(hook)) for hook in hooks]


def run(hooks: Iterable[Hook], path: str) -> None:
    """Run each hook on the file at ``path``, one after the other.

    Warns if a program ends with a status other than 0, as many do that have changed the file. Raises CommandError if
    one cannot be started.
    """
    for hook in hooks:
        hook.run(path)


def _name(hook: Mapping[str, Any]) -> str:
    return str(hook.get("_hook_name", hook.get("name")))


def _runner(hook: Mapping[str, Any]) -> Callable[[str], None]:
    name, kind = _name(hook), str(hook.get("type", ""))
    if kind in _registered:
        options: Options = {"name": name, **hook, "_hook_name": name}
        function = _registered[kind]

        def call(path: str) -> None:
            function(path, options)

        return call
    if kind not in _COMMANDS:
        known = ", ".join([*_COMMANDS, *sorted(_registered)])
        raise CommandError(f"The write hook {name} has the type {kind!r}. Known are: {known}; register others.")
    command = _COMMANDS[kind](hook, name)

    def start(path: str) -> None:
        _start(name, [*command, *_arguments(hook, path)], hook.get("cwd"), path)

    return start


def _option(hook: Mapping[str, Any], name: str, option: str) -> str:
    value = hook.get(option)
    if not value:
        raise CommandError(f"The write hook {name} needs {name}.{option} in its configuration.")
    return str(value)


def _console_script(hook: Mapping[str, Any], name: str) -> list[str]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - only this kind of hook needs it

    wanted = _option(hook, name, "entrypoint")
    found = entry_points(group="console_scripts", name=wanted)
    if not found:
        raise CommandError(f"The write hook {name} needs the console script {wanted!r}, which is not installed here.")
    entry = next(iter(found))
    code = f"import sys; from {entry.module} import {entry.attr.partition('.')[0]}; sys.exit({entry.attr}())"
    return [sys.executable, "-c", code]


def _executable(hook: Mapping[str, Any], name: str) -> list[str]:
    import shutil  # noqa: PLC0415

    wanted = _option(hook, name, "executable")
    folder = hook.get("cwd")
    if shutil.which(wanted) is None and not os.path.isfile(os.path.join(folder or "", wanted)):
        raise CommandError(f"The write hook {name} needs the program {wanted!r}, which is not found here.")
    return [wanted]


def _module(hook: Mapping[str, Any], name: str) -> list[str]:
    import importlib.util  # noqa: PLC0415

    wanted = _option(hook, name, "module")
    try:
        found = importlib.util.find_spec(wanted)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise CommandError(f"The write hook {name} needs the module {wanted!r}, which is not installed here.")
    return [sys.executable, "-m", wanted]


_COMMANDS: dict[str, Callable[[Mapping[str, Any], str], list[str]]] = {
    "console_scripts": _console_script,
    "exec": _executable,
    "module": _module,
}


def _arguments(hook: Mapping[str, Any], path: str) -> list[str]:
    import shlex  # noqa: PLC0415 - only a hook with options needs it

    written = shlex.split(str(hook.get("options") or ""), posix=os.name != "nt")
    if not any(FILENAME in part for part in written):
        return [path, *written]
    return [part.replace(FILENAME, path) for part in written]


def _start(name: str, command: list[str], cwd: str | None, path: str) -> None:
    import subprocess  # noqa: PLC0415 - a browser kernel has none, and needs none unless there is a hook

    try:
        done = subprocess.run(  # noqa: S603 - the environment configures it; no shell
            command, cwd=cwd or None, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise CommandError(f"{path} was written; the write hook {name} could not be started ({error}).") from error
    if done.returncode:
        output = (done.stderr or done.stdout).strip()
        warnings.warn(
            f"{path} was written; the write hook {name} ended with status {done.returncode}. {output}".rstrip(),
            stacklevel=2,
        )
