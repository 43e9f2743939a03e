"""pytest-alembic: its tests, imported into a test file as documented, its fixtures, and its experimental tests.

The other documented way, ``pytest --test-alembic``, fails in pytest 9.2 with Alembic too: it sets ``_nodeid`` of a node,
and does so for every ``tests/conftest.py``. So the fixtures are defined in ``conftest.py`` of the root here.
"""

import pytest

pytestmark = pytest.mark.peer

ENV = """
from alembic import context
from models import Base
from sqlalchemy import engine_from_config, pool

connectable = context.config.attributes.get("connection", None)
if connectable is None:
    connectable = engine_from_config(
        context.config.get_section(context.config.config_ini_section), prefix="sqlalchemy.", poolclass=pool.NullPool
    )
with connectable.connect() as connection:
    context.configure(
        connection=connection, target_metadata=Base.metadata, compare_type=True, compare_server_default=True
    )
    with context.begin_transaction():
        context.run_migrations()
"""
MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Account(Base):
    __tablename__ = "account"
    id = sa.Column(sa.Integer, primary_key=True)
    email = sa.Column(sa.String(40), nullable=False)
    {more}
"""
ONE = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "a1", None


def upgrade():
    op.create_table("account", sa.Column("id", sa.Integer, primary_key=True), sa.Column("mail", sa.String(40)))


def downgrade():
    op.drop_table("account")
"""
TWO = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "b2", "a1"


def upgrade():
    op.add_column("account", sa.Column("email", sa.String(40)))
    op.execute("UPDATE account SET email = lower(mail)")
    with op.batch_alter_table("account") as batch:
        batch.alter_column("email", nullable=False)
        batch.drop_column("mail")


def downgrade():
    op.add_column("account", sa.Column("mail", sa.String(40)))
    op.execute("UPDATE account SET mail = email")
    with op.batch_alter_table("account") as batch:
        batch.drop_column("email")
"""
CONFTEST = """
import pytest
import sqlalchemy
from pytest_alembic.config import Config


@pytest.fixture
def alembic_config():
    return Config(before_revision_data={"b2": {"__tablename__": "account", "mail": "A@B.C"}})


@pytest.fixture
def alembic_engine(tmp_path):
    return sqlalchemy.create_engine(f"sqlite:///{tmp_path}/tested.db")
"""
CUSTOM = """
import sqlalchemy as sa
from pytest_alembic import tests


def test_mails_are_kept(alembic_runner, alembic_engine):
    alembic_runner.migrate_up_before("b2")
    assert alembic_runner.current == "a1"
    alembic_runner.insert_into("account", {"id": 2, "mail": "X@Y.Z"})
    alembic_runner.migrate_up_one()
    with alembic_engine.connect() as connection:
        assert connection.execute(sa.text("SELECT id, email FROM account ORDER BY id")).all() == [(2, "x@y.z"), (3, "a@b.c")]
    alembic_runner.migrate_down_one()
    assert alembic_runner.current == "a1"
    alembic_runner.roundtrip_next_revision()
    assert alembic_runner.heads == ["b2"]
    assert alembic_runner.history.revisions == ["base", "a1", "b2", "heads"]
    alembic_runner.migrate_down_to("base")
    alembic_runner.migrate_up_to("heads")


def test_all_models_register_on_metadata(alembic_runner):
    tests.experimental.test_all_models_register_on_metadata(alembic_runner, "models")
"""
BUILT_IN = """
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace
"""


def prepare(project) -> None:
    (project.folder / "migrations" / "versions").mkdir(parents=True)
    (project.folder / "migrations" / "env.py").write_text(ENV)
    (project.folder / "migrations" / "script.py.mako").write_text("revision = ${repr(up_revision)}\n")
    (project.folder / "migrations" / "versions" / "a1.py").write_text(ONE)
    (project.folder / "migrations" / "versions" / "b2.py").write_text(TWO)
    (project.folder / "alembic.ini").write_text(
        f"[alembic]\nscript_location = migrations\nprepend_sys_path = .\nsqlalchemy.url = {project.url}\n"
    )
    project.write(models=MODELS.format(more=""), conftest=CONFTEST)
    (project.folder / "tests").mkdir()
    (project.folder / "tests" / "test_built_in.py").write_text(BUILT_IN)
    (project.folder / "tests" / "test_own.py").write_text(CUSTOM)


def test_a_history_is_tested(project, needs):
    needs("pytest_alembic")
    prepare(project)
    assert "7 passed" in project.run("-m", "pytest", "-p", "no:cacheprovider")


def test_faults_of_a_history_are_reported(project, needs):
    needs("pytest_alembic")
    prepare(project)
    project.write(models=MODELS.format(more="age = sa.Column(sa.Integer)"))
    three = TWO.replace('"b2", "a1"', '"c3", "a1"').replace('batch.drop_column("email")', 'raise RuntimeError("none")')
    versions = project.folder / "migrations" / "versions"
    (versions / "c3.py").write_text(three)
    built_in = ("-m", "pytest", "-p", "no:cacheprovider", "-rf", "tests/test_built_in.py")
    assert "Expected 1 head revision, found 2" in project.run(*built_in, code=1)
    (versions / "b2.py").unlink()
    said = project.run(*built_in, code=1)
    assert "op.add_column('account', sa.Column('age', sa.Integer(), nullable=True))" in said.replace('"', "'")
    assert "Failed to downgrade through each revision individually" in said
    assert "2 passed, 3 failed" in said.replace("3 failed, 2 passed", "2 passed, 3 failed")
