"""alembic-postgresql-enum: ``import alembic_postgresql_enum`` in ``env.py``."""

import pytest

pytestmark = pytest.mark.peer

MODELS = """
import enum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData()


class Mood(enum.Enum):
    {values}


table = sa.Table(
    "example", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer),
    {columns}
)
"""
MOOD = 'sa.Column("mood", postgresql.ENUM(Mood), server_default="one"), sa.Column("moods", sa.ARRAY(sa.Enum(Mood))),'
PARTIAL = 'sa.Index("some", "n", unique=True, postgresql_where=sa.text("mood != \'two\'")),'
ROWS = """
import os, sqlalchemy as sa
with sa.create_engine(os.environ["DATABASE_URL"]).begin() as connection:
    connection.exec_driver_sql("INSERT INTO example (id, mood, moods) VALUES (1, 'two', '{one}') ON CONFLICT DO NOTHING")
    print(connection.exec_driver_sql("SELECT mood, moods FROM example").all())
    print(connection.exec_driver_sql("SELECT enum_range(NULL::mood)").scalar())
"""


def test_enum_types_follow_the_models(project, needs, postgresql_url):
    needs("alembic_postgresql_enum")

    def models(columns: str, *values: str) -> None:
        named = "\n    ".join(f"{value} = {place}" for place, value in enumerate(values or ["one"]))
        project.write(models=MODELS.format(values=named, columns=columns))

    project.use(postgresql_url)
    models("")
    project.init("import models", "import alembic_postgresql_enum")
    project.revise("Table", "a1")
    project.alembic("upgrade", "head")

    models(MOOD, "one", "two", "three")
    source = project.revise("Column added", "b2")
    assert "name='mood').create(op.get_bind())" in source.replace('"', "'")
    assert "name='mood').drop(op.get_bind())" in source.replace('"', "'")
    project.alembic("upgrade", "head")
    project.alembic("check")
    assert "{one,two,three}" in project.run("-c", ROWS)

    models(MOOD, "one", "two", "three", "four", "five")
    source = project.revise("Values added", "c3")
    assert source.count("op.add_enum_value(") == 2
    assert "op.sync_enum_values(" in source
    project.alembic("upgrade", "head")
    project.alembic("check")
    assert "{one,two,three,four,five}" in project.run("-c", ROWS)

    models(MOOD + PARTIAL, "one", "two", "three", "four", "five")
    project.revise("Partial index", "c4")
    project.alembic("upgrade", "head")
    models(MOOD + PARTIAL.replace("two", "pair"), "one", "pair", "four", "five")
    source = project.revise("Values removed", "d4")
    assert "op.sync_enum_values(" in source
    assert "import TableReference" in source
    (path,) = (project.folder / "migrations" / "versions").glob("d4*")  # documented: a renamed value is edited in
    up, down = source.split("def downgrade")
    path.write_text(
        up.replace("enum_values_to_rename=[]", "enum_values_to_rename=[('two', 'pair')]")
        + "def downgrade"
        + down.replace("enum_values_to_rename=[]", "enum_values_to_rename=[('pair', 'two')]")
    )
    project.alembic("upgrade", "head")
    project.alembic("check")
    assert "pair" in project.run("-c", ROWS.replace("INSERT INTO", "UPDATE example SET id = 1; --"))
    project.alembic("downgrade", "c3")
    project.alembic("downgrade", "b2")
    assert "[('two', '{one}')]" in project.run("-c", ROWS)
    project.alembic("upgrade", "head")

    models("")
    assert "name='mood').drop(op.get_bind())" in project.revise("Column removed", "e5").replace('"', "'")
    project.alembic("upgrade", "head")
    project.alembic("check")
    project.alembic("downgrade", "b2")
    project.alembic("downgrade", "base")
    project.alembic("upgrade", "head", "--sql")
