"""SQLite: most changes of a table need a rebuild; its DDL is transactional after an explicit BEGIN."""

from .impl import SQLiteImpl

__all__ = ["SQLiteImpl"]
