"""What a statement sets off in the database: functions, triggers and foreign tables that reach outside of the clone."""

from .reach import StoredCode

__all__ = ["StoredCode"]
