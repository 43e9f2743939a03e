"""Constraints: their names, what they refer to, on which databases they are created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, MetaData, Table, util
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import InvalidRequestError, NoReferenceError
from sqlalchemy.schema import Column, Constraint, ForeignKeyConstraint
from sqlalchemy.sql.elements import conv

from .columns import AnyColumn
from .deferred_table import created
from .expressions import ddl_compiler
from .types import AnyType

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import ExcludeConstraint


UNNAMED = conv("")
"""The name of a constraint that has none, and that no naming convention gives one; see `is_unnamed`."""


_RULES = {
    "PrimaryKeyConstraint": "pk",
    "CheckConstraint": "ck",
    "UniqueConstraint": "uq",
    "ForeignKeyConstraint": "fk",
    "Index": "ix",
}
"""The keys of a naming convention by the classes that they are about."""


def is_unnamed(name: object) -> bool:
    """Return whether a name is `UNNAMED`, or its copy from JSON. None is a name that a convention may still give."""
    return isinstance(name, conv) and not name


def append_constraint(table: Table, constraint: Constraint) -> None:
    """Add a constraint to a table; one that is named `UNNAMED` has no name there, whatever the convention says.

    SQLAlchemy applies a naming convention when a constraint is added to its table, and leaves a `conv` as it is.
    """
    table.append_constraint(constraint)
    if is_unnamed(constraint.name):
        constraint.name = None


def settled_name(constraint: Constraint) -> str | None:
    """Return the name of a constraint; `UNNAMED` where its table's naming convention would give one to a copy."""
    if isinstance(constraint.name, str):
        return constraint.name
    table: object = getattr(constraint, "parent", None)
    if constraint.name is not None or not isinstance(table, Table):
        return None
    return UNNAMED if has_rule(table.metadata, type(constraint)) else None


def has_rule(metadata: MetaData, kind: type[Constraint | Index]) -> bool:
    """Return whether the naming convention of a MetaData names constraints, or indexes, of a class."""
    convention: Mapping[Any, object] = metadata.naming_convention
    if len(convention) == 1 and "ix" in convention:  # SQLAlchemy's own, which only names indexes
        return False
    return any(each in convention or _RULES.get(each.__name__) in convention for each in kind.__mro__)


def copy_constraint(constraint: Constraint, **kw: Any) -> Constraint:
    """Return a copy that belongs to no table; a foreign key refers to names of columns, not to their keys.

    A copy of a constraint that has no name, despite a naming convention, is named `UNNAMED`.
    """
    if isinstance(constraint.parent, Table):
        created(constraint.parent)
    if constraint.name is None:  # a copy of a CHECK may be added to its table at once, where it would be named
        constraint = copy(constraint)
        constraint.name = settled_name(constraint)
    if isinstance(constraint, ForeignKeyConstraint) and _refers_by_key(constraint):
        return _by_name(constraint)
    copied: Any = constraint._copy(**kw)
    if getattr(constraint, "ops", None):  # SQLAlchemy does not copy the operator classes of an ExcludeConstraint
        copied.ops = dict(constraint.ops)  # type: ignore[attr-defined]
    made: Constraint = copied
    return made


def column_arguments(item: Constraint | Index) -> list[Any]:
    """Return the arguments that make a constraint or an index: keys of columns, expressions of an index.

    A constraint that belongs to no table yet has only these.
    """
    if isinstance(item, ForeignKeyConstraint):
        return list(item.column_keys)
    if isinstance(item, Index):
        return [_key_of(each) for each in item.expressions]
    given = getattr(item, "columns", ())
    if getattr(item, "parent", None) is None:
        given = getattr(item, "_pending_colargs", None) or given
    return [_key_of(each) for each in given]


def pending_columns(item: object) -> list[Any]:
    """Return the columns of a constraint or an index that waits for its table: names, or Column objects."""
    return list(getattr(item, "_pending_colargs", None) or ())


def _key_of(column: Any) -> Any:
    return column.key if isinstance(column, Column) else column


def _refers_by_key(constraint: ForeignKeyConstraint) -> bool:
    columns = [_referred_column(element) for element in constraint.elements]
    known = [column for column in columns if column is not None]
    # A copied table keeps the keys of its columns, so that a foreign key to itself can use them.
    elsewhere = [column for column in known if column.table is not constraint.parent]
    return len(elsewhere) == len(columns) and any(column.key != column.name for column in elsewhere)


def _referred_column(element: ForeignKey) -> AnyColumn | None:
    try:
        return element.column
    except (NoReferenceError, InvalidRequestError):
        return None


def _by_name(constraint: ForeignKeyConstraint) -> ForeignKeyConstraint:
    """Return the constraint with the names of the referred columns, whose table can be in another MetaData."""
    options = ("name", "onupdate", "ondelete", "deferrable", "initially", "use_alter", "match", "comment", "info")
    return ForeignKeyConstraint(
        constraint.column_keys,
        [f"{element.column.table.fullname}.{element.column.name}" for element in constraint.elements],
        **{option: getattr(constraint, option) for option in options},
        **constraint.dialect_kwargs,
    )


def is_type_bound(constraint: Constraint) -> bool:
    """Return whether a CHECK belongs to a Boolean or Enum type, which creates it."""
    return bool(getattr(constraint, "_type_bound", False))


