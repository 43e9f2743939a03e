"""The DDL of each database: `DefaultImpl`, and a file or folder for each dialect that differs from it."""

from . import mssql, mysql, oracle, postgresql, sqlite
from .impl import DefaultImpl

__all__ = ["DefaultImpl", "mssql", "mysql", "oracle", "postgresql", "sqlite"]
