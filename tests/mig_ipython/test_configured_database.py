"""The database that the project's configuration names: ``%mig_connect`` alone takes it, ``%mig`` suggests it."""

from __future__ import annotations

import pytest

ENV = "from alembic import context\n"
INI = "[alembic]\nscript_location = migrations\n"
TOML = '[tool.alembic]\nscript_location = "migrations"\n"sqlalchemy.url" = "sqlite:///%(here)s/app.db"\n'
APP = "sqlite app.db"

ROWS = {
    "relative": ({"alembic.ini": INI + "sqlalchemy.url = sqlite:///app.db\n"}, "", APP, "sqlalchemy.url in alembic.ini [alembic]"),
    "here": ({"alembic.ini": INI + "sqlalchemy.url = sqlite:///%(here)s/app.db\n"}, "", APP, "sqlalchemy.url in alembic.ini"),
    "interpolated": ({"alembic.ini": INI + "file = app.db\nsqlalchemy.url = sqlite:///%(file)s\n"}, "", APP, "in alembic.ini"),
    "pyproject": ({"pyproject.toml": TOML}, "", APP, "sqlalchemy.url in pyproject.toml [tool.alembic]"),
    "mig": (
        {"alembic.ini": INI + "sqlalchemy.url = sqlite:///x.db\n", "pyproject.toml": '[tool.mig]\ndatabase = "sqlite:///app.db"\n'},
        "", APP, "%config Mig.database",
    ),
    "variable that env.py does not read": (
        {"alembic.ini": INI + "sqlalchemy.url = sqlite:///app.db\n"}, "sqlite:///x.db", APP, "sqlalchemy.url in alembic.ini",
    ),
    "variable that env.py reads": (
        {"alembic.ini": INI + "sqlalchemy.url = sqlite:///x.db\n", "migrations/env.py": ENV + "# DATABASE_URL\n"},
        "sqlite:///app.db", APP, "$DATABASE_URL",
    ),
    "variable alone": ({"alembic.ini": INI}, "sqlite:///app.db", APP, "$DATABASE_URL"),
    "placeholder": ({"alembic.ini": INI + "sqlalchemy.url = driver://user:pass@localhost/dbname\n"}, "", "", ""),
    "none": ({"alembic.ini": INI}, "", "", ""),
}  # fmt: skip

WRONG = {
    "postgresql+nodriver://ada:swordfish92@localhost/shop": "no dialect is called 'postgresql+nodriver'",
    "oracle://ada:swordfish92@localhost/shop": "pip install",
    "postgresql+psycopg://ada:swordfish92@127.0.0.1:1/shop": "Cannot connect to postgresql+psycopg://ada:***@",
}
UNREADABLE = {
    "no url at all": "sqlalchemy.url in alembic.ini [alembic] is not a database URL",
    "postgresql://ada:100%@localhost/shop": "contains a % that begins no %(name)s; write it as %%.",
    "postgresql://ada:%(pw)s@localhost/shop": "sqlalchemy.url in alembic.ini refers to %(pw)s, which is not set there.",
}


@pytest.fixture
def project(notebook, tmp_path, monkeypatch):
    """Write the files of a project and return the notebook that is in its folder."""
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def make(files):
        (tmp_path / "migrations" / "versions").mkdir(parents=True, exist_ok=True)
        for name, text in {"migrations/env.py": ENV, **files}.items():
            (tmp_path / name).write_text(text)
        notebook.run("%reload_ext mig_ipython")
        return notebook

    return make


@pytest.mark.parametrize("row", ROWS)
def test_it_is_taken_and_suggested(project, monkeypatch, row):
    files, variable, target, place = ROWS[row]
    if variable:
        monkeypatch.setenv("DATABASE_URL", variable)
    notebook = project(files)
    status = notebook.run("%mig")
    if not target:
        assert status.next == "%mig_connect sqlite:///dev.db"
        assert "Connect first: %mig_connect sqlite:///dev.db" in notebook.fail("%mig_connect")
        return
    assert status.next == "%mig_connect"
    assert f"{place}" in repr(status)
    assert "dev.db" not in repr(status)
    assert place in notebook.fail("%mig_upgrade")
    assert notebook.run("%mig_connect").target == target
    assert notebook.run("%mig").database == target


def test_what_is_wrong_with_it_is_reported_without_its_password(project):
    for url, said in {**WRONG, **UNREADABLE}.items():
        notebook = project({"alembic.ini": f"{INI}sqlalchemy.url = {url}\n"})
        status = notebook.run("%mig")
        assert (status.next == "%mig_connect URL") == (url in UNREADABLE), url
        shown = notebook.fail("%mig_connect")
        assert said in shown, shown
        assert "swordfish92" not in shown + repr(status) + status._repr_html_()


def test_a_section_is_taken_by_its_name_with_its_own_database(project):
    notebook = project(
        {"alembic.ini": f"{INI}[shop]\nscript_location = migrations\nsqlalchemy.url = sqlite:///app.db\n"}
    )
    notebook.run("%mig_open alembic.ini --name shop")
    assert "[shop]" in repr(notebook.run("%mig"))
    assert notebook.run("%mig_connect").target == APP
