"""PostgreSQL: DDL is transactional; a type may need ``USING``; enum types live apart from tables."""

from ...operations.kinds.exclude_constraint import CreateExcludeConstraintOp
from . import identity
from .impl import PostgresqlColumnType, PostgresqlImpl

__all__ = ["CreateExcludeConstraintOp", "PostgresqlColumnType", "PostgresqlImpl", "identity"]
