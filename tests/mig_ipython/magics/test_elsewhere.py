"""A review or a question is about one database, one environment and the files as they were: on others nothing runs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mig_ipython.session import session_of

AGE = """%%migration 'Add age' --up --id b2
def upgrade():
    op.add_column('users', sa.Column('age', sa.Integer))
def downgrade():
    op.drop_column('users', 'age')
"""


def names(path: str) -> set[str]:
    with closing(sqlite3.connect(path)) as live:
        return {row[1] for row in live.execute("PRAGMA table_info(users)")}


def execute(sql: str) -> None:
    with closing(sqlite3.connect("dev.db")) as live:
        live.execute(sql)
        live.commit()


def edit(revision: str, old: str, new: str, folder: str = "migrations") -> None:
    (path,) = Path(folder, "versions").glob(f"{revision}*.py")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def asked(attended):
    """A question about a downgrade that loses no data as yet."""
    attended.run(AGE)
    attended.run("q = %mig_downgrade -1")
    return attended


def other_database() -> str:
    shutil.copy("dev.db", "prod.db")
    return "%mig_connect sqlite:///prod.db --as prod"


def other_environment() -> str:
    shutil.copytree("migrations", "other")
    return "%mig_open other"


def edited_file() -> str:
    edit("b2", "op.drop_column('users', 'age')", "op.drop_table('users')")
    return ""


def rows_meanwhile() -> str:
    execute("INSERT INTO users VALUES (1, 'Ada', 36)")
    return ""


CHANGES = {
    "sqlite dev.db, but this notebook is connected to sqlite prod.db now": other_database,
    "the environment migrations, but this notebook uses other now": other_environment,
    "b2 was edited since this question was asked": edited_file,
    "More would be lost than when this question was asked: Drop column age": rows_meanwhile,
    "this notebook is not connected to a database now": lambda: "%mig_close dev",
}


@pytest.mark.parametrize("said", CHANGES)
@pytest.mark.costly
@pytest.mark.parametrize("way", ["python", "click", "rehearse"])
def test_what_is_confirmed_is_the_plan_that_was_shown(asked, panels, said, way):
    question, panel = asked["q"], panels[-1]
    panel.answer.value = question.word
    asked.run(CHANGES[said]())
    if way == "click":
        panel.yes.click()
        assert said in panel.status.text
    else:
        assert said in asked.fail("q.confirm(q.word)" if way == "python" else "q.rehearse()")
    assert (question.report, question.rehearsal) == (None, None)
    for path in filter(Path.exists, (Path("dev.db"), Path("prod.db"))):
        assert names(str(path)) == {"id", "name", "age"}


IMPORTS = {
    "steps.py": "import steps",
    "tools/__init__.py": "import tools as t",
    "tools/cleaning.py": "from tools import (\n    cleaning as c,\n)",
    "tools/names.py": "",  # cleaning imports it, by a relative import
    "tools/alembic.py": "",  # and this one, which is not the installed package of this name
    "late.py": "def late():\n    from late import (  # of a function\n        one,\n        two,\n    )",
    "dynamic.py": 'import importlib\nsteps = importlib.import_module("dynamic")',
    "chosen.py": 'name = "chosen"\nchosen = importlib.import_module(name)',
    "new.py": "try:\n    import new\nexcept ImportError: pass",
    "env_steps.py": "",
    "migrations/env.py": "",
}
"""Files of a project, and what in a version file imports them; other files import those without."""


@pytest.fixture
def importing(attended, tmp_path, monkeypatch):
    """A question about the downgrade of a revision whose file imports modules of the project."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in (
        "steps.py",
        "late.py",
        "dynamic.py",
        "chosen.py",
        "env_steps.py",
        "other.py",
        "tools/__init__.py",
        "tools/names.py",
        "tools/alembic.py",
    ):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("one = two = 1\n")
    Path("tools/cleaning.py").write_text("from . import names\nfrom .alembic import one\n")
    env = Path("migrations/env.py")
    env.write_text(f"import env_steps\n{env.read_text()}")
    attended.run(AGE)
    edit("b2", "import sqlalchemy", "\n".join((*filter(None, IMPORTS.values()), "import sqlalchemy")))
    attended.run("q = %mig_downgrade -1")
    yield attended
    for name in [
        name
        for name in sys.modules
        if name.partition(".")[0] in {Path(each).parts[0].removesuffix(".py") for each in IMPORTS}
    ]:
        del sys.modules[name]


@pytest.mark.parametrize("path", IMPORTS)
@pytest.mark.parametrize("call", ["q.confirm(q.word)", "q.rehearse()"])
@pytest.mark.costly
def test_a_question_is_void_once_a_file_is_edited_that_would_run(importing, path, call):
    with open(path, "a") as stream:
        stream.write("two = 2\n")
    assert f"{path} was edited since this question was asked. Run the cell again." in importing.fail(call)
    assert names("dev.db") == {"id", "name", "age"}


