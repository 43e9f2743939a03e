"""Databases whose constraints have no name, in an environment whose models have a naming convention."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from catalogs import catalog

from kernel_core import command, operations, schema
from kernel_core.operations.ops import CreateCheckConstraintOp
from kernel_core.schema.metadata import state_of
from kernel_core.script import ScriptDirectory
from kernel_core.util.sqla_compat import UNNAMED, is_unnamed

pytestmark = pytest.mark.slow

CONVENTION = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",  # refuses a constraint that has no name
}
# ruff: noqa: ISC004 - a statement over two lines
TABLES = (
    "CREATE TABLE shops (id INTEGER NOT NULL PRIMARY KEY, code VARCHAR(10) UNIQUE)",
    "CREATE TABLE orders (id INTEGER NOT NULL, shop_id INTEGER REFERENCES shops (id), total INTEGER CHECK (total > 0)"
    ", CHECK (total < 1000 OR id > 7), CONSTRAINT positive CHECK (id > 0), PRIMARY KEY (id))",
)


def conventional(*items: sa.Table) -> sa.MetaData:
    """A MetaData with the convention, and copies of tables."""
    metadata = sa.MetaData(naming_convention=CONVENTION)
    for each in items:
        each.to_metadata(metadata)
    return metadata


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def environment(request):
    """A project on each database, with the tables."""
    made = request.getfixturevalue({"sqlite": "project"}.get(request.param, f"{request.param}_project"))
    made.run(*TABLES)
    return made


@pytest.fixture
def adopted(project):
    """A project on SQLite that has adopted the tables."""
    project.run(*TABLES)
    command.adopt(project.config(target_metadata=conventional()), rev_id="base1")
    return project


def test_the_baseline_reproduces_the_database_and_is_found_again(environment):
    config = environment.config(target_metadata=conventional())
    before = catalog(environment.url)
    command.adopt(config, rev_id="base1")
    [found] = command.locate(config)
    assert found.is_certain
    assert found.best.heads == ("base1",)
    command.downgrade(config, "base")
    assert environment.tables() <= {"alembic_version", "alembic_version_journal"}
    command.upgrade(config, "head")
    after = catalog(environment.url)
    assert {name: after[name] for name in before} == before


def test_the_schema_at_the_baseline_has_the_constraints_without_names(adopted):
    scripts = ScriptDirectory(str(adopted.folder / "migrations"))
    dialect = sa.create_engine("sqlite://").dialect
    found = schema.at(scripts, "base1", dialect=dialect, start=conventional())
    assert found.complete
    orders = found.metadata.tables["orders"]
    assert sorted(str(each.name) for each in orders.constraints) == ["None", "None", "None", "None", "positive"]
    assert str(sa.schema.CreateTable(orders)).count("CONSTRAINT") == 1
    again = schema.metadata_of(state_of(found.metadata, dialect)).tables["orders"]
    assert str(sa.schema.CreateTable(again)) == str(sa.schema.CreateTable(orders))


def test_a_scratch_database_is_read_with_the_names_that_it_has(adopted, postgresql_url):
    scripts = ScriptDirectory(str(adopted.folder / "migrations"))
    adopted.write("next1", "base1", "op.get_bind().exec_driver_sql('CREATE TABLE further (id INTEGER CHECK (id > 1))')")
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = schema.at(scripts, "head", dialect=engine.dialect, start=conventional(), by_running=connection)
    names = {str(each.name) for table in found.metadata.tables.values() for each in table.constraints}
    assert {"positive", "orders_total_check", "orders_pkey", "further_id_check"} <= names


def test_dropping_them_and_undoing_it_can_be_repeated(adopted):
    command.upgrade(adopted.config(), "head")
    adopted.env(
        lambda text: text.replace(
            '"target_metadata":',
            '"autogenerate_plugins": ["kernel_core.autogenerate.*", "kernel_core.ext.*"], "target_metadata":',
        )
    )
    models = conventional()
    sa.Table("shops", models, sa.Column("id", sa.INTEGER, primary_key=True), sa.Column("code", sa.VARCHAR(10)))
    columns = [
        sa.Column("id", sa.INTEGER, primary_key=True),
        *(sa.Column(each, sa.INTEGER) for each in ("shop_id", "total")),
    ]
    sa.Table("orders", models, *columns)
    config = adopted.config(target_metadata=models)
    script = command.revision(config, "drop them", rev_id="next1", autogenerate=True)
    text = Path(script.path).read_text("utf-8")
    dropped = re.findall(r'drop_constraint\(\s*batch_op.f\("(\w+)"\)', text.partition("def downgrade")[0])
    assert len(dropped) == 4
    assert all(name in text.partition("def downgrade")[2] for name in dropped)
    for target in ("head", "base1", "head"):
        command.upgrade(config, target) if target == "head" else command.downgrade(config, target)
    assert "CHECK" not in catalog(adopted.url)["orders"]


def test_no_name_is_kept_in_json():
    operation = operations.from_json(CreateCheckConstraintOp(UNNAMED, "orders", "total > 0").to_json())
    assert is_unnamed(operation.constraint_name)
    assert operation.to_constraint(state_of(conventional()).context).name is None


@pytest.mark.peer
def test_alembic_runs_the_baseline(adopted):
    alembic = pytest.importorskip("alembic.operations")
    context = pytest.importorskip("alembic.runtime.migration").MigrationContext
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    [path] = adopted.versions.glob("*.py")
    with engine.connect() as connection:
        runs = context.configure(connection, opts={"target_metadata": conventional()})
        names = {"OP": alembic.Operations(runs)}
        exec(path.read_text("utf-8").replace("from kernel_core import op", "op = OP"), names)
        names["upgrade"]()
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").scalars().all()
    assert made == list(TABLES)
    engine.dispose()
