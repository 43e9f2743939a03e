"""The shorter documented name of `kernel_core.runtime.environment`."""

from .runtime.environment import EnvironmentContext

__all__ = ["EnvironmentContext"]
