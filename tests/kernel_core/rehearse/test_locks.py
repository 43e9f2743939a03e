"""What a rehearsal says of locks and rewritten tables is what a real run of the same statement does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import command

from . import lock_cases
from .real_locks import WAITING, blocked_mode, connected, in_transaction
from .wider_lock_cases import IN_TRANSACTION, OUTSIDE, needed, numbered

MATRIX = Path(__file__).parents[1] / "ddl" / "matrix.txt"
SIMPLE = (*lock_cases.IN_TRANSACTION, *IN_TRANSACTION)
BLOCK = "with op.get_context().autocommit_block():\n    "


@pytest.fixture
def project(postgresql_project) -> Iterator[Any]:
    """An environment on PostgreSQL; what lives outside of schemas is dropped after the test."""
    yield postgresql_project
    with connected(postgresql_project.url, autocommit=True) as live:
        for kind, catalog, name in (
            ("PUBLICATION", "pg_publication", "pubname"),
            ("FOREIGN DATA WRAPPER", "pg_foreign_data_wrapper", "fdwname"),
        ):
            for (each,) in live.execute(f"SELECT {name} FROM {catalog}".encode()).fetchall():
                live.execute(f"DROP {kind} {each} CASCADE".encode())


def prepare(project, case: str, number: int) -> list[str]:
    """Create the objects of a case; return the names of its tables."""
    statements = [each.replace("{n}", str(number)) for each in needed(case)]
    with connected(project.url, autocommit=True) as live:
        for statement in statements:
            live.execute(statement.encode())
    created = [re.match(r'CREATE TABLE (\w+\."[^"]+"|\w+)', each) for each in statements]
    return [match[1].replace('"', "") for match in created if match]


def rehearsed(project, statements: Sequence[str], before: str = ""):
    """Rehearse each statement as a revision; return what was recorded of it, None where nothing was."""
    for place, sql in enumerate(statements):
        project.write(f"r{place:03}", f"r{place - 1:03}" if place else None, f"{before}op.execute({sql!r})")
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert found.is_clean, [(each.text, each.error) for each in found.blockers]
    by_revision = {each.revision: each for each in found.statements if each.sql != "COMMIT"}
    return [by_revision.get(f"r{place:03}") for place in range(len(statements))]


@pytest.mark.sweep
@pytest.mark.parametrize("before", ["", BLOCK], ids=["in the transaction of a revision", "in an autocommit block"])
def test_locks_and_rewrites_are_those_of_the_real_run(project, before):
    statements = numbered(SIMPLE)
    for number, case in enumerate(SIMPLE):
        prepare(project, case, number)
    wrong = {}
    for sql, each in zip(statements, rehearsed(project, statements, before), strict=True):
        real = in_transaction(project.url, sql)
        said = ({(lock.mode, lock.name) for lock in each.locks}, set(each.rewrites)) if each else (set(), set())
        if said != real:
            wrong[sql] = said, real
    assert wrong == {}


def wide(sql: str) -> bool:
    """Return whether a statement is about all tables of the database."""
    return sql in ("VACUUM", "CLUSTER") or " DATABASE " in sql


@pytest.mark.sweep
@pytest.mark.parametrize("case", dict.fromkeys((*lock_cases.OUTSIDE, *OUTSIDE)))
def test_outside_of_transactions_a_statement_waits_for_what_the_rehearsal_says(project, case):
    """The locks end before a second connection could see them all; but a statement waits for each that conflicts."""
    wrong = {}
    database = str(sa.make_url(project.url).database)
    tables = prepare(project, case, 0)
    (found,) = rehearsed(project, [case.replace("{n}", "0").replace("{database}", database)], BLOCK)
    said = {(lock.mode, lock.name) for lock in found.locks}
    modes = ("AccessShareLock", "RowExclusiveLock", "ShareLock") if wide(case) else WAITING
    for table, mode in ((table, mode) for table in tables for mode in modes):
        with connected(project.url, autocommit=True) as live:
            live.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS shop0 CASCADE")
            live.execute("DROP SCHEMA IF EXISTS sales0 CASCADE")
        prepare(project, case, 0)
        real = blocked_mode(project.url, case.replace("{n}", "0").replace("{database}", database), mode, table)
        expected = {of for of, name in said if name == table and of in WAITING[mode]}
        if (real not in expected) if expected else real:
            wrong[table, mode] = real, expected
    assert wrong == {}


def reported(statement) -> set[tuple[str, str]]:
    return {(lock.mode, lock.name.rpartition(".")[2]) for lock in statement.locks}


@pytest.mark.sweep
def test_what_commits_by_itself_has_the_locks_that_it_has_in_a_transaction(postgresql_project):
    several = numbered(lock_cases.AUTOCOMMITTED)
    postgresql_project.run(
        *(each.replace("{n}", str(number)) for number in range(len(several)) for each in lock_cases.SETUP)
    )
    block = "with op.get_context().autocommit_block():\n"
    postgresql_project.write("a1", None, block + "\n".join(f"    op.execute({sql!r})" for sql in several))
    (alone,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    postgresql_project.write("a1", None, "\n".join(f"op.execute({sql!r})" for sql in several))
    (together,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert [reported(each) for each in alone.statements] == [reported(each) for each in together.statements]
    assert all(each.locks for each in alone.statements if "ALTER TYPE" not in each.sql)


def test_every_kind_of_the_operation_matrix_is_among_the_cases():
    found: set[str] = set()
    for part in re.findall(r"^\[postgresql\]\n(.*?)\n\n", MATRIX.read_text(), re.DOTALL | re.MULTILINE):
        lines = re.sub(r"\n\s+", " ", part.replace("\n)", " )")).splitlines()
        found |= {lock_cases.kind_of(line) for line in lines if not line.startswith(("--", "COMMIT", "BEGIN"))}
    covered = {lock_cases.kind_of(case) for case in (*lock_cases.IN_TRANSACTION, *lock_cases.OUTSIDE)}
    assert found - covered == set()
