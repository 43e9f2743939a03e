"""Defaults, indexes and CHECKs in every spelling: created, found unchanged, found changed, and undone.

One table of many rows per database, so that each database is asked a few times only.
"""

import pytest
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
    """Return SQL in which no colon starts a parameter."""
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


def differing(migration, metadata):
    """Return the differences without and with plugins, without those that do not concern each column or index."""
    return [found for plugins in PLUGINS for found in migration.found(metadata, plugins)]


@pytest.mark.slow
def test_a_default_of_any_expression_is_added_found_unchanged_and_dropped(migration):
    rows = DEFAULTS[migration.name]
    before, after = with_columns([]), with_columns(rows)
    migration.create(before)
    script = migration.script(after)
    migration.run(script.upgrade_ops)
    assert differing(migration, after) == []
    migration.run(script.downgrade_ops)
    assert differing(migration, before) == []


@pytest.mark.sweep
def test_a_default_of_any_expression_is_created_with_its_table(migration):
    after = with_columns(DEFAULTS[migration.name])
    script = migration.script(after)
    migration.run(script.upgrade_ops)
    assert differing(migration, after) == []
    migration.connection.rollback()
    after.drop_all(migration.connection)
    after.create_all(migration.connection)
    migration.connection.commit()
    assert differing(migration, after) == [], "what SQLAlchemy created"


@pytest.mark.sweep
def test_a_default_of_any_expression_is_set_and_dropped(migration):
    rows = [row for row in DEFAULTS[migration.name] if row[1] != "NULL"]
    before, after = with_columns([(type_, None) for type_, _ in rows]), with_columns(rows)
    migration.create(before)
    script = migration.script(after)
    altered = [leaf for leaf in script.upgrade_ops.leaves() if isinstance(leaf, AlterColumnOp)]
    assert len(altered) == len(rows)
    migration.run(script.upgrade_ops)
    assert differing(migration, after) == []
    migration.run(script.downgrade_ops)
    assert differing(migration, before) == []


def test_a_default_that_means_something_else_is_found(migration):
    rows = CHANGED_DEFAULTS[migration.name]
    before, after = with_columns([row[:2] for row in rows]), with_columns([row[::2] for row in rows])
    assert len(migration.there_and_back(before, after)) == len(rows)


# Indexes

