"""Names of Alembic that published tools and version files reach for, which its documentation does not list."""

from __future__ import annotations

import importlib

import pytest
import sqlalchemy as sa

from kernel_core.config import Config
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import ScriptDirectory
from kernel_core.script.revision import RevisionMap

pytestmark = pytest.mark.peer
pytest.importorskip("alembic", reason="the yardstick is not installed (extra peer)")

USED = """
alembic:__version__
alembic.autogenerate.render:_add_column _add_index _add_table _alter_column _drop_column _drop_index _drop_table
alembic.autogenerate.render:_alembic_autogenerate_prefix _render_cmd_body _render_column _render_server_default _repr_type
alembic.ddl.impl:DefaultImpl
alembic.ddl.postgresql:ColumnComment PostgresqlColumnType RenameTable visit_column_comment visit_column_type visit_rename_table
alembic.operations:MigrationScript
alembic.runtime.environment:ProcessRevisionDirectiveFn NameFilterType IncludeObjectFn RenderItemFn OnVersionApplyFn
alembic.runtime.migration:MigrationStep RevisionStep StampStep
alembic.script:ScriptDirectory
alembic.util:asbool err immutabledict msg obfuscate_url_pw rev_id status warn CommandError Dispatcher
alembic.util.langhelpers:asbool rev_id Dispatcher
alembic.util.messaging:err msg obfuscate_url_pw status warn
"""
"""Found in GeoAlchemy2, alembic-postgresql-enum, pytest-alembic, flask-alembic, airflow, neutron, keystone and others."""


@pytest.mark.parametrize("line", USED.split("\n")[1:-1])
def test_what_published_tools_import_is_here(line: str) -> None:
    place, names = line.split(":")
    theirs = importlib.import_module(place)
    ours = importlib.import_module(place.replace("alembic", "kernel_core", 1))
    for name in names.split():
        assert hasattr(theirs, name), f"{place}.{name} is no longer in Alembic"
        assert hasattr(ours, name), f"{place}.{name} is not here"


def test_a_version_file_that_asks_for_a_release_gets_an_answer_it_can_compare() -> None:
    versions = [importlib.import_module(name).__version__ for name in ("alembic", "kernel_core")]
    assert tuple(map(int, versions[1].split("."))) <= tuple(map(int, versions[0].split(".")))
    assert tuple(map(int, versions[1].split("."))) >= (1, 20)


def test_a_context_says_where_its_version_table_is(sqlite_url: str) -> None:
    opts = {"version_table": "versions", "version_table_schema": "main"}
    engine = sa.create_engine(sqlite_url)
    with engine.connect() as connection:
        theirs = importlib.import_module("alembic.runtime.migration").MigrationContext
        for kind in (theirs, MigrationContext):
            context = kind.configure(connection, opts=opts)
            assert (context.version_table, context.version_table_schema) == ("versions", "main")
            assert context.on_version_apply_callbacks == ()
    engine.dispose()


def test_a_plan_may_be_asked_of_the_directory(tmp_path, sqlite_url: str) -> None:  # type: ignore[no-untyped-def]
    command = importlib.import_module("kernel_core.command")
    config = Config(str(tmp_path / "alembic.ini"))
    config.set_main_option("script_location", str(tmp_path / "migrations"))
    command.init(config, str(tmp_path / "migrations"))
    for name in ("a", "b"):
        command.revision(config, message=name, rev_id=name)
    scripts = ScriptDirectory.from_config(config)
    assert isinstance(scripts.revision_map, RevisionMap)
    assert [step.revision_id for step in scripts._upgrade_revs("head", ())] == ["a", "b"]
    assert [step.revision_id for step in scripts._downgrade_revs("base", ("b",))] == ["b", "a"]
    assert [step.added for step in scripts._stamp_revs("a", ())] == [("a",)]
