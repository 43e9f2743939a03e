"""The shorter documented name of `kernel_core.runtime.migration`."""

from .runtime.migration import MigrationContext

__all__ = ["MigrationContext"]