DATA = {
    "migrations/versions/next.sql": 'Path(__file__).with_name("next.sql").read_text()',
    "migrations/versions/seeds/users.csv": 'open(Path(__file__).parent / "seeds" / "users.csv")',
    "migrations/seeds/a.json": 'sorted(Path(__file__).parents[1].glob("seeds/*.json"))',
    "data/rows.csv": 'open(os.path.join("data", "rows.csv"))',
    "statements/drop.sql": 'Path("statements/drop.sql").read_text()',
    "migrations/versions/übung 100%.sql": 'Path(__file__).with_name("übung 100%.sql")',
    "read/by_module.txt": "reading.read()",
}
"""Data files, and what reads them in a version file."""


@pytest.fixture
def with_data(attended, tmp_path, monkeypatch):
    """A question about the downgrade of a revision that reads data files."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in (*DATA, "migrations/versions/other.sql", "run.log"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("SELECT 1\n")
    Path("reading.py").write_text('def read():\n    return open("read/by_module.txt").read()\n')
    attended.run(AGE)
    reads = [f"    def _():\n        return {expression}\n" for expression in DATA.values()]
    log = "    def _():\n        return open('run.log', 'a'), 'dev.db', 'versions'\n"
    edit("b2", "def downgrade", "import os\nfrom pathlib import Path\nimport reading\n\n\ndef downgrade")
    edit("b2", "    op.drop_column('users', 'age')", "".join((*reads, log, "    op.drop_column('users', 'age')")))
    attended.run("q = %mig_downgrade -1")
    yield attended
    sys.modules.pop("reading", None)


@pytest.mark.parametrize("path", DATA)
@pytest.mark.costly
def test_a_question_is_void_once_a_data_file_is_edited_that_a_version_file_names(with_data, path):
    with open(path, "a") as stream:
        stream.write("SELECT 2\n")
    assert f"{path} was edited since this question was asked. Run the cell again." in with_data.fail(
        "q.confirm(q.word)"
    )
    Path(path).unlink()
    assert f"{path} was edited" in with_data.fail("q.confirm(q.word)")
    assert names("dev.db") == {"id", "name", "age"}


def test_a_question_still_holds_after_data_files_changed_that_are_not_read(with_data):
    Path("migrations/versions/other.sql").write_text("SELECT 2\n")
    Path("run.log").write_text("more\n")
    Path("migrations/versions/new.txt").write_text("new\n")
    os.utime("data/rows.csv")
    execute("CREATE TABLE unrelated (id INTEGER)")
    assert with_data.run("q.confirm(q.word)").after == ("a1",)


WRITES = """\
    from pathlib import Path

    with open("backup.csv", "a") as stream:
        stream.write("a row")
    if not Path("allowed").exists():
        raise ValueError("not yet")
