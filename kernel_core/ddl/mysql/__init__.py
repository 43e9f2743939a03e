"""MySQL and MariaDB: an altered column is stated whole, each kind of constraint has a DROP, comments stand inline."""

from .impl import DropIfThere, MariaDBImpl, MySQLChangeColumn, MySQLImpl

__all__ = ["DropIfThere", "MariaDBImpl", "MySQLChangeColumn", "MySQLImpl"]
