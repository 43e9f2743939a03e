"""SQLModel: ``SQLModel.metadata`` as the models, and ``import sqlmodel`` in the template of version files."""

import pytest

pytestmark = pytest.mark.peer

MODELS = """
from sqlmodel import Field, Relationship, SQLModel


class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    heroes: list["Hero"] = Relationship(back_populates="team")


class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True, unique=True, max_length=40)
    secret_name: str
    team_id: int | None = Field(default=None, foreign_key="team.id")
    team: Team | None = Relationship(back_populates="heroes")
"""
USE = """
from sqlmodel import Session, SQLModel, create_engine, select
import os, models
with Session(create_engine(os.environ["DATABASE_URL"])) as session:
    session.add(models.Hero(name="Deadpond", secret_name="Dive Wilson", team=models.Team(name="Preventers")))
    session.commit()
    print(session.exec(select(models.Hero)).one())
"""
COLUMNS = """
import sqlite3
print([column for table, in sqlite3.connect("project.db").execute("SELECT name FROM pragma_table_list WHERE name IN ('hero', 'team')")
       for column in sqlite3.connect("project.db").execute(f"PRAGMA table_info({table})")])
"""


def test_models_are_migrated_and_used(project, needs):
    needs("sqlmodel")
    project.write(models=MODELS)
    project.init("import models", "from sqlmodel import SQLModel", metadata="SQLModel.metadata")
    mako = project.folder / "migrations" / "script.py.mako"
    mako.write_text(mako.read_text().replace("import sqlalchemy as sa\n", "import sqlalchemy as sa\nimport sqlmodel\n"))
    source = project.revise("One", "a1")
    assert "\nimport sqlmodel\n" in source
    assert "sqlmodel.sql.sqltypes.AutoString(length=40)" in source
    project.alembic("upgrade", "head")
    project.alembic("check")
    assert "name='Deadpond'" in project.run("-c", USE)
    age = "    age: int | None = Field(default=None, index=True)\n    team_id"
    project.write(models=MODELS.replace("    team_id", age))
    assert "ix_hero_age" in project.revise("Two", "b2")
    project.alembic("upgrade", "head")
    project.alembic("check")
    assert "age=None" in project.run(
        "-c", "\n".join(USE.splitlines()[:4]) + "\n    print(session.exec(select(models.Hero)).one())"
    )
    project.alembic("downgrade", "a1")
    assert "age" not in project.run("-c", COLUMNS)
    project.alembic("downgrade", "base")
    assert project.run("-c", COLUMNS).strip() == "[]"
