"""SQLite: an index over expressions is compared by its CREATE INDEX."""

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import compare_metadata, produce_migrations, render_python_code


def models(*parts, **options):
    metadata = sa.MetaData()
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text), sa.Column("b", sa.Integer))
    table = sa.Table("t", metadata, *columns)
    sa.Index("x", *(part(table.c) if callable(part) else part for part in parts), _table=table, **options)
    return metadata


def lower(c):
    return sa.func.lower(c.a)


def compared(sqlite, make_context, sql, metadata):
    sqlite.exec_driver_sql("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a TEXT, b INTEGER)")
    sqlite.exec_driver_sql(sql)
    return [diff[0] for diff in compare_metadata(make_context(sqlite), metadata)]


@pytest.mark.parametrize(
    ("sql", "metadata"),
    [
        ("CREATE INDEX x ON t (lower(a))", models(lower)),
        ('CREATE INDEX IF NOT EXISTS main.x ON "t" ( LOWER("a") asc) -- why', models(lower)),
        (
            "CREATE INDEX x ON t (lower(a), b desc) where b>1",
            models(lower, lambda c: c.b.desc(), sqlite_where=sa.text("b > 1")),
        ),
        ("CREATE INDEX x ON t ((a + b) DESC)", models(lambda c: (c.a + c.b).desc())),
        ("CREATE INDEX x ON t (coalesce(a, 'it''s %:x,)'))", models(lambda c: sa.func.coalesce(c.a, "it's %:x,)"))),
    ],
)
def test_the_same_sql_in_another_spelling_does_not_differ(sql, metadata, sqlite, make_context):
    assert compared(sqlite, make_context, sql, metadata) == []


@pytest.mark.parametrize(
    ("sql", "metadata"),
    [
        ("CREATE INDEX x ON t (upper(a))", models(lower)),
        ("CREATE INDEX x ON t (upper(a))", models(lambda c: c.a)),
        ("CREATE UNIQUE INDEX x ON t (lower(a))", models(lower)),
        ("CREATE INDEX x ON t (lower(a) DESC)", models(lower)),
        ("CREATE INDEX x ON t (lower(a)) WHERE b > 1", models(lower)),
        ("CREATE INDEX x ON t (coalesce(a, 'X'))", models(lambda c: sa.func.coalesce(c.a, "x"))),
        ("CREATE INDEX x ON t (a * (b + 1))", models(sa.text("(a * b) + 1"))),
    ],
)
def test_a_changed_index_is_re_created(sql, metadata, sqlite, make_context):
    assert compared(sqlite, make_context, sql, metadata) == ["remove_index", "add_index"]


def test_the_downgrade_has_the_stored_sql(sqlite, make_context):
    compared(sqlite, make_context, "CREATE UNIQUE INDEX x ON t (coalesce(a, ':y'), b) WHERE b > 1", models(lower))
    script = produce_migrations(make_context(sqlite), models(lower))
    code = render_python_code(script.downgrade_ops)
    assert "coalesce(a, '\\\\:y')" in code
    assert "unique=True" in code
    assert 'sqlite_where=sa.text("b > 1")' in code


@pytest.mark.parametrize("answers", [(False, True), (True, False)])
def test_a_hook_may_exclude_the_index(answers, sqlite, make_context):
    compared(sqlite, make_context, "CREATE INDEX x ON t (upper(a))", models(lower))
    of_database, of_model = answers

    def include(item, name, kind, reflected, other):
        return kind != "index" or (of_database if reflected else of_model)

    diffs = compare_metadata(make_context(sqlite, include_object=include), models(lower))
    assert [diff[0] for diff in diffs] == (["remove_index"] if of_database else [])