INDEXES = {
    "postgresql": [
        (["n + 1"], {}),
        (["n + 1 DESC"], {}),
        (["(n + 1) * 2", "s"], {}),
        (["-n"], {}),
        (["n > 5"], {}),
        (["NOT (n > 5)"], {}),
        (["s || 'x'"], {}),
        (["s || ':word'"], {}),
        (["n % 3"], {}),
        (["r ->> 'kind'"], {}),
        (["(r -> 'a') ->> 'b'"], {}),
        (["r #>> '{a,b}'"], {}),
        (["r['tags']"], {"postgresql_using": "gin"}),
        (["(r -> 'x') jsonb_path_ops"], {"postgresql_using": "gin"}),
        (["r -> 'y' jsonb_path_ops"], {"postgresql_using": "gin"}),
        (["CAST(s AS TEXT)"], {}),
        (["s::text"], {}),
        (["n::numeric(10,2)"], {}),
        (["CAST(n AS VARCHAR(10))"], {}),
        (["lower(s)"], {}),
        (["LOWER(s) text_pattern_ops"], {}),
        (["s varchar_pattern_ops DESC NULLS LAST"], {}),
        (['s COLLATE "C"'], {}),
        (['lower(s) COLLATE "C" text_pattern_ops'], {}),
        (['upper(s) COLLATE pg_catalog."C" DESC'], {}),
        (["at DESC NULLS LAST", "n ASC"], {}),
        (["at NULLS FIRST"], {}),
        (["ip inet_ops"], {"postgresql_using": "gist"}),
        (["CASE WHEN n > 5 THEN 1 ELSE 2 END"], {}),
        (["coalesce(s, 'a')", "n"], {}),
        (["n IS NULL"], {}),
        (["n IN (1, 2)"], {}),
        (["date_trunc('day', at)"], {}),
        (["extract(year from at)"], {}),
        (["at::date"], {}),
        (['"Mixed Name" DESC'], {}),
        (['lower("Mixed Name")'], {}),
        (['"per%cent" DESC'], {}),
        (["n"], {"postgresql_where": "n > 5 AND (s = ':w' OR s IS NULL)"}),
        (["s"], {"postgresql_where": "(n + 1) * 2 > 4"}),
        ([lambda c: c.n + 1], {}),
        ([lambda c: (c.n + 1).desc()], {}),
        ([lambda c: -c.n], {}),
        ([lambda c: c.n % 3 + 1], {}),
        ([lambda c: c.s + "x"], {}),
        ([lambda c: c.r["a"].astext], {}),
        ([lambda c: c.r["a"].as_integer()], {}),
        ([lambda c: c.r[("a", "b")].astext], {}),
        ([lambda c: sa.cast(c.s, sa.Text)], {}),
        ([lambda c: sa.cast(c.n, sa.Numeric(10, 2))], {}),
        ([lambda c: sa.collate(c.s, "C")], {}),
        ([lambda c: sa.case((c.n > 5, 1), else_=2)], {}),
        ([lambda c: sa.func.lower(c.s).label("w")], {"postgresql_ops": {"w": "text_pattern_ops"}}),
        ([lambda c: c.s, lambda c: c.at], {"postgresql_ops": {"at": "DESC"}}),
        ([lambda c: c["Mixed Name"].desc()], {}),
    ],
    "sqlite": [
        (["n + 1"], {}),
        (["(n + 1) * 2", "s"], {}),
        (["-n"], {}),
        (["n > 5"], {}),
        (["s || ':word'"], {}),
        (["n % 3"], {}),
        (["s COLLATE NOCASE"], {}),
        (["lower(s) DESC"], {}),
        (["CASE WHEN n > 5 THEN 1 ELSE 2 END"], {}),
        (["json_extract(r, '$.a')"], {}),
        (["r ->> '$.a'"], {}),
        (['"Mixed Name" DESC'], {}),
        (["n"], {"sqlite_where": "n > 5 AND (s = ':w' OR s IS NULL)"}),
        (["s"], {"sqlite_where": "(n + 1) * 2 > 4"}),
        ([lambda c: c.n + 1], {}),
        ([lambda c: (c.n + 1).desc()], {}),
        ([lambda c: c.n % 3 + 1], {}),
        ([lambda c: c.s + "x"], {}),
        ([lambda c: sa.cast(c.s, sa.Text)], {}),
    ],
    "mysql": [
        (["n DESC"], {}),
        (["`n` DESC", "s"], {}),
        ([lambda c: c.n.desc(), lambda c: c.s], {}),
        ([lambda c: c["Mixed Name"].desc()], {}),
    ],
}  # fmt: skip

CHANGED_INDEXES = {
    "postgresql": [
        ("(n + m) * 2", "n + m * 2"),
        ("s || 'x'", "s || 'X'"),
        ("s::text", "s::varchar(3)"),
        ("n::text", "n::bigint"),
        ("lower(s)", 'lower(s) COLLATE "C"'),
        ("s", 's COLLATE "C"'),
        ("n", "n DESC"),
        ("at DESC", "at DESC NULLS LAST"),
        ("r ->> 'a'", "r ->> 'b'"),
        ("lower(s)", "lower(s) text_pattern_ops"),
        ('lower("Mixed Name")', "lower(s)"),
    ],
    "sqlite": [
        ("(n + m) * 2", "n + m * 2"),
        ("s || 'x'", "s || 'X'"),
        ("lower(s)", "lower(s) COLLATE NOCASE"),
        ("n + 1", "n + 1 DESC"),
        ("n - (m - 1)", "n - m - 1"),
    ],
    "mysql": [("n", "n DESC"), ("n", "m")],
}  # fmt: skip


