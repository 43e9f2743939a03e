"""Twelve shapes of projects that teams have, as files; the same in a notebook and in a terminal."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MORE = "# more columns"
"""The line of a model that the edit replaces by a column."""

DECLARATIVE = f"""import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))
    {MORE}
"""
COLUMN = "email: Mapped[str | None] = mapped_column(sa.String(80))"

MAKO = '''"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
'''

ENV = """from alembic import context
from sqlalchemy import engine_from_config, pool
{imports}
config = context.config
target_metadata = {metadata}
options = dict(target_metadata=target_metadata, render_as_batch=True{options})
if context.is_offline_mode():
    context.configure(url={url}, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = engine_from_config({{"sqlalchemy.url": {url}}}, poolclass=pool.NullPool)
    with engine.connect() as connection:
        {before}context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
"""
INI_URL = 'config.get_main_option("sqlalchemy.url")'


def env(
    imports: str = "from models import Base",
    metadata: str = "Base.metadata",
    *,
    url: str = INI_URL,
    options: str = "",
    before: str = "",
) -> str:
    return ENV.format(imports=imports, metadata=metadata, url=url, options=options, before=before)


ASYNC = """import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import async_engine_from_config
from models import Base
config = context.config
target_metadata = Base.metadata

def do_run_migrations(connection):
    context.configure(connection=connection, target_metadata=target_metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()

async def run_async_migrations():
    connectable = async_engine_from_config(
        config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool
    )
    async with connectable.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await connectable.dispose()

asyncio.run(run_async_migrations())
"""

TENANTS = """from alembic import context
from sqlalchemy import create_engine, pool, text
from models import Base
engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    for tenant in ("ten1", "ten2"):
        connection.execute(text(f'SET search_path TO "{tenant}"'))
        connection.commit()
        connection.dialect.default_schema_name = tenant
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
"""

MULTIDB = """import re
from alembic import context
from sqlalchemy import engine_from_config, pool
from models import Base, Log
config = context.config
target_metadata = {"main": Base.metadata, "log": Log.metadata}
for name in re.split(r",\\s*", config.get_main_option("databases")):
    engine = engine_from_config(config.get_section(name), prefix="sqlalchemy.", poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, upgrade_token=f"{name}_upgrades", downgrade_token=f"{name}_downgrades",
                          target_metadata=target_metadata[name], render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations(engine_name=name)
        connection.commit()
"""
MULTIDB_MAKO = '''"""${message}"""
<%! import re %>
from alembic import op
import sqlalchemy as sa
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None

def upgrade(engine_name):
    globals()["upgrade_%s" % engine_name]()

def downgrade(engine_name):
    globals()["downgrade_%s" % engine_name]()

% for db_name in re.split(r",\\s*", config.get_main_option("databases")):
def upgrade_${db_name}():
    ${context.get("%s_upgrades" % db_name, "pass")}

def downgrade_${db_name}():
    ${context.get("%s_downgrades" % db_name, "pass")}

% endfor
'''
FLASK = f"""from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
import os

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///" + os.path.join(os.path.dirname(os.path.abspath(__file__)), "app.db")
db = SQLAlchemy(app)
migrate = Migrate(app, db, render_as_batch=True)

class User(db.Model):
    __tablename__ = "users"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40), nullable=False)
    {MORE}
"""
SQLMODEL = f"""from sqlmodel import Field, SQLModel

class User(SQLModel, table=True):
    __tablename__ = "users"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=40)
    {MORE}
"""
SETTINGS = """from pydantic_settings import BaseSettings, SettingsConfigDict

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")
    database_url: str

