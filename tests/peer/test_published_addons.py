"""Published add-ons, in their documented main use (extra ``addons``): each in a separate process, under the alias."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.peer

START = "from kernel_core import alias\nalias.install()\n"


def needs(package: str) -> None:
    """Skip where an add-on is not installed; importing it here would change Alembic for the other tests."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed (extra addons)")


def run(folder: Path, code: str, **variables: str) -> str:
    import os

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START + textwrap.dedent(code)],
        cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_geoalchemy2_turns_indexes_of_geometries_into_its_own(tmp_path):
    needs("geoalchemy2")
    said = run(
        tmp_path,
        """
        import sqlalchemy as sa
        from alembic.autogenerate import produce_migrations, render_python_code
        from alembic.migration import MigrationContext
        from geoalchemy2 import Geometry, alembic_helpers
        metadata = sa.MetaData()
        table = sa.Table("lake", metadata, sa.Column("id", sa.Integer, primary_key=True),
                         sa.Column("geom", Geometry("POLYGON", srid=4326, spatial_index=False)))
        sa.Index("idx_lake_geom", table.c.geom, postgresql_using="gist")
        with sa.create_engine("sqlite://").connect() as connection:
            context = MigrationContext.configure(connection, opts={
                "target_metadata": metadata, "include_object": alembic_helpers.include_object,
                "render_item": alembic_helpers.render_item})
            script = produce_migrations(context, metadata)
            alembic_helpers.writer(context, (), [script])
            print(render_python_code(script.upgrade_ops, render_item=alembic_helpers.render_item, migration_context=context))
        """,
    )
    assert "create_geospatial_table" in said
    assert "create_geospatial_index" in said
    assert "Geometry(" in said


def test_alembic_postgresql_enum_proposes_a_new_value(tmp_path, postgresql_url):
    needs("alembic_postgresql_enum")
    said = run(
        tmp_path,
        """
        import os
        import sqlalchemy as sa
        import alembic_postgresql_enum
        from alembic.autogenerate import produce_migrations, render_python_code
        from alembic.migration import MigrationContext
        def model(*values):
            metadata = sa.MetaData()
            sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True),
                     sa.Column("mood", sa.Enum(*values, name="mood")), sa.Column("moods", sa.ARRAY(sa.Enum(*values, name="mood"))))
            return metadata
        engine = sa.create_engine(os.environ["CASE_URL"])
        with engine.begin() as connection:
            model("sad", "ok").create_all(connection)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"target_metadata": model("sad", "ok", "happy")})
            script = produce_migrations(context, model("sad", "ok", "happy"))
            print(render_python_code(script.upgrade_ops, migration_context=context))
        """,
        CASE_URL=postgresql_url,
    )
    assert "_enum_value" in said
    assert "happy" in said


def test_alembic_utils_proposes_a_view(tmp_path, postgresql_url):
    needs("alembic_utils")
    said = run(
        tmp_path,
        """
        import os
        import sqlalchemy as sa
        from alembic.autogenerate import produce_migrations, render_python_code
        from alembic.migration import MigrationContext
        from alembic_utils.pg_view import PGView
        from alembic_utils.replaceable_entity import register_entities
        register_entities([PGView("public", "ones", "select 1 as one")])
        engine = sa.create_engine(os.environ["CASE_URL"])
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"target_metadata": sa.MetaData(), "include_schemas": False})
            script = produce_migrations(context, sa.MetaData())
            print(render_python_code(script.upgrade_ops, migration_context=context))
        """,
        CASE_URL=postgresql_url,
    )
    assert "op.create_entity(" in said


def test_alembic_dddl_finds_the_proposal_in_the_options(tmp_path):
    needs("alembic_dddl")
    said = run(
        tmp_path,
        """
        import os
        from alembic import command
        from alembic.config import Config
        os.environ["DATABASE_URL"] = "sqlite:///t.db"
        config = Config("alembic.ini")
        command.init(config, "m")
        open("ones.sql", "w").write("CREATE VIEW ones AS SELECT 1 AS one;")
        text = open("m/env.py").read()
        head, _, tail = text.partition("target_metadata = config")
        lines = '''
        import sqlalchemy
        from alembic_dddl import DDL, register_ddl
        register_ddl(DDL(name="ones", sql="CREATE VIEW ones AS SELECT 1 AS one;", down_sql="DROP VIEW ones;"))
        config.attributes.setdefault("target_metadata", sqlalchemy.MetaData())
        '''
        import textwrap
        open("m/env.py", "w").write(head + textwrap.dedent(lines) + "target_metadata = config" + tail)
        open("alembic.ini", "a").write("\\n[alembic_dddl]\\nscripts_location = ddl\\n")
        os.makedirs("ddl", exist_ok=True)
        script = command.revision(config, "One", autogenerate=True, rev_id="a1")
        print(script.source)
        """,
    )
    assert "ones" in said
    assert "run_ddl_script" in said
