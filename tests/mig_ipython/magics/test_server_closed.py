"""The server has closed the idle connection (a laptop slept): the next command reconnects."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

TERMINATE = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT CONCAT('KILL ', id) FROM information_schema.processlist "
    "WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}
COMMANDS = ("%mig_diff Base", "%mig_upgrade", "%mig_current", "%mig_downgrade base --yes", "%mig", "%mig_upgrade")


@pytest.fixture(params=["postgresql", "mariadb"])
def url(request):
    return request.getfixturevalue(f"{request.param}_url")


def close_connections(url: str) -> int:
    """End every other session of the database, and return how many there were."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        ended = connection.exec_driver_sql(TERMINATE[engine.dialect.name]).scalars().all()
        for statement in ended if engine.dialect.name == "mysql" else ():
            connection.exec_driver_sql(statement)
    return len(ended)


@pytest.mark.slow
@pytest.mark.parametrize("borrowed", [False, True], ids=["own engine", "engine of the notebook"])
def test_the_next_command_connects_again(notebook, url, borrowed):
    notebook["engine"] = engine = sa.create_engine(url)
    notebook.run("%mig_connect engine --as here" if borrowed else f"%mig_connect {url} --as here")
    notebook.run("%mig_init migrations")
    notebook.declare()
    notebook.run("%mig_autogenerate Base -m 'Add users' --id a1 --write")
    for command in COMMANDS:
        assert close_connections(url) > 0, f"nothing was idle before {command}"
        notebook.run(command)
    engine.dispose()


def test_a_connection_lost_within_a_statement_reports_it_and_what_to_do(notebook, postgresql_url):
    notebook.run(f"%mig_connect {postgresql_url}")
    notebook.run("%mig_init migrations")
    end_itself = "SELECT pg_terminate_backend(pg_backend_pid())"
    notebook.run(
        f"%%migration 'End' --write\ndef upgrade():\n    op.execute('{end_itself}')\ndef downgrade():\n    pass"
    )
    assert "The connection was lost" in notebook.fail("%mig_upgrade")
    assert notebook.run("%mig_current").entries == ()