"""
"""A downgrade that writes a file, and then fails."""


@pytest.fixture
def writing(attended):
    """A question about a downgrade that writes a file itself."""
    attended.run(AGE)
    edit("b2", "    op.drop_column('users', 'age')", WRITES)
    attended.run("q = %mig_downgrade -1")
    return attended


@pytest.mark.costly
def test_a_question_still_holds_after_its_own_run_wrote_a_file_and_failed(writing):
    assert "not yet" in writing.fail("q.confirm(q.word)")
    assert "not yet" in writing.fail("q.confirm(q.word)")
    Path("allowed").touch()
    assert "allowed was edited" in writing.fail("q.confirm(q.word)")
    assert Path("backup.csv").read_text() == 2 * "a row"


@pytest.mark.costly
def test_a_question_still_holds_after_its_own_rehearsal_wrote_a_file(writing):
    writing.run("q.rehearse()")
    assert Path("backup.csv").exists()
    assert "not yet" in writing.fail("q.confirm(q.word)")


@pytest.mark.costly
def test_a_question_is_void_once_a_version_file_is_edited_while_it_runs(writing):
    edit("b2", 'raise ValueError("not yet")', 'Path(__file__).write_text("# edited"); raise ValueError("not yet")')
    writing.run("q = %mig_downgrade -1")
    assert "not yet" in writing.fail("q.confirm(q.word)")
    assert "b2" in writing.fail("q.confirm(q.word)")


def test_a_question_still_holds_after_other_files_were_edited(importing):
    Path("other.py").write_text("one = 2\n")
    os.utime("steps.py")
    assert importing.run("q.confirm(q.word)").after == ("a1",)


def test_a_question_still_holds_after_a_new_connection_to_the_same_database_and_with_more_rows(asked):
    execute("INSERT INTO users VALUES (1, 'Ada', 36)")
    asked.run("q = %mig_downgrade -1")
    execute("INSERT INTO users VALUES (2, 'Bob', 37)")
    asked.run("%mig_connect sqlite:///dev.db --as again\n%mig_open migrations")
    assert asked.run("q.confirm('users')").after == ("a1",)


def test_databases_in_memory_are_different_ones(attended):
    attended.run("%mig_connect sqlite:///:memory: --as first\n%mig_upgrade\nq = %mig_downgrade base")
    attended.run("%mig_connect sqlite:///:memory: --as second\n%mig_upgrade")
    assert "This question is about sqlite in memory" in attended.fail("q.confirm(q.word)")


@pytest.fixture
def reviewed(attended):
    """A review of one new column."""
    attended.declare("age: Mapped[int | None]")
    attended.run("p = %mig_autogenerate Base -m age --id b2")
    return attended


@pytest.mark.parametrize("change", [other_database, other_environment])
@pytest.mark.parametrize("call", ["write()", "upgrade()", "rehearse()"])
@pytest.mark.costly
def test_a_review_is_not_used_elsewhere(reviewed, panels, change, call):
    reviewed.run(change())
    said = "This review is about"
    assert said in reviewed.fail(f"p.{call}")
    assert said in panels[-1].stale._text.value
    panels[-1].footer.upgrade.click()
    assert said in panels[-1].status.text
    assert not panels[-1].ask.is_open
    assert not list(Path().glob("*/versions/b2*"))
    reviewed.run("%mig_connect dev\n%mig_open migrations")
    assert panels[-1].stale.widget.layout.display == "none"
    reviewed.run(f"p.{call}")


def test_elsewhere_the_panel_does_not_ask_for_a_confirmation_that_it_would_refuse(attended, panels):
    attended.declare()
    attended.run("Base.metadata.remove(Base.metadata.tables['users'])\nsa.Table('pets', Base.metadata)")
    attended.run("p = %mig_autogenerate Base -m pets --id b2")
    attended.run(other_database())
    panels[-1].footer.upgrade.click()
    assert "This review is about" in panels[-1].status.text
    assert not panels[-1].ask.is_open


def test_compared_again_it_is_about_the_database_of_now(reviewed, panels):
    reviewed.run(other_database())
    panels[-1].stale.button.click()
    assert panels[-1].stale.widget.layout.display == "none"
    assert "prod.db" in reviewed["p"].text()
    reviewed.run("p.upgrade()")
    assert (names("dev.db"), names("prod.db")) == ({"id", "name"}, {"id", "name", "age"})


def test_a_written_review_is_run_and_undone_only_where_it_is_about(reviewed, panels):
    reviewed.run("p.write()")
    reviewed.run(other_database())
    for call in ("p.upgrade()", "p.rehearse()", "p.undo()"):
        assert "This review is about sqlite dev.db" in reviewed.fail(call)
    panels[-1].footer.upgrade.click()
    assert names("dev.db") == names("prod.db") == {"id", "name"}


def test_a_baseline_is_written_only_for_the_database_that_was_reviewed(notebook):
    notebook.run("%mig_connect sqlite:///dev.db\n%mig_init migrations")
    execute("CREATE TABLE old (id INTEGER PRIMARY KEY)")
    notebook.run("a = %mig_adopt")
    notebook.run(other_database())
    assert "This review is about sqlite dev.db" in notebook.fail("a.write()")
    assert not list(Path("migrations/versions").glob("*.py"))


def test_an_edited_file_is_not_run_by_the_panel_of_its_review(reviewed, panels):
    execute("INSERT INTO users VALUES (1, 'Ada')")
    panel = panels[-1]
    panel.footer.write.click()
    edit("b2", "\n\ndef downgrade", "    op.drop_column('users', 'name')\n\n\ndef downgrade")
    panel.footer.upgrade.click()
    assert "was edited since it was written here" in panel.status.text
    assert names("dev.db") == {"id", "name"}
    assert "users.name is lost (1 row)" in reviewed.fail("p.upgrade()")


def test_the_panel_runs_nothing_that_loses_rows_of_which_it_has_not_asked(reviewed, panels):
    """Two revisions run then: the one before it was added since, by another kernel."""
    panel = panels[-1]
    panel.footer.write.click()
    execute("INSERT INTO users VALUES (1, 'Ada')")
    Path("migrations/versions/a2.py").write_text(
        "from kernel_core import op\nrevision = 'a2'\ndown_revision = 'a1'\n"
        "def upgrade():\n    op.drop_column('users', 'name')\ndef downgrade():\n    pass\n"
    )
    edit("b2", "a1", "a2")
    session_of(reviewed.shell).written.files.clear()  # as if the file were written by another kernel
    panel.footer.upgrade.click()
    assert "users.name is lost (1 row)" in panel.status.text
    assert names("dev.db") == {"id", "name"}


def test_a_file_that_is_applied_to_another_open_connection_is_not_deleted(attended):
    shutil.copy("dev.db", "prod.db")
    attended.run(AGE)
    attended.run("%mig_connect sqlite:///prod.db --as prod")
    assert "is applied to dev, so it was kept" in attended.fail("%mig_undo")
    attended.run("%mig_close dev")
    assert "Deleted" in repr(attended.run("%mig_undo"))
