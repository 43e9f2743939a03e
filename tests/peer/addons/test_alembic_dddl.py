"""alembic-dddl: a script registered in ``env.py`` is written beside the version files whenever it changes."""

import pytest

pytestmark = pytest.mark.peer

SQL = "DROP VIEW IF EXISTS last_orders;\n\nCREATE VIEW last_orders AS\n    SELECT * FROM orders WHERE id > {least};\n"
MODELS = """
from pathlib import Path

import sqlalchemy as sa
from alembic_dddl import DDL

metadata = sa.MetaData()
sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True))
my_ddl = DDL(
    name="last_orders",
    sql=(Path(__file__).parent / "last_orders.sql").read_text(),
    down_sql="DROP VIEW IF EXISTS last_orders;",
)
"""
ROWS = """
import sqlite3
with sqlite3.connect("project.db") as connection:
    connection.execute("INSERT OR IGNORE INTO orders VALUES (1), (20)")
    print(connection.execute("SELECT id FROM last_orders").fetchall())
"""


def test_a_script_is_run_again_where_it_changed(project, needs):
    needs("alembic_dddl")
    script = project.folder / "last_orders.sql"
    script.write_text(SQL.format(least=0))
    project.write(models=MODELS)
    project.init("import models", "from alembic_dddl import register_ddl", "register_ddl(models.my_ddl)")
    source = project.revise("First", "a1")
    assert "op.run_ddl_script(" in source
    assert "DROP VIEW IF EXISTS last_orders;" in source
    project.alembic("upgrade", "head")
    assert "[(1,), (20,)]" in project.run("-c", ROWS)
    assert "pass" in project.revise("Nothing", "b2")
    project.alembic("upgrade", "head")
    script.write_text(SQL.format(least=10))
    assert project.revise("Changed", "c3").count("op.run_ddl_script(") == 2
    project.alembic("upgrade", "head")
    assert "[(20,)]" in project.run("-c", ROWS)
    assert "WHERE id > 10" in project.alembic("upgrade", "b2:c3", "--sql")
    project.alembic("downgrade", "-1")
    assert "[(1,), (20,)]" in project.run("-c", ROWS)
    project.alembic("downgrade", "base")