settings = Settings()
"""


def ini(location: str = "migrations", *lines: str, url: str = "sqlite:///%(here)s/app.db", path: str = ".") -> str:
    return "\n".join(
        (
            "[alembic]",
            f"script_location = %(here)s/{location}",
            f"prepend_sys_path = {path}",
            "path_separator = os",
            f"sqlalchemy.url = {url}",
            *lines,
            "",
        )
    )


def folder(location: str, env_py: str, mako: str = MAKO) -> dict[str, str]:
    return {f"{location}/env.py": env_py, f"{location}/script.py.mako": mako, f"{location}/versions/.keep": ""}


@dataclass(frozen=True)
class Shape:
    """A project: its ``files``, the folder of the notebook and its first cells, the model that is edited.

    ``databases`` are the SQLite files; ``server``: it needs PostgreSQL, whose URL is ``{url}`` in the files. ``program``
    is what runs in the terminal instead of ``alembic``; ``first`` are further arguments of the first revision.
    """

    name: str
    files: Mapping[str, str]
    cells: tuple[str, ...] = ("%mig_connect sqlite:///app.db", "%mig_open")
    notebook: str = "."
    models: str = "models.py"
    column: str = COLUMN
    databases: tuple[str, ...] = ("app.db",)
    server: bool = False
    schemas: tuple[str, ...] = ()
    needs: str = ""
    first: tuple[str, ...] = ()
    program: tuple[str, ...] = ()
    more: Callable[[Path], None] | None = field(default=None, compare=False)


def _flask_folder(root: Path) -> None:
    """Make the folder ``migrations`` as ``flask db init`` does."""
    spec = importlib.util.find_spec("flask_migrate")
    assert spec is not None
    assert spec.origin is not None
    template = Path(spec.origin).parent / "templates/flask"
    (root / "migrations/versions").mkdir(parents=True)
    for source, name in (
        ("alembic.ini.mako", "alembic.ini"),
        ("env.py", "env.py"),
        ("script.py.mako", "script.py.mako"),
    ):
        (root / "migrations" / name).write_text((template / source).read_text())


MODELS = {"models.py": DECLARATIVE}
PG = "postgresql+psycopg"

SHAPES = (
    Shape("plain", {**MODELS, "alembic.ini": ini(), **folder("migrations", env())}),
    Shape(
        "src layout",
        {
            "src/shop/__init__.py": "",
            "src/shop/models.py": DECLARATIVE,
            "alembic.ini": ini("src/shop/migrations", path="%(here)s/src"),
            **folder("src/shop/migrations", env("from shop.models import Base")),
        },
        models="src/shop/models.py",
    ),
    Shape(
        "notebook in a subfolder",
        {**MODELS, "alembic.ini": ini(), "notebooks/.keep": "", **folder("migrations", env())},
        notebook="notebooks",
        cells=("%mig_connect sqlite:///../app.db", "%mig_open ../alembic.ini"),
    ),
    Shape(
        "Flask-Migrate",
        {"app.py": FLASK},
        cells=(
            "from app import app",
            "app.app_context().push()",
            "%mig_connect sqlite:///app.db",
            "%mig_open migrations",
        ),
        models="app.py",
        column="email = db.Column(db.String(80))",
        needs="flask_migrate",
        program=("flask", "--app", "app", "db"),
        more=_flask_folder,
    ),
    Shape(
        "async",
        {**MODELS, "alembic.ini": ini(url="sqlite+aiosqlite:///%(here)s/app.db"), **folder("migrations", ASYNC)},
        cells=("%mig_connect sqlite+aiosqlite:///app.db", "%mig_open"),
        needs="aiosqlite",
    ),
    Shape(
        "multidb",
        {
            "models.py": DECLARATIVE
            + "\nclass Log(DeclarativeBase):\n    pass\n\nclass Line(Log):\n    __tablename__ = 'lines'\n"
            "    id: Mapped[int] = mapped_column(primary_key=True)\n",
            "alembic.ini": ini("migrations", "databases = main, log", url="").replace("sqlalchemy.url = \n", "")
            + "[main]\nsqlalchemy.url = sqlite:///%(here)s/app.db\n[log]\nsqlalchemy.url = sqlite:///%(here)s/log.db\n",
            **folder("migrations", MULTIDB, MULTIDB_MAKO),
        },
        databases=("app.db", "log.db"),
    ),
    Shape(
        "tenants",
        {**MODELS, "alembic.ini": ini(url="{url}"), **folder("migrations", TENANTS)},
        cells=("%mig_connect {url}", "%mig_open"),
        server=True,
        schemas=("ten1", "ten2"),
    ),
    Shape(
        "pyproject",
        {
            **MODELS,
            "pyproject.toml": '[project]\nname = "shop"\n[tool.alembic]\nscript_location = "%(here)s/migrations"\n'
            'prepend_sys_path = ["."]\n',
            **folder("migrations", env(url='"sqlite:///app.db"')),
        },
        cells=("%mig_connect sqlite:///app.db", "%mig_open pyproject.toml"),
    ),
    Shape(
        "sqlmodel",
        {
            "models.py": SQLMODEL,
            "alembic.ini": ini(),
            **folder(
                "migrations",
                env("import models\nfrom sqlmodel import SQLModel", "SQLModel.metadata"),
                MAKO.replace("import sqlalchemy as sa\n", "import sqlalchemy as sa\nimport sqlmodel\n"),
            ),
        },
        column="email: str | None = Field(default=None, max_length=80)",
        needs="sqlmodel",
    ),
    Shape(
        "several version_locations",
        {
            **MODELS,
            "alembic.ini": ini("migrations", "version_locations = %(here)s/migrations/versions:%(here)s/more/versions"),
            "more/versions/.keep": "",
            **folder("migrations", env()),
        },
        first=("--version-path", "more/versions"),
    ),
    Shape(
        "version_table_schema",
        {
            **MODELS,
            "alembic.ini": ini(url="{url}"),
            **folder("migrations", env(options=', version_table_schema="history"')),
        },
        cells=("%mig_connect {url}", "%mig_open"),
        server=True,
        schemas=("history", "public"),
    ),
    Shape(
        "pydantic-settings",
        {
            **MODELS,
            "config.py": SETTINGS,
            ".env": "DATABASE_URL=sqlite:///app.db\n",
            "alembic.ini": ini(url="").replace("sqlalchemy.url = \n", ""),
            **folder(
                "migrations", env("from models import Base\nfrom config import settings", url="settings.database_url")
            ),
        },
        needs="pydantic_settings",
    ),
)
