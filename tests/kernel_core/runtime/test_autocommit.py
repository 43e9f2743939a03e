"""A run that cannot be rolled back is announced before its first statement, and the error says what stays."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import CommandLine
from kernel_core.util.exc import UpgradeFailed

HALF = "op.create_table('half', sa.Column('id', sa.Integer))\nop.execute('nonsense')"
NOTICE = (
    "This run cannot be rolled back: the connection is in AUTOCOMMIT, "
    "so a revision that fails keeps what it did before."
)


@contextmanager
def of_engine(url: str) -> Iterator[sa.Connection]:
    with sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        yield connection


@contextmanager
def of_connection(url: str) -> Iterator[sa.Connection]:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def of_driver(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    @sa.event.listens_for(engine, "connect")
    def set_autocommit(driver, _record) -> None:
        if callable(driver.autocommit):  # PyMySQL
            driver.autocommit(True)
        else:
            driver.autocommit = True

    with engine.connect() as connection:
        yield connection


WAYS = [of_engine, of_connection, of_driver]


def run(project, open_connection: Callable, notices: list[str]) -> str:
    """Fail in a revision after its first statement; return the message."""
    project.write("a1", None, HALF)

    def on_step(event) -> None:
        notices.append(event.kind)

    with open_connection(project.url) as live, pytest.raises(UpgradeFailed) as raised:
        command.upgrade(project.config(connection=live, on_notice=notices.append, on_step=on_step), "head")
    return str(raised.value)


@pytest.mark.parametrize("way", WAYS)
def test_postgresql_says_it_before_the_first_step_and_keeps_what_was_done(postgresql_project, way):
    notices: list[str] = []
    assert "1 statement of it stays, the last is CREATE TABLE" in run(postgresql_project, way, notices)
    assert notices == [NOTICE, "start", "failed"]
    assert "half" in postgresql_project.tables()


@pytest.mark.parametrize("way", WAYS)
def test_mariadb_says_it_too_because_its_rows_stay_as_well(project, mariadb_url, monkeypatch, way):
    monkeypatch.setenv("DATABASE_URL", mariadb_url)
    project.url = mariadb_url
    notices: list[str] = []
    assert "1 statement of it stays, the last is CREATE TABLE" in run(project, way, notices)
    assert notices[0] == NOTICE


@pytest.mark.parametrize("way", WAYS[:2])
def test_sqlite_rolls_back_nevertheless_so_nothing_is_said(project, way):
    notices: list[str] = []
    assert "It was rolled back" in run(project, way, notices)
    assert notices == ["start", "failed"]
    assert project.tables() == set()


def test_nothing_is_said_where_a_run_can_be_rolled_back_or_has_nothing_to_do(any_project):
    any_project.chain("a1")
    notices: list[str] = []
    command.upgrade(any_project.config(on_notice=notices.append), "head")
    with of_engine(any_project.url) as live:
        command.upgrade(any_project.config(connection=live, on_notice=notices.append), "head")
        command.stamp(any_project.config(connection=live, on_notice=notices.append), "base")
    assert notices == []


def test_in_a_transaction_of_the_caller_it_is_said_too(postgresql_project):
    postgresql_project.write("a1", None, HALF)
    notices: list[str] = []
    with of_engine(postgresql_project.url) as live, live.begin(), pytest.raises(UpgradeFailed) as raised:
        command.upgrade(postgresql_project.config(connection=live, on_notice=notices.append), "head")
    assert notices == [NOTICE]
    assert "The connection is in AUTOCOMMIT, so what came before the failing statement stays. " in str(raised.value)
    assert "half" in postgresql_project.tables()


def test_without_a_listener_it_is_logged_once_as_a_warning(postgresql_project, caplog):
    postgresql_project.chain("a1")
    with of_engine(postgresql_project.url) as live, caplog.at_level(logging.WARNING):
        command.upgrade(postgresql_project.config(connection=live), "head")
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [NOTICE]


def test_the_command_line_prints_it_first(postgresql_project, capsys):
    postgresql_project.env(lambda text: text.replace("poolclass=", "isolation_level='AUTOCOMMIT', poolclass="))
    postgresql_project.chain("a1")
    CommandLine().main(["-c", postgresql_project.ini, "upgrade", "head"])
    assert capsys.readouterr().err == f"{NOTICE}\n"
