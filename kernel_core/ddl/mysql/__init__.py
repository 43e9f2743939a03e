"""MySQL and MariaDB: MODIFY repeats the whole column, each kind of constraint has its own DROP, comments are inline."""

from .impl import MariaDBImpl, MySQLImpl
from .statements import DropConstraintIfExists, MySQLChangeColumn

__all__ = ["DropConstraintIfExists", "MariaDBImpl", "MySQLChangeColumn", "MySQLImpl"]
