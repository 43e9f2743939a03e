"""Operations: each change to a database is an object, which runs, reverses, renders and describes itself."""

from . import json_form, kinds, ops
from .base import AbstractOperations, BatchOperations, Operations
from .containers import MigrationScript
from .operation import MigrateOperation

from_json = MigrateOperation.from_json

__all__ = [
    "AbstractOperations",
    "BatchOperations",
    "MigrateOperation",
    "MigrationScript",
    "Operations",
    "from_json",
    "json_form",
    "kinds",
    "ops",
]
