"""SQLite: alters little in place, so tables are rebuilt; its DDL is transactional once BEGIN is said."""

from .impl import SQLiteImpl

__all__ = ["SQLiteImpl"]
