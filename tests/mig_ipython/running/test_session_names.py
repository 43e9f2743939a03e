"""A lock that the notebook itself holds: the message names the variable."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from mig_ipython.running.session_names import name_of_connection

REVISION = """%%migration "age" --id a1 --write
def upgrade():
    op.add_column("cats", sa.Column("age", sa.Integer))
def downgrade():
    op.drop_column("cats", "age")
"""


@pytest.mark.sweep
def test_the_wait_names_the_session_and_the_error_too(notebook, postgresql_url):
    notebook.run(
        f"import sqlalchemy as sa; from sqlalchemy.orm import Session; eng = sa.create_engine({postgresql_url!r})"
    )
    notebook.run("with eng.begin() as c: c.exec_driver_sql('CREATE TABLE cats (id INTEGER)')")
    notebook.run(f"%mig_connect {postgresql_url}")
    notebook.run("%mig_init migrations")
    notebook.run(REVISION)
    notebook.run("s = Session(eng); s.execute(sa.text('SELECT * FROM cats'))")
    notebook.run("%config Mig.statement_lock_timeout = 1")
    shown = notebook.fail("%mig_upgrade")
    assert "Waiting for a lock on cats, held by the Session s of this notebook (process " in shown
    assert "it waited for a lock on cats, held by the Session s of this notebook (process " in shown
    notebook.run("s.close()")
    notebook.run("%mig_upgrade")
    notebook["eng"].dispose()


@pytest.fixture
def live(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.mark.slow
def test_each_kind_of_variable_is_named(live):
    driver = live.connection.driver_connection
    engine = live.engine
    assert name_of_connection({"c": live}, driver) == "the Connection c of this notebook"
    assert name_of_connection({"raw": driver}, driver) == "the connection raw of this notebook"
    assert name_of_connection({"e": engine}, driver) == "a connection of the engine e of this notebook"
    assert name_of_connection({"x": 1}, driver) == "a connection of this notebook"
    with Session(live) as session:
        assert name_of_connection({"s": session}, driver) == "a connection of this notebook"
        session.connection()
        assert name_of_connection({"s": session}, driver) == "the Session s of this notebook"
    scoped = scoped_session(sessionmaker(live))
    assert name_of_connection({"scoped": scoped}, driver) == "a connection of this notebook"
    scoped.connection()
    assert name_of_connection({"scoped": scoped}, driver) == "the Session scoped of this notebook"
    scoped.remove()
