"""Random directives with random arguments: the same seed says the same thing to any ``op``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.sql.elements import conv

NAMES = ("users", "orders", "t", "User s", "order", "naïve", "a%b", "CamelCase", "x_1", "select")
COLUMNS = ("id", "name", "age", "Full Name", "group", "a", "b", "c")
SCHEMAS = (None, None, None, "app", "My App")
WORDS = ("x", "it's", "5%", "two words", "back\\slash", "a: b", "", "né", "R&D $(x)", "two\nlines")
ACTIONS = (None, "CASCADE", "SET NULL", "RESTRICT")


class Draw:
    """Random arguments."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def one(self, choices: Sequence[Any]) -> Any:
        return self.random.choice(choices)

    def some(self, choices: Sequence[Any], least: int = 1, most: int = 3) -> list[Any]:
        return self.random.sample(list(choices), self.random.randint(least, most))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def maybe(self, share: float, **kw: Callable[[], Any]) -> dict[str, Any]:
        """Return each argument with that chance."""
        return {name: make() for name, make in kw.items() if self.chance(share)}

    def schema(self) -> dict[str, Any]:
        schema = self.one(SCHEMAS)
        return {} if schema is None else {"schema": schema}

    def constraint_name(self) -> str | None:
        return self.one(("ck_1", "Fk X", "uq_users_name", None, conv("final_1"), conv("Final X")))

    def type_(self) -> Any:
        return self.one(
            (
                sa.Integer(), sa.BigInteger(), sa.SmallInteger(), sa.String(20), sa.String(200), sa.Text(), sa.Boolean(),
                sa.Numeric(10, 2), sa.Float(), sa.Date(), sa.DateTime(), sa.Time(), sa.LargeBinary(), sa.JSON(), sa.Unicode(30),
                sa.CHAR(3), sa.TIMESTAMP(timezone=True), sa.Uuid(), sa.Double(),
                sa.Enum("a", "b", name="kind"), sa.Boolean(create_constraint=True, name="ck_flag"),
                sa.Enum("a", "it's", name="kind", native_enum=False, create_constraint=True), sa.String(9, collation="C"),
                sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql", "mariadb"), sa.Interval(),
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), sa.Text().with_variant(sa.String(99), "oracle"),
            )
        )  # fmt: skip

    def default(self) -> Any:
        return self.one(
            (
                "x",
                "it's",
                "5%",
                sa.text("5"),
                sa.text("'q'"),
                sa.func.now(),
                sa.text("CURRENT_TIMESTAMP"),
                sa.text("(1 + 2)"),
            )
        )

    def identity(self) -> sa.Identity:
        options = {
            "start": lambda: 3,
            "increment": lambda: 2,
            "maxvalue": lambda: 99,
            "cycle": lambda: True,
            "cache": lambda: 4,
        }
        return sa.Identity(always=self.chance(0.5), **self.maybe(0.3, **options))

    def foreign_key_rules(self) -> dict[str, Any]:
        rules = self.maybe(0.4, name=lambda: "fk_new", ondelete=lambda: "CASCADE", onupdate=lambda: "SET NULL")
        return rules | self.maybe(0.2, deferrable=lambda: True, initially=lambda: "DEFERRED", match=lambda: "FULL")

    def column(self, name: str | None = None, **kw: Any) -> sa.Column[Any]:
        args: list[Any] = [name or self.one(COLUMNS), self.type_()]
        options: dict[str, Any] = {"nullable": self.chance(0.6)}
        draw = self.random.random()
        if draw < 0.1:
            args[1] = sa.Integer()
            args.append(sa.Computed("a + 1", persisted=self.one((None, True, False))))
            options = {}
        elif draw < 0.2:
            args[1] = sa.Integer()
            args.append(self.identity())
            options = {}
        elif draw < 0.5:
            options["server_default"] = self.default()
        if self.chance(0.2):
            options["comment"] = self.one([word for word in WORDS if word])
        return sa.Column(*args, **options, **kw)


