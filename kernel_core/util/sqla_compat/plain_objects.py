"""Columns and constraints that are only names, types and plain values, and belong to no table yet.

What SQLAlchemy writes for them depends on nothing else: no event listener, no option of a dialect, no custom class.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.schema import (
    Constraint,
    CreateColumn,
    CreateIndex,
    CreateTable,
    DefaultClause,
    DropTable,
    SchemaItem,
)
from sqlalchemy.sql import naming
from sqlalchemy.sql.elements import ClauseElement, TextClause, conv, quoted_name
from sqlalchemy.sql.schema import NULL_UNSPECIFIED
from sqlalchemy.sql.visitors import Visitable

from .columns import AnyColumn
from .constraints import referred_name
from .type_memos import values_of_type
from .types import AnyType

ColumnShape = tuple[object, ...]
"""All of a plain column that its definition depends on, except its name: hashable."""

_EVENTS = ("before_parent_attach", "after_parent_attach", "before_create", "after_create", "before_drop", "after_drop")
_LISTENED: tuple[type[SchemaItem], ...] = (Table, Column, Index)
_LISTENED += (PrimaryKeyConstraint, ForeignKeyConstraint, UniqueConstraint)
_COMPILED: tuple[type[Visitable], ...] = (*_LISTENED, CreateTable, CreateColumn, CreateIndex, DropTable)
_COMPILER = attrgetter("_compiler_dispatch")
_COMPILERS = [cls._original_compiler_dispatch for cls in _COMPILED]
_ACTIONS = frozenset({"CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"})
_KNOWN = (f"{__name__.removesuffix('.util.sqla_compat.plain_objects')}.", "sqlalchemy.")
_NAMING = getattr(naming, "_constraint_name")  # noqa: B009 - applies naming conventions


def _listeners_of_classes() -> list[deque[object]]:
    """Return the listeners of each class and event: the collections of SQLAlchemy, live."""
    found = []
    for event in (getattr(cls.dispatch, name) for cls in _LISTENED for name in _EVENTS):
        for cls in _LISTENED:
            if cls not in event._clslevel:
                event.update_subclass(cls)
            found.append(event._clslevel[cls])
    return list({id(each): each for each in found}.values())


_LISTENERS = _listeners_of_classes()
_NAMED = [each for each in _LISTENERS if _NAMING in each]
_UNHEARD = [each for each in _LISTENERS if _NAMING not in each]


def has_schema_hooks() -> bool:
    """Return whether custom code takes part in DDL: ``@compiles`` of a statement, or a listener of a class.

    It is asked before each operation, because a version file may register such code itself.
    """
    if any(_UNHEARD) or list(map(_COMPILER, _COMPILED)) != _COMPILERS:
        return True
    for listeners in _NAMED:  # noqa: SIM110 - any() takes twice as long
        if len(listeners) != 1 or listeners[0] is not _NAMING:
            return True
    return False


def has_custom_compiler(cls: type) -> bool:
    """Return whether a third party has registered ``@compiles`` for a statement of this package."""
    dispatcher = getattr(cls, "_compiler_dispatcher", None)
    return dispatcher is not None and not _are_known(tuple(dispatcher.specs.values()))


@lru_cache(maxsize=32)  # each operation asks, and what is registered hardly ever changes
def _are_known(functions: tuple[Callable[..., object], ...]) -> bool:
    return all(function.__module__.startswith(_KNOWN) for function in functions)


_USUAL: dict[str, object] = {"table": None, "index": None, "unique": None, "default": None, "onupdate": None}
_USUAL |= {"server_default": None, "server_onupdate": None, "comment": None, "computed": None, "identity": None}
_USUAL |= {"autoincrement": "auto", "system": False, "_insert_sentinel": False}
_USUAL |= {"foreign_keys": set(), "constraints": set()}
_TRAITS, _USUAL_TRAITS = itemgetter(*_USUAL), tuple(_USUAL.values())
_QUOTE = vars(quoted_name)["quote"].__get__
"""Returns whether a name is to be quoted, None where that is left to the database's rules."""
_COUNT = len(vars(Column("name", Integer())))
"""How many attributes such a column has: a ``dispatch`` for its listeners, or options of a dialect, would be more."""


