"""DDL written directly from an operation: the same text as SQLAlchemy writes for the whole objects."""

import copy
import io
import pickle
import random
import re
import warnings
from contextlib import contextmanager, nullcontext

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql
from sqlalchemy.ext.compiler import compiles, deregister
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.elements import conv

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.sqla_compat import has_schema_hooks, plain_objects

DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb", "mssql", "oracle")
NAMES = [
    "id",
    "user_id",
    "a b",
    "Order",
    "select",
    "x%y",
    'q"q',
    "ünï",
    "t1",
    "n" * 40,
    "mig_column_0",
    "col:on",
    "it's",
]
TYPES = [
    *(sa.Integer, sa.BigInteger, sa.SmallInteger, sa.Boolean, sa.DateTime, sa.Date, sa.Text, sa.Float, sa.LargeBinary),
    *(sa.String, sa.Time, sa.JSON, sa.Uuid, sa.Interval, sa.TIMESTAMP, sa.Unicode, sa.Double, sa.Numeric),
    lambda: sa.String(40),
    lambda: sa.String(40, collation="C"),
    lambda: sa.Numeric(10, 2),
    lambda: sa.DateTime(timezone=True),
    lambda: sa.Enum("a", "b", name="mood", native_enum=False),
    lambda: sa.Boolean(create_constraint=True, name="flag"),
    lambda: sa.String(5).with_variant(sa.Text(), "postgresql"),
    postgresql.JSONB,
    lambda: postgresql.ARRAY(sa.Integer),
    lambda: mysql.INTEGER(unsigned=True),
    lambda: mssql.NVARCHAR(20),
    lambda: oracle.NUMBER(5),
]
DEFAULTS = [
    *("x", "it's", "0", "50%", "a:b"),
    *(
        sa.text("now()"),
        sa.text("'x'"),
        sa.text("1 + 1"),
        sa.text("CURRENT_TIMESTAMP"),
        sa.text("(1)"),
        sa.text("1, 2"),
    ),
    *(sa.func.now(), sa.true(), sa.literal("z")),
]


def random_operation(seed: int):
    """Return a function that calls one random directive; called twice, it does the same to other objects."""

    def run(op: Operations):
        dice = random.Random(seed)
        kind = dice.choice(["table"] * 5 + ["column"] * 3 + ["index", "drop"])
        schema = dice.choice([None] * 6 + ["s", "a.b"])
        if kind == "table":
            return create_table(op, dice, schema)
        if kind == "column":
            return op.add_column(dice.choice(NAMES), random_column(dice, dice.choice(NAMES), plain=0.7), schema=schema)
        if kind == "drop":
            return op.drop_table(dice.choice(NAMES), schema=schema, if_exists=dice.choice([None, True]))
        columns = dice.sample(NAMES, dice.randint(1, 3)) + dice.choice([[]] * 4 + [[sa.text("lower(a)")]])
        options = dice.choice([{}] * 3 + [{"if_not_exists": True}, {"postgresql_using": "hash"}])
        name = dice.choice([op.f("ix"), "ix_%", "i" * 70, "a b"])
        return op.create_index(name, dice.choice(NAMES), columns, schema=schema, unique=dice.random() < 0.5, **options)

    return run


def random_column(dice, name, plain=0.9):
    options = {}
    if dice.random() < 0.6:
        options["nullable"] = dice.random() < 0.5
    if dice.random() < 0.3:
        options["server_default"] = dice.choice(DEFAULTS)
    if dice.random() < 0.1:
        options["autoincrement"] = dice.choice([True, False, "auto"])
    items = []
    if dice.random() > plain:
        more = [{"index": True}, {"unique": True}, {"comment": "c"}, {"default": 3}, {"info": {"a": 1}}, {"key": "k"}]
        more += [{"sqlite_on_conflict_not_null": "FAIL"}, {"quote": True}, "key", "identity", "computed", "check"]
        chosen = dice.choice(more)
        kinds = {"key": sa.ForeignKey("o.id"), "identity": sa.Identity(), "computed": sa.Computed("1")}
        kinds["check"] = sa.CheckConstraint("1 > 0")
        options |= chosen if isinstance(chosen, dict) else {}
        items = [kinds[chosen]] if isinstance(chosen, str) else []
        if items and chosen in ("identity", "computed"):
            options.pop("server_default", None)
    return sa.Column(name, dice.choice(TYPES)(), *items, **options)