def create_table(draw: Draw, op: Any) -> None:
    items: list[Any] = [sa.Column("id", sa.Integer, primary_key=draw.chance(0.8))]
    items += [draw.column(name) for name in draw.some(COLUMNS[1:], 0, 3)]
    if draw.chance(0.3):
        items.append(sa.UniqueConstraint("id", name="uq_id"))
    if draw.chance(0.3):
        items.append(sa.CheckConstraint("id > 0 AND id % 2 = 0", name="ck_id"))
    if draw.chance(0.3):
        items.append(sa.ForeignKeyConstraint(["id"], ["other.id"], name="fk_other", ondelete=draw.one(ACTIONS)))
    if draw.chance(0.2):
        items.append(sa.Column("ref", sa.Integer, sa.ForeignKey("other.id", **draw.foreign_key_rules())))
    if draw.chance(0.2):
        flags = draw.maybe(0.5, index=lambda: True, unique=lambda: True)
        items.append(sa.Column("flagged", sa.Integer, **flags))
    if draw.chance(0.1):
        items.append(sa.Column("even", sa.Integer, sa.CheckConstraint("even % 2 = 0", name="ck_even")))
    options = draw.maybe(0.3, comment=lambda: draw.one(WORDS[:5]), mysql_engine=lambda: "InnoDB")
    options |= draw.maybe(0.1, if_not_exists=lambda: True, prefixes=lambda: ["TEMPORARY"], info=lambda: {"a": 1})
    options |= draw.maybe(
        0.08,
        sqlite_autoincrement=lambda: True,
        sqlite_with_rowid=lambda: False,
        sqlite_strict=lambda: True,
        postgresql_partition_by=lambda: "LIST (id)",
        postgresql_with_oids=lambda: False,
        postgresql_inherits=lambda: "parent",
        postgresql_tablespace=lambda: "fast",
        mysql_default_charset=lambda: "utf8mb4",
        mariadb_engine=lambda: "Aria",
        oracle_compress=lambda: True,
    )
    op.create_table(draw.one(NAMES), *items, **draw.schema(), **options)


def drop_table(draw: Draw, op: Any) -> None:
    op.drop_table(draw.one(NAMES), **draw.schema(), **draw.maybe(0.3, if_exists=lambda: True))


def rename_table(draw: Draw, op: Any) -> None:
    op.rename_table(draw.one(NAMES), draw.one(NAMES), **draw.schema())


def add_column(draw: Draw, op: Any) -> None:
    column = draw.column()
    draw_kind = draw.random.random()
    if draw_kind < 0.2:
        key = sa.ForeignKey("users.id", **draw.foreign_key_rules())
        column = sa.Column("ref", sa.Integer, key, **draw.maybe(0.3, index=lambda: True))
    elif draw_kind < 0.3:
        column = sa.Column("ref", sa.Integer, unique=True)
    elif draw_kind < 0.35:
        column = sa.Column("pk", sa.Integer, primary_key=True)
    options = draw.maybe(
        0.15, if_not_exists=lambda: True, inline_references=lambda: True, inline_primary_key=lambda: True
    )
    if column.foreign_keys:
        options |= draw.maybe(0.3, inline_references=lambda: True)
    op.add_column(draw.one(NAMES), column, **draw.schema(), **options)


def drop_column(draw: Draw, op: Any) -> None:
    flags = {f"mssql_drop_{kind}": lambda: True for kind in ("default", "check", "foreign_key")}
    op.drop_column(
        draw.one(NAMES), draw.one(COLUMNS), **draw.schema(), **draw.maybe(0.2, if_exists=lambda: True, **flags)
    )


