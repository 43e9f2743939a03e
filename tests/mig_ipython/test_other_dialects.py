"""A database that the engine has no file for: announced when it is connected, with what works and what does not."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

REVISION = """
from alembic import op
import sqlalchemy as sa
revision = "a1"
down_revision = None
def upgrade():
    op.create_table("cats", sa.Column("id", sa.Integer, primary_key=True))
def downgrade():
    op.drop_table("cats")
"""
FAILING = "    op.execute('SELECT nonsense')\n"


class Readable(SQLiteDialect_pysqlite):
    """A dialect of somebody else, whose catalog can be read."""

    name = "minidb"
    supports_statement_cache = True


class Unreadable(SQLiteDialect_pysqlite):
    """One whose catalog cannot be read."""

    name = "blinddb"
    supports_statement_cache = True

    def get_columns(self, connection, table_name, schema=None, **kw):
        raise NotImplementedError("no columns here")


@pytest.fixture(params=[Readable, Unreadable], ids=lambda dialect: dialect.name)
def other(request, notebook, tmp_path):
    """A notebook that is connected to such a database, and what it showed."""
    name = request.param.name
    registry.register(name, __name__, request.param.__name__)
    connection = notebook.run(f"%mig_connect {name}:///other.db --as other")
    notebook.run("%mig_init migrations")
    (tmp_path / "migrations/versions/a1.py").write_text(REVISION)
    notebook.declare()
    return notebook, connection, name


@pytest.mark.costly
def test_it_is_announced_with_what_works(other):
    notebook, connection, name = other
    shown = repr(connection)
    assert connection.target == f"{name} other.db"
    assert f"! {name} is not one of the supported databases (sqlite, " in shown
    assert "upgrade, downgrade, stamp and history work" in shown
    assert ("cannot be read (no columns here), so autogenerate, diff, check and drift" in shown) == (name == "blinddb")
    assert f"{name} is not one of the supported databases" in connection._repr_html_()
    assert notebook.run("%mig_upgrade").after == ("a1",)
    status = notebook.run("%mig")
    if name == "minidb":
        assert "Models are compared by general rules" in shown
        assert status.drift == 2
        assert notebook.run("%mig_diff")
    else:
        assert "drift is not known: The catalog of blinddb cannot be read (no columns here)" in repr(status)
        assert status.next == "nothing is pending; models and database were not compared"
        for command in ("%mig_diff", "%mig_check", "%mig_autogenerate -m x"):
            assert "The catalog of blinddb cannot be read (no columns here)" in notebook.fail(command)
    assert len(notebook.run("%mig_history")) == 1
    assert notebook.run("%mig_downgrade base --yes").after == ()


def test_what_a_failed_revision_leaves_is_not_known(other, tmp_path):
    notebook, _, name = other
    text = REVISION.replace("def downgrade", f"{FAILING}def downgrade")
    (tmp_path / "migrations/versions/a1.py").write_text(text)
    assert f"Whether {name} rolls back changes of tables is not known" in notebook.fail("%mig_upgrade")


def test_duckdb_is_upgraded_and_downgraded(notebook, tmp_path):
    pytest.importorskip("duckdb_engine", reason="duckdb-engine is not installed")
    assert "duckdb is not one of the supported databases" in repr(notebook.run("%mig_connect duckdb:///other.duckdb"))
    notebook.run("%mig_init migrations")
    (tmp_path / "migrations/versions/a1.py").write_text(REVISION.replace("=True)", "=True, autoincrement=False)"))
    assert notebook.run("%mig_upgrade").after == ("a1",)
    assert notebook.run("%mig").current == ("a1",)
    assert notebook.run("%mig_downgrade base --yes").after == ()


def test_supported_databases_get_no_warning(notebook, postgresql_url, mariadb_url):
    for url in ("sqlite:///dev.db", postgresql_url, mariadb_url, mariadb_url.replace("mysql", "mariadb", 1)):
        notebook["url"] = url
        assert notebook.run("%mig_connect url").warning == ""
