"""Serial columns of PostgreSQL: a default that takes the next value of a sequence, and the change from and to identity.

A serial column is a plain integer whose default calls ``nextval`` on a sequence that belongs to the column
(https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL). An identity column brings a sequence of
its own. PostgreSQL has no ALTER from one to the other, so the next number is copied from sequence to sequence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Identity
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.types import BigInteger, Integer, SmallInteger

from ...operations.kinds.column import ColumnDefault, IdentityColumnDefault
from ...util.sql import grammar_of, sequence_of_default, string_literal, without_parameters
from ...util.sqla_compat import AnyColumn, AnyType, default_sql, qualified_name, quoted_name
from ..columnchange import ColumnChange
from ..protocols import RunsSQL
from .generated_names import object_name

_BELONGS = "SELECT to_regclass(pg_get_serial_sequence(:table, :column)) = to_regclass(:sequence)"
_TAKEN = "SELECT to_regclass(:sequence) IS NOT NULL AND NOT coalesce((" + _BELONGS + "), false)"


@cache
def _dialect() -> Dialect:
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - only imported where it is in use

    return postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class SequencePlace:
    """The sequence of a ``nextval`` default: its schema, None where it names none, and its name, without quotes."""

    schema: str | None
    plain: str

    @property
    def name(self) -> str:
        """The name as SQL spells it, without its schema."""
        return quoted_name(self.plain, _dialect())

    @property
    def words(self) -> str:
        """The sequence as SQL, with its schema."""
        return f"{quoted_name(self.schema, _dialect())}.{self.name}" if self.schema else self.name

    @property
    def literal(self) -> str:
        """The sequence as a string literal, for functions that take a regclass."""
        return literal(self.words)

    def temporary(self) -> SequencePlace:
        """Return a name for the time of the change, so that the new sequence can have the name of the old one."""
        return SequencePlace(self.schema, object_name(self.plain, "", "before"))


def sequence_of(default: object) -> SequencePlace | None:
    """Return the sequence that a server default takes its values from, None for any other default.

    >>> sequence_of(text("nextval('app.users_id_seq')")).words
    'app.users_id_seq'
    """
    if default is None or default is False or isinstance(default, Identity):
        return None
    found = sequence_of_default(default_sql(default))
    return None if found is None else SequencePlace(found.schema, found.name)


def serial_default(column: AnyColumn) -> TextClause | None:
    """Return the implicit default of a column that CREATE TABLE spells SERIAL; None for any other column."""
    if column.table._autoincrement_column is not column or column.identity is not None:  # noqa: SLF001
        return None
    if column.server_default is not None or column.default is not None or not isinstance(column.type, Integer):
        return None
    place = SequencePlace(column.table.schema, object_name(str(column.table.name), str(column.name), "seq"))
    words = f"nextval({place.literal}::regclass)"
    return text(without_parameters(words))


def becomes_identity(impl: RunsSQL, change: ColumnChange, old: SequencePlace) -> None:
    """Turn a serial column into an identity with the same next number; drop its sequence unless others use it."""
    impl.execute(ColumnDefault(*change.place, None, **change.known))
    belongs = _belongs(impl, change, old, _BELONGS)
    before = old.temporary() if belongs else old
    if belongs:
        impl.execute_sql(f"ALTER SEQUENCE {old.words} OWNED BY NONE")
        impl.execute_sql(f"ALTER SEQUENCE {old.words} RENAME TO {before.name}")
    known = {**change.known, "existing_server_default": None}
    impl.execute(IdentityColumnDefault(*change.place, change.server_default, impl, **known))
    counted = _next_number(f"nextval({before.literal})", change.server_default)
    impl.execute_sql(f"SELECT setval({_own_sequence(impl, change)}, {counted}, false)")
    if belongs:
        impl.execute_sql(f"DROP SEQUENCE {before.words}")


def becomes_serial(impl: RunsSQL, change: ColumnChange, new: SequencePlace) -> None:
    """Turn an identity into a serial column; create its sequence with the same next number, unless it exists."""
    taken = impl.connection is not None and not impl.as_sql and _belongs(impl, change, new, _TAKEN)
    if taken:
        impl.execute(IdentityColumnDefault(*change.place, None, impl, **change.known))
    else:
        temporary = new.temporary()
        next_number = f"greatest(nextval({_own_sequence(impl, change)}), 1)"
        impl.execute_sql(f"CREATE SEQUENCE {temporary.words} AS {_integer(change)}")
        impl.execute_sql(f"SELECT setval({temporary.literal}, {next_number}, false)")
        impl.execute(IdentityColumnDefault(*change.place, None, impl, **change.known))
        impl.execute_sql(f"ALTER SEQUENCE {temporary.words} RENAME TO {new.name}")
        column = impl.checking_dialect.identifier_preparer.quote(change.column_name)
        impl.execute_sql(f"ALTER SEQUENCE {new.words} OWNED BY {_table(impl, change)}.{column}")
    known = {**change.known, "existing_server_default": None}
    impl.execute(ColumnDefault(*change.place, change.server_default, **known))


def _belongs(impl: RunsSQL, change: ColumnChange, place: SequencePlace, query: str) -> bool:
    """Return the result of a query; offline, whether the sequence has the implicit name of a serial column's."""
    if impl.as_sql or impl.connection is None:
        return place.plain == object_name(change.table_name, change.column_name, "seq")
    given = {"table": _table(impl, change), "column": change.column_name, "sequence": place.words}
    return bool(impl.connection.execute(text(query), given).scalar())


def _table(impl: RunsSQL, change: ColumnChange) -> str:
    quote = impl.checking_dialect.identifier_preparer
    return qualified_name(change.table_name, impl.translated(change.schema), quote)


def _own_sequence(impl: RunsSQL, change: ColumnChange) -> str:
    """Return the call that returns the sequence of the column itself."""
    return f"pg_get_serial_sequence({literal(_table(impl, change))}, {literal(change.column_name)})"


def _next_number(counted: str, identity: Identity) -> str:
    """Return an expression for the next number, or for the start of the identity if that comes later."""
    down = (identity.increment or 1) < 0
    bounds = [identity.start, identity.maxvalue if down else identity.minvalue]
    limits = [str(bound) for bound in bounds if bound is not None] or ["-1" if down else "1"]
    return f"{'least' if down else 'greatest'}({', '.join([counted, *limits])})"


def _integer(change: ColumnChange) -> str:
    type_: AnyType | None = change.type_ if change.type_ is not None else change.existing_type
    if isinstance(type_, SmallInteger):
        return "SMALLINT"
    return "INTEGER" if isinstance(type_, Integer) and not isinstance(type_, BigInteger) else "BIGINT"


def literal(value: str) -> str:
    """Return a text as a string literal of PostgreSQL."""
    return string_literal(value, grammar_of("postgresql"))