def create_table(op, dice, schema):
    names = dice.sample(NAMES, dice.randint(1, 5))
    columns = [random_column(dice, name, plain=0.97) for name in names]
    if dice.random() < 0.3:
        for column in dice.sample(columns, dice.randint(1, min(2, len(columns)))):
            columns[columns.index(column)] = sa.Column(column.name, sa.Integer(), primary_key=True)
    items = [random_constraint(op, dice, names) for _ in range(dice.choice([0, 0, 1, 2, 3]))]
    if dice.random() < 0.5:
        items.append(
            sa.PrimaryKeyConstraint(*dice.sample(names, dice.randint(1, len(names))), name=random_name(op, dice))
        )
    dice.shuffle(items)
    options = dice.choice([{}] * 9 + [{"comment": "c"}, {"prefixes": ["TEMPORARY"]}, {"sqlite_autoincrement": True}])
    exists = dice.choice([None, None, True])
    return op.create_table(dice.choice(NAMES), *columns, *items, schema=schema, if_not_exists=exists, **options)


def random_name(op, dice):
    return dice.choice([None, "pk", op.f("pk_x"), "a b", "k" * 70, op.f("k" * 70)])


def random_constraint(op, dice, names):
    columns = dice.sample(names, dice.randint(1, min(2, len(names))))
    name = random_name(op, dice)
    kind = dice.choice(["unique", "key", "key", "check"])
    if kind == "unique":
        return sa.UniqueConstraint(*columns, name=name, deferrable=dice.choice([None] * 5 + [True]))
    if kind == "check":
        return sa.CheckConstraint("1 > 0", name=name)
    referred = dice.choice(["o.{}", "a b.{}", "s.o.{}", "t1.{}"])
    actions = [None, None, "CASCADE", "set null"]
    return sa.ForeignKeyConstraint(
        columns,
        [referred.format(each) for each in columns],
        name=name,
        ondelete=dice.choice(actions),
        onupdate=dice.choice(actions),
        use_alter=dice.random() < 0.05,
    )


@contextmanager
def listening(target, name, listener):
    """Listen to an event in the block. For a class of schema objects, SQLAlchemy then writes all statements."""
    sa.event.listen(target, name, listener)
    try:
        yield
    finally:
        sa.event.remove(target, name, listener)


