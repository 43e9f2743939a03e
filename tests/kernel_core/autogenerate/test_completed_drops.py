"""A downgrade restores what no CREATE of SQLAlchemy states: comments of indexes, tablespaces, settings of columns."""

import pytest
import sqlalchemy as sa
from rounds import run

from kernel_core.autogenerate import produce_migrations

TABLE = """
    CREATE TABLE t (
        id int, a int, b text, r int4range,
        CONSTRAINT pk_t PRIMARY KEY (id){space}, CONSTRAINT uq_t UNIQUE (a){space},
        CONSTRAINT ex_t EXCLUDE USING gist (r WITH &&){space}
    )"""
INDEXES = ["CREATE INDEX ix_a ON t (a)", "CREATE INDEX ix_b ON t (b, lower(b), (a + 1)) WHERE a > 0"]
ROWS = {
    "a comment of an index": ["COMMENT ON INDEX ix_a IS 'it''s 5%% :a'", "COMMENT ON INDEX ix_b IS 'too'"],
    "statistics of a column": [
        "ALTER TABLE t ALTER COLUMN a SET STATISTICS 300",
        "ALTER TABLE t ALTER b SET STATISTICS 0",
    ],
    "statistics of expressions": [
        "ALTER INDEX ix_b ALTER COLUMN 2 SET STATISTICS 50",
        "ALTER INDEX ix_b ALTER COLUMN 3 SET STATISTICS 60",
    ],
    "storage of a column": ["ALTER TABLE t ALTER COLUMN b SET STORAGE EXTERNAL"],
    "compression of a column": ["ALTER TABLE t ALTER COLUMN b SET COMPRESSION pglz"],
    "numbers of distinct values": ["ALTER TABLE t ALTER COLUMN b SET (n_distinct=-0.5, n_distinct_inherited=9)"],
    "all of them": ["ALTER TABLE t ALTER COLUMN b SET STATISTICS 7, ALTER COLUMN b SET STORAGE MAIN"],
}
DROPS = {"the table": [], "its columns": ["id"], "its indexes and constraints": ["id", "a", "b", "r"]}
STATE = """
    SELECT c.relname, a.attname, a.attstattarget, a.attstorage::text, to_jsonb(a) ->> 'attcompression', substring(a.attoptions::text FROM 'n_distinct.*'),
        obj_description(c.oid), space.spcname
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_tablespace space ON space.oid = c.reltablespace
    WHERE c.relnamespace = to_regnamespace(current_schema) ORDER BY 1, 2"""
TYPES = {"id": sa.Integer, "a": sa.Integer, "b": sa.Text}


@pytest.fixture
def tablespace(postgresql):
    """A tablespace inside the data folder, so that the server needs no separate folder for it."""
    name = f"space_{postgresql.dialect.default_schema_name}"
    with postgresql.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as own:
        if own.dialect.server_version_info < (15,):
            pytest.skip("tablespaces inside the data folder came with PostgreSQL 15")
        own.exec_driver_sql("SET allow_in_place_tablespaces = on")
        own.exec_driver_sql(f"CREATE TABLESPACE {name} LOCATION ''")
        yield name
        postgresql.rollback()
        postgresql.exec_driver_sql(f"DROP SCHEMA {postgresql.dialect.default_schema_name} CASCADE")
        postgresql.commit()
        own.exec_driver_sql(f"DROP TABLESPACE {name}")


def there_and_back(connection, make_context, statements, kept):
    """Drop all but some columns by what a comparison writes, and undo it; return the state before and after."""
    for sql in statements:
        connection.exec_driver_sql(sql)
    connection.commit()
    before = connection.exec_driver_sql(STATE).all()
    models = sa.MetaData()
    if kept:
        columns = [
            sa.Column(
                name,
                TYPES.get(name, sa.dialects.postgresql.INT4RANGE),
                nullable=name != "id",
                primary_key=kept == ["id"],
            )
            for name in kept
        ]
        sa.Table("t", models, *columns)
    plugins = ["alembic.autogenerate.*", "kernel_core.ext.*"]
    context = make_context(connection, target_metadata=models, autogenerate_plugins=plugins)
    script = produce_migrations(context, models)
    run(context, script.upgrade_ops)
    assert connection.exec_driver_sql(STATE).all() != before
    run(context, script.downgrade_ops)
    return before, connection.exec_driver_sql(STATE).all()


@pytest.mark.postgresql
@pytest.mark.parametrize("kept", DROPS.values(), ids=DROPS)
@pytest.mark.parametrize("settings", ROWS.values(), ids=ROWS)
def test_settings_of_columns_and_indexes_come_back(postgresql, make_context, settings, kept):
    statements = [TABLE.format(space=""), *INDEXES, *settings]
    before, after = there_and_back(postgresql, make_context, statements, kept)
    assert after == before


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.parametrize("kept", DROPS.values(), ids=DROPS)
def test_constraints_and_indexes_come_back_in_their_tablespace(postgresql, make_context, tablespace, kept):
    space = f" USING INDEX TABLESPACE {tablespace}"
    statements = [TABLE.format(space=space), f"{INDEXES[0]} TABLESPACE {tablespace}"]
    before, after = there_and_back(postgresql, make_context, statements, kept)
    assert after == before
    assert sum(row[-1] == tablespace for row in before) == 4
