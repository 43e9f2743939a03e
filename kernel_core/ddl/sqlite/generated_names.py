"""Generated names for unnamed constraints of SQLite, by which a batch can drop them.

SQLite stores and reflects such a constraint without a name. The generated name is built from its definition:
``fk_pets_owner_users``, ``uq_users_email``; for a CHECK, whose operators a name cannot hold, from its words and a
digest: ``ck_users_age_18_88354b``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.schema import Constraint
from sqlalchemy.types import NULLTYPE

from ...operations.add_constraint import AddConstraintOp
from ...operations.operation import MigrateOperation
from ...util.sql import closing, tokens
from ...util.sqla_compat import sql_text
from ..generated_names import NOTHING, Created, GeneratedNames
from .create_table import Clause


class SqliteNames(GeneratedNames):
    """The name of an unnamed constraint depends on its definition alone, so that no catalog is read."""

    reads = False

    def track(self, operation: MigrateOperation) -> Created:
        return Created(name_of(operation.to_constraint())) if isinstance(operation, AddConstraintOp) else NOTHING


def generated_name(kind: str, table: str, columns: Sequence[str], referred: str = "") -> str:
    """Return the generated name of an unnamed constraint.

    >>> generated_name("FOREIGN KEY", "pets", ["owner"], "users")
    'fk_pets_owner_users'
    """
    prefix = {"FOREIGN KEY": "fk", "UNIQUE": "uq", "CHECK": "ck", "PRIMARY KEY": "pk"}[kind]
    return "_".join(part for part in (prefix, table, *columns, referred) if part)


def generated_check_name(table: str, condition: str) -> str:
    """Return the generated name of an unnamed CHECK; white space and comments do not change it.

    >>> generated_check_name("users", "age>=18"), generated_check_name("users", "age  >= 18 -- grown")
    ('ck_users_age_18_88354b', 'ck_users_age_18_88354b')
    """
    # The characters of an operator count one by one: existing scripts contain names that were generated so.
    found = [[*token.text] if token.kind == "operator" else [token.text] for token in tokens(condition, "sqlite")]
    words = [word for words in found for word in words]
    in_name = [word for word in words if word.isidentifier() or word.isdigit()]
    digest = hashlib.sha256(" ".join(words).encode("utf-8", "replace")).hexdigest()[:6]
    return "_".join([generated_name("CHECK", table, in_name)[:50].rstrip("_"), digest])


def name_of(constraint: Constraint) -> str | None:
    """Return the name of a reflected constraint, or its generated name; None where it has neither."""
    if constraint.name is not None:
        return str(constraint.name)
    if isinstance(constraint, UniqueConstraint):
        return generated_name("UNIQUE", constraint.table.name, [column.name for column in constraint.columns])
    if isinstance(constraint, ForeignKeyConstraint):
        referred = constraint.elements[0].target_fullname.split(".")[-2]
        return generated_name("FOREIGN KEY", constraint.table.name, constraint.column_keys, referred)
    if isinstance(constraint, CheckConstraint):
        return generated_check_name(constraint.table.name, sql_text(constraint.sqltext))
    return None


def names_of_clause(table: str, column: str | None, clause: Clause, convention: Mapping[str, str]) -> set[str]:
    """Return the names by which an unnamed clause can be dropped: the generated one, and that of a naming convention.

    ``column`` is the column whose clause it is, None for a table constraint.
    """
    if clause.kind == "CHECK" and clause.name is None:
        return {generated_check_name(table, _condition(clause))}
    if clause.name is not None or clause.kind not in ("UNIQUE", "FOREIGN KEY"):
        return set()
    columns, referred = _subject(column, clause)
    names = {generated_name(clause.kind, table, columns, referred)}
    conventional = name_by_convention(table, column, clause, convention)
    return names | {conventional} if conventional is not None else names


def name_by_convention(table: str, column: str | None, clause: Clause, convention: Mapping[str, str]) -> str | None:
    """Return the name of an unnamed clause by a naming convention; None where that has no rule for it."""
    kind = {"UNIQUE": "uq", "FOREIGN KEY": "fk", "PRIMARY KEY": "pk"}.get(clause.kind)
    if clause.name is not None or kind not in convention:
        return None
    return _by_convention(table, *_subject(column, clause), clause.kind, convention)


def _condition(clause: Clause) -> str:
    """Return the condition of a CHECK, without its parentheses."""
    found = tokens(clause.text, "sqlite")
    opening = next(place for place, token in enumerate(found) if token.text == "(")
    return clause.text[found[opening].end : found[closing(found, opening)].start]


def _subject(column: str | None, clause: Clause) -> tuple[list[str], str]:
    """Return the columns of a clause, and the table that it refers to."""
    found = tokens(clause.text, "sqlite")
    place = next((place for place, token in enumerate(found) if token.keyword == "REFERENCES"), None)
    return [column] if column is not None else clause.columns(), "" if place is None else found[place + 1].name


def _by_convention(
    table_name: str, columns: Sequence[str], referred: str, kind: str, convention: Mapping[str, str]
) -> str:
    typed: Any = dict(convention)
    table = Table(table_name, MetaData(naming_convention=typed), *(Column(name, NULLTYPE) for name in columns))
    constraint: Constraint
    if referred:
        constraint = ForeignKeyConstraint(columns, [f"{referred}.{name}" for name in columns])
    else:
        made = PrimaryKeyConstraint if kind == "PRIMARY KEY" else UniqueConstraint
        constraint = made(*(table.c[name] for name in columns))
    table.append_constraint(constraint)
    return str(constraint.name)
