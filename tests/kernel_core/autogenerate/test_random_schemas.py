"""Properties that hold for any schema: created is the same, migrated is the same, undone is the same."""

import warnings

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from kernel_core.autogenerate import compare_metadata, produce_migrations, render_python_code
from kernel_core.operations import Operations

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

COMMON_TYPES = st.one_of(
    st.sampled_from(
        [
            *(sa.Integer, sa.BigInteger, sa.SmallInteger, sa.String, sa.Text, sa.Float, sa.Double, sa.Boolean, sa.Date),
            *(
                sa.DateTime,
                sa.Time,
                sa.LargeBinary,
                sa.Uuid,
                sa.JSON,
                sa.Numeric,
                sa.Interval,
                sa.Unicode,
                sa.PickleType,
            ),
        ]
    ).map(lambda cls: cls()),
    st.integers(1, 300).map(sa.String),
    st.builds(sa.Numeric, st.integers(5, 20), st.integers(0, 5)),
    st.sampled_from(
        [
            sa.DateTime(timezone=True),
            sa.Enum("a", "b c", "d'e", native_enum=False),
            sa.CHAR(4),
            sa.VARCHAR(7),
            sa.REAL(),
            sa.Float(20),
        ]
    ),
)
POSTGRESQL_TYPES = st.sampled_from(
    [
        *(postgresql.JSONB(), postgresql.ARRAY(sa.String(4)), postgresql.ARRAY(sa.Integer), postgresql.INET()),
        *(postgresql.TSVECTOR(), postgresql.INT4RANGE(), postgresql.INTERVAL(fields="YEAR"), postgresql.BIT(3)),
        *(postgresql.TIMESTAMP(precision=3), postgresql.MONEY(), postgresql.ENUM("x", "y", name="letters")),
    ]
)
FAMILIES = st.sampled_from(
    [
        (sa.Integer(), sa.BigInteger(), sa.Numeric(12, 2)),
        (sa.String(10), sa.String(20), sa.Text(), sa.VARCHAR(20)),
        (sa.Date(), sa.DateTime()),
    ]
)
"""Types that turn into each other, both ways, without a word on how."""

NAMES = ["alpha", "beta", "gamma", "Mixed Case", "order", "ünï", "per%cent"]
DEFAULTS = {sa.Integer: ["5", "0"], sa.String: ["x", "it's", ""], sa.Boolean: [sa.false(), sa.true()]}
INDEXABLE = (sa.Integer, sa.String, sa.Date, sa.DateTime, sa.Numeric)


def chosen_columns(draw, columns, key):
    several = st.lists(st.sampled_from(columns), min_size=1, max_size=3, unique=True)
    return draw(st.lists(several, max_size=2, unique_by=key))


@st.composite
def schemas(draw, dialect_name, types_of=None):
    """A MetaData of one to four tables with everything that autogenerate compares.

    ``types_of`` gives the types that the column of a name may have; any, where it is not given.
    """
    any_type = COMMON_TYPES if dialect_name == "sqlite" else st.one_of(COMMON_TYPES, POSTGRESQL_TYPES)
    metadata = sa.MetaData(naming_convention=CONVENTION)
    for table_name in draw(st.lists(st.sampled_from(["one", "two", "Three", "four"]), min_size=1, unique=True)):
        columns = [sa.Column("id", sa.Integer, primary_key=True)]
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5)):
            type_ = draw(any_type if types_of is None else st.sampled_from(types_of[name]))
            default = draw(st.sampled_from([None, *DEFAULTS.get(type(type_), [])]))
            columns.append(sa.Column(name, type_.copy(), nullable=draw(st.booleans()), server_default=default))
        columns.extend(
            sa.Column(name, sa.Integer) for name in draw(st.lists(st.sampled_from(["up", "über"]), unique=True))
        )
        table = sa.Table(table_name, metadata, *columns)
        plain = [column for column in table.c if isinstance(column.type, INDEXABLE)]
        for some in chosen_columns(draw, plain, lambda columns: tuple(sorted(column.name for column in columns))):
            table.append_constraint(sa.UniqueConstraint(*some))
        for some in chosen_columns(draw, plain, lambda columns: tuple(column.name for column in columns)):
            sa.Index(None, *some, unique=draw(st.booleans()))
    for table in metadata.tables.values():
        for column in (column for column in table.c if column.name in ("up", "über")):
            target = draw(st.sampled_from(sorted(metadata.tables)))
            action = draw(st.sampled_from([None, "CASCADE", "SET NULL", "NO ACTION", "RESTRICT"]))
            table.append_constraint(sa.ForeignKeyConstraint([column], [f"{target}.id"], ondelete=action))
    return metadata


