"""A schema as the operations so far have made it, without a database: what ``apply_to`` of an operation changes.

Constraints and indexes are kept as the operations that add them, so that a rename changes names in lists. Names that a
naming convention or the database gives are known when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Enum, MetaData, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Constraint, Index
from sqlalchemy.sql.elements import conv
from sqlalchemy.types import TypeDecorator

from ..util.exc import UnknownEffect
from ..util.sqla_compat import (
    UNNAMED,
    AnyColumn,
    AnyType,
    changed_column,
    copy_column,
    final_given_name,
    final_name,
    has_final_name,
    has_rule,
    is_of_postgresql,
    is_type_bound,
    kind_and_order,
)
from .named_columns import (
    Addition,
    columns_of_item,
    names_of_item,
    plain_column,
    renamed_column,
    renamed_item,
    without_options_of,
)
from .unnamed_constraints import KINDS, column_checks, is_unnamed, name_rules, of_column

Context = Any
"""What `SchemaObjects` takes as the context of a run, of which only the options are used."""

Place = tuple[str | None, str]
"""Schema and name of a table, an enum type or a sequence."""


@dataclass(frozen=True, slots=True)
class ConventionContext:
    """What the operations need of a run: the options, with the MetaData that has the naming convention."""

    opts: Mapping[str, object]


@dataclass(slots=True)
class TableState:
    """A table: its columns in order, the operations that add its constraints and indexes, its comment and options."""

    name: str
    schema: str | None = None
    columns: dict[str, AnyColumn] = field(default_factory=dict)
    constraints: list[Addition] = field(default_factory=list)
    indexes: list[Addition] = field(default_factory=list)
    comment: str | None = None
    prefixes: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    of_keys: frozenset[str] = frozenset()
    """The first columns of the foreign keys that it had: MySQL keeps an index of them, which has a name too."""
    sequences: Mapping[str, str] = field(default_factory=dict)
    """The sequences that PostgreSQL makes for SERIAL and identity columns, by column; ``commuting`` follows them."""

    def column(self, name: str) -> AnyColumn:
        """Return a column; raises UnknownEffect if there is none of that name."""
        if name not in self.columns:
            raise UnknownEffect(f"table {self.name} has no column {name}")
        return self.columns[name]


@dataclass(slots=True)
class SchemaState:
    """Tables by schema and name, enum types with their values, sequences, and schemas; ``dialect`` decides on names."""

    dialect: Dialect
    convention: MetaData = field(default_factory=MetaData)
    tables: dict[Place, TableState] = field(default_factory=dict)
    enums: dict[Place, list[str]] = field(default_factory=dict)
    sequences: dict[Place, Mapping[str, Any]] = field(default_factory=dict)
    schemas: list[str] = field(default_factory=list)
    claimed: set[Place] = field(default_factory=set)
    """Every name, with its schema, that a constraint, an index or a table had at some time."""

    @property
    def context(self) -> Context:
        """The context that makes constraints and indexes with the naming convention."""
        return ConventionContext({"target_metadata": self.convention})

    def copied(self) -> SchemaState:
        """Return a copy that operations can change without changing this one."""
        tables = {
            place: replace(
                each,
                columns=dict(each.columns),
                constraints=list(each.constraints),
                indexes=list(each.indexes),
                options=dict(each.options),
            )
            for place, each in self.tables.items()
        }
        enums = {place: list(values) for place, values in self.enums.items()}
        return replace(
            self,
            tables=tables,
            enums=enums,
            sequences=dict(self.sequences),
            schemas=list(self.schemas),
            claimed=set(self.claimed),
        )

    def table(self, place: Place | None) -> TableState:
        """Return a table; raises UnknownEffect if it is not known."""
        found = None if place is None else self.tables.get((place[0], str(place[1])))
        if found is None:
            raise UnknownEffect(f"table {place[1] if place else ''} is not known")
        return found

    def add_table(self, table: Table, *, constraint_of: Callable[[Constraint], Addition]) -> None:
        """Add a table, in place of one of the same name."""
        place = (table.schema, str(table.name))
        state = TableState(place[1], table.schema, comment=table.comment, options=dict(table.dialect_kwargs))
        state.prefixes = tuple(str(each) for each in table._prefixes)  # noqa: SLF001 - there is no public name
        state.columns = {column.name: plain_column(column) for column in table.columns}
        self.tables[place] = state
        self.add_items(state, table, constraint_of=constraint_of)

    def add_items(self, state: TableState, table: Table, *, constraint_of: Callable[[Constraint], Addition]) -> None:
        """Add the constraints and indexes of ``table`` to a table."""
        added = [
            self.as_it_is(of_column(constraint_of(check), column, self.dialect), CheckConstraint)
            for column, check in column_checks(table)
        ]
        for constraint in sorted(table.constraints, key=kind_and_order):
            is_empty = constraint.__visit_name__ == "primary_key_constraint" and not list(constraint.columns)  # type: ignore[attr-defined]
            if not is_type_bound(constraint) and not is_empty:
                added.append(self.as_it_is(constraint_of(constraint), type(constraint)))
        self.add_constraints(state, added)
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            self.add_index(state, index_operation(index))

    def as_it_is(self, addition: Addition, kind: type[Constraint]) -> Addition:
        """Return a constraint that a table has already: no naming convention changes its name, or gives it one."""
        if not has_rule(self.convention, kind):
            return addition
        name = addition.constraint_name
        return addition.changed(constraint_name=UNNAMED if name is None else conv(name))

    def add_constraints(self, state: TableState, added: Sequence[Addition]) -> None:
        """Add constraints that one statement creates, with the names that a convention or the database gives them."""
        self.claimed.add((state.schema, state.name))
        added = [self._named_by_convention(each) for each in added]
        rules = name_rules(self.dialect)
        state.constraints += added if rules is None else rules.named(self, state, added)

    def add_index(self, state: TableState, index: Addition) -> None:
        """Add an index to a table."""
        state.indexes.append(index)
        self.claimed.add((state.schema, str(index.index_name)))

    def _named_by_convention(self, addition: Addition) -> Addition:
        """Return a constraint with the name that the naming convention gives it, which holds from now on."""
        kind = KINDS.get(addition.constraint_type)
        if kind is None or not has_rule(self.convention, kind) or isinstance(addition.constraint_name, conv):
            return addition
        name = final_name(addition.to_constraint(self.context), self.dialect)
        return addition if name is None else addition.changed(constraint_name=conv(name))

    def rename_column(self, state: TableState, before: str, after: str) -> None:
        """Rename a column, also in constraints, indexes, SQL texts, and the foreign keys of other tables."""
        state.columns = {
            (after if name == before else name): renamed_column(column, before, after, self.dialect)
            for name, column in state.columns.items()
        }
        for group in (state.constraints, state.indexes):
            kept = [self._settled(each) if names_of_item(each, before, self.dialect) else each for each in group]
            group[:] = [renamed_item(each, before, after, self.dialect) for each in kept]
        for each, key in self._keys_to((state.schema, state.name)):
            renamed = [after if name == before else name for name in key.remote_cols]
            each.constraints[each.constraints.index(key)] = key.changed(remote_cols=renamed)

    def rename_table(self, before: Place, after: str) -> None:
        """Rename a table, also in its constraints and indexes, and in the foreign keys to it."""
        state = self.table(before)
        for each, key in list(self._keys_to(before)):
            each.constraints[each.constraints.index(key)] = key.changed(referent_table=after)
        self.tables = {((before[0], after) if place == before else place): each for place, each in self.tables.items()}
        state.name = after
        self.claimed.add((before[0], after))
        rules = name_rules(self.dialect)
        for group in (state.constraints, state.indexes):
            group[:] = [self._settled(each).changed(table_name=after) for each in group]
        if rules is not None:
            state.constraints[:] = [rules.after_rename(each, before[1], after) for each in state.constraints]

    def _settled(self, item: Addition) -> Addition:
        """Return a constraint or an index with the name that it has in the database, if it has one that is known."""
        if hasattr(item, "index_name"):
            names = self.names(item)
            return item if not names or item.index_name else item.changed(index_name=conv(names[0]))
        if item.constraint_name or not item.generated_name:
            return item
        return item.changed(constraint_name=conv(item.generated_name), generated_name=None)

    def _keys_to(self, place: Place) -> Iterator[tuple[TableState, Addition]]:
        for each in self.tables.values():
            for key in list(each.constraints):
                if getattr(key, "referent_table", None) == place[1] and key.referent_schema == place[0]:
                    yield each, key

    def drop_column(self, state: TableState, name: str) -> None:
        """Drop a column, with the constraints and indexes that name it; some keep their other columns."""
        state.column(name)
        del state.columns[name]
        for group in (state.constraints, state.indexes):
            left = [self._without_column(each, name) for each in group]
            group[:] = [each for each in left if each is not None]

    def _without_column(self, item: Addition, name: str) -> Addition | None:
        """Return what is left of a constraint or an index once a column is dropped, None for nothing.

        MySQL removes the column from its indexes, and a rebuild of SQLite does so from the primary key:
        https://dev.mysql.com/doc/refman/8.4/en/alter-table.html
        """
        if not names_of_item(item, name, self.dialect):
            return item
        kind = getattr(item, "constraint_type", "index")
        kinds = {"mysql": ("index", "unique", "primary"), "mariadb": ("index",), "sqlite": ("primary",)}
        rest = [each for each in columns_of_item(item) if each != name]
        if kind not in kinds.get(self.dialect.name, ()) or not rest or not all(isinstance(each, str) for each in rest):
            return None
        return without_options_of(self._settled(item), name).changed(columns=rest)

    def set_enum(self, place: Place, change: Callable[[list[str]], list[str]]) -> None:
        """Change the values of an enum type, in the columns that use it too."""
        for table in self.tables.values():
            for name, column in table.columns.items():
                type_ = column.type
                inner = type_.item_type if isinstance(type_, ARRAY) else type_
                if isinstance(inner, TypeDecorator):
                    inner = inner.load_dialect_impl(self.dialect)
                if isinstance(inner, Enum) and (inner.schema, inner.name) == place:
                    table.columns[name] = changed_column(
                        plain_column(column), type=_with_values(type_, change, self.dialect)
                    )
        if place in self.enums:
            self.enums[place] = change(self.enums[place])

    def names(self, item: Addition) -> tuple[str, ...]:
        """Return the name of a constraint or an index: its own, or that of the convention or database; or nothing."""
        if getattr(item, "generated_name", None):
            return (str(item.generated_name),)
        is_index = hasattr(item, "to_index")
        given = item.index_name if is_index else item.constraint_name
        kind = Index if is_index else KINDS.get(item.constraint_type)
        if kind is not None and isinstance(given, str) and not self._is_renamed(given, kind):
            return (str(final_given_name(given, kind, self.dialect)),)
        made: Constraint | Index = item.to_index(self.context) if is_index else item.to_constraint(self.context)
        named = final_name(made, self.dialect)
        return () if named is None else (str(named),)

    def _is_renamed(self, name: str, kind: type[Constraint | Index]) -> bool:
        """Return whether the naming convention can change a given name."""
        return not has_final_name(name) and has_rule(self.convention, kind)

    def names_to_drop(self, item: Addition) -> tuple[str, ...]:
        """Return the names by which a constraint can be dropped; an unnamed one may have several."""
        rules = name_rules(self.dialect)
        possible = rules.possible(self, item) if rules is not None and is_unnamed(item) else ()
        return (*self.names(item), *possible)


def _with_values(type_: AnyType, change: Callable[[list[str]], list[str]], dialect: Dialect) -> AnyType:
    if isinstance(type_, ARRAY):
        return type_.__class__(_with_values(type_.item_type, change, dialect), dimensions=type_.dimensions)
    if isinstance(type_, TypeDecorator):  # what it is in the database is enough to know
        type_ = type_.load_dialect_impl(dialect)
    assert isinstance(type_, Enum), "only enum types have values"
    is_own = is_of_postgresql(type_, "ENUM")
    options = {"create_type": type_.create_type} if is_own else {"native_enum": type_.native_enum}
    made: AnyType = type(type_)(*change(list(type_.enums)), name=type_.name, schema=type_.schema, **options)
    return made


_index_source: list[Callable[[Index], Addition]] = []


def register_index_source(make: Callable[[Index], Addition]) -> None:
    """Register the function that returns the operation of an Index: ``CreateIndexOp.from_index``."""
    _index_source[:] = [make]


def index_operation(index: Index) -> Addition:
    """Return the operation that creates an index."""
    return _index_source[0](index)


def type_checks(column: AnyColumn, table: TableState, state: SchemaState) -> list[CheckConstraint]:
    """Return the CHECK constraints that belong to the type of a column."""
    made = Table(
        table.name,
        MetaData(naming_convention=state.convention.naming_convention),
        copy_column(column),
        schema=table.schema,
    )
    return [each for each in made.constraints if is_type_bound(each) and isinstance(each, CheckConstraint)]
