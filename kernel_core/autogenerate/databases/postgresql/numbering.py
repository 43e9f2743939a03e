"""SERIAL and identity columns whose sequence is another one than SERIAL or GENERATED would create.

Its name is that of the table before a rename, it has other options, or the column is not the primary key, for which
SQLAlchemy writes SERIAL only: https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL
"""

from __future__ import annotations

from sqlalchemy.engine import Dialect
from sqlalchemy.types import BigInteger, Integer, SmallInteger

from ....util.sqla_compat import quoted_name, quoted_table
from ..catalog import ColumnInfo, OwnedSequence, TableInfo

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_LONGEST = 63
"""The length of a name in bytes: NAMEDATALEN - 1."""


def number_later(dialect: Dialect, info: TableInfo) -> None:
    """Set how those columns of a table get their numbers that a CREATE TABLE would number otherwise."""
    keys = [info.columns[name] for name in info.key_columns if name in info.columns]
    serial = next((each.name for each in keys if each.autoincrement), None)
    for column in info.columns.values():
        sequence = column.sequence
        if sequence is None or info.is_partition or column.inherited:
            continue
        usual = OwnedSequence(_usual_name(info.key[1], column.name), _type(column), 1, 1, 1, 0, False, 1)
        usual = usual._replace(maxvalue=_LARGEST.get(usual.type, 0))
        if column.identity and sequence.name != usual.name:
            kind = "ALWAYS" if column.identity["always"] else "BY DEFAULT"
            place = quoted_table(info.key[0], sequence.name, dialect)
            options = f"SEQUENCE NAME {place} {_options(sequence)}"
            column.numbering, action = (), f"ADD GENERATED {kind} AS IDENTITY ({options})"
        elif not column.identity and (column.name != serial or sequence != usual):
            column.numbering, action = (_creation(dialect, info, column.name, sequence),), _default(column)
        else:
            continue
        column.settings = [*column.settings, action]


def _default(column: ColumnInfo) -> str:
    return f"SET DEFAULT {column.serial_default}"


def _creation(dialect: Dialect, info: TableInfo, column: str, sequence: OwnedSequence) -> str:
    place = quoted_table(info.key[0], sequence.name, dialect)
    owner = f"{quoted_table(*info.key, dialect)}.{quoted_name(column, dialect)}"
    is_unlogged = "UNLOGGED" in info.prefixes and (dialect.server_version_info or ()) >= (15,)
    kind = "UNLOGGED SEQUENCE" if is_unlogged else "SEQUENCE"
    return f"CREATE {kind} {place} AS {sequence.type} {_options(sequence)} OWNED BY {owner}"


def _options(sequence: OwnedSequence) -> str:
    cycle = " CYCLE" if sequence.cycle else ""
    return (
        f"START WITH {sequence.start} INCREMENT BY {sequence.increment} MINVALUE {sequence.minvalue} "
        f"MAXVALUE {sequence.maxvalue} CACHE {sequence.cache}{cycle}"
    )


def _type(column: ColumnInfo) -> str:
    """Return the type of the sequence that the column would get; empty where it cannot have one."""
    kinds = ((SmallInteger, "smallint"), (BigInteger, "bigint"), (Integer, "integer"))
    return next((name for kind, name in kinds if isinstance(column.type, kind)), "")


def _usual_name(table: str, column: str) -> str:
    """Return the name that SERIAL and GENERATED give a sequence: the longer of both names is truncated."""
    first, second = table.encode(), column.encode()
    while len(first) + len(second) > _LONGEST - len("__seq"):
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    return f"{first.decode(errors='ignore')}_{second.decode(errors='ignore')}_seq"
