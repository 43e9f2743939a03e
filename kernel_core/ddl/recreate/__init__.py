"""Move and copy: a table made anew with the changes of a batch, on any database that SQLAlchemy can reflect.

SQLite has a way of its own (`kernel_core.ddl.sqlite`), because it must; elsewhere ``recreate="always"`` asks for it.
"""

from .definition import Clause, TableDefinition
from .recreation import Recreation

__all__ = ["Clause", "Recreation", "TableDefinition"]
