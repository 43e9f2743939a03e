"""What MariaDB and MySQL have beyond the inspector: details of tables, and objects that are not tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import Connection

from ..util.sql import in_backticks
from .details import Details, shown

_COLUMNS = """
SELECT table_name, column_name, concat_ws(' ', nullif(trim(lower(IF(
  coalesce(column_default, 'NULL') REGEXP '^(NULL$|'')', extra,
  regexp_replace(extra, '(?i)default_generated|on update current_timestamp(\\\\([0-9]*\\\\))?', '')))), ''),
  concat('(', nullif(generation_expression, ''), ')'))
FROM information_schema.columns WHERE table_schema = database()
"""
"""Where a column has another default than NULL or a string, the inspector has ON UPDATE in it."""

_INDEXES = """
SELECT table_name, index_name, index_type, non_unique, column_name, sub_part, collation, {ignored}
FROM information_schema.statistics WHERE table_schema = database() ORDER BY table_name, index_name, seq_in_index
"""
_TABLES = """
SELECT table_name, table_type, engine, table_collation, create_options
FROM information_schema.tables WHERE table_schema = database() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
"""


def details_of(connection: Connection) -> Details:
    """Read the details of all tables, each kind by one query."""
    versioned = [str(row[0]) for row in connection.exec_driver_sql(_TABLES) if row[1] == "SYSTEM VERSIONED"]
    found = Details(also_tables=versioned)
    for table in versioned:
        found.lines[None, table] = ["with system versioning"]
    for table, column, words in connection.exec_driver_sql(_COLUMNS.replace("%", "%%")):
        if words:
            found.columns[None, table, column] = words
    knows_ignored = getattr(connection.dialect, "is_mariadb", False)
    knows_ignored = knows_ignored and (connection.dialect.server_version_info or (0,)) >= (10, 6)
    indexes = connection.exec_driver_sql(_INDEXES.format(ignored="ignored" if knows_ignored else "'NO'"))
    for (table, name), group in groupby(indexes, key=lambda row: (row[0], row[1])):
        parts = list(group)
        kind, non_unique, ignored = str(parts[0][2]), int(parts[0][3]), parts[0][7] == "YES"
        if kind == "BTREE" and not ignored and all(row[4] and row[5] is None and row[6] != "D" for row in parts):
            continue
        columns = ", ".join(_part(row[4], row[5], row[6]) for row in parts)
        unique = "" if non_unique else "unique "
        words = f"{'' if kind == 'BTREE' else f' {kind.lower()}'}{' ignored' if ignored else ''}"
        found.add_index((None, table, name), f"{unique}({columns}){words}")
    return found


def _part(column: str | None, length: int | None, order: str | None) -> str:
    name = shown(column) if column else "expression"
    return f"{name}{'' if length is None else f'({length})'}{' DESC' if order == 'D' else ''}"


_QUERIES = {
    "trigger": "SELECT concat(trigger_name, ' of ', event_object_table), concat_ws(' ', action_timing, "
    "event_manipulation, action_order, action_statement) FROM information_schema.triggers "
    "WHERE trigger_schema = database()",
    "routine": "SELECT routine_name, concat_ws(' ', routine_type, "
    "(SELECT group_concat(concat_ws(' ', p.parameter_mode, "
    "p.parameter_name, p.dtd_identifier) ORDER BY p.ordinal_position) FROM information_schema.parameters p "
    "WHERE p.specific_schema = r.routine_schema AND p.specific_name = r.specific_name), routine_definition) "
    "FROM information_schema.routines r WHERE routine_schema = database()",
    "partitions of": "SELECT table_name, group_concat(concat_ws(' ', partition_method, partition_expression, "
    "partition_name, partition_description) ORDER BY partition_ordinal_position) FROM information_schema.partitions "
    "WHERE table_schema = database() AND partition_name IS NOT NULL GROUP BY table_name",
    "options of": "SELECT table_name, concat_ws(' ', engine, table_collation, nullif(create_options, '')) "
    "FROM information_schema.tables WHERE table_schema = database() "
    "AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')",
}


def objects_of(connection: Connection) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield ((kind, name), definition) for each object that is neither a table nor a view."""
    for kind, sql in _QUERIES.items():
        yield from (((kind, name), str(definition)) for name, definition in connection.exec_driver_sql(sql))
    named = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND table_type = 'SEQUENCE'"
    )
    for name in connection.exec_driver_sql(named).scalars().all():
        definition = connection.exec_driver_sql(f"SHOW CREATE SEQUENCE {in_backticks(name)}".replace("%", "%%")).one()
        yield ("sequence", name), str(definition[1])
