"""Every sentence that claims "no difference", "nothing to do", "rolled back" or "on a copy" has a check behind it.

`CLAIMS` lists each such text of the two packages with the test that breaks its check and sees the sentence change. A new
claim fails `test_every_claim_is_registered` until it has one.
"""

from __future__ import annotations

import ast
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sampling import sampled

from kernel_core import command
from kernel_core.config import Config
from kernel_core.util.exc import NotAdopted

ROOT = Path(__file__).parents[2]
WORDS = re.compile(
    r"no difference|nothing to do|up to date|rolled back|on a copy|matches the models|is as it was|nothing is pending|no changes",
    re.IGNORECASE,
)

CLAIMS = {
    ("mig_ipython/views/diff.py", "No difference between "): "test_a_diff_sees",
    ("kernel_core/command/adopting.py", " compared with the file, no difference."): "test_adopt_sees",
    ("mig_ipython/proposals/proposal.py", "Nothing to do"): "test_autogenerate_sees",
    ("mig_ipython/proposals/proposal.py", " matches the models."): "test_autogenerate_sees",
    ("mig_ipython/views/status.py", "none: the database matches the models"): "test_the_status_sees",
    ("mig_ipython/magics/status.py", "nothing: the database is up to date"): "test_the_status_sees",
    (
        "mig_ipython/magics/status.py",
        "nothing is pending; models and database were not compared",
    ): "test_without_a_comparison_the_status_reports_it",
    ("mig_ipython/views/report.py", ": nothing to do, it is at "): "test_an_upgrade_sees",
    ("mig_ipython/views/report.py", "nothing to do"): "test_each_target_is_read_again",
    ("mig_ipython/views/plan.py", ": nothing to do"): "test_a_plan_sees",
    ("kernel_core/config/output.py", "; there is nothing to do."): "test_the_command_line_sees",
    (
        "mig_ipython/lab/common_mistakes.py",
        (
            "The upgrade is right. The `downgrade()` ends with an error, tried on a copy: `%mig_rehearse` shows it for a "
            "revision that has not run, `%mig_downgrade -1 --yes` for one that has."
        ),
    ): "test_a_hint_about_a_downgrade_sees",
    (
        "mig_ipython/lab/common_mistakes.py",
        (
            "The upgrade is right. The `downgrade()` runs, and does not restore what was there, tried on a copy: compare "
            "tables and rows before and after."
        ),
    ): "test_a_hint_about_a_downgrade_sees",
    (
        "mig_ipython/lab/common_mistakes.py",
        (
            "A revision is written, and its `upgrade()` ends with an error, tried on a copy: `%mig_rehearse` shows where. "
            "Correct it in the cell of the exercise, and run that cell again."
        ),
    ): "test_a_hint_about_an_upgrade_sees",
    ("kernel_core/operations/containers.py", "Nothing to do"): "test_a_diff_sees",
    ("kernel_core/runtime/failure.py", "It was rolled back"): "test_a_failed_revision_reports_what_stays",
    ("kernel_core/runtime/failure.py", "It was rolled back; "): "test_a_failed_revision_reports_what_stays",
    ("kernel_core/runtime/failure.py", "; the rest was rolled back"): "test_a_failed_revision_reports_what_stays",
    ("kernel_core/runtime/failure.py", "The whole run was rolled back"): "test_a_failed_revision_reports_what_stays",
    (
        "kernel_core/runtime/failure.py",
        "The rest was rolled back, what it did up to its autocommit_block() stays",
    ): "test_a_failed_revision_reports_what_stays",
    (
        "kernel_core/runtime/failure.py",
        "It commits by itself, so what came before that stays; only the rest was rolled back",
    ): "test_a_failed_revision_reports_what_stays",
    (
        "kernel_core/rehearse/report.py",
        "it is as it was: nothing was written to it meanwhile (verified)",
    ): "test_a_rehearsal_says_whether_the_file_was_written_to",
}
NO_CLAIMS = (
    "Write the downgrade by hand",  # advice
    "must be rolled back now",
    "This change is rolled back. ",  # said while the error goes up to the transaction that rolls back
    " fails on a copy of its schema",
    "is reverted: ",
    "cannot be rolled back: ",  # before it starts
    "is tried again that failed by a lock",  # the help of a setting
)