def with_indexes(dialect_name, rows):
    """A table of one column of each kind, with an index per row."""
    metadata = sa.MetaData()
    is_postgresql = dialect_name == "postgresql"
    table = sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("n", sa.Integer),
        sa.Column("m", sa.Integer),
        sa.Column("s", sa.String(20)),
        sa.Column("at", sa.DateTime),
        sa.Column("r", postgresql.JSONB if is_postgresql else sa.JSON),
        sa.Column("ip", postgresql.INET if is_postgresql else sa.String(20)),
        sa.Column("Mixed Name", sa.String(20)),
        sa.Column("per%cent", sa.Integer),
    )
    for number, (parts, options) in enumerate(rows):
        exprs = [literal(part) if isinstance(part, str) else part(table.c) for part in parts]
        conditions = {name: literal(value) if name.endswith("_where") else value for name, value in options.items()}
        sa.Index(f"ix_{number}", *exprs, _table=table, **conditions)
    return metadata


@pytest.mark.slow
def test_an_index_over_any_expression_is_created_found_unchanged_and_dropped(migration):
    rows = INDEXES[migration.name]
    before, after = with_indexes(migration.name, []), with_indexes(migration.name, rows)
    migration.create(before)
    script = migration.script(after)
    assert len(list(script.upgrade_ops.leaves())) == len(rows)
    migration.run(script.upgrade_ops)
    assert differing(migration, after) == []
    dropping = migration.script(before)
    migration.run(dropping.upgrade_ops)
    assert differing(migration, before) == []
    migration.run(dropping.downgrade_ops)
    assert differing(migration, after) == [], "what the downgrade of a drop brought back"


@pytest.mark.sweep
def test_an_index_over_any_expression_that_sqlalchemy_made_is_found_unchanged(migration):
    rows = [row for row in INDEXES[migration.name] if not is_refused_without_parentheses(migration.name, *row)]
    after = with_indexes(migration.name, rows)
    migration.create(after)
    assert differing(migration, after) == []


def is_refused_without_parentheses(dialect_name, parts, options):
    """Return whether PostgreSQL refuses the statement of SQLAlchemy."""
    if dialect_name != "postgresql":
        return False
    table = with_indexes(dialect_name, [(parts, options)]).tables["t"]
    sql = str(sa.schema.CreateIndex(next(iter(table.indexes))).compile(dialect=postgresql.dialect()))
    from kernel_core.util.sql import body, index_part_sql

    return any(index_part_sql(part.strip(), "postgresql") != part.strip() for part in body(sql, "postgresql").items)


@pytest.mark.slow
def test_an_index_that_is_over_something_else_is_found(migration):
    rows = CHANGED_INDEXES[migration.name]
    before = with_indexes(migration.name, [([old], {}) for old, _ in rows])
    after = with_indexes(migration.name, [([new], {}) for _, new in rows])
    if migration.name == "postgresql":  # which needs them for SQLAlchemy's own CREATE INDEX
        empty = with_indexes(migration.name, [])
        migration.create(empty)
        migration.run(migration.script(before).upgrade_ops)
    else:
        migration.create(before)
    assert differing(migration, before) == []
    script = migration.script(after)
    assert len(list(script.upgrade_ops.leaves())) == 2 * len(rows)
    migration.run(script.upgrade_ops)
    assert differing(migration, after) == []
    migration.run(script.downgrade_ops)
    assert differing(migration, before) == []


# Checks

