"""The operations of a review are rehearsed before they are written, and nothing of that remains."""

import os
import sqlite3
import tempfile
from pathlib import Path

import pytest

from mig_ipython.errors import MigError

REQUIRED = "email: Mapped[str | None] = mapped_column(sa.String(80))"


@pytest.fixture
def proposal(migrated):
    """A review that makes ``users.name`` unique, in a database where two rows have the same name."""
    with sqlite3.connect("dev.db") as database:
        database.execute("INSERT INTO users VALUES (1, 'Ada'), (2, 'Ada'), (3, 'Bob')")
    migrated.declare(REQUIRED, "__table_args__ = (sa.UniqueConstraint('name', name='uq_users_name'),)")
    return migrated.run("p = %mig_autogenerate Base -m 'Unique names' --id b2\np")


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files that no other program uses."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


def unchanged_files():
    """Return every file of the environment, and what is in the temporary folder."""
    here = {
        path: path.read_bytes() for path in Path("migrations").rglob("*") if path.suffix in (".py", ".ini", ".mako")
    }
    return here, os.listdir(tempfile.gettempdir())


def test_unwritten_operations_are_rehearsed_and_nothing_remains(proposal):
    before, database = unchanged_files(), Path("dev.db").read_bytes()
    report = proposal.rehearse()
    assert [(each.kind, each.rows, each.revision) for each in report.blockers] == [("duplicate", 2, "b2")]
    assert not report
    assert "no version file was written" in repr(report)
    assert unchanged_files() == before
    assert Path("dev.db").read_bytes() == database
    assert proposal.path is None


def test_what_is_rejected_in_the_review_is_not_rehearsed(proposal):
    (number,) = [row.number for row in proposal.review.rows if "email" in row.sentence]
    report = proposal.accept(str(number)).rehearse()
    assert report.is_clean
    assert report.found[0].schema == (("+", "users", "column email VARCHAR(80)"),)
    assert "no version file was written" in report._repr_html_()


def test_a_written_review_is_rehearsed_from_its_file(proposal):
    proposal.write()
    report = proposal.rehearse()
    assert len(report.blockers) == 1
    assert "no version file was written" not in repr(report)


@pytest.mark.slow
def test_the_options_of_the_magic_are_those_of_the_method(proposal):
    assert proposal.rehearse(mask=True).blockers[0].sample[0]["name"] != "Ada"
    assert proposal.rehearse(schema_only=True).is_clean
    assert proposal.rehearse(sample=1).found[0].sample == 1


def test_a_review_of_older_models_is_not_rehearsed(proposal, migrated):
    migrated.declare(REQUIRED)
    with pytest.raises(MigError, match="The models have changed since this review was made"):
        proposal.rehearse()


def test_without_an_accepted_row_there_is_nothing_to_rehearse(proposal):
    with pytest.raises(MigError, match="No operation is accepted, so there is nothing to rehearse"):
        proposal.accept("none").rehearse()


def test_without_an_environment_the_remedy_is_named(notebook):
    notebook.run("%mig_connect sqlite:///dev.db")
    notebook.declare()
    proposal = notebook.run("p = %mig_autogenerate Base -m 'Users'\np")
    with pytest.raises(MigError, match="%mig_init migrations"):
        proposal.rehearse()


def test_a_baseline_is_not_rehearsed(ready):
    with sqlite3.connect("dev.db") as database:
        database.execute("CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL)")
    with pytest.raises(MigError, match="A baseline is not run"):
        ready.run("a = %mig_adopt\na").rehearse()


@pytest.mark.parametrize("folder", ["with blank", "per%cent", "semi;colon", "a,b", "co:lon", "%(here)s"])
@pytest.mark.costly
def test_the_folders_of_version_files_may_have_any_name(notebook, folder):
    notebook.run("%mig_connect sqlite:///dev.db")
    notebook.run(f"%mig_init '{folder}'")
    notebook.declare()
    report = notebook.run("p = %mig_autogenerate Base -m 'Users'\np").rehearse()
    assert report.is_clean
    assert [table for _, table, _ in report.found[0].schema][:1] == ["users"]


def test_several_folders_and_the_folders_of_imports_stay_as_they_are_configured(migrated):
    ini = Path("migrations/alembic.ini")
    text = ini.read_text()
    head, _, tail = text.partition("[alembic]\n")
    kept = "".join(
        line
        for line in tail.splitlines(keepends=True)
        if not line.startswith(("path_separator", "version_locations", "prepend_sys_path"))
    )
    options = (
        "path_separator = os\nversion_locations = %(here)s/versions:%(here)s/more\nprepend_sys_path = .:%(here)s/own\n"
    )
    ini.write_text(f"{head}[alembic]\n{options}{kept}")
    Path("migrations/more").mkdir()
    Path("migrations/own").mkdir()
    Path("migrations/own/imported_by_env.py").write_text("")
    env = Path("migrations/env.py")
    env.write_text(f"import imported_by_env\n{env.read_text()}")
    migrated.run("%mig_open migrations/alembic.ini")
    migrated.declare(REQUIRED)
    proposal = migrated.run("p = %mig_autogenerate Base -m 'E-mail' --id b2 --version-path migrations/more\np")
    report = proposal.rehearse()
    assert report.is_clean
    assert report.found[0].schema == (("+", "users", "column email VARCHAR(80)"),)
    assert os.listdir("migrations/more") == []