def alter_column(draw: Draw, op: Any) -> None:
    changes = draw.maybe(
        0.35,
        nullable=lambda: draw.chance(0.5),
        type_=draw.type_,
        server_default=lambda: draw.one((None, draw.default(), draw.default())),
        new_column_name=lambda: draw.one(COLUMNS),
        comment=lambda: draw.one((None, *WORDS[:5])),
    )
    known = draw.maybe(
        0.6,
        existing_type=draw.type_,
        existing_nullable=lambda: draw.chance(0.5),
        existing_server_default=lambda: draw.one((None, "x", sa.text("5"))),
        existing_comment=lambda: draw.one(("old", "it's")),
    )
    if draw.chance(0.1):
        changes["server_default"], known["existing_server_default"] = draw.one(
            (
                (draw.identity(), None),
                (None, draw.identity()),
                (draw.identity(), draw.identity()),
                (sa.Computed("a"), None),
            )
        )
    elif draw.chance(0.05):
        changes.pop("server_default", None)
        known["existing_server_default"] = draw.one((draw.identity(), sa.Computed("a + 1")))
    if draw.chance(0.04):
        changes |= {"type_": sa.Boolean(create_constraint=True, name="ck_flag"), "new_column_name": "renamed"}
        known["existing_type"] = sa.Integer()
    flags = {f"mssql_drop_{kind}": lambda: True for kind in ("default", "check", "foreign_key")}
    others = draw.maybe(0.1, autoincrement=lambda: True, existing_autoincrement=lambda: True, **flags)
    if "type_" in changes:
        others |= draw.maybe(0.2, postgresql_using=lambda: "name::integer")
    op.alter_column(draw.one(NAMES), draw.one(COLUMNS), **changes, **known, **others, **draw.schema())


def create_index(draw: Draw, op: Any) -> None:
    columns: list[Any] = list(draw.some(COLUMNS))
    if draw.chance(0.3):
        lower = sa.func.lower(sa.column("name", sa.String))
        columns.append(draw.one((sa.text("lower(name)"), lower, sa.column("Full Name").desc(), sa.column("a") + 1)))
    options = draw.maybe(
        0.15,
        unique=lambda: True,
        if_not_exists=lambda: True,
        postgresql_where=lambda: sa.text("id > 5"),
        postgresql_using=lambda: "btree",
        postgresql_concurrently=lambda: True,
        postgresql_include=lambda: ["extra"],
        postgresql_nulls_not_distinct=lambda: True,
        postgresql_ops=lambda: {columns[0]: "text_ops"},
        sqlite_where=lambda: sa.text("id > 5"),
        mysql_length=lambda: {columns[0]: 5},
        mysql_prefix=lambda: "FULLTEXT",
        mssql_clustered=lambda: True,
        mssql_include=lambda: ["extra"],
        mssql_where=lambda: sa.text("id > 5"),
        oracle_bitmap=lambda: True,
    )
    options |= draw.maybe(
        0.08,
        postgresql_with=lambda: {"fillfactor": 50},
        postgresql_tablespace=lambda: "fast",
        mysql_using=lambda: "hash",
        mysql_with_parser=lambda: "ngram",
        mariadb_length=lambda: 7,
        mssql_columnstore=lambda: True,
        oracle_compress=lambda: 2,
        info=lambda: {"a": 1},
    )
    op.create_index(
        draw.one(("ix_1", "Ix X", conv("final_1"), None)), draw.one(NAMES), columns, **draw.schema(), **options
    )


def drop_index(draw: Draw, op: Any) -> None:
    options = draw.maybe(0.2, if_exists=lambda: True, postgresql_concurrently=lambda: True)
    op.drop_index(draw.one(("ix_1", "Ix X")), draw.one((*NAMES, None)), **draw.schema(), **options)


def create_primary_key(draw: Draw, op: Any) -> None:
    op.create_primary_key(draw.constraint_name(), draw.one(NAMES), draw.some(COLUMNS), **draw.schema())


def create_unique_constraint(draw: Draw, op: Any) -> None:
    options = draw.maybe(
        0.2, deferrable=lambda: True, initially=lambda: "DEFERRED", postgresql_nulls_not_distinct=lambda: True
    )
    options |= draw.maybe(0.1, postgresql_include=lambda: ["extra"], mssql_clustered=lambda: True)
    op.create_unique_constraint(draw.constraint_name(), draw.one(NAMES), draw.some(COLUMNS), **draw.schema(), **options)


def create_check_constraint(draw: Draw, op: Any) -> None:
    condition = draw.one(("a > 5", "name LIKE 'a%'", sa.column("a") > 5, sa.func.length(sa.column("name")) < 3))
    options = draw.maybe(0.1, deferrable=lambda: True, initially=lambda: "DEFERRED", postgresql_not_valid=lambda: True)
    op.create_check_constraint(draw.constraint_name(), draw.one(NAMES), condition, **draw.schema(), **options)