def may_claim(path: Path) -> bool:
    """Return whether a claim is in the file, also as several literals in a row; without one it is not parsed."""
    return WORDS.search(re.sub(r"""["']\s*[bfru]*["']""", "", path.read_text(), flags=re.IGNORECASE)) is not None


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module that a person may see: no docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.slow
def test_every_claim_is_registered() -> None:
    found = {
        (str(path.relative_to(ROOT)), text)
        for package in ("mig_ipython", "kernel_core")
        for path in (ROOT / package).rglob("*.py")
        if may_claim(path)
        for text in texts(path)
        if WORDS.search(text) and not any(other in text for other in NO_CLAIMS)
    }
    assert found == CLAIMS.keys()
    assert {name for name in CLAIMS.values() if name not in globals()} == set()


# ---- what breaks a claim ---------------------------------------------------------------------------------------------

MODELS = """
import sqlalchemy as sa
metadata = sa.MetaData()
cats = sa.Table("cats", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture
def project(notebook):
    """A project whose models are in a file, migrated to its only revision; ``connected``."""
    Path("models.py").write_text(MODELS)
    sys.path.insert(0, os.getcwd())
    sys.modules.pop("models", None)
    notebook.run("%mig_connect sqlite:///dev.db")
    notebook.run("%mig_init migrations")
    notebook.run("from models import metadata")
    notebook.run("%mig_autogenerate -m cats --id a1 --accept all --write")
    notebook.run("%mig_upgrade")
    yield notebook
    sys.path.remove(os.getcwd())
    sys.modules.pop("models", None)


def execute(*statements: str) -> None:
    """Change the database as another program would."""
    with sqlite3.connect("dev.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def revision(identifier: str, body: str = "pass", after: str = "a1") -> None:
    """Write a version file as another program would."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    Path(f"migrations/versions/{identifier}.py").write_text(
        f'from alembic import op\nimport sqlalchemy as sa\nrevision = "{identifier}"\ndown_revision = {after!r}\n'
        f"def upgrade():\n{lines}\ndef downgrade():\n    pass\n"
    )


def edit_models() -> None:
    Path("models.py").write_text(MODELS + 'dogs = sa.Table("dogs", metadata, sa.Column("id", sa.Integer))\n')


def version_file() -> Path:
    (path,) = Path("migrations/versions").glob("*.py")
    return path


DRIFT: dict[str, Callable[[], None]] = {
    "a table made by hand": lambda: execute("CREATE TABLE strays (id INTEGER)"),
    "a column dropped by hand": lambda: execute("DROP TABLE cats", "CREATE TABLE cats (name TEXT)"),
    "models edited in their file": edit_models,
}
HISTORY: dict[str, Callable[[], None]] = {
    "the version row was moved": lambda: execute("DELETE FROM alembic_version"),
    "a revision was added": lambda: revision("b1"),
    "the revision's file was removed": lambda: version_file().unlink(),
    "a file cannot be read": lambda: Path("migrations/versions/broken.py").write_text("revision = 'c1'\ndef upgrade(:"),
}


def shown(notebook, cell: str) -> str:
    """Return what a cell prints, ends with, or fails with."""
    result = notebook.shell.run_cell(cell)
    printed = notebook.capsys.readouterr().out
    return printed + (repr(result.result) if result.result is not None else "")


@pytest.mark.parametrize("what", DRIFT)
@pytest.mark.costly
def test_a_diff_sees(project, what):
    assert shown(project, "%mig_diff").count("No difference")
    DRIFT[what]()
    assert "No difference" not in shown(project, "%mig_diff")
    assert "No difference" not in shown(project, "%mig_check")