@st.composite
def pairs_of_schemas(draw, dialect_name):
    """Two schemas of which columns of one name have types that turn into each other."""
    types_of = {name: draw(FAMILIES) for name in NAMES}
    return draw(schemas(dialect_name, types_of)), draw(schemas(dialect_name, types_of))


def wipe(connection):
    """Drop everything that a round has made."""
    connection.rollback()
    if connection.dialect.name == "postgresql":
        name = connection.dialect.default_schema_name
        connection.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
        connection.execute(sa.text(f"CREATE SCHEMA {name}"))
        connection.commit()
        return
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    for name in sa.inspect(connection).get_table_names():
        connection.execute(sa.schema.DropTable(sa.Table(name, sa.MetaData())))
    connection.commit()


def create(metadata, connection):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        metadata.create_all(connection)


def run(context, operations):
    """Write the operations, and run what was written."""
    batch = context.dialect.name == "sqlite"
    imports = set()
    body = render_python_code(operations, render_as_batch=batch, imports=imports, migration_context=context)
    namespace = {}
    source = "\n".join(["import sqlalchemy as sa", *sorted(imports), "def migrate(op):", f"    {body}"])
    exec(compile(source, "version.py", "exec"), namespace)
    namespace["migrate"](Operations(context))


in_rounds = pytest.mark.parametrize(
    "rounds", [pytest.param(12, id="sample"), pytest.param(100, id="full", marks=pytest.mark.sweep)]
)


def draws(rounds):
    """Return the settings of a property that is tried on so many schemas."""
    return settings(max_examples=rounds, deadline=None, suppress_health_check=list(HealthCheck))


@in_rounds
def test_what_was_created_is_the_same_on_sqlite(sqlite, make_context, rounds):
    @draws(rounds)
    @given(schemas("sqlite"))
    def check(metadata):
        wipe(sqlite)
        create(metadata, sqlite)
        assert compare_metadata(make_context(sqlite, compare_server_default=True), metadata) == []

    check()


@in_rounds
@pytest.mark.postgresql
def test_what_was_created_is_the_same_on_postgresql(postgresql, make_context, rounds):
    @draws(rounds)
    @given(schemas("postgresql"))
    def check(metadata):
        wipe(postgresql)
        create(metadata, postgresql)
        assert compare_metadata(make_context(postgresql, compare_server_default=True), metadata) == []

    check()


@in_rounds
@pytest.mark.parametrize("dialect_name", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_tables_that_are_written_and_run_are_the_same_and_can_be_undone(dialect_name, request, make_context, rounds):
    connection = request.getfixturevalue(dialect_name)

    @draws(rounds)
    @given(schemas(dialect_name))
    def check(metadata):
        wipe(connection)
        context = make_context(connection, compare_server_default=True, target_metadata=metadata)
        script = produce_migrations(context, metadata)
        run(context, script.upgrade_ops)
        assert compare_metadata(context, metadata) == []
        run(context, script.downgrade_ops)
        assert compare_metadata(context, sa.MetaData()) == []

    check()


@in_rounds
@pytest.mark.parametrize("dialect_name", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_any_schema_becomes_any_other_and_back(dialect_name, request, make_context, rounds):
    connection = request.getfixturevalue(dialect_name)

    @draws(rounds)
    @given(pairs_of_schemas(dialect_name))
    def check(pair):
        before, after = pair
        wipe(connection)
        create(before, connection)
        context = make_context(connection, compare_server_default=True, target_metadata=after)
        script = produce_migrations(context, after)
        run(context, script.upgrade_ops)
        assert compare_metadata(context, after) == []
        run(context, script.downgrade_ops)
        assert compare_metadata(context, before) == []

    check()
