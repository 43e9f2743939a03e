"""``--renames``: the command line, then env.py, then the configuration."""

import json

import pytest

MODELS = """import sqlalchemy as sa
models = sa.MetaData()
sa.Table("person", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(50)))
"""


@pytest.fixture
def renamed(project):
    """A database with ``mail`` where the models have ``email``."""
    project.env(lambda text: text.replace('config.attributes.get("target_metadata")', "models").replace(
        "import os\n", f"import os\n{MODELS}", 1))  # fmt: skip
    project.run("CREATE TABLE person (id INTEGER NOT NULL PRIMARY KEY, mail VARCHAR(50))")
    return project


def body(project, mig, *options):
    code, _, err = mig("revision", "--autogenerate", "--rev-id", "a1", *options)
    assert code == 0, err
    (path,) = project.versions.glob("a1*.py")
    text = path.read_text()
    path.unlink()
    return text


def test_a_rename_is_shown_accepted_or_not_detected(renamed, mig):
    assert "# looks like a rename of person.mail" in body(renamed, mig)
    assert "new_column_name='email'" in body(renamed, mig, "--renames", "accept").replace('"', "'")
    off = body(renamed, mig, "--renames", "off")
    assert "looks like" not in off
    assert "drop_column" in off
    assert mig("revision", "--renames", "maybe")[0] == 2


def test_env_py_is_below_the_command_and_above_the_configuration(renamed, mig):
    ini = renamed.folder / "alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]\n", "[alembic]\nrenames = accept\n"))
    assert "new_column_name" in body(renamed, mig)
    renamed.env(
        lambda text: text.replace(
            '"target_metadata": target_metadata,', '"target_metadata": target_metadata, "renames": "off",'
        )
    )
    assert "looks like" not in body(renamed, mig)
    assert "new_column_name" not in body(renamed, mig)
    assert "looks like" in body(renamed, mig, "--renames", "show")


def test_check_reports_a_rename(renamed, mig):
    _, out, _ = mig("check", "--renames", "accept", "--json")
    assert json.loads(out)["operations"] == ["Alter column mail of person: rename to email"]