def should_create(constraint: Constraint, dialect: Dialect) -> bool:
    """Return whether a constraint is created on this database: not the CHECK of a native Boolean or Enum."""
    rule = getattr(constraint, "_create_rule", None)
    return rule is None or bool(rule(ddl_compiler(dialect)))


def is_made_on(item: Constraint | Index, dialect: Dialect) -> bool:
    """Return whether an index or constraint is created on this database, according to its ``ddl_if``."""
    condition = getattr(item, "_ddl_if", None)
    return condition is None or bool(condition._should_execute(None, item, None, compiler=ddl_compiler(dialect)))


def type_constraints(
    type_: AnyType | None, table_name: str, column_name: str, schema: str | None, metadata: MetaData | None = None
) -> list[Constraint]:
    """Return the constraints that belong to a type, for a column of that name; ``metadata`` has the conventions."""
    if type_ is None:
        return []
    column: AnyColumn = Column(column_name, type_)
    table = Table(table_name, metadata or MetaData(), column, schema=schema)
    return [constraint for constraint in table.constraints if is_type_bound(constraint)]


def final_name(constraint: Constraint | Index, dialect: Dialect) -> str | None:
    """Return the name of a constraint or index in the database: a `conv` if a convention made it.

    None if it has neither a name nor a convention for one.
    """
    name = constraint.name
    if isinstance(name, str):
        return final_given_name(name, type(constraint), dialect)
    if name is None:
        return None
    formatted = dialect.identifier_preparer.format_constraint(constraint, _alembic_quote=False)
    return None if formatted is None else conv(str(formatted))


def final_given_name(name: str, kind: type[Constraint | Index], dialect: Dialect) -> str:
    """Return the name in the database of a constraint or index of a class whose name no convention changes.

    It is shortened if a convention made it and it is too long; raises IdentifierError if the user gave one too long.
    """
    preparer = dialect.identifier_preparer
    format_name = (
        preparer.truncate_and_render_index_name
        if issubclass(kind, Index)
        else preparer.truncate_and_render_constraint_name
    )
    plain = str(format_name(name, _alembic_quote=False))
    return conv(plain) if isinstance(name, conv) or plain != str(name) else plain


def referent(constraint: ForeignKeyConstraint) -> tuple[str | None, str, tuple[str, ...]]:
    """Return schema, table and columns that a foreign key refers to, also if that table is not known."""
    if getattr(constraint, "parent", None) is None:
        parts = [referred_parts(element) for element in constraint.elements]
        return parts[0][0], parts[0][1], tuple(column for _, _, column in parts)
    schema: str | None = None
    table = ""
    columns: list[str] = []
    for element in constraint.elements:
        try:
            column = element.column
            schema, table = column.table.schema, str(column.table.name)
            columns.append(str(column.name))
        except NoReferenceError:
            schema, table, column_name = element._column_tokens
            columns.append(str(column_name or element.parent.name))
    return schema, str(table), tuple(columns)


def referred_name(key: ForeignKey) -> str:
    """Return the column that a foreign key refers to: ``schema.table.column``."""
    return key._get_colspec()


def referred_parts(key: ForeignKey) -> tuple[str | None, str, str]:
    """Return schema, table and column that the ForeignKey of a column refers to, also if that table is not known."""
    column = _referred_column(key) if key.parent is not None else None
    given = getattr(key, "_colspec", None)
    column = given if isinstance(given, Column) else column
    if column is not None and column.table is not None:
        return column.table.schema, str(column.table.name), str(column.name)
    table, _, name = (given if isinstance(given, str) else referred_name(key)).rpartition(".")
    schema, _, table = table.rpartition(".")
    return schema or None, table, name


def excluded(constraint: ExcludeConstraint) -> list[tuple[Any, str]]:
    """Return the (expression, operator) pairs of a PostgreSQL ExcludeConstraint."""
    return [(expression, operator) for expression, _, operator in constraint._render_exprs]


def creation_order(item: Constraint) -> int:
    """Return the number by which SQLAlchemy sorts the constraints of a table."""
    return item._creation_order


def set_creation_order(item: Constraint, order: int | None = None) -> None:
    """Give a constraint another place among those of its table, after all others by default."""
    if order is None:
        util.set_creation_order(item)
    else:
        item._creation_order = order


def in_creation_order(items: Sequence[Any]) -> list[Any]:
    """Return a list whose constraints are in the order of their creation, as in CREATE TABLE; others stay in place.

    The order of a list need not be that one, and names that the database generates depend on it.
    """
    constraints = iter(sorted((item for item in items if isinstance(item, Constraint)), key=creation_order))
    return [next(constraints) if isinstance(item, Constraint) else item for item in items]


def sorted_constraints(table: Table) -> list[Constraint]:
    """Return the constraints of a table by their kind and name, those without a name as they were made.

    ``table.constraints`` is a set: its order is another one in each process.
    """
    return sorted(table.constraints, key=lambda each: (type(each).__name__, str(each.name), creation_order(each)))


def kind_and_order(item: Constraint) -> tuple[str, int]:
    """Return the kind of a constraint and its order in CREATE TABLE, to sort by."""
    return type(item).__name__, creation_order(item)
