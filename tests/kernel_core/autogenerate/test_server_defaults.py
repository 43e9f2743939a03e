"""Server defaults: equal values in other spellings do not differ, and evaluating them has no side effects."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from kernel_core.autogenerate import compare_metadata
from kernel_core.autogenerate.databases.postgresql.defaults import is_harmless


def models(type_, *defaults):
    metadata = sa.MetaData()
    columns = [sa.Column(f"c{number}", type_, server_default=default) for number, default in enumerate(defaults)]
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return metadata


def changed(connection, make_context, before, after):
    before.create_all(connection)
    diffs = compare_metadata(make_context(connection, compare_server_default=True), after)
    return [diff[0][3] for diff in diffs]


SAME = [
    (sa.Date(), "2024-02-29", "20240229"),
    (sa.Numeric(6, 2), "1.5", sa.text("1.50")),
    (sa.Integer(), sa.text("1 + 2"), "3"),
    (sa.Interval(), "60 minutes", "1 hour"),
    (sa.Boolean(), "on", sa.true()),
    (pg.JSONB(), '{"a": 1, "b": 2}', '{"b":2,"a":1}'),
    (pg.ARRAY(sa.Integer), "{1,2}", sa.text("ARRAY[1, 2]")),
    (pg.UUID(), "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc999c0b4ef8bb6d6bb9bd380a11"),
    (sa.DateTime(), sa.text("now()"), sa.text("CURRENT_TIMESTAMP")),
]


@pytest.mark.parametrize(("type_", "before", "after"), SAME)
def test_postgresql_decides_which_defaults_are_equal(type_, before, after, postgresql, make_context):
    assert changed(postgresql, make_context, models(type_, before), models(type_, after)) == []


def test_an_invalid_default_does_not_affect_the_others(postgresql, make_context):
    before = models(sa.Date(), "2024-02-29", "2024-03-01", "2024-03-02")
    after = models(sa.Date(), "20240229", "no date", "20240302")
    assert changed(postgresql, make_context, before, after) == ["c1"]
    assert postgresql.scalar(sa.text("SELECT 1")) == 1  # the transaction is still good


def test_no_function_is_called(postgresql, make_context):
    postgresql.exec_driver_sql("CREATE SEQUENCE s")
    before = models(sa.Integer(), sa.text("nextval('s') + 1"))
    assert changed(postgresql, make_context, before, models(sa.Integer(), sa.text("nextval('s') + 2"))) == ["c0"]
    assert postgresql.scalar(sa.text("SELECT last_value FROM s")) == 1
    assert not postgresql.scalar(sa.text("SELECT is_called FROM s"))


def test_a_serial_column_owns_its_default(postgresql, make_context):
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))
    metadata.create_all(postgresql)
    postgresql.exec_driver_sql("CREATE SEQUENCE of_its_own")
    postgresql.exec_driver_sql("ALTER TABLE t ALTER n SET DEFAULT nextval('of_its_own')")
    diffs = compare_metadata(make_context(postgresql, compare_server_default=True), metadata)
    changed, dropped = diffs
    assert changed[0][:4] == ("modify_default", None, "t", "n")
    assert (dropped[0], dropped[1].name) == ("remove_sequence", "of_its_own")  # nothing takes from it any more


@pytest.mark.parametrize(
    "expression",
    [
        "1); DROP TABLE t; --",
        "pg_sleep(9)",
        "E'\\''",
        "'%s'",
        "1 /* */",
        "(1",
        "$$x$$",
        '"quoted"(1)',
        "x.y(1)",
    ],
)
def test_an_expression_with_side_effects_is_not_evaluated(expression):
    assert not is_harmless(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "'it''s'::character varying(20)",
        "(1 + 2.5)::numeric(10,2)",
        "ARRAY['a'::text, 'b']",
        "CURRENT_TIMESTAMP",
        "now()",
    ],
)
def test_an_expression_without_side_effects_is_evaluated(expression):
    assert is_harmless(expression)


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
@pytest.mark.parametrize(
    ("type_", "before", "after"),
    [
        (sa.Integer(), "1", "2"),
        (sa.Integer(), None, "2"),
        (sa.Integer(), "1", None),
        (sa.String(20), "x", "X"),
        (sa.String(20), "", None),
        (sa.String(20), "a b", "ab"),
        (sa.Boolean(), sa.true(), sa.false()),
        (sa.DateTime(), None, sa.func.current_timestamp()),
    ],
)
def test_another_default_is_found(type_, before, after, database, request, make_context):
    connection = request.getfixturevalue(database)
    assert changed(connection, make_context, models(type_, before), models(type_, after)) == ["c0"]


@pytest.mark.parametrize(
    ("type_", "before", "after"),
    [
        (sa.DateTime(), sa.text("CURRENT_TIMESTAMP"), sa.func.now()),
        (
            sa.TIMESTAMP(),
            sa.text("current_timestamp() ON UPDATE current_timestamp()"),
            sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"),
        ),
        (sa.Integer(), sa.text("(1+2)"), sa.text("(1 + 2)")),
        (sa.Integer(), sa.text("NULL"), None),
        (sa.Boolean(), sa.true(), "1"),
    ],
)
def test_mariadb_stores_defaults_in_another_spelling(type_, before, after, mariadb, make_context):
    assert changed(mariadb, make_context, models(type_, before), models(type_, after)) == []
