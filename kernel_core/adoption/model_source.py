"""Model classes as Python, from the tables of a MetaData.

Every name and every piece of SQL becomes a literal: text of a database is never code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Index, MetaData, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.schema import ForeignKeyConstraint, PrimaryKeyConstraint
from sqlalchemy.types import NullType

from ..autogenerate.context import AutogenContext
from ..autogenerate.layout import call, lay_out, literal
from ..autogenerate.schemasource import column_source, constraint_source
from ..autogenerate.writer import Writer
from ..ddl.index_expressions import unbound_options, unbound_parts
from ..operations.operation import Code
from ..util.sqla_compat import AnyColumn, is_type_bound, referent, sorted_constraints, sorted_tables, table_prefixes
from .class_names import attribute_name, class_name

_RESERVED = frozenset({"Base", "Any", "DeclarativeBase", "Mapped", "mapped_column", "relationship", "sa"})


def source_of_models(metadata: MetaData, dialect: Dialect | None = None) -> str:
    """Return a module of declarative classes for the tables; one without a primary key becomes a Table.

        print(source_of_models(schema.at(scripts, "head").metadata))

    Foreign keys over columns of their own get a relationship to the class of the other table.
    """
    return _Module(metadata, dialect or DefaultDialect()).source()


class _Names(Writer):
    """Writes names of constraints as they are: the MetaData of the classes has no naming convention."""

    def _text(self, value: str) -> str:
        return literal(str(value))


class _Module:
    """Builds the text of a module of model classes."""

    def __init__(self, metadata: MetaData, dialect: Dialect) -> None:
        self.context = AutogenContext(None, metadata, autogenerate=False)
        self.context.dialect = dialect
        self.write = _Names(self.context)
        self.imports: set[str] = set()
        self.tables: list[Table] = [table for table, _ in sorted_tables(metadata.tables.values()) if table is not None]
        self.classes: dict[str, str] = {}
        self.tables_without_class: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str]] = {}
        taken = set(_RESERVED)
        for table in self.tables:
            if table.primary_key.columns:
                self.classes[table.key] = class_name(_base_name(table, self.tables), taken)
                taken.add(self.classes[table.key])
            else:
                name = attribute_name(f"t_{_base_name(table, self.tables)}", taken)
                self.tables_without_class[table.key] = name
                taken.add(name)
            names: dict[str, str] = {}
            for column in table.columns:
                names[column.name] = attribute_name(column.name, names.values())
            self.attributes[table.key] = names

    def source(self) -> str:
        """Return the text of the module."""
        body = [self._class(table) if table.key in self.classes else self._table(table) for table in self.tables]
        imports = [*self.context.imports, *self.imports]
        typed = "from typing import Any\n" if any("Any" in part for part in body) else ""
        plain = sorted({each for each in imports if each.startswith("import ") and "sqlalchemy" not in each})
        others = sorted({each for each in imports if each not in plain})
        needed = "DeclarativeBase, Mapped, mapped_column" + (
            ", relationship" if any("relationship(" in part for part in body) else ""
        )
        head = ['"""Model classes, written from a database."""', ""]
        head += [*plain, *([typed.strip()] if typed else []), *([""] if plain or typed else [])]
        head += ["import sqlalchemy as sa", *others]
        head += [f"from sqlalchemy.orm import {needed}", "", "", "class Base(DeclarativeBase):"]
        head += ['    """The tables of the database."""', ""]
        return "\n".join(head) + "\n\n" + "\n\n\n".join(body) + "\n"

    def _class(self, table: Table) -> str:
        lines = [f"class {self.classes[table.key]}(Base):", f"    __tablename__ = {literal(str(table.name))}"]
        lines += self._arguments(table)
        lines.append("")
        names = self.attributes[table.key]
        for column in table.columns:
            code = column_source(column, self.write)
            assert isinstance(code, Code), "no hook is configured"
            head = f"{names[column.name]}: Mapped[{self._annotation(column)}] = mapped_column("
            parts = code.parts[1:] if names[column.name] == column.name else code.parts
            if isinstance(column.type, NullType):  # with mapped_column(), its type would be that of the annotation
                head, parts = f"{names[column.name]} = sa.Column(", code.parts
            lines += lay_out(Code(head, parts), indent="    ")
        related = list(self._relationships(table))
        return "\n".join([*lines, *([""] if related else []), *related])

    def _arguments(self, table: Table) -> list[str]:
        """Return the lines of ``__table_args__``: a tuple that ends with a dict, or the dict alone."""
        items, options = list(self._items(table)), next(iter(self._options(table)), Code("{", (), "}"))
        if not items and not options.parts:
            return []
        if items:
            return lay_out(Code("__table_args__ = (", (*items, options)), indent="    ")
        return lay_out(Code(f"__table_args__ = {options.head}", options.parts, options.tail), indent="    ")

    def _table(self, table: Table) -> str:
        parts = [literal(str(table.name)), "Base.metadata"]
        parts += [column_source(column, self.write) for column in table.columns]
        options = [Code(f"**{each.head}", each.parts, each.tail) for each in self._options(table)]
        name = self.tables_without_class[table.key]
        return "\n".join(lay_out(Code(f"{name} = sa.Table(", (*parts, *self._items(table), *options))))

    def _items(self, table: Table) -> Iterator[str]:
        """Yield the constraints and indexes of a table."""
        for constraint in sorted_constraints(table):
            is_empty = isinstance(constraint, PrimaryKeyConstraint) and not constraint.columns
            if not is_empty and not is_type_bound(constraint):
                yield constraint_source(constraint, self.write)
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            yield self._index(index)

    def _index(self, index: Index) -> str:
        parts = [self.write.value(part) for part in unbound_parts(index, self.context.dialect)]
        options = {name: self.write.value(value) for name, value in unbound_options(index).items()}
        if index.unique:
            options = {"unique": "True", **options}
        return call("sa.Index", [literal(str(index.name)), *parts], options)

    def _options(self, table: Table) -> Iterator[Code]:
        """Yield the dict of a table's schema, comment and options, if it has any."""
        options: dict[str, Any] = {"schema": table.schema, "comment": table.comment, **table.dialect_kwargs}
        if table_prefixes(table):
            options["prefixes"] = table_prefixes(table)
        stated = {name: value for name, value in options.items() if value is not None}
        if stated:
            written = self.write.value(stated)
            assert isinstance(written, Code), "a dict has parts"
            yield written

    def _annotation(self, column: AnyColumn) -> str:
        """Return the Python type of a column's values."""
        try:
            kind: Any = column.type.python_type
        except NotImplementedError:
            kind = None
        if kind in (None, object):
            name = "Any"
        elif kind in (list, dict):
            name = "list[Any]" if kind is list else "dict[str, Any]"
        else:
            is_built_in = kind.__module__ == "builtins"
            name = kind.__qualname__ if is_built_in else f"{kind.__module__}.{kind.__qualname__}"
            if not is_built_in:
                self.imports.add(f"import {kind.__module__}")
        return f"{name} | None" if column.nullable else name

    def _relationships(self, table: Table) -> Iterator[str]:
        """Yield a many-to-one relationship for each foreign key that shares no column with another one."""
        names = self.attributes[table.key]
        taken = set(names.values())
        keys = sorted(table.foreign_key_constraints, key=lambda key: (str(key.name), list(key.column_keys)))
        for key in keys:
            schema, name, columns = referent(key)
            other = f"{schema}.{name}" if schema else name
            shared = any(set(key.column_keys) & set(each.column_keys) for each in keys if each is not key)
            if other not in self.classes or shared or not set(key.column_keys) <= names.keys():
                continue
            attribute = attribute_name(_relation_name(key, name), taken)
            taken.add(attribute)
            local = ", ".join(names[column] for column in key.column_keys)
            is_optional = any(table.columns[column].nullable for column in key.column_keys)
            target = f"{self.classes[other]}{' | None' if is_optional else ''}"
            remote = ""
            if other == table.key:
                remote = f", remote_side=[{', '.join(names[column] for column in columns)}]"
            yield f'    {attribute}: Mapped["{target}"] = relationship(foreign_keys=[{local}]{remote})'


def _relation_name(key: ForeignKeyConstraint, table: str) -> str:
    """Return a name for the other side: ``user`` for ``user_id``, otherwise the name of the table."""
    columns = list(key.column_keys)
    if len(columns) == 1 and columns[0].endswith("_id") and columns[0] != "_id":
        return columns[0].removesuffix("_id")
    return table


def _base_name(table: Table, tables: list[Table]) -> str:
    """Return the table's name, with its schema where another table has the name too."""
    same = [each for each in tables if each.name == table.name]
    return f"{table.schema}_{table.name}" if table.schema and len(same) > 1 else str(table.name)
