"""Connecting: what is accepted, and what is said where it cannot be."""

from __future__ import annotations

import sqlite3
import sys

import pytest
import sqlalchemy as sa


def test_a_relative_path_lies_in_the_notebooks_folder(notebook, tmp_path):
    connection = notebook.run("%mig_connect sqlite:///dev.db")
    assert connection.engine.url.database == str(tmp_path / "dev.db")
    assert repr(connection) == "Connected to sqlite dev.db as 'dev'"
    assert not (tmp_path / "dev.db").exists()


def test_an_engine_of_the_notebook_is_borrowed_and_never_disposed(notebook):
    notebook["engine"] = engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    assert notebook.run("%mig_connect engine --as mine").borrowed
    notebook.run("%mig_close mine")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
    engine.dispose()


def test_a_dollar_name_is_an_environment_variable_or_a_variable(notebook, monkeypatch):
    monkeypatch.setenv("MY_DATABASE", "sqlite:///from_env.db")
    notebook["here"] = "sqlite:///from_name.db"
    assert notebook.run("%mig_connect $MY_DATABASE").name == "from_env"
    assert notebook.run("%mig_connect $here").name == "from_name"
    assert "$NOWHERE" in notebook.fail("%mig_connect $NOWHERE")


def test_a_memory_database_is_one_and_the_same_for_every_command(notebook):
    connection = notebook.run("%mig_connect sqlite://")
    with connection.engine.begin() as live:
        live.exec_driver_sql("CREATE TABLE t (x)")
    with connection.engine.connect() as live:
        assert live.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0


def test_an_async_url_is_connected_by_a_driver_that_is_not(notebook):
    connection = notebook.run("%mig_connect sqlite+aiosqlite:///dev.db")
    assert connection.engine.url.drivername == "sqlite+pysqlite"
    assert repr(connection) == "Connected to sqlite dev.db as 'dev'"
    assert "no dialect is called" in notebook.fail("%mig_connect sqlite+aiosqlit:///dev.db")


def test_an_async_engine_of_the_notebook_names_its_database(notebook):
    from sqlalchemy.ext.asyncio import create_async_engine

    notebook["there"] = create_async_engine("sqlite+aiosqlite:///dev.db")
    connection = notebook.run("%mig_connect there")
    assert (connection.target, connection.borrowed) == ("sqlite dev.db", False)
    notebook["inside"] = create_async_engine("sqlite+aiosqlite://")
    assert "sqlite+aiosqlite:///dev.db" in notebook.fail("%mig_connect inside")


@pytest.mark.parametrize(
    ("url", "driver", "query"),
    [
        ("postgresql+asyncpg://ada@h/x?ssl=require&prepared_statement_cache_size=0", "psycopg", {"sslmode": "require"}),
        ("postgresql+asyncpg://ada@h/x?timeout=3", "psycopg", {"connect_timeout": "3"}),
        ("postgresql+psycopg_async://ada@h/x?sslmode=require", "psycopg", {"sslmode": "require"}),
        ("mysql+aiomysql://ada@h/x?charset=utf8mb4", "pymysql", {"charset": "utf8mb4"}),
        ("mariadb+asyncmy://ada@h/x", "pymysql", {}),
        ("postgresql+psycopg2://ada@h/x?sslmode=require", "psycopg2", {"sslmode": "require"}),
    ],
)
def test_the_arguments_of_an_async_url_are_those_of_the_other_driver(url, driver, query):
    from kernel_core.util.async_drivers import with_sync_driver

    found = with_sync_driver(sa.make_url(url))
    assert found.get_driver_name() == driver
    assert found.query == query


def test_where_every_driver_is_async_the_pip_line_is_reported(notebook, monkeypatch):
    for module in ("psycopg", "psycopg2", "pg8000"):
        monkeypatch.setitem(sys.modules, module, None)
    shown = notebook.fail("%mig_connect postgresql+asyncpg://ada:swordfish1@localhost/x")
    assert "pip install 'psycopg[binary]'" in shown
    assert "swordfish1" not in shown


def test_an_unknown_dialect_is_named_with_the_nearest(notebook):
    shown = notebook.fail("%mig_connect postgresq://ada:swordfish1@localhost/x")
    assert "postgresq" in shown
    assert "nearest is postgresql" in shown
    assert "swordfish1" not in shown