def plain_shape(column: AnyColumn) -> ColumnShape | None:
    """Return the shape of a plain column; None for any other, such as a column with a comment.

    It reads ``vars(column)``: a Column has ``__getattr__`` and dozens of base classes, in which Python may search for
    each attribute that is read in the usual way, for as long as all the rest takes.
    """
    kept = vars(column)
    if type(column) is not Column or not is_plain_name(kept["name"]) or kept["name"] != kept["key"]:
        return None
    if len(kept) == _COUNT and _TRAITS(kept) == _USUAL_TRAITS:  # nothing but a name, a type, and whether it is null
        type_ = _shape_of_type(kept["type"])
        return None if type_ is None else (type_, (), "auto")
    if (
        kept.get("table") is not None
        or column.foreign_keys
        or column.constraints
        or column.index
        or column.unique
        or column.default is not None
        or column.onupdate is not None
        or column.server_onupdate is not None
        or column.comment is not None
        or column.computed is not None
        or column.identity is not None
        or (column.autoincrement != "auto" and column.autoincrement is not False)
        or column.system
        or column._insert_sentinel
        or kept.get("dialect_options")
        or ("dispatch" in kept and not _only_its_type_listens(column))
    ):
        return None
    type_, default = _shape_of_type(column.type), _shape_of_default(column.server_default)
    if type_ is None or default is None:
        return None
    return (type_, default, column.autoincrement)


def is_plain_name(name: str | None) -> bool:
    """Return whether a column has a name of which only its characters decide whether it is quoted."""
    return bool(name) and (type(name) is str or (type(name) is quoted_name and _QUOTE(name) is None))


def _only_its_type_listens(column: AnyColumn) -> bool:
    """Return whether a column has no listener, or only that of its Boolean, which creates a CHECK on demand."""
    listeners = [len(list(getattr(column.dispatch, name))) for name in _EVENTS[:2]]
    return listeners == [0, 0] or (listeners == [0, 1] and isinstance(column.type, Boolean))


def _shape_of_type(type_: AnyType) -> object:
    class_ = type(type_)
    if class_._compiler_dispatch is not class_._original_compiler_dispatch:  # ``@compiles`` has replaced it
        return None
    if type(type_) is Boolean:
        return Boolean if not (type_.create_constraint or type_.name or type_._variant_mapping) else None
    return values_of_type(type_)


def _shape_of_default(default: object) -> object:
    """Return a key of a server default, () for none; None where it is more than an expression without parameters."""
    if default is None:
        return ()
    if type(default) is not DefaultClause or default.for_update:
        return None
    argument = default.arg
    if isinstance(argument, str):
        return ("", argument)
    if isinstance(argument, TextClause):
        return None if argument._bindparams else ("text", argument.text)
    found = argument._generate_cache_key() if isinstance(argument, ClauseElement) else None
    return None if found is None or found.bindparams else found.key


def is_plain_constraint(constraint: SchemaItem) -> bool:
    """Return whether a primary key, unique constraint or foreign key belongs to no table and has only plain values."""
    return (
        isinstance(constraint, Constraint)
        and type(constraint) in (PrimaryKeyConstraint, UniqueConstraint, ForeignKeyConstraint)
        and vars(constraint).keys().isdisjoint(("parent", "dispatch", "_ddl_if"))
        and constraint.deferrable is None
        and all(part is None for part in (constraint.initially, constraint._create_rule, constraint.comment))
        and (constraint.name is None or isinstance(constraint.name, str))
        and not vars(constraint).get("dialect_options")
    )


def columns_named(constraint: Constraint) -> Sequence[object]:
    """Return what a constraint without a table was given as its columns: names, or anything else."""
    return constraint._pending_colargs  # type: ignore[attr-defined, no-any-return]


def plain_referent(constraint: ForeignKeyConstraint) -> tuple[str, list[str]] | None:
    """Return the table and the columns that a plain foreign key refers to; None where it has a schema or more options.

    >>> from sqlalchemy import ForeignKeyConstraint
    >>> plain_referent(ForeignKeyConstraint(["a"], ["t.id"]))
    ('t', ['id'])
    """
    actions = (constraint.ondelete, constraint.onupdate)
    if constraint.match is not None or constraint.use_alter or constraint.link_to_name:
        return None
    if any(action is not None and action.upper() not in _ACTIONS for action in actions):
        return None
    if any(element._table_column is not None for element in constraint.elements):
        return None
    parts = [referred_name(element).split(".") for element in constraint.elements]
    tables = {part[0] for part in parts}
    if len(tables) != 1 or any(len(part) != 2 for part in parts):
        return None
    return tables.pop(), [part[1] for part in parts]


def has_final_name(name: object) -> bool:
    """Return whether a naming convention leaves a name as it is."""
    return isinstance(name, conv)


def mark_primary_key(column: AnyColumn) -> None:
    """Set what a primary key sets in a column: it is not null, unless the user has said so."""
    column.primary_key = True
    if column._user_defined_nullable is NULL_UNSPECIFIED:
        column.nullable = False
