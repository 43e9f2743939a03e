"""``revision`` without a message: autogenerate names the file after its operations, otherwise it is Alembic's way."""

from __future__ import annotations

import pytest

from kernel_core import command

MODELS = """import sqlalchemy as sa
models = sa.MetaData()
sa.Table("users", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(5), index=True))
"""


@pytest.fixture
def models(project):
    project.env(lambda text: text.replace('config.attributes.get("target_metadata")', "models").replace(
        "import os\n", f"import os\n{MODELS}", 1))  # fmt: skip
    return project


def written(project):
    (path,) = project.versions.glob("a1*.py")
    return path.name, path.read_text().splitlines()[0]


def test_autogenerate_names_the_file_after_its_operations(models, mig):
    assert mig("revision", "--autogenerate", "--rev-id", "a1")[0] == 0
    assert written(models) == ("a1_create_users.py", '"""create_users')


def test_a_message_is_kept_and_so_is_an_empty_one(models, mig):
    assert mig("revision", "--autogenerate", "--rev-id", "a1", "-m", "First tables")[0] == 0
    assert written(models) == ("a1_first_tables.py", '"""First tables')
    next(models.versions.glob("a1*.py")).unlink()
    assert mig("revision", "--autogenerate", "--rev-id", "a1", "-m", "")[0] == 0
    assert written(models) == ("a1.py", '"""empty message')


def test_a_hook_finds_no_message_and_may_set_one(models, mig):
    def hook(context, revision, directives):
        directives[0].message = f"was {directives[0].message}"

    command.revision(models.config(), autogenerate=True, rev_id="a1", process_revision_directives=hook)
    assert written(models)[1] == '"""was None'


def test_a_revision_without_operations_has_an_empty_message(models, mig):
    assert mig("revision", "--rev-id", "a1")[0] == 0
    assert written(models) == ("a1.py", '"""empty message')