def test_a_missing_driver_gives_the_pip_line(notebook, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    shown = notebook.fail("%mig_connect postgresql+psycopg://ada@localhost/x")
    assert "pip install 'psycopg[binary]'" in shown


def test_a_missing_mysql_driver_gives_the_pip_line(notebook, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymysql", None)
    monkeypatch.setitem(sys.modules, "MySQLdb", None)
    for url in ("mysql://ada@localhost/x", "mysql+pymysql://ada@localhost/x"):
        assert "pip install pymysql" in notebook.fail(f"%mig_connect {url}")


def test_a_text_that_is_not_a_url_is_reported(notebook):
    assert "neither a URL nor" in notebook.fail("%mig_connect dev.db")
    assert "neither a URL nor" in notebook.fail("%mig_connect engine")


def test_a_name_that_is_none_of_the_open_connections_is_reported_with_their_names(notebook):
    notebook.run("%mig_connect sqlite:///one.db")
    notebook.run("%mig_connect sqlite:///two.db")
    assert "nor of an open connection (one, two)." in notebook.fail("%mig_connect on")
    assert notebook.run("%mig_connect").name == "two"


def test_a_file_that_is_not_a_database_is_left_as_it_is(notebook, tmp_path):
    (tmp_path / "notes.txt").write_text("these are my notes, dear")
    assert "not a SQLite database" in notebook.fail("%mig_connect sqlite:///notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "these are my notes, dear"


def test_a_folder_and_a_missing_folder_are_reported(notebook, tmp_path):
    (tmp_path / "folder").mkdir()
    assert "is a folder" in notebook.fail("%mig_connect sqlite:///folder")
    assert "does not exist" in notebook.fail("%mig_connect sqlite:///nowhere/dev.db")


def test_a_server_that_does_not_answer_is_reported_without_the_password(notebook):
    shown = notebook.fail("%mig_connect postgresql+psycopg://ada:swordfish2@127.0.0.1:1/x")
    assert "Cannot connect to postgresql+psycopg://ada:***@127.0.0.1:1/x" in shown
    assert "swordfish2" not in shown


def test_connections_are_listed_switched_and_closed(notebook):
    notebook.run("%mig_connect sqlite:///one.db")
    notebook.run("%mig_connect sqlite:///two.db")
    assert [row[0] for row in notebook.run("%mig_connections").rows] == ["one", "two (current)"]
    assert notebook.run("%mig_connect one").name == "one"
    assert "Current: two" in repr(notebook.run("%mig_close one"))
    assert repr(notebook.run("%mig_close one")) == "one is closed already; nothing was done. Current: two."
    assert "Open ones: two" in notebook.fail("%mig_close three")
    assert "No connection is open" in repr(notebook.run("%mig_close"))
    assert repr(notebook.run("%mig_close")) == "No connection is open; nothing was closed."


def test_nothing_works_before_connecting_and_this_is_reported(notebook):
    assert "%mig_connect sqlite:///dev.db" in notebook.fail("%mig_connect")


def test_an_existing_database_is_opened_as_it_is(notebook, tmp_path):
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert notebook.run("%mig_connect sqlite:///old.db").dialect == "sqlite"


def test_a_section_of_an_ini_file_is_connected_to(notebook, tmp_path):
    (tmp_path / "connections.ini").write_text(
        "[local]\ndrivername = sqlite\ndatabase = parts.db\n[other]\nsqlalchemy.url = sqlite:///%(here)s/whole.db\n[empty]\nx = 1\n"
        "[bad]\ndrivername = postgresql\nport = many\n"
        "[half]\nsqlalchemy.url = postgresql://ada:%(pw)s@h/d\n"
    )
    assert notebook.run("%mig_connect @local").target == "sqlite parts.db"
    assert notebook.run("%mig_connect @other --as mine").target == "sqlite whole.db"
    assert [row[0] for row in notebook.run("%mig_connections").rows] == ["local", "mine (current)"]
    assert "No section [nobody]" in notebook.fail("%mig_connect @nobody")
    assert "names no database" in notebook.fail("%mig_connect @empty")
    assert "is not a number" in notebook.fail("%mig_connect @bad")
    assert "refers to %(pw)s, which is not set there" in notebook.fail("%mig_connect @half")


def test_a_section_of_the_environments_ini_is_found_first(ready, tmp_path):
    ini = tmp_path / "migrations" / "alembic.ini"
    ini.write_text(ini.read_text() + "\n[production]\nsqlalchemy.url = sqlite:///production.db\n")
    assert ready.run("%mig_connect @production").name == "production"


def test_the_database_of_sql_is_taken_over_and_not_disposed(notebook, monkeypatch):
    import sys
    from types import ModuleType, SimpleNamespace

    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    fake = ModuleType("sql.connection")
    monkeypatch.setitem(sys.modules, "sql.connection", fake)
    fake.ConnectionManager = SimpleNamespace(current=None)
    assert "%sql is not connected" in notebook.fail("%mig_connect --sql")
    with engine.connect() as live:
        fake.ConnectionManager.current = SimpleNamespace(connection_sqlalchemy=live)
        connection = notebook.run("%mig_connect --sql")
    assert connection.engine is engine
    assert connection.borrowed
    fake.ConnectionManager.current = SimpleNamespace(connection_sqlalchemy=sqlite3)
    assert "not one of SQLAlchemy" in notebook.fail("%mig_connect --sql")
    engine.dispose()


def test_without_sql_loaded_its_connection_cannot_be_taken(notebook, monkeypatch):
    monkeypatch.delitem(sys.modules, "sql.connection", raising=False)
    assert "No %sql is loaded" in notebook.fail("%mig_connect --sql")


def test_without_an_argument_database_url_is_connected_to(notebook, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert "Not connected" in notebook.fail("%mig_connect")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///by_default.db")
    assert notebook.run("%mig_connect").target == "sqlite by_default.db"
    notebook.run("%mig_connect sqlite:///other.db")
    assert notebook.run("%mig_connect").target == "sqlite other.db"


def test_a_password_in_a_cell_is_used_and_warned_about(notebook, postgresql_url):
    url = sa.make_url(postgresql_url).set(password="swordfish93").render_as_string(hide_password=False)
    connection = notebook.run(f"%mig_connect {url} --as typed")
    assert "is written in the cell" in repr(connection)
    assert "is written in the cell" in connection._repr_html_()
    assert "swordfish93" not in repr(connection)
    notebook["url"] = url
    assert "is written in the cell" not in repr(notebook.run("%mig_connect url --as named"))


@pytest.mark.parametrize(
    ("url", "typed"),
    [
        ("postgresql+psycopg2://u@h/d", "pip install psycopg2-binary, or name another driver: postgresql+psycopg://"),
        ("postgresql+psycopg://u@h/d", "pip install 'psycopg[binary]'"),
        ("postgresql+pg8000://u@h/d", "pip install pg8000"),
        ("mysql+mysqldb://u@h/d", "pip install mysqlclient, or name another driver: mysql+pymysql://"),
        ("mysql+mysqlconnector://u@h/d", "pip install mysql-connector-python"),
        ("mariadb+mariadbconnector://u@h/d", "pip install mariadb"),
        ("mssql+pyodbc://u@h/d", "pip install pyodbc"),
        ("oracle+cx_oracle://u@h/d", "pip install cx_Oracle, or name another driver: oracle+oracledb://"),
        ("oracle+oracledb://u@h/d", "pip install oracledb"),
        ("snowflake://u@h/d", "pip install snowflake-sqlalchemy"),
        ("cockroachdb+psycopg://u@h/d", "pip install sqlalchemy-cockroachdb"),
        ("trino://u@h/d", "pip install 'trino[sqlalchemy]'"),
    ],
)
def test_a_missing_driver_or_dialect_names_the_package(notebook, monkeypatch, url, typed):
    import sys

    for module in ("psycopg", "psycopg2", "pg8000", "MySQLdb", "mysql", "mariadb", "pyodbc", "cx_Oracle", "oracledb"):
        monkeypatch.setitem(sys.modules, module, None)
    assert f"Type: {typed}" in notebook.fail(f"%mig_connect {url}")


@pytest.mark.slow
def test_what_is_not_an_engine_gets_one_sentence(notebook, tmp_path, postgresql_url):
    import psycopg
    from sqlalchemy.orm import Session

    engine = sa.create_engine("sqlite://")
    notebook["file"], notebook["memory"] = sqlite3.connect(tmp_path / "my.db"), sqlite3.connect(":memory:")
    notebook["pg"] = psycopg.connect(sa.make_url(postgresql_url).set(drivername="postgresql").render_as_string(False))
    notebook["orm"], notebook["live"], notebook["rows"], notebook["none"] = (
        Session(engine),
        engine.connect(),
        {1: 2},
        None,
    )
    notebook.run("import pandas as pd\ndf = pd.DataFrame({'id': [1]})")
    for line, said in {
        "file": "%mig_connect sqlite:///my.db,",
        "memory": "%mig_connect sqlite:///,",
        "pg": "%mig_connect postgresql://user@host/database,",
        "orm": "engine",
        "live": "engine",
        "df": "DataFrame is not a database",
        "$rows": "dict is not a database",
        "{none}": "NoneType is not a database",
    }.items():
        shown = notebook.fail(f"%mig_connect {line}")
        assert said in shown, line
        assert len(shown.splitlines()) == 1
    for name in ("file", "memory", "pg", "live"):
        notebook[name].close()
    assert "sqlite:///dev.db" in notebook.fail("%mig_connect file")
    engine.dispose()


def test_an_engine_in_a_function_is_connected_to(notebook):
    notebook.run("import sqlalchemy as sa")
    notebook.run(
        "def go():\n    inner = sa.create_engine('sqlite://')\n    c = %mig_connect inner --as one\n    d = %mig_connect $inner --as two\n    return c.engine is d.engine is inner"
    )
    assert notebook.run("go()")
