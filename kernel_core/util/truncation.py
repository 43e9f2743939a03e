"""Names that a database truncates: PostgreSQL keeps 63 bytes of a name.

https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
"""

from __future__ import annotations

import warnings

from sqlalchemy.engine import Dialect

from .exc import TruncatedName, shortened


def warn_of_truncated_name(name: str, dialect: Dialect) -> None:
    """Warn with TruncatedName of a name that PostgreSQL truncates silently: the statement uses the truncated one.

    It is not an error, because a name is truncated the same way each time, so that existing histories with such names
    still run. Names of indexes and constraints are not truncated by the server: SQLAlchemy shortens those that a
    convention made, and refuses the others.
    """
    kept = truncated_name(name, dialect)
    if kept != name:
        warnings.warn(
            f"The name {shortened(name)} has {len(name.encode('utf-8', 'replace'))} bytes; PostgreSQL keeps "
            f"{dialect.max_identifier_length} and makes {kept!r} of it. Use that name in your models too, so that "
            "both agree.",
            TruncatedName,
            stacklevel=2,
        )


def truncated_name(name: str, dialect: Dialect) -> str:
    """Return the name that a database stores: PostgreSQL keeps as many whole characters as fit into 63 bytes."""
    limit = dialect.max_identifier_length
    if dialect.name != "postgresql" or len(name) * 4 <= limit:
        return name
    encoded = name.encode("utf-8", "replace")
    return name if len(encoded) <= limit else encoded[:limit].decode("utf-8", "ignore")