def create_foreign_key(draw: Draw, op: Any) -> None:
    count = draw.random.randint(1, 2)
    local, remote = draw.some(COLUMNS, count, count), draw.some(COLUMNS, count, count)
    options = draw.maybe(
        0.25, ondelete=lambda: draw.one(ACTIONS), onupdate=lambda: draw.one(ACTIONS), deferrable=lambda: True
    )
    options |= draw.maybe(0.1, match=lambda: "FULL", initially=lambda: "DEFERRED", postgresql_not_valid=lambda: True)
    options |= draw.maybe(0.1, use_alter=lambda: True)
    options |= draw.maybe(0.25, source_schema=lambda: "app", referent_schema=lambda: "ref")
    op.create_foreign_key(draw.constraint_name(), draw.one(NAMES), draw.one(NAMES), local, remote, **options)


def create_exclude_constraint(draw: Draw, op: Any) -> None:
    elements = [(name, draw.one(("=", "&&"))) for name in draw.some(COLUMNS, 1, 2)]
    options = draw.maybe(0.4, where=lambda: draw.one(("a > 5", sa.column("a") > 5)), using=lambda: "gist")
    options |= draw.maybe(0.2, deferrable=lambda: True, initially=lambda: "DEFERRED", ops=lambda: {elements[0][0]: "o"})
    op.create_exclude_constraint(draw.constraint_name(), draw.one(NAMES), *elements, **draw.schema(), **options)


def drop_constraint(draw: Draw, op: Any) -> None:
    kind = draw.one((None, "foreignkey", "unique", "check", "primary"))
    op.drop_constraint(
        draw.one(("ck_1", "Fk X")), draw.one(NAMES), kind, **draw.schema(), **draw.maybe(0.2, if_exists=lambda: True)
    )


def create_table_comment(draw: Draw, op: Any) -> None:
    op.create_table_comment(
        draw.one(NAMES),
        draw.one((None, *WORDS[:5])),
        **draw.schema(),
        **draw.maybe(0.4, existing_comment=lambda: "old"),
    )


def drop_table_comment(draw: Draw, op: Any) -> None:
    op.drop_table_comment(draw.one(NAMES), **draw.schema(), **draw.maybe(0.4, existing_comment=lambda: "old"))


def bulk_insert(draw: Draw, op: Any) -> None:
    values: dict[str, tuple[Any, Callable[[], Any]]] = {
        "id": (sa.Integer, lambda: draw.random.randint(-5, 500)),
        "name": (sa.String, lambda: draw.one((None, *WORDS))),
        "paid": (sa.Numeric(10, 2), lambda: Decimal(draw.random.randint(0, 999)) / 100),
        "born": (sa.Date, lambda: dt.date(2000, 1, draw.random.randint(1, 28))),
        "flag": (sa.Boolean, lambda: draw.chance(0.5)),
    }
    chosen = draw.some(list(values), 1, 4)
    if draw.chance(0.5):
        table: Any = sa.table(draw.one(NAMES), *(sa.column(name, values[name][0]) for name in chosen), **draw.schema())
    else:
        columns = [sa.Column(name, values[name][0], primary_key=name == "id") for name in chosen]
        table = sa.Table(draw.one(NAMES), sa.MetaData(), *columns, **draw.schema())
    rows = [{name: values[name][1]() for name in chosen} for _ in range(draw.random.randint(0, 3))]
    op.bulk_insert(table, rows, multiinsert=draw.chance(0.8))


