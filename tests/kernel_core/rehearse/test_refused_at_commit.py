"""What a database checks at COMMIT is a blocker with its rows, just where the COMMIT of a real run fails."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import CommandError

from . import commit_cases as cases

ENFORCED = """
    import sqlalchemy
    def enforce(driver, record):
        driver.isolation_level = None
        driver.execute("PRAGMA foreign_keys=ON")
    sqlalchemy.event.listen(engine, "connect", enforce)
    sqlalchemy.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
"""


def body(text: str) -> str:
    """Return the lines of a case as Python."""
    is_python = text.startswith(("op.", "with "))
    return (
        text
        if is_python
        else "\n".join(f"op.execute(sa.text({line.replace(':', chr(92) + ':')!r}))" for line in text.splitlines())
    )


def prepare(project, *texts: str) -> None:
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for line in "\n".join(texts).split("\n"):
            if line.strip():
                connection.connection.cursor().execute(line)


def counted(found) -> list[str]:
    return [each.kind if each.rows is None else f"{each.kind} {each.rows}" for each in found.blockers]


def check(project, text: str, expected: str, block: str = "") -> None:
    """Rehearse a case, and compare with a real run: whether it fails, and which blockers there are."""
    lines = body(text)
    indented = "\n".join(f"    {line}" for line in lines.splitlines())
    project.write("a1", None, f"{block}\n{indented}" if block else lines)
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert sorted(counted(found)) == sorted(filter(None, expected.split(", ")))
    for blocker in found.blockers:
        assert (blocker.rows is None) == (not blocker.query and not blocker.no_query)
        assert blocker.rows is None or len(blocker.sample) == min(5, blocker.rows) or blocker.no_query
        assert blocker.revision == "a1"
    try:
        command.upgrade(project.config(), "head")
    except (CommandError, sa.exc.DBAPIError):
        assert expected, "a real run fails"
    else:
        assert not expected, "a real run passes"
    assert found.is_clean == (not expected)


def some(several: dict, *quick: str):
    """Return the cases as parameters, all but the quick ones for the sweep."""
    return [
        pytest.param(*case, id=name, marks=() if name in quick else pytest.mark.sweep) for name, case in several.items()
    ]


@pytest.mark.parametrize(("text", "expected"), some(cases.POSTGRESQL, "three constraints"))
def test_deferred_constraints_of_postgresql(postgresql_project, text, expected):
    prepare(postgresql_project, cases.ON_POSTGRESQL)
    check(postgresql_project, text, expected)


@pytest.mark.parametrize(("text", "expected"), some(cases.BROKEN_POSTGRESQL))
def test_rows_that_were_refused_before_the_run_do_not_stop_it_on_postgresql(postgresql_project, text, expected):
    prepare(postgresql_project, cases.ON_POSTGRESQL, cases.BROKEN_ON_POSTGRESQL)
    check(postgresql_project, text, expected)


@pytest.mark.parametrize("begins", [False, True], ids=["the revision commits", "env.py commits"])
@pytest.mark.parametrize(("text", "expected"), some(cases.SQLITE, "two keys of one table"))
def test_deferred_foreign_keys_of_sqlite(project, text, expected, begins):
    prepare(project, cases.ON_SQLITE)
    enforce(project, begins=begins)
    check(project, text, expected)


@pytest.mark.parametrize("begins", [False, True], ids=["the revision commits", "env.py commits"])
@pytest.mark.parametrize(("text", "expected"), some(cases.BROKEN_SQLITE, "an orphan beside them"))
def test_rows_that_were_refused_before_the_run_do_not_stop_it_on_sqlite(project, text, expected, begins):
    prepare(project, cases.ON_SQLITE, cases.BROKEN_ON_SQLITE)
    enforce(project, begins=begins)
    check(project, text, expected)


@pytest.mark.sweep
@pytest.mark.parametrize("text", [text for text, _ in cases.SQLITE.values()])
def test_sqlite_refuses_nothing_where_foreign_keys_are_not_enforced(project, text):
    prepare(project, cases.ON_SQLITE)
    check(project, text, "")


def enforce(project, *, begins: bool) -> None:
    """Switch foreign keys on in env.py; ``begins``: it begins the transaction itself, and commits it."""
    opened = f"with engine.{'begin' if begins else 'connect'}() as connection:"
    project.env(lambda text: text.replace("    with engine.connect() as connection:", f"{ENFORCED}    {opened}"))


def add(project, revision: str, down: str | None, text: str) -> None:
    project.write(revision, down, body(text))


ORPHAN, PARENT = "INSERT INTO c VALUES (3, 9)", "INSERT INTO p VALUES (9)"


@pytest.mark.parametrize(
    ("second", "expected"),
    [(PARENT, []), pytest.param("INSERT INTO p VALUES (8)", ["orphan 1"], marks=pytest.mark.sweep)],
)
def test_revisions_in_one_transaction_are_checked_at_its_end(postgresql_project, second, expected):
    prepare(postgresql_project, cases.ON_POSTGRESQL)
    one = "context.configure(transaction_per_migration=False, connection=connection"
    postgresql_project.env(lambda text: text.replace("context.configure(connection=connection", one))
    add(postgresql_project, "a1", None, ORPHAN)
    add(postgresql_project, "b2", "a1", second)
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert counted(found) == expected
    assert found.stopped_at == ("b2" if expected else "")


@pytest.mark.sweep
def test_the_transaction_of_env_py_is_checked_where_it_commits(postgresql_project):
    prepare(postgresql_project, cases.ON_POSTGRESQL)
    postgresql_project.env(lambda text: text.replace("with engine.connect() as", "with engine.begin() as"))
    check(postgresql_project, ORPHAN, "orphan 1")


@pytest.mark.sweep
@pytest.mark.parametrize("runs", ["op.execute({!r})", "op.get_bind().exec_driver_sql({!r})"])
def test_a_statement_in_an_autocommit_block_is_checked_at_its_own_commit(postgresql_project, runs):
    prepare(postgresql_project, cases.ON_POSTGRESQL)
    lines = f"with op.get_context().autocommit_block():\n    {runs.format(ORPHAN)}"
    postgresql_project.write("a1", None, lines)
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert counted(found) == ["orphan 1"]


@pytest.mark.sweep
def test_a_commit_of_the_revision_itself_is_checked(postgresql_project):
    prepare(postgresql_project, cases.ON_POSTGRESQL)
    postgresql_project.write("a1", None, f"op.execute({ORPHAN!r})\nop.execute('COMMIT')")
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert counted(found)[:1] == ["orphan 1"]


@pytest.mark.sweep
def test_a_failed_commit_that_the_revision_catches_is_no_blocker(postgresql_project):
    prepare(postgresql_project, cases.ON_POSTGRESQL)
    lines = f"with sa.create_engine(op.get_bind().engine.url, poolclass=sa.NullPool).connect() as other:\n    other.exec_driver_sql({ORPHAN!r})\n    try:\n        other.commit()\n    except sa.exc.IntegrityError:\n        pass"
    postgresql_project.write("a1", None, lines)
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert counted(found) == []


@pytest.mark.sweep
def test_an_error_that_was_caught_before_does_not_explain_another_one(postgresql_project):
    prepare(postgresql_project, cases.ON_POSTGRESQL)
    caught = "CREATE UNIQUE INDEX ux ON c ((1))"
    lines = (
        f"try:\n    with op.get_bind().begin_nested():\n        op.get_bind().exec_driver_sql({caught!r})\n"
        "except sa.exc.IntegrityError:\n    pass\nraise RuntimeError('another one')"
    )
    postgresql_project.write("a1", None, lines)
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert [(each.kind, each.text) for each in found.blockers] == [("error", "another one")]


WAITS = """
CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN LOCK TABLE x IN SHARE MODE; RETURN NULL; END'
CREATE CONSTRAINT TRIGGER t AFTER INSERT ON u DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION waits()
"""


def test_locks_that_deferred_triggers_take_are_those_of_the_commit(postgresql_project):
    prepare(postgresql_project, cases.ON_POSTGRESQL, WAITS)
    add(postgresql_project, "a1", None, "INSERT INTO u VALUES (4, 40)")
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert [each.sql for each in found.statements] == ["INSERT INTO u VALUES (4, 40)", "COMMIT"]
    assert [(lock.mode, lock.name) for lock in found.statements[-1].locks] == [("ShareLock", "x")]
    assert found.is_clean


@pytest.mark.sweep
def test_in_an_autocommit_block_they_are_seen_too(postgresql_project):
    prepare(postgresql_project, cases.ON_POSTGRESQL, WAITS)
    postgresql_project.write(
        "a1", None, "with op.get_context().autocommit_block():\n    op.execute('INSERT INTO u VALUES (4, 40)')"
    )
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    names = {(lock.mode, lock.name) for statement in found.statements for lock in statement.locks}
    assert {("ShareLock", "x"), ("RowExclusiveLock", "u")} <= names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("UPDATE d SET p_id = 9 WHERE id < 3", "orphan 2"),
        pytest.param("INSERT INTO d VALUES (8, 1), (9, 7)", "orphan 1", marks=pytest.mark.sweep),
        pytest.param("DELETE FROM p WHERE id = 1", "orphan 2", marks=pytest.mark.sweep),
        pytest.param("DELETE FROM p WHERE id = 3", "", marks=pytest.mark.sweep),
    ],
)
def test_a_foreign_key_of_sqlite_that_is_checked_at_once_names_its_rows(project, text, expected):
    prepare(project, cases.ON_SQLITE, "INSERT INTO d VALUES (1, 1), (2, 1), (3, 2)", "DELETE FROM c")
    enforce(project, begins=True)
    check(project, text, expected)
