"""Changes of type that PostgreSQL converts with USING only: the script has it, keeps the default, can be undone."""

from __future__ import annotations

import pytest
import rounds
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.types import TypeDecorator

from kernel_core.autogenerate import produce_migrations, render_python_code
from kernel_core.ddl.postgresql.casts import conversion, kept_default


class Note(TypeDecorator):
    impl = pg.JSONB
    cache_ok = True


MOOD, OTHER = sa.Enum("a", "b", name="mood"), sa.Enum("a", "b", "c", name="other")
CASES = {
    "text to uuid, a default less": (sa.Text(), "x", sa.UUID(), None, None),
    "text to uuid, another default": (sa.Text(), "x", sa.UUID(), sa.text("gen_random_uuid()"), None),
    "uuid to text": (sa.UUID(), sa.text("gen_random_uuid()"), sa.Text(), "x", "gen_random_uuid()"),
    "integer to boolean": (sa.Integer(), "0", sa.Boolean(), sa.false(), "1"),
    "boolean to integer": (sa.Boolean(), sa.true(), sa.Integer(), "1", "true"),
    "boolean to numeric": (sa.Boolean(), None, sa.Numeric(4, 1), None, "true"),
    "text to an enum": (sa.String(9), "a", MOOD, "a", "'b'"),
    "an enum to text": (MOOD, "a", sa.Text(), "b", "'b'"),
    "an enum to another one": (MOOD, "a", OTHER, "c", "'b'"),
    "text to integer": (sa.String(9), None, sa.Integer(), None, "'12'"),
    "text to integer, the same default": (sa.String(9), "7", sa.Integer(), "7", "'12'"),
    "text to numeric": (sa.Text(), "1.5", sa.Numeric(5, 2), sa.text("1.5"), "'1.5'"),
    "text to a moment": (sa.Text(), None, sa.DateTime(timezone=True), sa.func.now(), "'2020-01-02 03:04'"),
    "text to a date": (sa.Text(), "2020-01-02", sa.Date(), None, "'2020-01-02'"),
    "text to an interval": (sa.Text(), None, sa.Interval(), None, "'3 days'"),
    "text to json": (sa.String(90), "{}", pg.JSONB(), sa.text("'{}'::jsonb"), "'[1]'"),
    "text to json of a decorator": (sa.String(90), "{}", Note(), "{}", "'[1]'"),
    "text to bytes": (sa.Text(), None, sa.LargeBinary(), None, r"'a\b'"),
    "text to several texts": (sa.Text(), "x", pg.ARRAY(sa.Text), None, "'x'"),
    "integers to several": (sa.Integer(), "1", pg.ARRAY(sa.Integer), sa.text("'{}'::integer[]"), "3"),
    "texts to integers": (pg.ARRAY(sa.Text), None, pg.ARRAY(sa.Integer), None, "'{1,2}'"),
    "seconds to a moment": (sa.Integer(), None, sa.DateTime(), None, "86400"),
    "json to text": (pg.JSONB(), None, sa.Text(), None, "'[1]'"),
    "json to jsonb": (pg.JSON(), sa.text("'{}'::json"), pg.JSONB(), sa.text("'{}'::jsonb"), "'[1]'"),
    "integer to text": (sa.Integer(), "5", sa.Text(), "5", "6"),
    "a moment to a date": (sa.DateTime(), None, sa.Date(), None, "now()"),
}


def model(type_, default, name="v"):
    metadata = sa.MetaData()
    sa.Table(
        "t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column(name, type_, server_default=default)
    )
    return metadata


@pytest.mark.slow
@pytest.mark.parametrize("plugins", [False, True], ids=["", "with plugins"])
@pytest.mark.costly
def test_each_conversion_runs_and_is_undone(postgresql, make_context, plugins):
    options = {"autogenerate_plugins": ["alembic.autogenerate.*", "kernel_core.ext.*"]} if plugins else {}
    for case, (before, default, after, new_default, row) in CASES.items():
        with postgresql.begin_nested() as savepoint:
            old, new = model(before, default), model(after, new_default)
            old.create_all(postgresql)
            if row is not None:
                postgresql.exec_driver_sql(f"INSERT INTO t (v) VALUES ({row})")
            try:
                script = rounds.migrated(make_context, postgresql, new, **options)
                rounds.undone(make_context, postgresql, script, old, **options)
            except Exception as error:
                error.add_note(case)
                raise
            savepoint.rollback()


def test_the_script_has_a_comment_about_what_to_check(postgresql, make_context):
    model(sa.Text(), None).create_all(postgresql)
    context = make_context(postgresql, target_metadata=model(sa.UUID(), None))
    script = produce_migrations(context, context.opts["target_metadata"])
    up, down = (
        render_python_code(each, migration_context=context) for each in (script.upgrade_ops, script.downgrade_ops)
    )
    assert "# PostgreSQL does not convert TEXT to UUID implicitly: check postgresql_using." in up
    assert 'postgresql_using="v::UUID"' in up
    assert "using" not in down
    (operation,) = script.upgrade_ops.leaves()
    assert [hint.text for hint in operation.hints("postgresql") if hint.severity == "may fail"] == [
        "values are converted by v::UUID: fails if one does not fit"
    ]
    edited = operation.edit(type_=sa.Integer())
    assert "postgresql_using" not in edited.kw
    assert operation.kw["postgresql_using"] == "v::UUID"


def test_a_renamed_column_is_converted_under_the_name_that_it_has_then(postgresql, make_context):
    old, new = model(sa.String(9), "1", "amount"), model(sa.String(12), "1", "Amount")
    old.create_all(postgresql)
    other = sa.MetaData()
    sa.Table(
        "t", other, sa.Column("id", sa.Integer, primary_key=True), sa.Column("my amount", sa.Enum("1", "2", name="e"))
    )
    script = rounds.migrated(make_context, postgresql, other, renames="accept")
    rounds.undone(make_context, postgresql, script, old, renames="accept")
    assert new.tables


@pytest.mark.parametrize(
    ("before", "after", "using"),
    [
        (sa.Text(), sa.UUID(), "v::UUID"),
        (sa.Text(), sa.String(5), None),
        (sa.Integer(), sa.BigInteger(), None),
        (sa.Numeric(), sa.Integer(), None),
        (sa.Integer(), sa.Boolean(), "v <> 0"),
        (sa.BigInteger(), sa.Boolean(), "v <> 0"),
        (sa.Date(), sa.DateTime(), None),
        (sa.DateTime(), sa.Time(), None),
        (pg.JSON(), pg.JSONB(), None),
        (MOOD, sa.Text(), None),
        (MOOD, OTHER, "v::text::other"),
        (sa.Enum("x", name="mood"), MOOD, None),
        (pg.ARRAY(sa.Text), pg.ARRAY(sa.UUID), "v::UUID[]"),
        (pg.HSTORE(), pg.JSONB(), None),
    ],
)
def test_only_types_without_an_assignment_cast_need_using(before, after, using):
    found = conversion(pg.dialect(), "v", before, after)
    assert (found and found.options["postgresql_using"]) == using


def test_a_literal_default_is_kept_without_the_cast_to_the_old_type():
    assert str(kept_default(sa.DefaultClause(sa.text("'a'\\:\\:character varying")))) == "'a'"
    assert kept_default(False) is False
