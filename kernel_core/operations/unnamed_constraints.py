"""What a schema without a database needs to know of unnamed constraints: who names them, and which there are.

The rules of each database are registered by a layer above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Constraint

from ..util.sqla_compat import AnyColumn, append_constraint, creation_order, is_type_bound, literal_text, sql_text

Addition = Any
"""The operation that adds a constraint: an `AddConstraintOp`, of a layer above."""


class NameRules(Protocol):
    """How a database names constraints that are created without a name."""

    def named(self, schema: Any, table: Any, added: Sequence[Addition]) -> list[Addition]:
        """Return what a table gets of the constraints of one statement, with a ``generated_name`` where it is known."""

    def possible(self, schema: Any, item: Addition) -> tuple[str, ...]:
        """Return the names by which an unnamed constraint can be dropped, according to its definition."""

    def after_rename(self, item: Addition, before: str, after: str) -> Addition:
        """Return a constraint as it is once its table has another name."""


_name_rules: dict[str, NameRules] = {}


def name_rules(dialect: Dialect) -> NameRules | None:
    """Return how the database of a dialect names constraints; None where that is not known."""
    return _name_rules.get(dialect.name)


def register_name_rules(dialect_name: str, rules: NameRules) -> None:
    """Register how a database names constraints."""
    _name_rules[dialect_name] = rules


KINDS: Mapping[str | None, type[Constraint]] = {
    "unique": UniqueConstraint,
    "check": CheckConstraint,
    "foreignkey": ForeignKeyConstraint,
    "primary": PrimaryKeyConstraint,
}


def is_unnamed(item: Addition) -> bool:
    """Return whether a constraint has no explicit name, and none yet from the database."""
    return not item.constraint_name and not item.generated_name


def column_checks(table: Table) -> Iterator[tuple[str, CheckConstraint]]:
    """Yield the CHECKs in the definitions of columns, with the column's name; each is on a table without columns."""
    for column in table.columns:
        for check in sorted(_own_checks(column), key=creation_order):
            made = CheckConstraint(literal_text(sql_text(check.sqltext)), name=check.name)
            append_constraint(Table(table.name, MetaData(), schema=table.schema), made)
            yield str(column.name), made


def _own_checks(column: AnyColumn) -> Iterator[CheckConstraint]:
    for each in column.constraints:
        if isinstance(each, CheckConstraint) and not is_type_bound(each) and not isinstance(each.parent, Table):
            yield each


def of_column(addition: Addition, column: str, dialect: Dialect) -> Addition:
    """Return the CHECK of a column; MariaDB gives it the name of the column, even if it has another one."""
    is_mariadb = bool(getattr(dialect, "is_mariadb", False))
    return addition.changed(constraint_name=None, generated_name=column) if is_mariadb else addition