CHECKS = {
    "all": [
        ("n > 0 AND n < 100", "(((n > 0) AND (n < 100)))"),
        ("(n + m) * 2 > 4", "((n+m)*2)>4"),
        ("n is not null or m is null", "n IS NOT NULL\n   OR m IS NULL"),
        ("s <> ':word'", "s != ':word'"),
        ("s <> '50%'", "(s <> '50%')"),
        ("n % 2 = 0", "((n % 2) = 0)"),
        ("s IN (':a', 'b')", "(s in (':a','b'))"),
        ("NOT (n = 1 AND m = 2)", "(not ((n = 1) and (m = 2)))"),
        ("n BETWEEN 1 AND 9 AND m > 0", "((n between 1 and 9) and (m > 0))"),
        ("s LIKE 'a%' OR s LIKE '%b'", "((s like 'a%') or (s like '%b'))"),
        ("CASE WHEN n > 1 THEN m ELSE 3 END > 2", "(case when (n > 1) then m else 3 end) > 2"),
        ("n - (m - 1) > 0", "((n - (m - 1)) > 0)"),
        ("s <> 'it''s (a)'", "((s) <> ('it''s (a)'))"),
        ("length(s) > 2", "(LENGTH(s)) > (2)"),
        ("coalesce(n, m, 0) >= 0", "COALESCE((n), (m), 0) >= 0"),
    ],
    "sqlite": [('"n" > 0', "[n] > 0"), ("s GLOB 'a*'", "(s glob 'a*')"), ("s || 'x' <> 'y'", "((s || 'x') <> 'y')")],
    "postgresql": [
        ("s ~ '^a:b'", "((s)::text ~ '^a:b'::text)"),
        ("s <> E'it\\'s'", "((s)::text <> 'it''s'::text)"),
        ("n::bigint > 5", "((n)::bigint > 5)"),
    ],
    "mysql": [("s <> 'it\\'s'", "`s` <> 'it''s'"), ("`n` MOD 2 = 0", "n % 2 = 0"), ("NOT n <=> m", "not (`n` <=> `m`)")],
}  # fmt: skip

CHANGED_CHECKS = [
    ("(n + m) * 2 > 4", "n + m * 2 > 4"),
    ("(n = 1 OR m = 2) AND s = 'a'", "n = 1 OR m = 2 AND s = 'a'"),
    ("NOT (n = 1 AND m = 2)", "NOT n = 1 AND m = 2"),
    ("s <> 'a'", "s <> 'A'"),
    ("s <> ':a'", "s <> ':b'"),
    ("n - (m - 1) > 0", "n - m - 1 > 0"),
]  # fmt: skip


def with_checks(conditions):
    metadata = sa.MetaData()
    columns = [sa.Column("id", sa.Integer, primary_key=True)]
    columns += [sa.Column("n", sa.Integer), sa.Column("m", sa.Integer), sa.Column("s", sa.String(20))]
    checks = [sa.CheckConstraint(literal(sql), name=f"ck_{number}") for number, sql in enumerate(conditions)]
    sa.Table("t", metadata, *columns, *checks)
    return metadata


@pytest.mark.slow
def test_an_equivalent_check_in_another_spelling_is_the_same(migration):
    rows = CHECKS["all"] + CHECKS[migration.name]
    one, two, none = with_checks([row[0] for row in rows]), with_checks([row[1] for row in rows]), with_checks([])
    migration.create(none)
    script = migration.script(one)
    assert len(list(script.upgrade_ops.leaves())) == len(rows)
    migration.run(script.upgrade_ops)
    assert (migration.found(one), migration.found(two)) == ([], [])
    migration.run(script.downgrade_ops)
    assert migration.found(none) == []
    migration.run(migration.script(two).upgrade_ops)
    assert (migration.found(one), migration.found(two)) == ([], [])


@pytest.mark.slow
def test_a_check_that_means_something_else_is_found(migration):
    before, after = with_checks([row[0] for row in CHANGED_CHECKS]), with_checks([row[1] for row in CHANGED_CHECKS])
    assert len(migration.there_and_back(before, after)) == 2 * len(CHANGED_CHECKS)
