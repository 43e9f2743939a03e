"""Floor 1, the heart: what can be done to a database, each change one object."""

from . import kinds, ops
from .base import AbstractOperations, BatchOperations, Operations
from .operation import MigrateOperation

__all__ = ["AbstractOperations", "BatchOperations", "MigrateOperation", "Operations", "kinds", "ops"]
