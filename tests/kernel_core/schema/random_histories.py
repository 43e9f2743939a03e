"""Random histories as source: each revision is one to three changes that the database of its dialect can do."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

TYPES = {
    "sqlite": (
        "sa.Integer()", "sa.BigInteger()", "sa.String(20)", "sa.String(40)", "sa.Text()", "sa.Numeric(10, 2)", "sa.Date()",
        "sa.DateTime()", "sa.Boolean()", "sa.Float()", "sa.LargeBinary()", "sa.JSON()", "sa.Enum('a', 'b', native_enum=False)",
    ),
    "postgresql": (
        "sa.Integer()", "sa.BigInteger()", "sa.String(20)", "sa.String(40)", "sa.Text()", "sa.Numeric(10, 2)", "sa.Date()",
        "sa.DateTime()", "sa.Boolean()", "sa.Float()", "sa.Uuid()", "postgresql.JSONB()", "postgresql.ARRAY(sa.Integer())",
        "sa.Enum('a', 'b', native_enum=False)", "postgresql.INET()", "sa.DateTime(timezone=True)",
    ),
}  # fmt: skip
WIDER = {
    "sa.Integer()": "sa.BigInteger()", "sa.String(20)": "sa.String(40)", "sa.String(40)": "sa.Text()",
    "sa.Date()": "sa.DateTime()",
}  # fmt: skip
DEFAULTS = {
    "sa.Integer()": '"0"',
    "sa.String(20)": '"it\'s"',
    "sa.Boolean()": "sa.false()",
    "sa.Text()": "sa.text(\"'x'\")",
}
KEYED = ("sa.Integer()", "sa.BigInteger()", "sa.String(20)", "sa.String(40)", "sa.Date()")


@dataclass
class KnownTable:
    """What the generator knows of a table: types by column, columns by index and constraint, tables it refers to."""

    name: str
    schema: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    indexes: dict[str, list[str]] = field(default_factory=dict)
    constraints: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    refers: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return f", schema={self.schema!r}" if self.schema else ""

    def free(self) -> list[str]:
        """Return the columns that nothing depends on."""
        used = {name for names in self.indexes.values() for name in names}
        used |= {name for _, names in self.constraints.values() for name in names}
        return [name for name in self.columns if name not in used and name != "id"]


class RandomHistory:
    """The bodies of the revisions of one seed; ``opaque`` revisions do something that cannot be read."""

    def __init__(self, seed: int, dialect: str, revisions: int = 6) -> None:
        self.random, self.dialect = random.Random(f"{dialect}{seed}"), dialect
        self.tables: dict[str, KnownTable] = {}
        self._numbers = iter(range(1000))
        self.bodies = [self._revision(number) for number in range(revisions)]

    def _new(self, begin: str) -> str:
        return f"{begin}{next(self._numbers)}"

    def _revision(self, number: int) -> str:
        lines = self._create_table() if number == 0 else []
        changes: list[Callable[[], list[str]]] = [
            self._create_table, self._add_column, self._add_column, self._drop_column, self._alter, self._alter,
            self._rename_column, self._create_index, self._drop_index, self._add_constraint, self._add_constraint,
            self._drop_constraint, self._rename_table, self._drop_table, self._comment, self._opaque, self._loop,
        ]  # fmt: skip
        for _ in range(self.random.randint(1, 3)):
            lines += self.random.choice(changes)()
        return "\n".join(lines) or "pass"

    def _table(self) -> KnownTable | None:
        return self.random.choice(list(self.tables.values())) if self.tables else None

    def _type(self) -> str:
        return self.random.choice(TYPES[self.dialect])

    def _column(self, name: str, type_: str, *, may_be_required: bool) -> str:
        default = DEFAULTS.get(type_) if self.random.random() < 0.4 else None
        parts = [f"sa.Column({name!r}, {type_}"]
        parts += [f"server_default={default}"] if default else []
        parts += ["nullable=False"] if may_be_required and self.random.random() < 0.4 else []
        return ", ".join(parts) + ")"

    def _create_table(self) -> list[str]:
        schema = "shop" if self.dialect == "postgresql" and self.random.random() < 0.2 else None
        table = KnownTable(self._new(self.random.choice(["t", "Table ", "order_"])), schema)
        items = ['sa.Column("id", sa.Integer(), primary_key=True)']
        table.columns["id"] = "sa.Integer()"
        for _ in range(self.random.randint(1, 4)):
            name, type_ = self._new("c"), self._type()
            table.columns[name] = type_
            items.append(self._column(name, type_, may_be_required=True))
        items += self._inline(table)
        comment = ', comment="about"' if self.dialect == "postgresql" and self.random.random() < 0.3 else ""
        self.tables[table.name] = table
        made = ['op.execute(sa.schema.CreateSchema("shop", if_not_exists=True))'] if schema else []
        return [*made, f"op.create_table({table.name!r}, {', '.join(items)}{comment}{table.where})"]

    def _inline(self, table: KnownTable) -> list[str]:
        keyed = [name for name, type_ in table.columns.items() if type_ in KEYED and name != "id"]
        found = []
        if keyed and self.random.random() < 0.4:
            column, name = self.random.choice(keyed), self._new("uq")
            given = f", name={name!r}" if self.random.random() < 0.7 else ""
            table.constraints[name if given else ""] = ("unique", [column])
            found.append(f"sa.UniqueConstraint({column!r}{given})")
        other = self._table()
        if other is not None and self.random.random() < 0.4:
            column, name = self._new("ref"), self._new("fk")
            target = f"{f'{other.schema}.' if other.schema else ''}{other.name}.id"
            table.columns[column] = "sa.Integer()"
            table.constraints[name], table.refers[name] = ("foreignkey", [column]), other.name
            action = self.random.choice(["", ', ondelete="CASCADE"', ', onupdate="RESTRICT"'])
            found.append(f"sa.Column({column!r}, sa.Integer(), sa.ForeignKey({target!r}, name={name!r}{action}))")
        return found

    def _in_batch(self, table: KnownTable, call: str) -> list[str]:
        """Return a directive without the table's name in a batch, as SQLite needs it and PostgreSQL may have it."""
        recreate = self.random.choice(["", ', recreate="always"']) if self.dialect == "sqlite" else ""
        opening = f"with op.batch_alter_table({table.name!r}{table.where}{recreate}) as batch:"
        return [opening, f"    batch.{call}"]

    def _change(self, table: KnownTable, directive: str, arguments: str) -> list[str]:
        if self.dialect == "sqlite" or self.random.random() < 0.3:
            return self._in_batch(table, f"{directive}({arguments})")
        return [f"op.{directive}({table.name!r}, {arguments}{table.where})"]

    def _add_column(self) -> list[str]:
        table = self._table()
        if table is None:
            return []
        name, type_ = self._new("c"), self._type()
        table.columns[name] = type_
        return self._change(table, "add_column", self._column(name, type_, may_be_required=False))

    def _drop_column(self) -> list[str]:
        table = self._table()
        free = table.free() if table else []
        if table is None or not free:
            return []
        name = self.random.choice(free)
        del table.columns[name]
        return self._change(table, "drop_column", repr(name))

    def _alter(self) -> list[str]:
        table = self._table()
        names = [name for name in table.columns if name != "id"] if table else []
        if table is None or not names:
            return []
        name = self.random.choice(names)
        type_ = table.columns[name]
        arguments = [repr(name), f"existing_type={type_}"]
        kind = self.random.choice(["nullable", "default", "none", "type"])
        if kind == "type" and type_ in WIDER and name in table.free():
            table.columns[name] = WIDER[type_]
            arguments.append(f"type_={WIDER[type_]}")
        elif kind == "default" and type_ in DEFAULTS:
            arguments.append(f"server_default={DEFAULTS[type_]}")
        elif kind == "none":
            arguments.append("server_default=None")
        else:
            arguments.append(f"nullable={self.random.random() < 0.5}")
        return self._change(table, "alter_column", ", ".join(arguments))

    def _rename_column(self) -> list[str]:
        table = self._table()
        names = [name for name in table.columns if name != "id"] if table else []
        if table is None or not names:
            return []
        name, new = self.random.choice(names), self._new("r")
        type_ = table.columns[name]
        table.columns = {new if each == name else each: value for each, value in table.columns.items()}
        for group in (table.indexes.values(), (names for _, names in table.constraints.values())):
            for columns in group:
                columns[:] = [new if each == name else each for each in columns]
        arguments = f"{name!r}, new_column_name={new!r}, existing_type={type_}"
        return self._change(table, "alter_column", arguments)

    def _create_index(self) -> list[str]:
        table = self._table()
        names = [name for name, type_ in table.columns.items() if type_ in KEYED] if table else []
        if table is None or not names:
            return []
        columns = self.random.sample(names, min(len(names), self.random.randint(1, 2)))
        index = self._new("ix")
        table.indexes[index] = list(columns)
        parts = ", ".join(repr(each) for each in columns)
        if (
            self.dialect == "postgresql"
            and self.random.random() < 0.2
            and table.columns[columns[0]].startswith("sa.String")
        ):
            parts = f"sa.text('lower({columns[0]})')"
            table.indexes[index] = columns[:1]
        options = ", unique=True" if self.random.random() < 0.3 else ""
        options += (
            ", postgresql_using='hash'" if len(columns) == 1 and not options and self.random.random() < 0.1 else ""
        )
        return [f"op.create_index({index!r}, {table.name!r}, [{parts}]{options}{table.where})"]

    def _drop_index(self) -> list[str]:
        table = self._table()
        if table is None or not table.indexes:
            return []
        index = self.random.choice(list(table.indexes))
        del table.indexes[index]
        return [f"op.drop_index({index!r}, table_name={table.name!r}{table.where})"]

    def _add_constraint(self) -> list[str]:
        table = self._table()
        names = [name for name, type_ in table.columns.items() if type_ in KEYED and name != "id"] if table else []
        if table is None or not names:
            return []
        column, kind = self.random.choice(names), self.random.choice(["unique", "check", "foreignkey"])
        name = self._new("k")
        if kind == "foreignkey" and table.columns[column] != "sa.Integer()":
            kind = "unique"
        table.constraints[name] = (kind, [column])
        if kind == "check":
            return self._constraint(table, "create_check_constraint", f"{name!r}", f'"{column} IS NOT NULL OR 1 = 1"')
        if kind == "unique":
            return self._constraint(table, "create_unique_constraint", f"{name!r}", f"[{column!r}]")
        other = self._table()
        assert other is not None, "there is this table"
        table.refers[name] = other.name
        in_schema = f", referent_schema={other.schema!r}" if other.schema else ""
        if self.dialect == "sqlite":
            call = f"create_foreign_key({name!r}, {other.name!r}, [{column!r}], ['id']{in_schema})"
            return self._in_batch(table, call)
        source = f", source_schema={table.schema!r}" if table.schema else ""
        return [
            f"op.create_foreign_key({name!r}, {table.name!r}, {other.name!r}, [{column!r}], ['id']{in_schema}{source})"
        ]

    def _constraint(self, table: KnownTable, directive: str, name: str, rest: str) -> list[str]:
        if self.dialect == "sqlite":
            return self._in_batch(table, f"{directive}({name}, {rest})")
        return [f"op.{directive}({name}, {table.name!r}, {rest}{table.where})"]

    def _drop_constraint(self) -> list[str]:
        table = self._table()
        named = [name for name in table.constraints if name] if table else []
        if table is None or not named:
            return []
        name = self.random.choice(named)
        kind, _ = table.constraints.pop(name)
        table.refers.pop(name, None)
        return self._constraint_drop(table, name, kind)

    def _constraint_drop(self, table: KnownTable, name: str, kind: str) -> list[str]:
        if self.dialect == "sqlite":
            return self._in_batch(table, f"drop_constraint({name!r}, type_={kind!r})")
        return [f"op.drop_constraint({name!r}, {table.name!r}, type_={kind!r}{table.where})"]

    def _rename_table(self) -> list[str]:
        table = self._table()
        if table is None:
            return []
        before, table.name = table.name, self._new("renamed")
        self.tables = {each.name: each for each in self.tables.values()}
        for each in self.tables.values():
            each.refers = {key: table.name if name == before else name for key, name in each.refers.items()}
        return [f"op.rename_table({before!r}, {table.name!r}{table.where})"]

    def _drop_table(self) -> list[str]:
        table = self._table()
        if table is None or len(self.tables) < 2:
            return []
        if any(table.name in each.refers.values() for each in self.tables.values() if each is not table):
            return []
        del self.tables[table.name]
        return [f"op.drop_table({table.name!r}{table.where})"]

    def _comment(self) -> list[str]:
        table = self._table()
        if table is None or self.dialect == "sqlite":
            return []
        return [f"op.create_table_comment({table.name!r}, 'about it'{table.where})"]

    def _opaque(self) -> list[str]:
        """Return raw SQL, or code that uses rows: neither can be read."""
        table = self._table()
        if table is None or table.schema or self.random.random() < 0.5:
            return []
        name = self._new("o")
        quoted = f'"{table.name}"'
        if self.random.random() < 0.5:
            return [f"op.execute('ALTER TABLE {quoted} ADD COLUMN {name} INTEGER')"]
        return [
            'for _ in op.get_bind().execute(sa.text("SELECT 1")):',
            f"    op.add_column({table.name!r}, sa.Column({name!r}, sa.Integer()))",
        ]

    def _loop(self) -> list[str]:
        table = self._table()
        if table is None:
            return []
        one, two = self._new("l"), self._new("l")
        table.columns |= {one: "sa.Integer()", two: "sa.Integer()"}
        return [
            f"for name in ({one!r}, {two!r}):",
            f"    op.add_column({table.name!r}, sa.Column(name, sa.Integer()){table.where})",
        ]
