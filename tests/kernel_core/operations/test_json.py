"""Operations as JSON: what is read back is the same operation, with the same SQL on every dialect."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import enum
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from any_text import any_text
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql

from kernel_core.operations import Operations, from_json, ops
from kernel_core.operations.batch import BatchOptions
from kernel_core.operations.json_form import codec, decode, encode, register_type, register_value, types
from kernel_core.operations.operation import MigrateOperation
from kernel_core.operations.registry import all_operations, read_from_json
from kernel_core.util.exc import CommandError, InvalidJson, InvalidValue, NotAsJson

from ..ddl import hostile, scripts, test_hostile, test_matrix

pytestmark = [
    pytest.mark.filterwarnings("ignore::kernel_core.util.exc.TruncatedName"),
    pytest.mark.filterwarnings("ignore:Oracle Database does not contain native UPDATE CASCADE"),
    pytest.mark.filterwarnings(r"ignore:[\s\S]* allows NULL after this"),
]
REGISTERED = [cls for cls in all_operations() if cls.__module__.startswith("kernel_core.")]
Directive = Callable[[Operations], object]


def through_json(operation: MigrateOperation) -> MigrateOperation:
    """The operation that is read from the JSON text of this one."""
    text = json.dumps(operation.to_json())
    again = from_json(text)
    assert type(again) is type(operation)
    assert json.dumps(again.to_json()) == text
    return again


class ThroughJson(Operations):
    """Directives whose operations are written as JSON, read again, and then run."""

    def invoke(self, operation: MigrateOperation) -> Any:
        return super().invoke(through_json(operation))

    @contextmanager
    def batch_alter_table(self, *args: Any, **options: Any) -> Iterator[Any]:
        with super().batch_alter_table(*args, **options) as batch_operations:
            run = batch_operations.invoke
            batch_operations.invoke = lambda operation: run(through_json(operation))
            yield batch_operations


def same_sql(directive: Directive, *, is_refused: bool = False, **opts: Any) -> None:
    found_sql = [dialect for dialect in scripts.DIALECTS if printed(dialect, directive, **opts)[:7] != "refused"]
    assert found_sql or is_refused
    for dialect in scripts.DIALECTS:
        expected = printed(dialect, directive, **opts)
        found = printed(dialect, lambda op: directive(ThroughJson(op.migration_context)), **opts)
        assert found == expected, dialect


def printed(dialect: str, directive: Directive, **opts: Any) -> str:
    try:
        return scripts.script(dialect, directive, **opts)
    except (CommandError, sa.exc.SQLAlchemyError, NotImplementedError):
        return "refused"
    except (AttributeError, TypeError) as error:  # SQLAlchemy's compiler, of a type of another database
        return f"refused: {type(error).__name__}"


@pytest.mark.parametrize("cls", REGISTERED, ids=lambda cls: cls.__name__)
def test_the_example_of_every_operation_has_the_same_sql(cls: type[MigrateOperation]) -> None:
    same_sql(lambda op: op.invoke(cls.example()))
    again = through_json(cls.example())
    assert again.sentence() == cls.example().sentence()
    assert again.reverse().sentence() == cls.example().reverse().sentence()
    same_sql(lambda op: op.invoke(cls.example().reverse()))


@pytest.mark.parametrize("name", test_matrix.VARIANTS)
def test_every_form_of_a_directive_has_the_same_sql(name: str) -> None:
    same_sql(test_matrix.VARIANTS[name], is_refused=name == "alter_column, computed")


@pytest.mark.parametrize("name", test_hostile.DIRECTIVES)
@pytest.mark.parametrize("kind", ["all quotes", "percent and colon", "dots"])
def test_hostile_names_have_the_same_sql(name: str, kind: str) -> None:
    same_sql(lambda op: test_hostile.DIRECTIVES[name](op, test_hostile.HOSTILE[kind]))


def each_of(build: hostile.Build, name: str) -> Directive:
    return lambda op: [op.invoke(each) for each in build(name)]


@pytest.mark.sweep
@pytest.mark.parametrize("kind", hostile.NAMES)
def test_every_hostile_name_has_the_same_sql(kind: str) -> None:
    for build in hostile.DIRECTIVES.values():
        for number in range(len(build("x"))):
            directive = partial(_invoke, build, hostile.NAMES[kind], number)
            same_sql(directive, is_refused=True)  # some names are refused by every database


def _invoke(build: hostile.Build, name: str, number: int, op: Operations) -> None:
    op.invoke(build(name)[number])


@pytest.mark.parametrize("kind", hostile.EXPRESSIONS)
@pytest.mark.parametrize("place", hostile.with_expression("x"))
def test_sql_of_a_user_has_the_same_sql(place: str, kind: str) -> None:
    same_sql(each_of(hostile.with_expression(hostile.EXPRESSIONS[kind])[place], "a"))


def column(type_: Any, **kw: Any) -> Directive:
    return lambda op: op.create_table("t", sa.Column("a", type_, **kw))


class Color(enum.Enum):
    RED = "r"
    GREEN = "g"


class Money(sa.TypeDecorator[Any]):
    impl = sa.Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return postgresql.MONEY() if dialect.name == "postgresql" else sa.Numeric(10, 2)


class Point(sa.types.UserDefinedType[Any]):
    def get_col_spec(self, **kw: Any) -> str:
        return "POINT"


class Flags(sa.TypeDecorator[Any]):
    impl = sa.Enum("a", "b", name="flags")
    cache_ok = True


TYPES = {
    "string": sa.String(40, collation="NOCASE"),
    "variant": sa.JSON()
    .with_variant(postgresql.JSONB(), "postgresql")
    .with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
    "numeric": sa.Numeric(10, 2, asdecimal=False),
    "float": sa.Float(53),
    "double": sa.Double(),
    "interval": sa.Interval(second_precision=3),
    "pickle": sa.PickleType(),
    "uuid": sa.Uuid(as_uuid=False, native_uuid=False),
    "zone": sa.DateTime(timezone=True),
    "bytes": sa.LargeBinary(20),
    "enum": sa.Enum("it's", "b:c", "%", name="mood"),
    "enum of a class": sa.Enum(Color),
    "enum of values": sa.Enum(Color, values_callable=lambda cls: [each.value for each in cls]),
    "enum with check": sa.Enum("a", "b", name="mood", native_enum=False, create_constraint=True, length=20),
    "enum in a schema": sa.Enum("a", name="mood", schema="app"),
    "enum of a metadata": sa.Enum("a", name="mood", metadata=sa.MetaData()),
    "boolean with check": sa.Boolean(create_constraint=True, name="ck_bool"),
    "array of arrays": postgresql.ARRAY(sa.Enum("a", "b", name="e"), dimensions=2),
    "postgresql enum": postgresql.ENUM("a", "b", name="e", create_type=False),
    "domain": postgresql.DOMAIN("d", sa.Integer, check="VALUE > 0", default=sa.text("1"), not_null=True),
    "hstore": postgresql.HSTORE(),
    "bit": postgresql.BIT(3, varying=True),
    "interval of postgresql": postgresql.INTERVAL(fields="DAY TO SECOND", precision=3),
    "mysql integer": mysql.INTEGER(11, unsigned=True, zerofill=True),
    "mysql text": mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin", national=False),
    "mysql enum": mysql.ENUM("a", "b", charset="utf8mb4"),
    "mysql set": mysql.SET("a", "b", collation="utf8mb4_bin"),
    "mysql datetime": mysql.DATETIME(fsp=6),
    "mssql": mssql.DATETIMEOFFSET(3),
    "mssql binary": mssql.VARBINARY("max", filestream=True),
    "oracle": oracle.NUMBER(5, 2),
    "decorator": Money(),
    "user-defined": Point(),
    "array of user-defined": postgresql.ARRAY(Point()),
    "decorated enum": Flags(),
}


@pytest.mark.parametrize("name", TYPES)
def test_a_type_has_the_same_sql(name: str) -> None:
    same_sql(column(TYPES[name]))
    if name == "decorated enum":  # the ALTER of the original does not create its type; that of the copy does
        return
    same_sql(lambda op: op.alter_column("t", "a", type_=TYPES[name], existing_type=sa.Integer()))


@pytest.mark.sweep
def test_every_type_of_sqlalchemy_has_the_same_sql() -> None:
    for name, cls in types._builtin().items():
        try:
            type_ = cls()
        except (TypeError, AssertionError, NotImplementedError):
            continue
        assert repr(decode(encode(type_))) == repr(type_), name


ITEMS: dict[str, Directive] = {
    "every option": lambda op: op.create_table(
        "Users",
        sa.Column("id", sa.Integer, sa.Identity(start=3, cycle=True)),
        sa.Column("k", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("a", sa.Integer, sa.Computed("id * 2", persisted=True), comment="it's"),
        sa.Column("b", sa.String(5), server_default=sa.text("'x:y'"), key="key_of_b", index=True),
        sa.Column("c", sa.Boolean, server_default=sa.false(), unique=True),
        sa.Column("d", sa.DateTime, server_default=sa.func.now(), nullable=False),
        sa.Column(
            "e", sa.Integer, sa.ForeignKey("app.other.id", ondelete="CASCADE", name=op.f("fk_e"), use_alter=True)
        ),
        sa.Column("f", sa.Integer, sa.Sequence("seq_f", start=5), sa.CheckConstraint("f > 0", name="ck_f")),
        sa.UniqueConstraint("a", "key_of_b", name="uq", deferrable=True, initially="DEFERRED"),
        sa.CheckConstraint(sa.column("a") > sa.column("c"), name="ck"),
        sa.ForeignKeyConstraint(["a", "e"], ["p.x", "p.y"], onupdate="SET NULL", match="FULL"),
        sa.Index("ix", "a", sa.text("lower(b)"), unique=True),
        schema="App",
        comment="who",
        prefixes=["TEMPORARY"],
        mysql_engine="InnoDB",
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (id)",
    ),
    "sequence as default": lambda op: op.add_column(
        "t", sa.Column("a", sa.Integer, server_default=sa.Sequence("s", schema="x").next_value())
    ),
    "fetched value": lambda op: op.add_column("t", sa.Column("a", sa.Integer, server_default=sa.FetchedValue())),
    "quoted names": lambda op: op.add_column(
        sa.sql.quoted_name("Tab", quote=False), sa.Column(sa.sql.quoted_name("a", quote=True), sa.Integer)
    ),
    "index of expressions": lambda op: op.create_index(
        "ix",
        "t",
        [
            sa.column("a") + sa.column("b"),
            sa.func.lower(sa.column("c")),
            sa.desc("d"),
            sa.column("e").desc().nulls_last(),
        ],
        postgresql_where=sa.column("a") > 5,
        postgresql_using="gin",
        postgresql_ops={"a": "text_ops"},
        postgresql_include=["z"],
        mysql_length={"a": 10},
    ),
    "parameters": lambda op: op.execute(
        sa.text("UPDATE t SET a = :a, b = :b").bindparams(a=dt.date(2024, 1, 2), b=None)
    ),
    "statement": lambda op: op.execute(
        sa.update(t := sa.table("t", sa.column("a", sa.String), sa.column("b", sa.DateTime)))
        .values(a="100% o'clock \\ :x")
        .where(t.c.b > dt.datetime(2024, 1, 2, 3, 4, 5))  # noqa: DTZ001 - as a database stores it
    ),
    "statement with subquery": lambda op: op.execute(
        sa.insert(sa.table("t", sa.column("a"))).from_select(
            ["a"], sa.select(sa.table("u", sa.column("a")).c.a).where(sa.table("w", sa.column("b")).c.b == 5)
        )
    ),
    "construct of DDL": lambda op: op.execute(sa.DDL("CREATE VIEW v AS SELECT '%%'")),
    "execution options": lambda op: op.execute("SELECT 1", execution_options={"x": (1, 2)}),
    "rows": lambda op: op.bulk_insert(
        sa.table(
            "t",
            sa.column("a", sa.Date),
            sa.column("b", sa.Numeric),
            sa.column("c", sa.JSON),
            sa.column("d", sa.LargeBinary),
            sa.column("e", sa.Enum(Color)),
            sa.column("f", sa.Float),
            schema="app",
        ),
        [
            {
                "a": dt.date(2024, 2, 3),
                "b": decimal.Decimal("1.50"),
                "c": {"$": "x", "operation": ["y"]},
                "d": b"\0a",
                "e": Color.RED,
                "f": 0.25,
            }
        ],
    ),
    "rows with SQL": lambda op: op.bulk_insert(
        sa.table("t", sa.column("a", sa.DateTime), sa.column("b", sa.Integer)),
        [{"a": sa.func.now(), "b": op.inline_literal(5)}],
        multiinsert=False,
    ),
    "batch": lambda op: op.invoke(
        ops.BatchOps(
            "t",
            [
                ops.AlterColumnOp("t", "a", modify_nullable=False, existing_type=sa.Integer()),
                ops.AddColumnOp("t", sa.Column("c", sa.Integer), insert_after="a"),
                ops.CreateCheckConstraintOp("ck", "t", "c > 0"),
            ],
            options=BatchOptions(
                recreate="always",
                copy_from=sa.Table(
                    "t",
                    sa.MetaData(),
                    sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("a", sa.Integer),
                    sa.Column("u", sa.Integer, sa.ForeignKey("t.id", name="fk")),
                    sa.Index("ix", "a"),
                ),
                table_args=(sa.UniqueConstraint("a", name="uq"),),
                partial_reordering=(("id", "c"),),
                naming_convention={"uq": "uq_%(table_name)s"},
            ),
        )
    ),
    "containers": lambda op: op.invoke(
        ops.UpgradeOps(
            [ops.ModifyTableOps("t", [ops.AddColumnOp("t", sa.Column("a", sa.Integer))]), ops.DropTableOp("u")]
        )
    ),
}


@pytest.mark.parametrize("name", ITEMS)
def test_the_items_of_a_schema_have_the_same_sql(name: str) -> None:
    same_sql(ITEMS[name])


def test_a_naming_convention_applies_to_what_was_read() -> None:
    def directive(op: Operations) -> None:
        op.create_table(
            "t",
            sa.Column("a", sa.Integer),
            sa.CheckConstraint("a > 0", name="positive"),
            sa.UniqueConstraint("a"),
            sa.UniqueConstraint("a", name=op.f("final")),
            sa.ForeignKeyConstraint(["a"], ["u.id"]),
        )

    convention = {
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(constraint_name)s",
        "fk": "fk_%(table_name)s",
    }
    same_sql(directive, target_metadata=sa.MetaData(naming_convention=convention))


def test_a_script_keeps_all_that_belongs_to_it() -> None:
    upgrade = ops.UpgradeOps([ops.AddColumnOp("t", sa.Column("a", sa.Integer))])
    script = ops.MigrationScript(
        "1a", [upgrade, ops.UpgradeOps()], upgrade.reverse(), message="m", imports={"import x"}, depends_on=["b"]
    )
    again = through_json(script)
    assert isinstance(again, ops.MigrationScript)
    assert (again.rev_id, again.message, again.imports, again.depends_on) == ("1a", "m", {"import x"}, ["b"])
    assert [len(each.ops) for each in again.upgrade_ops_list] == [1, 0]
    assert again.downgrade_ops is not None
    assert [each.sentence() for each in again.downgrade_ops.ops] == ["Drop column a from t"]


def test_what_an_operation_carries_besides_its_arguments_is_kept() -> None:
    added = ops.AddColumnOp("t", sa.Column("a", sa.Integer))
    more = ops.CreateIndexOp("ix", "t", ["a"])
    operation = added.changed(remark="why", engine="one", followed_by=(more,), undone_by=lambda _: [more.reverse()])
    again = through_json(operation)
    assert (again.remark, again.engine, again.followed_by[0].sentence()) == ("why", "one", more.sentence())
    assert again.undone_by is not None
    assert [each.sentence() for each in again.undone_by(again)] == ["Drop index ix of t"]
    drop = ops.DropConstraintOp("uq", "t", "unique", _reverse=ops.CreateUniqueConstraintOp("uq", "t", ["a"]))
    assert through_json(drop).reverse().sentence() == "Create unique constraint uq on t (a)"


# Hostile documents

USERS = {"version": 1, "operation": "drop_table", "table_name": "users"}
INTEGER = {"$": "type", "name": "Integer"}


def add(column: object) -> dict[str, Any]:
    return {"version": 1, "operation": "add_column", "table_name": "t", "column": column}


def typed(**type_: Any) -> dict[str, Any]:
    return add({"$": "column", "name": "a", "type": {"$": "type", **type_}})


HOSTILE: dict[str, tuple[object, str]] = {
    "no JSON": ("{", "cannot be parsed"),
    "nested without end": ("[" * 100_000, "cannot be parsed|not an object"),
    "nested values": (
        f'{{"version": 1, "operation": "execute", "sqltext": {"[" * 5000}{"]" * 5000}}}',
        "nested too deeply|cannot be parsed",
    ),
    "a list": ([], "not an object"),
    "no operation": ({"version": 1}, "not an object with 'operation'"),
    "no version": ({"operation": "drop_table", "table_name": "t"}, "no 'version'"),
    "a later version": (USERS | {"version": 2}, "version is 2"),
    "a version of another type": (USERS | {"version": True}, "no 'version'"),
    "an unknown operation": (USERS | {"operation": "os.system"}, "no operation is named 'os.system'"),
    "an operation that is a list": (USERS | {"operation": ["x"]}, "not a str"),
    "an abstract operation": ({"version": 1, "operation": "alter_table", "table_name": "t"}, "no operation"),
    "a missing argument": ({"version": 1, "operation": "drop_table"}, "no 'table_name'"),
    "an unknown argument": (
        {"version": 1, "operation": "create_sequence", "name": "a", "then": "x"},
        r"\(create_sequence\): it has 'then'",
    ),
    "a dunder": (USERS | {"__class__": "x"}, "'__class__'"),
    "an argument of another type": (USERS | {"table_name": 5}, "'table_name' cannot be 5"),
    "a column that is a text": (add("a"), "'column' cannot be 'a'"),
    "a column without type": (add({"$": "column", "name": "a"}), "at column .*no 'type'"),
    "an unknown kind": (add({"$": "eval", "text": "1"}), "'eval' is not a kind of value"),
    "a kind that is a list": (add({"$": []}), "is not a kind of value"),
    "an unknown type": (typed(name="os.system"), "'os.system' is not a type"),
    "a private type": (typed(name="_Binary"), "is not a type"),
    "a module as type": (typed(name="postgresql.base"), "is not a type"),
    "arguments that the type has not": (typed(name="Integer", options={"length": 4}), "does not take that"),
    "a bound that is SQL": (
        typed(name="Enum", arguments=["a"], options={"values_callable": "x"}),
        "does not take that",
    ),
    "a length that is SQL": (typed(name="String", options={"length": "4); DROP TABLE t; --"}), "'length' cannot be '4"),
    "a precision of a dialect that is SQL": (
        typed(name="mysql.DECIMAL", options={"precision": "1) x", "scale": 2}),
        "'precision' cannot be",
    ),
    "a number without end": (typed(name="Numeric", options={"precision": 10**4000}), "'precision' cannot be"),
    "more dimensions than memory": (
        typed(name="postgresql.ARRAY", options={"item_type": INTEGER, "dimensions": 999_999_999}),
        "'dimensions' cannot be",
    ),
    "a length of a type that is a list": (typed(name="String", options={"length": [4]}), "'length' cannot be"),
    "a collation that is a number": (typed(name="String", options={"collation": 4}), "'collation' cannot be"),
    "a timezone that is a text": (typed(name="DateTime", options={"timezone": "UTC"}), "'timezone' cannot be"),
    "a member twice": (
        '{"version": 1, "operation": "drop_table", "table_name": "a", "table_name": "b"}',
        "'table_name' twice",
    ),
    "a version twice": (
        '{"version": 2, "version": 1, "operation": "drop_table", "table_name": "a"}',
        "'version' twice",
    ),
    "a type by its SQL that is a number": (typed(name="x", texts={"sqlite": 4}), "a text for each dialect"),
    "an unknown member": (add({"$": "column", "name": "a", "type": INTEGER, "do": 1}), "it has 'do'"),
    "a flag that is a text": (add({"$": "column", "name": "a", "type": INTEGER, "nullable": "no"}), "not a bool"),
    "items that are SQL": (
        {"version": 1, "operation": "create_table", "table_name": "t", "columns": [{"$": "text", "text": "x"}]},
        "'columns' cannot be",
    ),
    "columns that are a text": (
        {"version": 1, "operation": "create_index", "index_name": "i", "table_name": "t", "columns": "abc"},
        "'columns' cannot be 'abc'",
    ),
    "a constraint without columns": (
        {
            "version": 1,
            "operation": "create_table",
            "table_name": "t",
            "columns": [{"$": "constraint", "constraint": "foreign_key", "columns": [], "table": "u", "referred": []}],
        },
        r"columns\[0\]",
    ),
    "bytes that are none": (
        {
            "version": 1,
            "operation": "execute",
            "sqltext": "x",
            "execution_options": {"a": {"$": "bytes", "base64": "é"}},
        },
        "base64",
    ),
    "a container of columns": (
        {"version": 1, "operation": "upgrade_ops", "ops": [{"$": "column", "name": "a", "type": INTEGER}]},
        "'ops' cannot be",
    ),
    "a reverse of another kind": (USERS | {"reverse": USERS | {"operation": "drop_table"}}, "version|reverse"),
    "two positions": (
        {"version": 1, "operation": "add_enum_value", "name": "m", "value": "x", "before": "a", "after": "b"},
        "one position",
    ),
    "a batch that recreates otherwise": (
        {
            "version": 1,
            "operation": "batch",
            "table_name": "t",
            "ops": [],
            "options": {"$": "batch options", "recreate": "perhaps"},
        },
        "recreate",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_one_clear_error(name: str) -> None:
    document, expected = HOSTILE[name]
    with pytest.raises(InvalidJson, match=expected) as found:
        from_json(document if isinstance(document, str) else json.dumps(document))
    assert str(found.value).startswith("Invalid JSON of operations")
    assert len(str(found.value)) < 2000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | any_text(max_size=8) | st.sampled_from(sorted(codec._decoders)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$", "operation", "name", "type", "options", "items", "columns", "text"]), inner
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=settings.default.max_examples * 3 // 2, deadline=None)
def test_whatever_is_in_a_document_it_is_read_or_refused(data: st.DataObject) -> None:
    document = json.loads(json.dumps(data.draw(st.sampled_from(DOCUMENTS))))
    place: Any = document
    for _ in range(data.draw(st.integers(0, 4))):
        inner = [
            key
            for key in (place if isinstance(place, dict) else range(len(place)))
            if isinstance(place[key], (dict, list)) and place[key]
        ]
        if not inner:
            break
        place = place[data.draw(st.sampled_from(inner))]
    key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
    place[key] = data.draw(VALUES)
    with contextlib.suppress(InvalidJson):
        from_json(document)


DOCUMENTS = [cls.example().to_json() for cls in REGISTERED]


def test_sql_that_is_known_for_some_dialects_only_has_a_sentence() -> None:
    texts = {"sqlite": "UPDATE t SET a = 1", "postgresql": "UPDATE t SET a = 2"}
    read = from_json({**ops.ExecuteSQLOp("x").to_json(), "sqltext": {"$": "sql", "texts": texts}})
    assert read.sentence() == "Run SQL: UPDATE t SET a = 1"


def test_a_class_reads_only_its_own_operations() -> None:
    assert isinstance(ops.DropTableOp.from_json(USERS), ops.DropTableOp)
    with pytest.raises(InvalidJson, match="it is a DropTableOp, not a CreateTableOp"):
        ops.CreateTableOp.from_json(USERS)


# User-defined classes


@read_from_json  # register_operation() does the same, and adds a directive
class GrantForJsonOp(MigrateOperation):
    def __init__(self, role: str, *, tables: list[str], _until: dt.date | None = None, **kw: Any) -> None:
        self.role, self.tables, self._until, self.kw = role, tables, _until, kw


def test_a_user_defined_operation_joins_by_its_constructor() -> None:
    operation = GrantForJsonOp("app", tables=["a"], _until=dt.date(2030, 1, 1), postgresql_with="x")
    again = through_json(operation)
    assert vars(again) == vars(operation)
    assert operation.to_json()["operation"] == "grant_for_json"
    with pytest.raises(InvalidJson, match=r"\(grant_for_json\): 'tables' cannot be 'a'"):
        from_json(operation.to_json() | {"tables": "a"})


def test_an_operation_without_the_attribute_of_an_argument_is_refused() -> None:
    operation = GrantForJsonOp("app", tables=[])
    del operation.role
    with pytest.raises(NotAsJson, match="no attribute 'role'"):
        operation.to_json()


def test_an_operation_that_is_not_registered_cannot_be_read_and_is_not_written() -> None:
    class DropAllOp(ops.DropTableOp):
        pass

    with pytest.raises(NotAsJson, match="Register its class"):
        DropAllOp("t").to_json()


def test_a_user_defined_type_is_its_sql_until_it_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    operation = ops.AddColumnOp("t", sa.Column("a", Money()))
    again = through_json(operation)
    assert isinstance(again, ops.AddColumnOp)
    assert not isinstance(again.column.type, Money)
    monkeypatch.setattr(types, "_registered", {})
    register_type("money", Money)
    again = through_json(operation)
    assert isinstance(again, ops.AddColumnOp)
    assert isinstance(again.column.type, Money)
    with pytest.raises(InvalidValue, match="is a type of SQLAlchemy"):
        register_type("String", Money)


def test_rows_of_a_user_defined_type_are_refused_until_it_is_registered() -> None:
    table = sa.table("t", sa.column("a", Money()))
    with pytest.raises(NotAsJson, match="Register the type of column a"):
        ops.BulkInsertOp(table, [{"a": 1}]).to_json()


def test_a_class_of_the_same_name_has_its_module_in_front() -> None:
    @read_from_json
    class DropTableOp(ops.DropTableOp):
        pass

    assert DropTableOp("t").to_json()["operation"] == f"{__name__}.drop_table"
    assert type(through_json(DropTableOp("t"))) is DropTableOp
    assert type(through_json(ops.DropTableOp("t"))) is ops.DropTableOp


def test_a_user_defined_value_joins_by_a_kind() -> None:
    operation = GrantForJsonOp("app", tables=[], limit=re_compiled)
    with pytest.raises(NotAsJson, match=r"A re\.Pattern has no JSON form"):
        operation.to_json()
    register_value(
        "pattern", re.Pattern, lambda each: {"text": each.pattern}, lambda json: re.compile(json.need("text", str))
    )
    assert vars(through_json(operation))["kw"] == {"limit": re_compiled}


re_compiled = re.compile("x")


@pytest.mark.slow
def test_the_dialect_of_another_database_is_not_imported_by_an_upgrade():
    code = "import sys, kernel_core.environment, kernel_core.command; print('sqlalchemy.dialects.mysql' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "False"
