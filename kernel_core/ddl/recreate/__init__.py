"""Move and copy: re-create a table with the changes of a batch, on any database that SQLAlchemy can reflect.

Databases that can alter tables do this for ``recreate="always"`` only. SQLite, which can alter little, edits the stored
CREATE TABLE instead of a reflected table (`kernel_core.ddl.sqlite.rebuild`).
"""

from .definition import Clause, TableDefinition
from .recreation import Recreation

__all__ = ["Clause", "Recreation", "TableDefinition"]
