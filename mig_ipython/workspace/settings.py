"""The settings: ``%config Mig`` in a notebook, ``[tool.mig]`` of the nearest ``pyproject.toml`` permanently.

    %config Mig.target = "Base"

A value set with ``%config`` or in IPython's own configuration takes precedence over the file.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from traitlets import Bool, CaselessStrEnum, Float, Int, List, TraitError, Unicode, validate
from traitlets.config import Configurable

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Mig(Configurable):
    """The defaults of the commands."""

    target = Unicode("", help="The MetaData or declarative Base that commands compare: its name in the notebook.").tag(
        config=True
    )
    database = Unicode(
        "", help="What %mig_connect without an argument connects to: a URL, or $NAME. By default $DATABASE_URL."
    ).tag(config=True)
    environment = Unicode(
        "", help="The environment to open: a folder, an ini file or a pyproject.toml. By default the only one here."
    ).tag(config=True)
    x_arguments = List(
        Unicode(), help="The -x arguments that env.py reads with get_x_argument(), such as tenant=acme."
    ).tag(config=True)
    section = Unicode("alembic", help="The section of the ini file that configures the environment.").tag(config=True)
    template = Unicode("generic", help="The template of %mig_init.").tag(config=True)
    accept = CaselessStrEnum(
        ["all", "safe", "none"], "all", help="The operations that a new review accepts: all, safe or none."
    ).tag(config=True)
    renames = CaselessStrEnum(
        ["show", "accept", "off"],
        "show",
        help="Possible renames, a drop and an addition that look like one rename: show, accept or off.",
    ).tag(config=True)
    beyond = List(
        Unicode(),
        ["*"],
        help="The comparisons beyond Alembic where env.py chooses none: checks, enum_types; * is all, ~x all but x.",
    ).tag(config=True)
    only = List(Unicode(), help="Compare only tables, or columns, of these names; * and ? are wildcards.").tag(
        config=True
    )
    exclude = List(Unicode(), help="Leave out tables, or columns, of these names, such as tmp_* or users.secret.").tag(
        config=True
    )
    lock_timeout = Float(
        None,
        allow_none=True,
        min=0,
        help="Seconds to wait while another run upgrades, downgrades or stamps the database. By default without limit.",
    ).tag(config=True)
    statement_lock_timeout = Float(
        None,
        allow_none=True,
        min=0,
        help="Seconds that each statement waits for a lock of another session. By default the limit of the database.",
    ).tag(config=True)
    retries = Int(
        0, min=0, help="How often a revision is tried again that failed by a lock and was rolled back. By default 0."
    ).tag(config=True)
    panel = Bool(True, help="Show the review as a panel where there is a live front end.").tag(config=True)
    progress = Bool(True, help="Show the progress of an upgrade.").tag(config=True)
    fold_above = Int(300, min=10, help="Fold long linear runs in a graph of more revisions than this.").tag(config=True)

    @validate("x_arguments")
    def _none_with_password(self, proposal: dict[str, Any]) -> list[str]:
        from kernel_core.util.secrets import MASK, mask_url

        values = list(proposal["value"])
        if any("://" in value and MASK in mask_url(value) for value in values):
            raise TraitError("No password belongs here: the settings are shown, and saved. Let env.py read a variable.")
        return values

    @validate("database")
    def _without_password(self, proposal: dict[str, Any]) -> str:
        from kernel_core.util.secrets import MASK, mask_url

        value = str(proposal["value"])
        if "://" in value and MASK in mask_url(value):
            raise TraitError("No password belongs here. Name an environment variable: $DATABASE_URL")
        return value

    def read(self, folder: str | None = None) -> str | None:
        """Read ``[tool.mig]`` of the nearest ``pyproject.toml``, from ``folder`` upwards; return its path.

        A trait that IPython's configuration sets keeps its value. An unknown name is ignored, with a line on stderr.
        Raises CommandError for an invalid value.
        """
        import difflib

        from kernel_core.util.exc import CommandError
        from kernel_core.util.secrets import mask_url

        from ..views.text import shown_path

        path = nearest_pyproject(folder or os.getcwd())
        table = _table(path) if path is not None else {}
        configured = self.config.get("Mig", {})
        for name, value in table.items():
            if name not in self.trait_names(config=True):
                near = difflib.get_close_matches(name, self.trait_names(config=True), 1)
                hint = f" The nearest is {near[0]}." if near else ""
                line = f"{shown_path(path or '')} [tool.mig]: {name!r} is not a setting.{hint} %config Mig lists them."
                print(line, file=sys.stderr)  # noqa: T201 - each command works without it
                continue
            if name in configured:
                continue
            try:
                setattr(self, name, value)
            except TraitError:
                shown = mask_url(value) if isinstance(value, str) else repr(value)
                raise CommandError(
                    f"{path} [tool.mig]: {name} = {shown} is not a valid value. {self.traits()[name].help}"
                ) from None
        return path if table else None

    def save(self, folder: str | None = None) -> str:
        """Write the settings that differ from their defaults into ``[tool.mig]``; return the path of the file.

            mig.session.settings.save()

        The file is the nearest ``pyproject.toml``; its other text stays unchanged. Where there is none, one is created
        in ``folder``. Raises CommandError, and writes nothing, where the file is not valid TOML or has no
        usable table.
        """
        import tomllib

        from kernel_core.util.exc import CommandError
        from kernel_core.util.files import replace

        here = folder or os.getcwd()
        path = nearest_pyproject(here) or os.path.join(here, "pyproject.toml")
        before = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8", newline="") as stream:
                before = stream.read()
        names = [name for name in sorted(self.trait_names(config=True)) if name not in _FROM_IPYTHON]
        values = {name: getattr(self, name) for name in names if getattr(self, name) != self.trait_defaults(name)}
        lines = "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
        rest = _BLOCK.sub("", before).rstrip("\r\n")
        after = f"{rest}\n\n[tool.mig]\n{lines}" if rest else f"[tool.mig]\n{lines}"
        try:
            old, new = tomllib.loads(before), tomllib.loads(after)
        except tomllib.TOMLDecodeError as error:
            raise CommandError(f"{path} cannot be changed: {error}. Nothing was written; edit it by hand.") from None
        for table in (old, new):
            table.get("tool", {}).pop("mig", None)
        if {**old, "tool": old.get("tool", {})} != {**new, "tool": new.get("tool", {})}:
            raise CommandError(f"{path} writes tool.mig in another way. Nothing was written; edit it by hand.")
        replace(path, after)
        return path


_FROM_IPYTHON = frozenset({"config", "parent", "log"})
_BLOCK = re.compile(r"^\[tool\.mig\][^\n]*\n(?:(?!\[)[^\n]*(?:\n|\Z))*", re.MULTILINE)
"""The table in its usual form: its heading, and all lines up to the next heading."""


def nearest_pyproject(folder: str) -> str | None:
    """Return the ``pyproject.toml`` of ``folder`` or of the nearest folder above it; None where there is none."""
    here = os.path.abspath(folder)
    while True:
        path = os.path.join(here, "pyproject.toml")
        if os.path.isfile(path):
            return path
        if os.path.dirname(here) == here:
            return None
        here = os.path.dirname(here)


def settings_of(shell: InteractiveShell | None) -> Mig:
    """Return the settings of a shell, or new ones; the file is read again."""
    found = next((one for one in getattr(shell, "configurables", ()) if type(one).__name__ == Mig.__name__), None)
    settings = found if found is not None else Mig()
    settings.read()
    return settings


def add_settings(shell: InteractiveShell) -> None:
    """Let ``%config Mig`` work in a shell; the values set before an earlier unloading are kept."""
    if not any(type(one).__name__ == Mig.__name__ for one in shell.configurables):
        shell.configurables.append(Mig(parent=shell))  # type: ignore[arg-type]  # IPython types the list by its first item


def remove_settings(shell: InteractiveShell) -> None:
    """Remove the settings from a shell."""
    shell.configurables[:] = [one for one in shell.configurables if type(one).__name__ != Mig.__name__]


def _table(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as stream:
            table = tomllib.load(stream).get("tool", {}).get("mig", {})
    except (OSError, ValueError):
        return {}  # a command that needs the file reports what is wrong with it
    if not isinstance(table, dict):
        from kernel_core.util.exc import CommandError

        raise CommandError(f"{path}: tool.mig is {table!r}. Write a table: [tool.mig].")
    return table
