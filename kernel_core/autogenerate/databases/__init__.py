"""What differs from database to database in a comparison: one folder for each, all with the same `DatabaseRules`."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.engine import Dialect

from .catalog import Catalog, EnumInfo, Key, TableInfo
from .expression import Expression, TablePair
from .inspected.rules import InspectedRules
from .mariadb.rules import MariadbRules
from .postgresql.rules import PostgresqlRules
from .rules import DatabaseRules, DefaultPair
from .sqlite.rules import SqliteRules

__all__ = [
    "Catalog",
    "DatabaseRules",
    "DefaultPair",
    "EnumInfo",
    "Expression",
    "Key",
    "TableInfo",
    "TablePair",
    "dialects_where",
    "rules_of",
]

_RULES: dict[str, type[InspectedRules]] = {
    "mariadb": MariadbRules,
    "mysql": MariadbRules,
    "postgresql": PostgresqlRules,
    "sqlite": SqliteRules,
}


def rules_of(dialect: Dialect) -> DatabaseRules:
    """Return the rules of a database; one that is not known is read by SQLAlchemy's Inspector."""
    return _RULES.get(dialect.name, InspectedRules)(dialect)


def dialects_where(condition: Callable[[type[InspectedRules]], bool]) -> tuple[str, ...]:
    """Return the names of the known dialects whose rules meet a condition, as qualifiers of comparisons.

    >>> dialects_where(lambda rules: rules.has_enum_types)
    ('postgresql',)
    """
    return tuple(name for name, rules in _RULES.items() if condition(rules))
