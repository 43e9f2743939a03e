"""The settings: ``%config Mig`` in a notebook, ``[tool.mig]`` of the nearest ``pyproject.toml`` for good.

    %config Mig.target = "Base"

What ``%config`` or IPython's own configuration says wins over the file.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

from traitlets import Bool, CaselessStrEnum, Int, List, TraitError, Unicode, validate
from traitlets.config import Configurable


class Mig(Configurable):
    """What the commands do where nothing else is typed."""

    target = Unicode(
        "", help="The MetaData or declarative Base that commands are about: its name in the notebook."
    ).tag(config=True)
    database = Unicode(
        "", help="What %mig_connect without an argument connects to: a URL, or $NAME. By default $DATABASE_URL."
    ).tag(config=True)
    environment = Unicode(
        "", help="The environment to open: a folder, an ini file or a pyproject.toml. By default the only one here."
    ).tag(config=True)
    section = Unicode("alembic", help="The section of the ini file that configures the environment.").tag(config=True)
    template = Unicode("generic", help="The template of %mig_init.").tag(config=True)
    accept = CaselessStrEnum(
        ["all", "safe", "none"], "all", help="Which operations a review accepts at first: all, safe or none."
    ).tag(config=True)
    renames = CaselessStrEnum(
        ["show", "accept", "off"],
        "show",
        help="What becomes of a drop and an addition that look like one rename: show, accept or off.",
    ).tag(config=True)
    beyond = List(
        Unicode(),
        ["*"],
        help="What to compare beyond Alembic where env.py chooses nothing: checks, enum_types; * is all, ~checks not.",
    ).tag(config=True)
    only = List(Unicode(), help="Compare only tables, or columns, of these names; * and ? stand for anything.").tag(
        config=True
    )
    exclude = List(Unicode(), help="Leave out tables, or columns, of these names, such as tmp_* or users.secret.").tag(
        config=True
    )
    panel = Bool(True, help="Show the review as a panel where there is a live front end.").tag(config=True)
    progress = Bool(True, help="Show how an upgrade goes on while it runs.").tag(config=True)
    fold_above = Int(300, min=10, help="Fold long linear runs in a graph of more revisions than this.").tag(config=True)

    @validate("database")
    def _without_password(self, proposal: Any) -> str:
        from kernel_core.util.secrets import MASK, mask_url

        value = str(proposal["value"])
        if "://" in value and MASK in mask_url(value):
            raise TraitError("No password belongs here. Name an environment variable: $DATABASE_URL")
        return value

    def read(self, folder: str | None = None) -> str | None:
        """Take over ``[tool.mig]`` of the nearest ``pyproject.toml``, from ``folder`` upwards; return its path.

        A trait that IPython's configuration sets stays. An unknown name is left out, with a line on stderr. Raises
        CommandError for a wrong value.
        """
        import difflib

        from kernel_core.util.exc import CommandError
        from kernel_core.util.secrets import mask_url

        from .views.text import shown_path

        path = nearest_pyproject(folder or os.getcwd())
        table = _table(path) if path is not None else {}
        said = self.config.get("Mig", {})
        for name, value in table.items():
            if name not in self.trait_names(config=True):
                near = difflib.get_close_matches(name, self.trait_names(config=True), 1)
                hint = f" The nearest is {near[0]}." if near else ""
                line = f"{shown_path(path or '')} [tool.mig]: {name!r} is not a setting.{hint} %config Mig lists them."
                print(line, file=sys.stderr)  # noqa: T201 - each command works without it
                continue
            if name in said:
                continue
            try:
                setattr(self, name, value)
            except TraitError:
                said_as = mask_url(value) if isinstance(value, str) else repr(value)
                raise CommandError(
                    f"{path} [tool.mig] says {name} = {said_as}, which cannot be. {self.traits()[name].help}"
                ) from None
        return path if table else None

    def save(self, folder: str | None = None) -> str:
        """Write what is not as by default into ``[tool.mig]`` of the nearest ``pyproject.toml``; return its path.

            mig.session.settings.save()

        The rest of the file stays as it is, letter by letter; where there is no file, one is made in ``folder``. Raises
        CommandError where the file cannot be read as TOML, or the table cannot be found in it; then nothing is written.
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
"""The table as people write it: its heading, and all up to the next heading."""


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


def settings_of(shell: Any) -> Mig:
    """Return the settings that a shell has, or new ones; the file is read anew."""
    found = next((one for one in getattr(shell, "configurables", ()) if type(one).__name__ == Mig.__name__), None)
    settings = found if found is not None else Mig()
    settings.read()
    return settings


def give(shell: Any) -> None:
    """Let ``%config Mig`` work in a shell; what an earlier loading gave is kept."""
    if not any(type(one).__name__ == Mig.__name__ for one in shell.configurables):
        shell.configurables.append(Mig(parent=shell))


def take(shell: Any) -> None:
    """Take the settings from a shell."""
    shell.configurables[:] = [one for one in shell.configurables if type(one).__name__ != Mig.__name__]


def _table(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as stream:
            table = tomllib.load(stream).get("tool", {}).get("mig", {})
    except (OSError, ValueError):
        return {}  # whoever needs the file says what is wrong with it
    if not isinstance(table, dict):
        from kernel_core.util.exc import CommandError

        raise CommandError(f"{path}: tool.mig is {table!r}. Write a table: [tool.mig].")
    return table