def execute(draw: Draw, op: Any) -> None:
    word = draw.one(WORDS)
    table = sa.table("t", sa.column("a", sa.String), sa.column("id", sa.Integer))
    statement = draw.one(
        (
            "UPDATE t SET a = 'x'",
            "DELETE FROM t WHERE a LIKE '5%'",
            "UPDATE t SET a = 'x: y', b = c::text",
            "UPDATE t SET a = ':y'",
            sa.text("UPDATE t SET a = :a").bindparams(a=word),
            sa.update(table).values(a=word).where(table.c.id == 5),
            sa.insert(table).values(a=word, id=7),
            sa.delete(table).where(table.c.a.in_(["x", word])),
            sa.insert(table).from_select(["id"], sa.select(sa.func.count()).select_from(table)),
            sa.update(table).values(a=sa.case((table.c.id > 5, word), else_=None)),
            sa.schema.CreateSequence(sa.Sequence("counter", start=3)),
            sa.DDL("ALTER TABLE t DO %(what)s", context={"what": "it"}),
        )
    )
    op.execute(statement, **draw.maybe(0.1, execution_options=lambda: {"stream_results": True}))


def batch(draw: Draw, op: Any) -> None:
    """Several changes of one table in a block, where the database alters it in place."""
    acts: list[Callable[[Any], Any]] = [
        lambda batch: batch.add_column(sa.Column("more", draw.type_(), comment=draw.one(WORDS[:6]))),
        lambda batch: batch.create_index(draw.one(("ix_1", "Ix X")), draw.some(COLUMNS), unique=draw.chance(0.5)),
        lambda batch: batch.drop_index("ix_1"),
    ]
    if op.get_context().dialect.name != "sqlite":
        acts += [
            lambda batch: batch.alter_column(
                draw.one(COLUMNS), type_=draw.type_(), existing_type=sa.Integer(), nullable=draw.chance(0.5)
            ),
            lambda batch: batch.drop_column(draw.one(COLUMNS)),
            lambda batch: batch.create_unique_constraint("uq_1", draw.some(COLUMNS)),
            lambda batch: batch.create_primary_key("pk_1", ["id"]),
            lambda batch: batch.create_check_constraint("ck_1", draw.one(("a > 5", sa.column("a") > 5))),
            lambda batch: batch.create_foreign_key("fk_1", draw.one(NAMES), ["a"], ["b"], ondelete=draw.one(ACTIONS)),
            lambda batch: batch.drop_constraint("ck_1", type_=draw.one(("check", "unique", "foreignkey"))),
            lambda batch: batch.create_table_comment(draw.one(WORDS[:5])),
            lambda batch: batch.drop_table_comment(existing_comment="old"),
        ]
    with op.batch_alter_table(draw.one(NAMES), **draw.schema()) as batch_op:
        for act in draw.some(acts):
            act(batch_op)


DIRECTIVES: tuple[tuple[Callable[[Draw, Any], None], int], ...] = (
    (alter_column, 6), (add_column, 4), (create_table, 3), (create_index, 3), (create_foreign_key, 2), (bulk_insert, 2),
    (drop_column, 1), (drop_table, 1), (rename_table, 1), (drop_index, 1), (create_primary_key, 1),
    (create_unique_constraint, 1), (create_check_constraint, 1), (create_exclude_constraint, 1), (drop_constraint, 2),
    (create_table_comment, 1), (drop_table_comment, 1), (execute, 2), (batch, 2),
)  # fmt: skip


class Spy:
    """Notes the directive and its arguments before it passes them on."""

    def __init__(self, op: Any) -> None:
        self._op, self.name, self.args, self.kw = op, "", (), {}  # type: ignore[var-annotated]

    def __getattr__(self, name: str) -> Any:
        if name == "get_context":
            return self._op.get_context

        def call(*args: Any, **kw: Any) -> Any:
            self.name, self.args, self.kw = name, args, kw
            return getattr(self._op, name)(*args, **kw)

        return call

    def __repr__(self) -> str:
        return f"op.{self.name}{self.args!r} {self.kw!r}"


def say(seed: int, op: Any) -> Spy:
    """Say the directive of ``seed`` to ``op``; returns what was said, also where ``op`` raised (then with `error`)."""
    draw, spy = Draw(seed), Spy(op)
    choice = draw.random.choices([each for each, _ in DIRECTIVES], [weight for _, weight in DIRECTIVES])[0]
    spy.error = None
    try:
        choice(draw, spy)
    except Exception as error:  # noqa: BLE001 - any refusal of either side is a result
        spy.error = error
    return spy
