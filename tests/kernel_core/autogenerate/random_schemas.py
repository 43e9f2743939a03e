"""Random schemas, for tests of properties that hold for any schema."""

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

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
