"""Rehearse a run on a clone of the database, and return everything that it does: schema, rows, locks, blockers.

`kernel_core.command.rehearse` is the command; this package is how it works.
"""

from .clone.base import CloneOptions
from .clone.source import source_of
from .findings import Blocker, Lock, Rehearsal, RowChange, Statement, TableRows, Undone
from .session import RehearsalSession, Runs

__all__ = [
    "Blocker",
    "CloneOptions",
    "Lock",
    "Rehearsal",
    "RehearsalSession",
    "RowChange",
    "Runs",
    "Statement",
    "TableRows",
    "Undone",
    "source_of",
]
