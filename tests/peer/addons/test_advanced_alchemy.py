"""Advanced Alchemy: its program ``alchemy``, and `AlembicCommands` in Python, for engines with and without asyncio."""

import pytest

pytestmark = pytest.mark.peer

MODELS = """
import os

from advanced_alchemy.base import UUIDAuditBase
from advanced_alchemy.config import AlembicAsyncConfig, AlembicSyncConfig, SQLAlchemyAsyncConfig, SQLAlchemySyncConfig
from advanced_alchemy.types import EncryptedString, GUID
from sqlalchemy.orm import Mapped, mapped_column


class Author(UUIDAuditBase):
    __tablename__ = "author"
    username: Mapped[str] = mapped_column(unique=True)
    token: Mapped[str | None] = mapped_column(EncryptedString(key="a key"))
    publisher: Mapped[str | None] = mapped_column(GUID)


sync = SQLAlchemySyncConfig(
    connection_string=os.environ["DATABASE_URL"], alembic_config=AlembicSyncConfig(script_location="migrations")
)
asynchronous = SQLAlchemyAsyncConfig(
    connection_string=os.environ["DATABASE_URL"].replace("sqlite:", "sqlite+aiosqlite:"),
    alembic_config=AlembicAsyncConfig(script_location="migrations"),
)
"""
FUNCTIONS = """
import models
from advanced_alchemy.alembic.commands import AlembicCommands
commands = AlembicCommands(sqlalchemy_config=models.{config})
commands.upgrade()
commands.current()
commands.history(indicate_current=True)
commands.heads(verbose=True)
commands.check()
commands.show("head")
commands.downgrade("base")
commands.stamp("head")
commands.upgrade("head", sql=True)
"""


@pytest.mark.parametrize("config", ["sync", "asynchronous"])
def test_models_are_migrated_by_its_program_and_in_python(project, needs, config):
    needs("advanced_alchemy", "rich_click", "aiosqlite")
    project.write(models=MODELS)

    def alchemy(*words: str, code: int = 0) -> str:
        return project.run("-m", "advanced_alchemy", "--config", f"models.{config}", *words, code=code)

    alchemy("init", "--no-prompt", "migrations")
    alchemy("make-migrations", "--no-prompt", "-m", "Initial")
    (path,) = (project.folder / "migrations" / "versions").glob("*initial*.py")
    source = path.read_text()
    assert "sa.GUID(length=16)" in source
    assert "sa.DateTimeUTC(timezone=True)" in source
    alchemy("upgrade", "--no-prompt")
    assert "(head)" in alchemy("show-current-revision")
    alchemy("check")
    project.write(models=MODELS.replace("unique=True)", "unique=True)\n    email: Mapped[str | None]"))
    assert "email" in alchemy("check", code=1)
    alchemy("make-migrations", "--no-prompt", "-m", "Add email")
    alchemy("upgrade", "--no-prompt")
    alchemy("check")
    alchemy("downgrade", "--no-prompt")
    said = project.run("-c", FUNCTIONS.format(config=config))
    assert "(head) (current), Add email" in said
    assert "CREATE TABLE author" in said
