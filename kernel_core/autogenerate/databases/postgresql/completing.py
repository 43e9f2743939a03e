"""SQL for what neither CREATE TABLE nor CREATE INDEX of SQLAlchemy states: statistics, storage, tablespaces, comments.

https://www.postgresql.org/docs/current/sql-altertable.html, https://www.postgresql.org/docs/current/sql-alterindex.html
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Dialect

from ....util.sql import grammar_of, string_literal
from ....util.sqla_compat import quoted_name, quoted_table
from ..catalog import ColumnInfo, IndexInfo, Key

_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}


def column_settings(
    target: int | None, storage: str | None, compression: str | None, options: Sequence[str] | None
) -> list[str]:
    """Return the actions of ALTER COLUMN for the settings of a column that are not the default."""
    actions = [] if target is None or target < 0 else [f"SET STATISTICS {target}"]
    if storage is not None:
        actions.append(f"SET STORAGE {_STORAGE[storage]}")
    if compression in _COMPRESSION:
        actions.append(f"SET COMPRESSION {_COMPRESSION[compression]}")
    known = [option for option in options or () if option.startswith("n_distinct")]  # a server may keep more for itself
    return [*actions, f"SET ({', '.join(known)})"] if known else actions


def column_statement(dialect: Dialect, key: Key, column: ColumnInfo) -> str | None:
    """Return the ALTER TABLE for the settings of a reflected column; None where all are the default."""
    name = quoted_name(column.name, dialect)
    actions = ", ".join(f"ALTER COLUMN {name} {action}" for action in column.settings)
    return f"ALTER TABLE {quoted_table(*key, dialect)} {actions}" if actions else None


def index_statements(
    dialect: Dialect, schema: str | None, name: str, comment: str | None, targets: Sequence[Sequence[int]] | None
) -> list[str]:
    """Return the statements for the comment of an index and the statistics of its expressions, each (place, target)."""
    place = quoted_table(schema, name, dialect)
    found = [f"ALTER INDEX {place} ALTER COLUMN {number} SET STATISTICS {target}" for number, target in targets or ()]
    if comment:
        found.append(f"COMMENT ON INDEX {place} IS {string_literal(comment, grammar_of(dialect))}")
    return found


def statements_of_key(dialect: Dialect, schema: str | None, index: IndexInfo) -> list[str]:
    """Return the statements that complete the index which a constraint created."""
    tablespace = index.dialect_options.get("postgresql_tablespace")
    moved: list[str] = []
    if tablespace is not None:
        name = quoted_name(str(tablespace), dialect)
        moved = [f"ALTER INDEX {quoted_table(schema, index.name, dialect)} SET TABLESPACE {name}"]
    return [*moved, *index.statements]
