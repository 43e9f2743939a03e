"""Operations: each change to a database is an object, which runs, reverses, renders and describes itself."""

from . import kinds, ops
from .base import AbstractOperations, BatchOperations, Operations
from .containers import MigrationScript
from .operation import MigrateOperation

__all__ = ["AbstractOperations", "BatchOperations", "MigrateOperation", "MigrationScript", "Operations", "kinds", "ops"]