@pytest.mark.parametrize("what", sampled(DRIFT, 1))
def test_autogenerate_sees(project, what):
    assert "matches the models" in shown(project, "%mig_autogenerate -m b")
    DRIFT[what]()
    assert "matches the models" not in shown(project, "%mig_autogenerate -m b")


@pytest.mark.parametrize("what", sampled(HISTORY | DRIFT, 3))
def test_the_status_sees(project, what):
    assert "up to date" in shown(project, "%mig")
    (DRIFT | HISTORY)[what]()
    assert "up to date" not in shown(project, "%mig")


def test_without_a_comparison_the_status_reports_it(project):
    said = shown(project, "%mig_status --no-drift")
    assert "were not compared" in said
    assert "up to date" not in said
    revision("b1")
    assert "nothing is pending" not in shown(project, "%mig_status --no-drift")


@pytest.mark.parametrize("what", sampled(HISTORY, 2))
def test_an_upgrade_sees(project, what):
    assert "nothing to do" in shown(project, "%mig_upgrade")
    HISTORY[what]()
    assert "nothing to do" not in shown(project, "%mig_upgrade")


@pytest.mark.parametrize("what", sampled(HISTORY, 1))
def test_a_plan_sees(project, what):
    assert "nothing to do" in shown(project, "%mig_upgrade --plan")
    HISTORY[what]()
    assert "nothing to do" not in shown(project, "%mig_upgrade --plan")


@pytest.mark.slow
@pytest.mark.parametrize("what", sampled(HISTORY, 1))
def test_the_command_line_sees(project, what):
    def run() -> str:
        command = [sys.executable, "-m", "kernel_core", "-c", "migrations/alembic.ini", "upgrade", "head"]
        environment = {**os.environ, "DATABASE_URL": "sqlite:///dev.db", "PYTHONPATH": f"{ROOT}{os.pathsep}."}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert "nothing to do" in run()
    HISTORY[what]()
    assert "nothing to do" not in run()


@pytest.mark.slow
def test_each_target_is_read_again(notebook):
    notebook.run("%mig_connect sqlite:///dev.db")
    notebook.run("%mig_init migrations")
    env = Path("migrations/env.py")
    env.write_text(
        "from alembic import context\n"
        "for name in ('one', 'two'):\n"
        "    context.configure(connection=context.config.attributes['connection'], version_table=name)\n"
        "    with context.begin_transaction():\n"
        "        context.run_migrations()\n"
    )
    revision("a1", after=None)  # type: ignore[arg-type]
    notebook.run("%mig_upgrade")
    assert "nothing to do" in shown(notebook, "%mig_upgrade")
    execute("DELETE FROM two")
    assert "upgraded 1 of 2" in shown(notebook, "%mig_upgrade")


MAKES = 'op.execute("CREATE TABLE made (id INTEGER)")\n'
STAYS = {
    "nothing": (MAKES + "raise ValueError('no')", "It was rolled back", False),
    "what it committed by itself": (
        MAKES + "op.get_bind().connection.commit()\nraise ValueError('no')",
        "1 statement of it stays, the last is CREATE TABLE made (id INTEGER)",
        True,
    ),
    "what it committed unnoticed": (
        MAKES
        + "cursor = op.get_bind().connection.cursor()\ncursor.execute('COMMIT')\ncursor.execute('BEGIN')\n"
        + "raise ValueError('no')",
        "It commits by itself, so what came before that stays",
        True,
    ),
    "what it rolled back by itself": (
        MAKES + "op.get_bind().connection.rollback()\nraise ValueError('no')",
        "It rolls back by itself; what it commits after that stays",
        False,
    ),
    "what its SQL committed, more came after": (
        MAKES + "op.execute('COMMIT')\nop.execute('CREATE TABLE more (id INTEGER)')\nraise ValueError('no')",
        "2 statements of it stay, the last is CREATE TABLE more (id INTEGER); the rest was rolled back",
        True,
    ),
    "what an autocommit block did": (
        f"with op.get_context().autocommit_block():\n    {MAKES}raise ValueError('no')",
        "1 statement of it stays, the last is CREATE TABLE made",
        True,
    ),
    "what is not known": (
        MAKES + "op.get_bind().connection.dbapi_connection.close()\nraise ValueError('no')",
        "The rollback failed as well",
        False,
    ),
}


