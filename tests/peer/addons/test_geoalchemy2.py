"""GeoAlchemy2: ``alembic_helpers`` in ``env.py``, for MariaDB, and for SpatiaLite and PostGIS where these are installed."""

import glob
import sqlite3

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.peer

MODELS = """
from geoalchemy2 import Geometry
from sqlalchemy import Column, Integer, MetaData, String, Table

metadata = MetaData()
Table(
    "lake", metadata, Column("id", Integer, primary_key=True), Column("name", String(40)),
    Column("geom", Geometry("LINESTRING", srid=4326, nullable=False), nullable=False),
    Column("plain", Geometry("POINT", srid=4326, spatial_index=False)),
    {more}
)
"""
ENV = """
import os
import models
from alembic import context
from geoalchemy2 import alembic_helpers, load_spatialite
from sqlalchemy import create_engine
from sqlalchemy.event import listen

engine = create_engine(os.environ["DATABASE_URL"])
if engine.dialect.name == "sqlite":
    listen(engine, "connect", load_spatialite)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=models.metadata,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
        include_object=alembic_helpers.include_object,
    )
    with context.begin_transaction():
        context.run_migrations()
"""
ROWS = """
import os
from geoalchemy2 import load_spatialite
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.event import listen

engine = create_engine(os.environ["DATABASE_URL"])
if engine.dialect.name == "sqlite":
    listen(engine, "connect", load_spatialite)
with engine.begin() as connection:
    if not connection.scalar(text("SELECT count(*) FROM lake")):
        connection.execute(text("INSERT INTO lake (id, geom) VALUES (1, ST_GeomFromText('LINESTRING(0 0, 1 1)', 4326))"))
    print(connection.execute(text("SELECT id, ST_AsText(geom) FROM lake")).all())
"""


@pytest.fixture(params=["mariadb", "spatialite", "postgis"])
def url(request, project):
    """A database with geometries."""
    if request.param == "mariadb":
        return request.getfixturevalue("mariadb_url").replace("mysql+", "mariadb+")  # the dialect has its own words
    if request.param == "postgis":
        url = request.getfixturevalue("postgresql_url")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            if not connection.exec_driver_sql("SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'").scalar():
                pytest.skip("PostGIS is not installed (Debian: postgresql-postgis)")
            connection.exec_driver_sql("CREATE EXTENSION postgis")
        return url
    found = glob.glob("/usr/lib/*/mod_spatialite.so")
    if not found or not hasattr(sqlite3.Connection, "enable_load_extension"):
        pytest.skip(
            "SpatiaLite is not installed (Debian: libsqlite3-mod-spatialite), or this Python loads no extensions"
        )
    project.variables["SPATIALITE_LIBRARY_PATH"] = found[0]
    return project.url


def test_columns_and_indexes_of_geometries_are_migrated(project, needs, url):
    needs("geoalchemy2")
    project.use(url)
    project.write(models=MODELS.format(more=""))
    project.init()
    (project.folder / "migrations" / "env.py").write_text(ENV)
    source = project.revise("Lakes", "a1")
    assert "op.create_geospatial_table(" in source
    assert "op.create_geospatial_index(" in source
    assert "from geoalchemy2 import Geometry" in source
    project.alembic("upgrade", "head")
    project.alembic("check")
    assert "LINESTRING" in project.run("-c", ROWS)
    if "mariadb" in url:  # the add-on adds no column there, with Alembic neither
        project.alembic("downgrade", "base")
        return
    project.write(models=MODELS.format(more='Column("shore", Geometry("POLYGON", srid=4326)),'))
    source = project.revise("Shores", "b2")
    assert "op.add_geospatial_column(" in source
    assert "op.drop_geospatial_column(" in source
    project.alembic("upgrade", "head")
    project.alembic("check")
    assert "LINESTRING" in project.run("-c", ROWS)
    project.alembic("downgrade", "a1")
    assert "LINESTRING" in project.run("-c", ROWS)
    project.alembic("downgrade", "base")
