"""Floor 1, the heart: what can be done to a database, each change one object."""

from . import kinds, ops
from .base import AbstractOperations, BatchOperations, Operations
from .containers import MigrationScript
from .operation import MigrateOperation

__all__ = ["AbstractOperations", "BatchOperations", "MigrateOperation", "MigrationScript", "Operations", "kinds", "ops"]
