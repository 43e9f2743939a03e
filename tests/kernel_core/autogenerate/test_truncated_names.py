"""Names of more than 63 bytes, which PostgreSQL truncates: created objects do not differ, changed ones do."""

import pytest
import sqlalchemy as sa
from rounds import run
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from kernel_core.autogenerate import compare_metadata, produce_migrations
from kernel_core.util.truncation import truncated_name

pytestmark = [pytest.mark.postgresql, pytest.mark.filterwarnings("ignore::kernel_core.util.exc.TruncatedName")]
BEYOND = ["alembic.autogenerate.*", "kernel_core.ext.*"]
LONG = "é" * 40
CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(constraint_name)s",
}


def models(schema=None, **extra):
    """Return metadata in which everything has a name that is truncated, or the given one."""
    said = {"column": LONG, "unique": "uq" + LONG, "check": LONG, "index": "è" * 40, "labels": ("a", "b"), **extra}
    metadata = sa.MetaData()
    sa.Table(
        LONG,
        metadata,
        sa.Column("id", sa.Integer),
        sa.Column(said["column"], sa.Integer, server_default="5"),
        sa.Column("in" + LONG, sa.Integer, sa.CheckConstraint(f'"in{LONG}" IN (1, 2)', name="in" + LONG)),
        sa.Column("mood", sa.Enum(*said["labels"], name="mood" + LONG, schema=schema), server_default="a"),
        sa.Column("moods", sa.ARRAY(sa.Enum(*said["labels"], name="mood" + LONG, schema=schema))),
        sa.PrimaryKeyConstraint("id", name="pk" + LONG),
        sa.UniqueConstraint(said["column"], name=said["unique"]),
        sa.CheckConstraint(said.get("condition", "id IN (1, 2)"), name=said["check"]),
        ExcludeConstraint((sa.text("int4range(id, id)"), "&&"), name="ex" + LONG),
        schema=schema,
    )
    place = f"{schema}.{LONG}" if schema else LONG
    child = sa.Table("child", metadata, sa.Column("id", sa.Integer, primary_key=True), schema=schema)
    child.append_column(sa.Column(LONG, sa.Integer))
    child.append_constraint(sa.ForeignKeyConstraint([LONG], [f"{place}.{said['column']}"], name="fk" + LONG))
    sa.Index(said["index"], child.c[LONG].desc(), postgresql_include=["id"], postgresql_where=child.c.id.in_([1, 2]))
    return metadata


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("x" * 63, "x" * 63),
        ("é" * 32, "é" * 31),
        ("x" + "é" * 31, "x" + "é" * 31),
        ("xx" + "é" * 31, "xx" + "é" * 30),
        ("😀" * 16, "😀" * 15),
        ("xxx😀" + "é" * 40, "xxx😀" + "é" * 28),
    ],
)
def test_a_name_is_truncated_where_the_server_truncates_it(postgresql, name, stored):
    postgresql.execute(sa.text(f'CREATE TABLE "{name}" (id int)'))
    there = postgresql.execute(
        sa.text("SELECT relname FROM pg_class WHERE relname LIKE :start"), {"start": name[:9] + "%"}
    )
    assert there.scalars().all() == [stored] == [truncated_name(name, postgresql.dialect)]


@pytest.mark.parametrize("plugins", [BEYOND[:1], BEYOND], ids=["plain", "beyond"])
def test_what_was_created_is_the_same(postgresql, make_context, plugins):
    models().create_all(postgresql)
    context = make_context(postgresql, compare_server_default=True, autogenerate_plugins=plugins)
    assert compare_metadata(context, models()) == []


@pytest.mark.parametrize("plugins", [BEYOND[:1], BEYOND], ids=["plain", "beyond"])
def test_a_schema_may_have_a_truncated_name(postgresql, make_context, plugins):
    schema = f"{postgresql.dialect.default_schema_name}_{LONG}"
    stored = truncated_name(schema, postgresql.dialect)
    postgresql.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
    models(schema).create_all(postgresql)
    context = make_context(
        postgresql,
        include_schemas=True,
        compare_server_default=True,
        autogenerate_plugins=plugins,
        include_name=lambda name, kind, parents: kind != "schema" or name in (None, stored),
    )
    assert compare_metadata(context, models(schema)) == []
    postgresql.rollback()


@pytest.mark.parametrize("plugins", [BEYOND[:1], BEYOND], ids=["plain", "beyond"])
def test_truncated_names_in_the_metadata_are_the_same_too(postgresql, make_context, plugins):
    models().create_all(postgresql)
    cut = LONG[:31]
    after = models(column=cut, unique="uq" + LONG[:30], check=cut, index="è" * 31)
    assert compare_metadata(make_context(postgresql, autogenerate_plugins=plugins), after) == []


@pytest.mark.parametrize("label", ["ix", "uq", "ck"])
def test_a_name_by_convention_is_shortened_by_sqlalchemy_and_then_truncated(postgresql, make_context, label):
    metadata = sa.MetaData(naming_convention=CONVENTION)
    sa.Table(
        "é" * 25,
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("é" * 40, sa.Integer, index=label == "ix", unique=label == "uq"),
        *([sa.CheckConstraint("id > 1", name="é" * 70)] if label == "ck" else []),
    )
    metadata.create_all(postgresql)
    assert compare_metadata(make_context(postgresql, autogenerate_plugins=BEYOND), metadata) == []


CHANGES = {
    "a condition": ({"condition": "id IN (1, 3)"}, {"remove_constraint", "add_constraint"}),
    "an index of another name": ({"index": "ix_other"}, {"remove_index", "add_index"}),
    "a constraint of another name": ({"check": "other"}, {"remove_constraint", "add_constraint"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found_and_applied_by_the_long_names(postgresql, make_context, change):
    models().create_all(postgresql)
    postgresql.commit()
    said, kinds = CHANGES[change]
    after = models(**said)
    context = make_context(postgresql, compare_server_default=True, autogenerate_plugins=BEYOND, target_metadata=after)
    script = produce_migrations(context, after)
    assert {diff[0] for diff in script.upgrade_ops.as_diffs()} == kinds
    run(context, script.upgrade_ops)
    assert compare_metadata(context, after) == []
    run(context, script.downgrade_ops)
    assert compare_metadata(context, models()) == []


def test_a_new_value_of_an_enum_with_a_truncated_name_is_found(postgresql, make_context):
    models().create_all(postgresql)
    context = make_context(postgresql, autogenerate_plugins=BEYOND)
    diffs = compare_metadata(context, models(labels=("a", "b", "c")))
    assert [diff[:1] + diff[2:4] for diff in diffs] == [("add_enum_value", "mood" + LONG, "c")]


def test_two_names_with_one_truncated_form_are_not_confused(postgresql, make_context):
    before = sa.MetaData()
    sa.Table(LONG[:31], before, sa.Column("id", sa.Integer, primary_key=True))
    before.create_all(postgresql)
    after = sa.MetaData()
    for name in (LONG[:31], LONG):
        sa.Table(name, after, sa.Column("id", sa.Integer, primary_key=True))
    assert [diff[0] for diff in compare_metadata(make_context(postgresql), after)] == ["add_table"]
