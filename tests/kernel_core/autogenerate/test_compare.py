"""Differences that compare_metadata finds on real databases."""

import pytest
import sqlalchemy as sa
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from kernel_core.autogenerate import comparators, compare_metadata, produce_migrations
from kernel_core.autogenerate.registry import Comparators
from kernel_core.runtime.migration import MigrationContext
from kernel_core.schema.reading import comparing, database_of, reflected
from kernel_core.util.exc import CommandError


def table(*items, name="t", **kw):
    metadata = MetaData()
    Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("a", Integer),
        Column("b", Integer),
        Column("s", String(5)),
        *items,
        **kw,
    )
    return metadata


def short(diffs):
    """Diff tuples as words: kinds and names."""
    said = []
    for diff in diffs:
        if isinstance(diff, list):
            said.append([(kind, name, str(before), str(after)) for kind, _, _, name, _, before, after in diff])
        elif diff[0] in ("add_column", "remove_column"):
            said.append((diff[0], diff[2], diff[3].name))
        elif diff[0].endswith("_fk"):
            said.append((diff[0], diff[1].name, diff[1].ondelete))
        elif diff[0].endswith("_constraint"):
            said.append((diff[0], diff[1].name, tuple(column.name for column in diff[1].columns)))
        else:
            said.append((diff[0], diff[1].name))
    return said


@pytest.fixture
def compare(connection, make_context):
    def compare(before, after, **opts):
        before.create_all(connection)
        return compare_metadata(make_context(connection, **opts), after)

    return compare


FK = ("a",), ("t.id",)