@pytest.mark.parametrize("what", sampled(STAYS, 3))
@pytest.mark.costly
def test_a_failed_revision_reports_what_stays(project, what):
    body, claim, is_left = STAYS[what]
    revision("b1", body)
    said = shown(project, "%mig_upgrade")
    with sqlite3.connect("dev.db") as connection:
        left = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'made'").fetchone() == (1,)
    connection.close()
    assert (left, claim in said) == (is_left, True), said
    assert ("It was rolled back" in said) is (what == "nothing")


@pytest.mark.slow
def test_a_rehearsal_says_whether_the_file_was_written_to(project):
    revision("b1", MAKES)
    before = Path("dev.db").read_bytes()
    assert "nothing was written to it meanwhile (verified)" in shown(project, "%mig_rehearse")
    assert Path("dev.db").read_bytes() == before
    revision(
        "b1", "import sqlite3\nc = sqlite3.connect('dev.db')\nc.execute('CREATE TABLE made (id INTEGER)')\nc.close()"
    )
    assert "nothing was written" not in shown(project, "%mig_rehearse")
    revision(
        "b1", "import sqlite3\nc = sqlite3.connect('dev.db')\nc.execute('DROP TABLE made')\nc.close()\nraise ValueError"
    )
    assert "nothing was written" not in shown(project, "%mig_rehearse")


def test_adopt_sees(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///old.db")
    connection = sqlite3.connect("old.db")
    connection.execute("CREATE TABLE old (id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TABLE other (id INTEGER PRIMARY KEY)")
    connection.close()
    command.init(Config("alembic.ini"), "migrations")
    with pytest.raises(NotAdopted, match="table other is in the database"):
        command.adopt(Config("alembic.ini"), change=lambda made: made.operations.changed(ops=made.operations.ops[:1]))
    assert (
        command.adopt(Config("alembic.ini")).sentences()[1].endswith("2 tables compared with the file, no difference.")
    )


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("downgrade", "said"),
    [
        ('op.drop_column("airlines", "other")', "The `downgrade()` ends with an error, tried on a copy"),
        (
            'op.execute("CREATE TABLE other (id INTEGER)")',
            "The `downgrade()` runs, and does not restore what was there",
        ),
        ('batch.drop_constraint("uq_airlines_name", type_="unique")', ""),
    ],
)
def test_a_hint_about_a_downgrade_sees(notebook, downgrade, said):
    batch = 'with op.batch_alter_table("airlines") as batch:\n        '
    create = f'{batch}batch.create_unique_constraint("uq_airlines_name", ["name"])'
    reverse = f"{batch}{downgrade}" if downgrade.startswith("batch") else downgrade
    answer = f'%%migration "names" --up\ndef upgrade():\n    {create}\n\n\ndef downgrade():\n    {reverse}'
    hint = notebook.run(f"%%mig_lab 5.2\n{answer}").hint or ""
    assert (said in hint) if said else ("downgrade" not in hint), hint


@pytest.mark.slow
@pytest.mark.parametrize(("column", "fails"), [("land", True), ("name", False)])
@pytest.mark.costly
def test_a_hint_about_an_upgrade_sees(notebook, column, fails):
    upgrade = f'def upgrade():\n    op.drop_column("airlines", "{column}")\n\n\ndef downgrade():\n    pass'
    hint = notebook.run(f'%%mig_lab 5.2\n%%migration "names" --write\n{upgrade}').hint
    assert ("ends with an error, tried on a copy" in hint) is fails
    rehearsed = str(notebook.run("%mig_rehearse"))
    assert ("no such column" in rehearsed) is fails
