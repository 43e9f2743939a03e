"""SQL for what neither CREATE TABLE nor CREATE INDEX of SQLAlchemy states: statistics, storage, tablespaces, comments.

https://www.postgresql.org/docs/current/sql-altertable.html, https://www.postgresql.org/docs/current/sql-alterindex.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy.engine import Dialect

from ....util.sql import grammar_of, string_literal
from ....util.sqla_compat import quoted_name, quoted_table
from ..catalog import ColumnInfo, IndexInfo, Key, TableInfo

_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}


def column_settings(
    target: int | None, storage: str | None, compression: str | None, options: Sequence[str] | None
) -> list[str]:
    """Return the actions of ALTER COLUMN for the settings of a column that are not the default."""
    actions = [] if target is None or target < 0 else [f"SET STATISTICS {target}"]
    if storage is not None:
        actions.append(f"SET STORAGE {_STORAGE[storage]}")
    if compression is not None and compression in _COMPRESSION:
        actions.append(f"SET COMPRESSION {_COMPRESSION[compression]}")
    if options:
        known = [option for option in options if option.startswith("n_distinct")]  # a server may keep more for itself
        actions += [f"SET ({', '.join(known)})"] if known else []
    return actions


def column_statements(dialect: Dialect, key: Key, column: ColumnInfo) -> Sequence[str]:
    """Return the statements for the numbers and the settings of a reflected column; none where all are the default."""
    name = quoted_name(column.name, dialect)
    actions = ", ".join(f"ALTER COLUMN {name} {action}" for action in column.settings)
    altered = [f"ALTER TABLE {quoted_table(*key, dialect)} {actions}"] if actions else []
    return [*(column.numbering or ()), *altered]


def comment_statements(dialect: Dialect, info: TableInfo) -> Iterator[str]:
    """Yield the statements for the comments of a table and of its columns."""
    place, grammar = quoted_table(*info.key, dialect), grammar_of(dialect)
    if info.comment:
        yield f"COMMENT ON TABLE {place} IS {string_literal(info.comment, grammar)}"
    for column in info.columns.values():
        if column.comment:
            name = quoted_name(column.name, dialect)
            yield f"COMMENT ON COLUMN {place}.{name} IS {string_literal(column.comment, grammar)}"


def index_statements(
    dialect: Dialect, key: Key, name: str, comment: str | None, targets: Sequence[Sequence[int]] | None, clusters: bool
) -> list[str]:
    """Return the statements that complete an index of a table.

    They are for its comment, for the statistics of its expressions, each (place, target), and for CLUSTER.
    """
    if not (comment or targets or clusters):
        return []
    place = quoted_table(key[0], name, dialect)
    found = [f"ALTER INDEX {place} ALTER COLUMN {number} SET STATISTICS {target}" for number, target in targets or ()]
    if comment:
        found.append(f"COMMENT ON INDEX {place} IS {string_literal(comment, grammar_of(dialect))}")
    if clusters:
        found.append(f"ALTER TABLE {quoted_table(*key, dialect)} CLUSTER ON {quoted_name(name, dialect)}")
    return found


def statements_of_key(dialect: Dialect, schema: str | None, index: IndexInfo) -> list[str]:
    """Return the statements that complete the index which a constraint created."""
    tablespace = index.dialect_options.get("postgresql_tablespace")
    moved: list[str] = []
    if tablespace is not None:
        name = quoted_name(str(tablespace), dialect)
        moved = [f"ALTER INDEX {quoted_table(schema, index.name, dialect)} SET TABLESPACE {name}"]
    stored = index.dialect_options.get("postgresql_with")
    if stored:
        options = ", ".join(f"{name}={value}" for name, value in stored.items())
        moved.append(f"ALTER INDEX {quoted_table(schema, index.name, dialect)} SET ({options})")
    return [*moved, *index.statements]