CASES = {
    "nothing": (table(), table(), []),
    "a new column": (table(), table(Column("n", String(9))), [("add_column", "t", "n")]),
    "a column gone": (table(Column("n", String(9))), table(), [("remove_column", "t", "n")]),
    "another length": (
        table(Column("n", String(9))),
        table(Column("n", String(10))),
        [[("modify_type", "n", "VARCHAR(9)", "VARCHAR(10)")]],
    ),
    "not null": (
        table(Column("n", Integer)),
        table(Column("n", Integer, nullable=False)),
        [[("modify_nullable", "n", "True", "False")]],
    ),
    "type and nullability": (
        table(Column("n", Integer)),
        table(Column("n", sa.Text, nullable=False)),
        [[("modify_type", "n", "INTEGER", "TEXT"), ("modify_nullable", "n", "True", "False")]],
    ),
    "a new index": (table(), table(Index("x", "a")), [("add_index", "x")]),
    "an index gone": (table(Index("x", "a")), table(), [("remove_index", "x")]),
    "an index over other columns": (
        table(Index("x", "a", "b")),
        table(Index("x", "b", "a")),
        [("remove_index", "x"), ("add_index", "x")],
    ),
    "an index made unique": (
        table(Index("x", "a")),
        table(Index("x", "a", unique=True)),
        [("remove_index", "x"), ("add_index", "x")],
    ),
    "an index renamed": (table(Index("x", "a")), table(Index("y", "a")), [("remove_index", "x"), ("add_index", "y")]),
    "an index over an expression": (table(Index("x", sa.text("lower(s)"))), table(Index("x", sa.text("lower(s)"))), []),
    "an index over another expression": (
        table(Index("x", sa.text("lower(s)"))),
        table(Index("x", sa.text("upper(s)"))),
        [("remove_index", "x"), ("add_index", "x")],
    ),
    "a partial index": (
        table(Index("x", "a", postgresql_where=sa.text("a > 3"), sqlite_where=sa.text("a > 3"))),
        table(Index("x", "a", postgresql_where=sa.text("a > 3"), sqlite_where=sa.text("a > 3"))),
        [],
    ),
    "a new unique constraint": (
        table(),
        table(UniqueConstraint("a", "b", name="x")),
        [("add_constraint", "x", ("a", "b"))],
    ),
    "a unique constraint gone": (table(UniqueConstraint("a", name="x")), table(), [("remove_constraint", "x", ("a",))]),
    "a unique constraint over others": (
        table(UniqueConstraint("a", name="x")),
        table(UniqueConstraint("b", name="x")),
        [("remove_constraint", "x", ("a",)), ("add_constraint", "x", ("b",))],
    ),
    "a unique constraint in another order": (
        table(UniqueConstraint("a", "b", name="x")),
        table(UniqueConstraint("b", "a", name="x")),
        [],
    ),
    "a unique constraint without a name": (table(UniqueConstraint("a")), table(UniqueConstraint("a")), []),
    "a unique constraint that lost its name": (
        table(UniqueConstraint("a", name="x")),
        table(UniqueConstraint("a")),
        [],
    ),
    "a unique index that becomes a constraint": (
        table(Index("x", "a", unique=True)),
        table(UniqueConstraint("a", name="x")),
        [("remove_index", "x"), ("add_constraint", "x", ("a",))],
    ),
    "a constraint that becomes a unique index": (
        table(UniqueConstraint("a", name="x")),
        table(Index("x", "a", unique=True)),
        [("remove_constraint", "x", ("a",)), ("add_index", "x")],
    ),
    "a new foreign key": (table(), table(ForeignKeyConstraint(*FK, name="x")), [("add_fk", "x", None)]),
    "a foreign key gone": (table(ForeignKeyConstraint(*FK, name="x")), table(), [("remove_fk", "x", None)]),
    "a foreign key renamed": (
        table(ForeignKeyConstraint(*FK, name="x")),
        table(ForeignKeyConstraint(*FK, name="y")),
        [],
    ),
    "a foreign key with another action": (
        table(ForeignKeyConstraint(*FK, name="x")),
        table(ForeignKeyConstraint(*FK, name="x", ondelete="CASCADE")),
        [("remove_fk", "x", None), ("add_fk", "x", "CASCADE")],
    ),
    "an action that is the default": (
        table(ForeignKeyConstraint(*FK, name="x", ondelete="no action", deferrable=False, initially="IMMEDIATE")),
        table(ForeignKeyConstraint(*FK, name="x")),
        [],
    ),
    "a deferred foreign key": (
        table(ForeignKeyConstraint(*FK, name="x", deferrable=True, initially="DEFERRED")),
        table(ForeignKeyConstraint(*FK, name="x", deferrable=True, initially="DEFERRED")),
        [],
    ),
    "a foreign key that is deferred now": (
        table(ForeignKeyConstraint(*FK, name="x")),
        table(ForeignKeyConstraint(*FK, name="x", deferrable=True, initially="DEFERRED")),
        [("remove_fk", "x", None), ("add_fk", "x", None)],
    ),
    "checks": (table(CheckConstraint("a > 0", name="pos")), table(), []),
    "types with a check of their own": (
        table(
            Column("f", sa.Boolean(create_constraint=True, name="f_bool")),
            Column("e", sa.Enum("x", "y", native_enum=False, create_constraint=True, name="e_en")),
        ),
        table(Column("f", sa.Boolean()), Column("e", sa.Enum("x", "y", native_enum=False))),
        [],
    ),
    "a column with all its dependents": (
        table(
            Column("n", Integer, index=True),
            ForeignKeyConstraint(["n"], ["t.id"], name="fk"),
            UniqueConstraint("n", name="uq"),
        ),
        table(),
        [
            ("remove_fk", "fk", None),
            ("remove_constraint", "uq", ("n",)),
            ("remove_index", "ix_t_n"),
            ("remove_column", "t", "n"),
        ],
    ),
    "a column that comes with all": (
        table(),
        table(Column("n", ForeignKey("t.id", name="fk"), index=True), UniqueConstraint("n", name="uq")),
        [("add_column", "t", "n"), ("add_index", "ix_t_n"), ("add_constraint", "uq", ("n",)), ("add_fk", "fk", None)],
    ),
    "a new table": (MetaData(), table(Index("x", "a")), [("add_table", "t"), ("add_index", "x")]),
    "a table gone": (table(Index("x", "a")), MetaData(), [("remove_index", "x"), ("remove_table", "t")]),
    "a serial key": (table(), table(), []),
    "a generated column": (
        table(Column("g", Integer, sa.Computed("a + b", persisted=True))),
        table(Column("g", Integer, sa.Computed("a + b", persisted=True))),
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_differences_are_found(compare, case):
    before, after, expected = CASES[case]
    assert short(compare(before, after)) == expected


@pytest.mark.parametrize("case", CASES)
def test_equal_objects_do_not_differ(compare, case):
    _, after, _ = CASES[case]
    assert compare(after, after, compare_server_default=True) == []


def test_an_alteration_has_the_existing_attributes_of_the_column(compare):
    diffs = compare(
        table(Column("n", String(9), server_default="x")), table(Column("n", String(10), server_default="x"))
    )
    ((kind, schema, name, column, existing, _, _),) = diffs[0]
    assert (kind, schema, name, column) == ("modify_type", None, "t", "n")
    assert existing["existing_nullable"] is True
    assert existing["existing_comment"] is None
    assert "existing_server_default" in existing


@pytest.mark.parametrize(
    ("before", "after", "differ"),
    [
        ("a", "a", False),
        ("a", "b", True),
        ("a", None, True),
        (None, "a", True),
        (sa.text("5"), "5", False),
        (sa.func.now(), sa.text("CURRENT_TIMESTAMP"), False),
    ],
)
def test_server_defaults_are_compared_with_the_option(connection, make_context, before, after, differ):
    kind = sa.DateTime if isinstance(after, sa.TextClause) else String(9)
    if isinstance(before, sa.TextClause):
        kind = Integer
    if connection.dialect.name == "sqlite" and kind is sa.DateTime:
        before = sa.text("CURRENT_TIMESTAMP")
    table(Column("n", kind, server_default=before)).create_all(connection)
    model = table(Column("n", kind, server_default=after))
    assert compare_metadata(make_context(connection), model) == []
    assert bool(compare_metadata(make_context(connection, compare_server_default=True), model)) is differ


def test_a_table_created_by_hand_matches_its_model(connection, make_context):
    serial = "SERIAL" if connection.dialect.name == "postgresql" else "INTEGER"
    connection.execute(
        sa.text(
            f"CREATE TABLE t (id {serial} PRIMARY KEY, a int REFERENCES t(id) ON DELETE CASCADE, b INTEGER UNIQUE, s varchar(5))"
        )
    )
    model = MetaData()
    Table(
        "t",
        model,
        Column("id", Integer, primary_key=True),
        Column("a", ForeignKey("t.id", ondelete="CASCADE")),
        Column("b", Integer, unique=True),
        Column("s", String(5)),
    )
    assert compare_metadata(make_context(connection, compare_server_default=True), model) == []


def test_compare_type_can_be_switched_off_or_replaced(connection, make_context):
    table(Column("n", String(9))).create_all(connection)
    model = table(Column("n", String(10)))
    assert compare_metadata(make_context(connection, compare_type=False), model) == []
    asked = []

    def never(context, inspected_column, model_column, inspected_type, model_type):
        asked.append((inspected_column.table.name, model_column.name))
        return False

    assert compare_metadata(make_context(connection, compare_type=never), model) == []
    assert ("t", "n") in asked
    assert len(compare_metadata(make_context(connection, compare_type=lambda *_: None), model)) == 1


def test_the_version_table_is_not_compared(connection, make_context):
    connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
    connection.execute(sa.text("CREATE TABLE mine (version_num VARCHAR(32) PRIMARY KEY)"))
    assert short(compare_metadata(make_context(connection), MetaData())) == [("remove_table", "mine")]
    assert short(compare_metadata(make_context(connection, version_table="mine"), MetaData())) == [
        ("remove_table", "alembic_version")
    ]


def test_tables_are_created_parents_first_and_dropped_children_first(connection, make_context):
    model = MetaData()
    Table("a_child", model, Column("id", Integer, primary_key=True), Column("p", ForeignKey("m_parent.id")))
    Table("m_parent", model, Column("id", Integer, primary_key=True), Column("p", ForeignKey("z_grand.id")))
    Table("z_grand", model, Column("id", Integer, primary_key=True))
    diffs = compare_metadata(make_context(connection), model)
    assert short(diffs) == [("add_table", "z_grand"), ("add_table", "m_parent"), ("add_table", "a_child")]
    model.create_all(connection)
    assert short(compare_metadata(make_context(connection), MetaData())) == [
        ("remove_table", "a_child"),
        ("remove_table", "m_parent"),
        ("remove_table", "z_grand"),
    ]


def circle():
    model = MetaData()
    Table("hen", model, Column("id", Integer, primary_key=True), Column("e", ForeignKey("egg.id", name="fk_hen")))
    Table("egg", model, Column("id", Integer, primary_key=True), Column("h", ForeignKey("hen.id", name="fk_egg")))
    return model


def test_a_circle_of_foreign_keys_is_closed_after_its_tables(postgresql, make_context):
    said = short(compare_metadata(make_context(postgresql), circle()))
    assert [kind for kind, *_ in said] == ["add_table", "add_table", "add_fk", "add_fk"]
    circle().create_all(postgresql)
    assert compare_metadata(make_context(postgresql), circle()) == []
    said = short(compare_metadata(make_context(postgresql), MetaData()))
    assert [kind for kind, *_ in said] == ["remove_fk", "remove_fk", "remove_table", "remove_table"]


def test_sqlite_needs_no_order_in_a_circle(sqlite, make_context):
    with sqlite.begin():
        assert [kind for kind, *_ in short(compare_metadata(make_context(sqlite), circle()))] == [
            "add_table",
            "add_table",
        ]


def test_a_foreign_key_is_dropped_before_the_constraint_that_it_needs(postgresql, make_context):
    def models(*, related):
        model = MetaData()
        Table(
            "parent",
            model,
            Column("id", Integer, primary_key=True),
            Column("code", Integer),
            *([UniqueConstraint("code", name="uq")] if related else []),
        )
        Table(
            "child",
            model,
            Column("id", Integer, primary_key=True),
            Column("code", Integer),
            *([ForeignKeyConstraint(["code"], ["parent.code"], name="fk")] if related else []),
        )
        return model

    models(related=True).create_all(postgresql)
    assert short(compare_metadata(make_context(postgresql), models(related=False))) == [
        ("remove_fk", "fk", None),
        ("remove_constraint", "uq", ("code",)),
    ]
    models(related=True).drop_all(postgresql)
    models(related=False).create_all(postgresql)
    assert short(compare_metadata(make_context(postgresql), models(related=True))) == [
        ("add_constraint", "uq", ("code",)),
        ("add_fk", "fk", None),
    ]


def test_include_name_excludes_objects_of_the_database(connection, make_context):
    table(Index("x", "a"), Column("n", Integer)).create_all(connection)
    table(name="other").create_all(connection)
    asked = []

    def include_name(name, type_, parent_names):
        asked.append((name, type_, parent_names.get("schema_qualified_table_name")))
        return name not in ("other", "x", "n")

    assert compare_metadata(make_context(connection, include_name=include_name), table()) == []
    assert ("other", "table", "other") in asked
    assert ("n", "column", "t") in asked
    assert ("x", "index", "t") in asked
    assert (None, "schema", None) in asked


def test_include_object_sees_both_sides(connection, make_context):
    table(
        Index("x", "a"),
        Column("gone", Integer),
        Column("n", String(3)),
        UniqueConstraint("b", name="uq"),
        ForeignKeyConstraint(*FK, name="fk"),
    ).create_all(connection)
    table(name="old").create_all(connection)
    model = table(
        Index("y", "a"), Column("new", Integer), Column("n", String(4)), UniqueConstraint("a", "b", name="uq2")
    )
    table(name="t2").tables["t2"].to_metadata(model)
    asked = set()

    def include_object(object_, name, type_, reflected, compare_to):
        asked.add((type_, name, reflected, compare_to is not None))
        return type_ == "table" and name == "t"

    assert compare_metadata(make_context(connection, include_object=include_object), model) == []
    assert asked >= {
        ("table", "t", False, True),
        ("table", "t2", False, False),
        ("table", "old", True, False),
        ("column", "n", False, True),
        ("column", "new", False, False),
        ("column", "gone", True, False),
        ("index", "x", True, False),
        ("index", "y", False, False),
        ("unique_constraint", "uq", True, False),
        ("unique_constraint", "uq2", False, False),
        ("foreign_key_constraint", "fk", True, False),
    }


def test_schemas_are_compared_with_include_schemas(postgresql, make_context):
    name = postgresql.dialect.default_schema_name + "_b"
    postgresql.execute(sa.text(f"CREATE SCHEMA {name}"))
    try:
        table(schema=name).create_all(postgresql)
        mine = {"include_name": lambda n, kind, _: kind != "schema" or n in (None, name)}
        assert short(compare_metadata(make_context(postgresql), MetaData())) == []
        diffs = compare_metadata(make_context(postgresql, include_schemas=True, **mine), MetaData())
        assert short(diffs) == [("remove_table", "t")]
        assert diffs[0][1].schema == name
        assert compare_metadata(make_context(postgresql, include_schemas=True, **mine), table(schema=name)) == []
    finally:
        postgresql.rollback()
        postgresql.execute(sa.text(f"DROP SCHEMA IF EXISTS {name} CASCADE"))


def test_a_model_that_names_the_default_schema_is_the_same_table(postgresql, make_context):
    table().create_all(postgresql)
    model = table(schema=postgresql.dialect.default_schema_name)
    assert compare_metadata(make_context(postgresql), model) == []


def test_names_from_the_database_are_final(connection, make_context):
    table(Index("x", "a"), UniqueConstraint("b", name="uq")).create_all(connection)
    diffs = compare_metadata(make_context(connection), table())
    assert {type(diff[1].name) for diff in diffs} == {sa.sql.elements.conv}


def test_names_by_convention_are_final(connection, make_context):
    model = MetaData(
        naming_convention={
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    Table(
        "t",
        model,
        Column("id", Integer, primary_key=True),
        Column("a", Integer, unique=True),
        CheckConstraint("a > 0", name="positive"),
    )
    diffs = compare_metadata(make_context(connection), model)
    assert {str(c.name) for c in diffs[0][1].constraints} == {"pk_t", "uq_t_a", "ck_t_positive"}
    model.create_all(connection)
    assert compare_metadata(make_context(connection), model) == []


def test_several_metadata_are_one_target(connection, make_context):
    diffs = compare_metadata(make_context(connection), [table(name="one"), table(name="two")])
    assert sorted(short(diffs)) == [("add_table", "one"), ("add_table", "two")]


def test_a_table_in_two_metadata_is_an_error(connection, make_context):
    with pytest.raises(CommandError, match="Table t is in more than one MetaData"):
        compare_metadata(make_context(connection), [table(), table()])


def test_a_comparison_needs_metadata(connection, make_context):
    with pytest.raises(CommandError, match="target_metadata is None"):
        compare_metadata(make_context(connection), None)


def test_the_metadata_is_not_changed(connection, make_context):
    model = table(Column("n", Integer, index=True, unique=True), ForeignKeyConstraint(*FK))
    before = repr(model.tables), len(model.tables["t"].constraints), len(model.tables["t"].indexes)
    produce_migrations(make_context(connection), model)
    assert (repr(model.tables), len(model.tables["t"].constraints), len(model.tables["t"].indexes)) == before


def test_users_add_comparisons(connection, make_context, monkeypatch):
    own = Comparators()
    monkeypatch.setattr("kernel_core.autogenerate.registry.comparators", own)
    heard = []
    own.dispatch_for("schema")(lambda context, upgrade_ops, schemas: heard.append(("schema", schemas)))
    own.dispatch_for("table")(
        lambda context, ops, schema, name, reflected, model: heard.append(
            ("table", name, reflected is not None, model is not None)
        )
    )
    own.dispatch_for("column")(
        lambda context, op, schema, table, column, inspected, model: heard.append(("column", column))
    )
    table().create_all(connection)
    compare_metadata(make_context(connection), table())
    assert ("schema", {None}) in heard
    assert ("table", "t", True, True) in heard
    assert ("column", "a") in heard
    assert comparators is not own


class Trimmed(sa.types.TypeDecorator):
    impl = String
    cache_ok = True

    def __init__(self, length, mark):
        super().__init__(length)
        self.mark = mark


def test_a_custom_type_can_replace_another(compare):
    def after(name):
        return table(Column(name, Trimmed(20, "-")))

    assert short(compare(after("motto"), after("saying"))) == [
        ("add_column", "t", "saying"),
        ("remove_column", "t", "motto"),
    ]


@pytest.mark.parametrize("kind", ["dialect", "callable"])
def test_an_index_for_one_dialect_is_missing_there_only(compare, connection, kind):
    def on_postgresql(ddl, target, bind, *, dialect, **kw):
        return dialect.name == "postgresql"

    condition = {"dialect": "postgresql"} if kind == "dialect" else {"callable_": on_postgresql}
    found = compare(table(), table(Index("ix_a", "a").ddl_if(**condition)))
    assert short(found) == ([("add_index", "ix_a")] if connection.dialect.name == "postgresql" else [])


def test_an_existing_index_for_one_dialect_does_not_differ(compare):
    models = table(Index("ix_a", "a").ddl_if(dialect="postgresql"))
    assert compare(models, models) == []


@pytest.mark.slow
def test_a_chain_of_foreign_keys_can_be_longer_than_the_recursion_limit():
    """Each table refers to the one before it; on SQLite, since the length of the chain does not depend on the database."""
    count = 1200
    models = MetaData()
    for number in range(count):
        keys = [ForeignKey(f"t{number - 1}.id")] if number else []
        Table(f"t{number}", models, Column("id", Integer, primary_key=True), Column("before", Integer, *keys))
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert len(compare_metadata(context, models)) == count
        models.create_all(connection)
        assert compare_metadata(context, models) == []
        removed = [diff for kind, diff in compare_metadata(context, MetaData()) if kind == "remove_table"]
        assert [each.name for each in removed] == [f"t{number}" for number in reversed(range(count))]
        found = reflected(database_of(comparing(context, MetaData()))).tables
        assert {key.target_fullname for key in found["t9"].foreign_keys} == {"t8.id"}
        assert len(found) == count
    engine.dispose()
