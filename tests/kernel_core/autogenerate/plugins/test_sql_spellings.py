"""Defaults, indexes and CHECKs in every spelling: made, found unchanged, found changed, and taken back.

One table of many rows per database, so that each database is asked a few times only.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from kernel_core.operations.kinds.column import AlterColumnOp

PLUGINS = [["alembic.autogenerate.*"], ["alembic.autogenerate.*", "kernel_core.ext.*"]]

DEFAULTS = {
    "postgresql": [
        (sa.DateTime, "timezone('utc', now())"),
        (sa.DateTime, "(now() at time zone 'utc')"),
        (sa.DateTime(timezone=True), "date_trunc('day', now())"),
        (sa.DateTime, "CURRENT_TIMESTAMP(0)"),
        (sa.DateTime, "now() + interval '1 day'"),
        (sa.Date, "current_date - 1"),
        (sa.Integer, "extract(epoch from now())::int"),
        (sa.Integer, "nextval('sq')"),
        (sa.Integer, "nextval('sq'::regclass)"),
        (sa.Integer, "((1))"),
        (sa.Integer, "(1 + 2) * 3"),
        (sa.Integer, "-5"),
        (sa.Integer, "CASE WHEN true THEN 1 ELSE 2 END"),
        (sa.Integer, "(ARRAY[1, 2])[1]"),
        (sa.Integer, "NULL"),
        (sa.Boolean, "(NOT false)"),
        (sa.Float, "1e3"),
        (sa.Numeric(8, 2), "1.50"),
        (sa.Numeric(5, 2), "round(1.5, 0)"),
        (sa.Uuid, "gen_random_uuid()"),
        (sa.Text, "md5(random()::text)"),
        (sa.Text, "substring('abc' from 1 for 2)"),
        (sa.Text, "coalesce(current_setting('x.y', true), 'a')"),
        (sa.Text, "concat('a', ',', 'b')"),
        (sa.Text, "E'a,b\\'c'"),
        (sa.Text, "E'tab\\there'"),
        (sa.Text, "$$a, b$$"),
        (sa.Text, "$q$it's$q$"),
        (sa.Text, "U&'d\\0061t'"),
        (sa.Text, "'a;b -- c'"),
        (sa.Text, "':word 10:30'"),
        (sa.Text, "'100%'"),
        (sa.Text, "'back\\slash \\:x'"),
        (sa.Text, "upper('a') || lower('B')"),
        (sa.String(9), "'a'::varchar(9)"),
        (sa.String(20), "left('name', 3)"),
        (sa.LargeBinary, "'\\x00ff'"),
        (postgresql.JSONB, "'{}'::jsonb"),
        (postgresql.JSONB, """'{"a": [1, 2], "b:c": ":d"}'"""),
        (postgresql.JSONB, "jsonb_build_object('a', 1)"),
        (postgresql.ARRAY(sa.Integer), "ARRAY[1, 2]"),
        (postgresql.ARRAY(sa.Integer), "array[[1,2],[3,4]]"),
        (postgresql.ARRAY(sa.Integer), "'{1,2}'"),
        (postgresql.ARRAY(sa.Text), "ARRAY['a', 'b']::text[]"),
        (postgresql.ARRAY(sa.Text), "array[]::varchar[]"),
        (postgresql.INT4RANGE, "int4range(1, 5, '[]')"),
        (postgresql.INTERVAL, "'1 day 02:00'"),
        (postgresql.INET, "'127.0.0.1'"),
    ],
    "mysql": [
        (sa.Integer, "((1 + 2) * 3)"),
        (sa.Integer, "(5 % 3)"),
        (sa.Integer, "-5"),
        (sa.Integer, "0x10"),
        (sa.Integer, "1e3"),
        (sa.Integer, "NULL"),
        (sa.Double, "1e3"),
        (sa.Double, "1.50"),
        (sa.Numeric(8, 2), "1.5"),
        (mysql.BIT(4), "b'101'"),
        (sa.Boolean, "TRUE"),
        (mysql.DATETIME(fsp=6), "NOW(6)"),
        (mysql.DATETIME(fsp=6), "CURRENT_TIMESTAMP(6)"),
        (mysql.DATETIME, "NOW() ON UPDATE NOW()"),
        (mysql.TIMESTAMP, "current_timestamp()"),
        (mysql.DATETIME, "(now() + interval 1 day)"),
        (sa.Date, "(curdate())"),
        (sa.Date, "'2020-01-01'"),
        (sa.String(36), "(UUID())"),
        (sa.String(36), "uuid()"),
        (sa.String(20), "(concat('a', ',', 'b'))"),
        (sa.String(20), "(UPPER('x'))"),
        (sa.String(20), "'it\\'s'"),
        (sa.String(20), "'it''s'"),
        (sa.String(20), "'a,b (c'"),
        (sa.String(20), "':word'"),
        (sa.String(20), "'100%'"),
        (sa.String(20), "x'4142'"),
        (sa.String(20), "0x41"),
        (sa.String(20), "(coalesce(NULL, 'a'))"),
        (sa.String(20), "(if(1 > 0, 'a', 'b'))"),
        (sa.String(20), "''"),
        (sa.Text, "('a')"),
        (sa.JSON, "('{}')"),
        (sa.JSON, "(json_array())"),
    ],
    "sqlite": [
        (sa.Integer, "((1))"),
        (sa.Integer, "((1 + 2) * 3)"),
        (sa.Integer, "-5"),
        (sa.Integer, "+5"),
        (sa.Integer, "0x10"),
        (sa.Integer, "NULL"),
        (sa.Integer, "(abs(-1))"),
        (sa.Boolean, "TRUE"),
        (sa.Boolean, "1"),
        (sa.Float, "1e3"),
        (sa.Numeric(8, 2), "1.50"),
        (sa.DateTime, "CURRENT_TIMESTAMP"),
        (sa.DateTime, "(datetime('now', 'utc'))"),
        (sa.String(36), "(lower(hex(randomblob(16))))"),
        (sa.String(20), "'it''s'"),
        (sa.String(20), "'a,b (c'"),
        (sa.String(20), "':word 10:30'"),
        (sa.String(20), "'100%'"),
        (sa.String(20), "(coalesce(NULL, 'a'))"),
        (sa.String(20), "('a' || ',' || 'b')"),
        (sa.String(20), "(CASE WHEN 1 THEN 'x' END)"),
        (sa.LargeBinary, "x'00ff'"),
        (sa.JSON, "'{}'"),
    ],
}

CHANGED_DEFAULTS = {
    "postgresql": [
        (sa.Text, "'a'", "'A'"),
        (sa.Integer, "(1 + 2) * 3", "1 + 2 * 3"),
        (sa.DateTime, "timezone('utc', now())", "timezone('cet', now())"),
        (sa.Integer, "nextval('sq')", "nextval('sq2')"),
        (postgresql.ARRAY(sa.Integer), "ARRAY[1, 2]", "ARRAY[2, 1]"),
        (sa.Text, "'01'", "'1'"),
        (sa.Integer, "1", None),
    ],
    "mysql": [
        (sa.String(9), "'a'", "'A'"),
        (sa.String(9), "'it\\'s'", "'it\\'S'"),
        (sa.Integer, "((1 + 2) * 3)", "(1 + 2 * 3)"),
        (mysql.DATETIME(fsp=6), "NOW(6)", "(NOW(6) + interval 1 day)"),
        (sa.String(9), "'01'", "'1'"),
        (sa.Integer, "1", None),
    ],
    "sqlite": [
        (sa.String(9), "'a'", "'A'"),
        (sa.Integer, "((1 + 2) * 3)", "(1 + 2 * 3)"),
        (sa.String(9), "'01'", "'1'"),
        (sa.Integer, "1", None),
    ],
}


def literal(sql):
    """Return SQL in which every colon is one."""
    return sa.text(sql.replace(":", r"\:"))


def with_columns(columns):
    metadata = sa.MetaData()
    if any(default and "nextval" in default for _, default in columns):
        for name in ("sq", "sq2"):
            sa.Sequence(name, metadata=metadata)
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    for number, (type_, default) in enumerate(columns):
        server_default = None if default is None else literal(default)
        table.append_column(sa.Column(f"c{number}", type_, server_default=server_default))
    return metadata


def differing(road, metadata):
    """Return what differs without plugins and with them, and leave out what each column or index is not about."""
    return [found for plugins in PLUGINS for found in road.found(metadata, plugins)]


def test_a_default_of_any_expression_is_added_found_unchanged_and_taken_back(road):
    rows = DEFAULTS[road.name]
    before, after = with_columns([]), with_columns(rows)
    road.create(before)
    script = road.script(after)
    road.run(script.upgrade_ops)
    assert differing(road, after) == []
    road.run(script.downgrade_ops)
    assert differing(road, before) == []


def test_a_default_of_any_expression_is_created_with_its_table(road):
    after = with_columns(DEFAULTS[road.name])
    script = road.script(after)
    road.run(script.upgrade_ops)
    assert differing(road, after) == []
    road.connection.rollback()
    after.drop_all(road.connection)
    after.create_all(road.connection)
    road.connection.commit()
    assert differing(road, after) == [], "what SQLAlchemy created"


def test_a_default_of_any_expression_is_set_and_dropped(road):
    rows = [row for row in DEFAULTS[road.name] if row[1] != "NULL"]
    before, after = with_columns([(type_, None) for type_, _ in rows]), with_columns(rows)
    road.create(before)
    script = road.script(after)
    altered = [leaf for leaf in script.upgrade_ops.leaves() if isinstance(leaf, AlterColumnOp)]
    assert len(altered) == len(rows)
    road.run(script.upgrade_ops)
    assert differing(road, after) == []
    road.run(script.downgrade_ops)
    assert differing(road, before) == []


def test_a_default_that_means_something_else_is_found(road):
    rows = CHANGED_DEFAULTS[road.name]
    before, after = with_columns([row[:2] for row in rows]), with_columns([row[::2] for row in rows])
    assert len(road.there_and_back(before, after)) == len(rows)