def result(dialect, run, convention=None, *, direct=True):
    """Return all that a directive does: the script or the error, the warnings, and the returned table."""
    opts = {"as_sql": True, "output_buffer": io.StringIO()}
    if convention is not None:
        opts["target_metadata"] = sa.MetaData(naming_convention=convention)
    context = MigrationContext.configure(dialect_name=dialect, opts=opts)
    table, error = None, ""
    with (
        nullcontext() if direct else listening(sa.Table, "after_drop", lambda *args, **kw: None),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        try:
            table = run(Operations(context))
        except Exception as raised:  # noqa: BLE001 - both ways raise the same
            error = re.sub(" at 0x[0-9a-f]+", "", f"{type(raised).__name__}: {raised}")
        if isinstance(table, sa.Table):
            compiled = str(CreateTable(table).compile(dialect=context.dialect)) if not error else ""
            table = (compiled, [(c.name, c.primary_key, c.nullable, c.table is table) for c in table.c])
    return opts["output_buffer"].getvalue(), error, [str(each.message) for each in caught], table


CONVENTION = {"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "ix": "ix_%(constraint_name)s"}


def assert_same(dialect, seeds):
    for seed in seeds:
        convention = CONVENTION if seed % 7 == 0 else None
        run = random_operation(seed)
        assert result(dialect, run, convention) == result(dialect, run, convention, direct=False), (dialect, seed)


class Mood(sa.TypeDecorator):
    """A user-defined type over an enum."""

    impl = postgresql.ENUM("a", name="mood")
    cache_ok = True


NAMED_TYPES = {
    "enum": lambda: sa.Enum("a", name="mood"),
    "postgresql": lambda: postgresql.ENUM("a", name="mood"),
    "domain": lambda: postgresql.DOMAIN("mood", sa.Integer()),
    "array": lambda: postgresql.ARRAY(sa.Enum("a", name="mood")),
    "variant": lambda: sa.String(5).with_variant(postgresql.ENUM("a", name="mood"), "postgresql"),
    "decorated": Mood,
}


@pytest.mark.parametrize("kind", NAMED_TYPES)
def test_a_new_column_creates_the_type_that_it_names(kind) -> None:
    script = result("postgresql", lambda op: op.add_column("t", sa.Column("c", NAMED_TYPES[kind]())))[0]
    created, _, added = script.partition(";")
    assert re.match("CREATE (TYPE|DOMAIN) mood ", created.strip())
    assert added.strip().startswith("ALTER TABLE t ADD COLUMN c mood")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_text_is_that_of_sqlalchemy(dialect) -> None:
    assert_same(dialect, range(40))


@pytest.mark.sweep
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_text_is_that_of_sqlalchemy_for_thousands_of_operations(dialect) -> None:
    assert_same(dialect, range(40, 5_000))


@pytest.fixture
def connection(sqlite_url):
    engine = sa.create_engine(sqlite_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def op(connection):
    return Operations(MigrationContext.configure(connection))


def create_pets(op):
    """Create a plain table, which is written directly."""
    return op.create_table(
        "pets", sa.Column("id", sa.Integer()), sa.Column("name", sa.String(9)), sa.PrimaryKeyConstraint("id")
    )


TRAITS = [
    *({"index": True}, {"unique": True}, {"comment": "c"}, {"default": 3}, {"onupdate": 3}, {"system": True}),
    *(
        {"server_default": "0"},
        {"server_onupdate": sa.FetchedValue()},
        {"insert_sentinel": True},
        {"key": "k"},
        {"quote": True},
        {"quote": False},
    ),
    *(
        {"autoincrement": True},
        {"autoincrement": "ignore_fk"},
        {"sqlite_on_conflict_not_null": "FAIL"},
        {"info": {"a": 1}},
    ),
    *(sa.ForeignKey("o.id"), sa.Identity(), sa.Computed("1"), sa.CheckConstraint("1 > 0")),
]


def column_with(trait):
    options, items = (trait, []) if isinstance(trait, dict) else ({}, [copy.copy(trait)])
    return sa.Column("n", sa.Integer(), *items, nullable=False, **options)


@pytest.mark.parametrize(
    "trait", TRAITS, ids=lambda trait: "-".join(trait) if isinstance(trait, dict) else type(trait).__name__
)
def test_one_trait_that_is_not_usual_is_written_as_sqlalchemy_does(trait) -> None:
    def run(op):
        op.add_column("t", column_with(trait))
        return op.create_table("u", sa.Column("id", sa.Integer(), primary_key=True), column_with(trait))

    for dialect in DIALECTS:
        assert result(dialect, run) == result(dialect, run, direct=False), dialect


def test_one_trait_that_is_not_usual_is_not_the_shape_of_a_usual_column() -> None:
    usual = plain_objects.plain_shape(sa.Column("n", sa.Integer(), nullable=False))
    alike = [trait for trait in TRAITS if plain_objects.plain_shape(column_with(trait)) == usual]
    assert alike == [{"info": {"a": 1}}]


NAME_KINDS = {
    "str": str,
    "final": conv,
    "quoted": lambda name: sa.quoted_name(name, quote=True),
    "unquoted": lambda name: sa.quoted_name(name, quote=False),
    "by the rules": lambda name: sa.quoted_name(name, quote=None),
}


@pytest.mark.parametrize("kind", NAME_KINDS)
@pytest.mark.parametrize("name", ["age", "Order", "select"])
def test_a_column_that_gets_another_name_is_written_as_sqlalchemy_does(name, kind) -> None:
    def renamed():
        column = sa.Column("before", sa.String(30))
        column.name = column.key = NAME_KINDS[kind](name)
        return column

    def run(op):
        op.add_column("t", renamed())
        return op.create_table("u", sa.Column("id", sa.Integer(), primary_key=True), renamed())

    for dialect in DIALECTS:
        assert result(dialect, run) == result(dialect, run, direct=False), dialect


@pytest.mark.parametrize("directive", ["add_column", "create_index", "create_table"])
def test_a_quoted_schema_is_no_other_schema_of_that_name(directive) -> None:
    """``quoted_name("s", True)`` equals ``"s"``, and is written otherwise."""

    def run(op: Operations):
        for schema in ("s", sa.quoted_name("s", quote=True), "s"):
            if directive == "create_index":
                op.create_index("i", "t", ["a"], schema=schema)
            else:
                getattr(op, directive)("t", sa.Column("a", sa.Integer), schema=schema)

    found = result("postgresql", run)
    assert found == result("postgresql", run, direct=False)
    assert found[0].count('"s".t') == 1


def test_the_returned_table_takes_rows_and_is_queried(op, connection) -> None:
    pets = create_pets(op)
    assert isinstance(pets, sa.Table)
    op.bulk_insert(pets, [{"id": 1, "name": "Tom"}])
    op.execute(pets.update().values(name="Tim"))
    assert connection.execute(sa.select(pets.c.name).where(pets.c.id == 1)).scalars().all() == ["Tim"]
    assert pets.metadata.tables["pets"] is pets is pets.c.id.table
    assert type(pets) is sa.Table


@pytest.mark.parametrize(
    "use",
    [
        lambda pets: sa.select(pets).selected_columns.keys(),
        lambda pets: sa.inspect(pets).columns.keys(),
        lambda pets: pickle.loads(pickle.dumps(pets)).c.keys(),
        lambda pets: copy.copy(pets).c.keys(),
        lambda pets: pets.to_metadata(sa.MetaData()).c.keys(),
        lambda pets: [pets.alias("p").c.id.name, "name"] if str(pets) == "pets" else [],
        lambda pets: [column.name for column in pets.insert().table.c] if "pets" in repr(pets) else [],
    ],
)
def test_the_returned_table_is_a_table_however_it_is_first_used(op, use) -> None:
    assert list(use(create_pets(op))) == ["id", "name"]


def test_an_attribute_of_the_returned_table_can_be_set_first(op) -> None:
    pets = create_pets(op)
    pets.comment = "c"
    assert pets.comment == "c"
    assert pets.c.keys() == ["id", "name"]


def test_columns_and_constraints_can_be_used_for_a_second_table(op, connection) -> None:
    items = [sa.Column("id", sa.Integer()), sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("id", name="u")]
    items += [sa.ForeignKeyConstraint(["id"], ["o.id"])]
    first, second = (op.create_table(name, *items) for name in ("a", "b"))
    words = [sql for (sql,) in connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'table'")]
    assert words[0].replace(" a ", " b ") == words[1]
    assert items[0].table is first is not second
    assert second.primary_key.columns.keys() == ["id"]


def test_the_columns_belong_to_the_table(op) -> None:
    key, name = sa.Column("id", sa.Integer()), sa.Column("name", sa.String(9))
    pets = op.create_table("pets", key, name, sa.PrimaryKeyConstraint("id"))
    assert (key.primary_key, key.nullable, name.nullable) == (True, False, True)
    assert key.table is pets
    assert pets.c.name is name


@pytest.mark.parametrize("event", ["before_create", "after_create", "before_parent_attach", "after_parent_attach"])
def test_a_listener_of_all_tables_is_called(op, event) -> None:
    called = []
    with listening(sa.Table, event, lambda *args, **kw: called.append(event)):
        create_pets(op)
    assert called


def test_a_listener_of_a_column_is_called(op) -> None:
    column, called = sa.Column("id", sa.Integer()), []
    sa.event.listen(column, "after_parent_attach", lambda column, table: called.append(table.name))
    op.create_table("pets", column)
    assert called == ["pets"]


def test_a_listener_of_the_connection_gets_the_statement(op, connection) -> None:
    called = []
    with listening(connection, "before_execute", lambda *args: called.append(type(args[1]).__name__)):
        create_pets(op)
        op.create_index("ix", "pets", ["name"])
        op.add_column("pets", sa.Column("age", sa.Integer()))
    assert called == ["CreateTable", "CreateIndex", "AddColumn"]


@pytest.mark.parametrize("cls", [sa.schema.CreateTable, sa.schema.CreateColumn, sa.PrimaryKeyConstraint, sa.Integer])
def test_a_custom_compiler_is_called(op, cls) -> None:
    create_pets(op)
    called = []
    original = getattr(cls, "_original_compiler_dispatch", None)

    @compiles(cls, "sqlite")
    def custom(element, compiler, **kw):
        called.append(element)
        return "INT" if original is None else original(element, compiler, **kw)

    try:
        op.create_table("more", sa.Column("id", sa.Integer(), primary_key=True))
    finally:
        deregister(cls)
    assert called


def test_a_dialect_of_a_third_party_gets_tables(op) -> None:
    class Custom(type(op.impl)):
        def create_table(self, table, **kw):
            created.append(table.name)

    created = []
    context = op.migration_context
    context.impl = Custom(context.dialect, context.connection, False, None, None, {})
    create_pets(Operations(context))
    assert created == ["pets"]


def test_custom_code_is_noticed_for_each_statement_and_event_while_it_is_registered():
    def custom(*args, **kw):
        return ""

    for cls in plain_objects._COMPILED:
        compiles(cls)(custom)
        assert has_schema_hooks(), cls
        deregister(cls)
        assert not has_schema_hooks(), cls
    for name in plain_objects._EVENTS:
        for target in (*plain_objects._LISTENED, sa.schema.SchemaItem):
            sa.event.listen(target, name, custom)
            assert has_schema_hooks(), (target, name)
            sa.event.remove(target, name, custom)
            assert not has_schema_hooks(), (target, name)


def test_code_for_a_base_class_changes_no_statement_in_sqlalchemy_either():
    statement = sa.schema.CreateTable(sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer)))
    before = str(statement)
    for cls in (sa.schema.SchemaItem, sa.schema.ExecutableDDLElement):
        compiles(cls)(lambda *args, **kw: "custom")
        assert (str(statement), has_schema_hooks()) == (before, False), cls
        deregister(cls)
