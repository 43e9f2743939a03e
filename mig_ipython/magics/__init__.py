"""One file for each command: its docstring is its help, ``arguments(parser)`` declares what may be typed.

``upgrade.py`` is the line magic ``%mig_upgrade``, also ``%mig upgrade`` and ``mig.upgrade()``. ``cell_migration.py`` is
the cell magic ``%%migration``, also ``mig.migration()``; ``cell_mig_models.py`` is ``%%mig_models``, and
``line_cell_lab.py`` is both ``%mig_lab`` and ``%%mig_lab``. ``run(session, args)`` runs the command and returns
what the cell displays; ``args.cell`` is the body of the cell, None for a line.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from types import ModuleType

_CELL, _LINE_AND_CELL = "cell_", "line_cell_"


@dataclass(frozen=True, slots=True)
class Command:
    """One command by the name of its file, which is imported when the command runs or its help is read."""

    file: str

    @property
    def is_cell(self) -> bool:
        """Whether it is a cell magic only."""
        return self.file.startswith(_CELL)

    @property
    def takes_cell(self) -> bool:
        """Whether it may have the body of a cell."""
        return self.is_cell or self.file.startswith(_LINE_AND_CELL)

    @property
    def kind(self) -> str:
        """The kind of magic in IPython: ``line``, ``cell``, ``line_cell``."""
        return "cell" if self.is_cell else "line_cell" if self.takes_cell else "line"

    @property
    def verb(self) -> str:
        """The name after ``%mig``, and of the method of ``mig``."""
        return self.file.removeprefix(_LINE_AND_CELL).removeprefix(_CELL).removeprefix("mig_")

    @property
    def magic(self) -> str:
        """The name of the magic in IPython, without percent signs."""
        return self.file.removeprefix(_CELL) if self.is_cell else f"mig_{self.verb}"

    @property
    def typed(self) -> str:
        """The command as it is typed: ``%mig_upgrade``, ``%%migration``."""
        return f"{'%%' if self.is_cell else '%'}{self.magic}"

    @property
    def module(self) -> ModuleType:
        """The command's file, imported."""
        return importlib.import_module(f"{__name__}.{self.file}")

    @property
    def description(self) -> str:
        """The docstring of the command's file."""
        return (self.module.__doc__ or "").strip()


def find_commands() -> dict[str, Command]:
    """Return the commands by verb, from the names of the files; none of them is imported."""
    files = {name.partition(".")[0] for name in os.listdir(os.path.dirname(__file__)) if name.endswith((".py", ".pyc"))}
    commands = map(Command, sorted(files - {"__init__"}))
    return {command.verb: command for command in commands}
