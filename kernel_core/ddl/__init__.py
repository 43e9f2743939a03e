"""Floor 2: how each database says and does what operations ask for; one file or folder a dialect."""

from . import mssql, mysql, oracle, postgresql, sqlite
from .impl import DefaultImpl

__all__ = ["DefaultImpl", "mssql", "mysql", "oracle", "postgresql", "sqlite"]
