"""A mistake in ``env.py``, in a version file or in a module of the project: file, line and remedy, in two lines."""

from __future__ import annotations

import sys

import pytest

from kernel_core.config import CommandLine

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
{mistake}
def include(object_, name, kind, reflected, compare_to):
    {hook}
    return True
with create_engine("sqlite:///dev.db", poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, include_object=include)
    with context.begin_transaction():
        context.run_migrations()
"""
ENV_PY = "migrations/env.py, line 4: "
IN_ENV = {
    "import shopp.models": (ENV_PY + "ModuleNotFoundError: No module named 'shopp'.", "Install it (pip install shopp)"),
    "import lib_of_mine": (ENV_PY, "lib_of_mine is in the folder src: name that folder in prepend_sys_path"),
    "import shop.modles": (ENV_PY + "ModuleNotFoundError: No module named 'shop.modles'.", "shop has models."),
    "from shop.models import Bas": (ENV_PY + "ImportError: cannot import name 'Bas'", "shop.models has Base."),
    "from shop.circle import one": ("shop/circle2.py, line 1: ImportError: ", "The two modules import each other"),
    "import asyncpg_, psycopg9": (ENV_PY, "pip install asyncpg_"),
    "import shop.syntax": ("shop/syntax.py, line 2: SyntaxError: '(' was never closed.", "Correct it: values = ("),
    "target = contxt": (ENV_PY + "NameError: name 'contxt' is not defined", "Did you mean context?"),
    "target = metadata_of_nobody": (ENV_PY + "NameError: ", "Import or define metadata_of_nobody in that file."),
    "context.config.get_main_optoin('x')": (ENV_PY + "AttributeError: ", "Did you mean get_main_option?"),
    "import os; os.environ['SHOP_URL']": (ENV_PY + "KeyError: 'SHOP_URL'.", "%env SHOP_URL=VALUE"),
    "import shop.models as m; m.url()": (
        "shop/models.py, line 4: KeyError: 'SHOP_URL'.", "The environment variable SHOP_URL is not set."
    ),
    "import shop.models as m; m.broken()": ("shop/models.py, line 6: ZeroDivisionError: ", "Correct that line."),
    "import sqlalchemy; sqlalchemy.engine_from_config({}, prefix='sqlalchemy.')": (ENV_PY + "KeyError", "set sqlalchemy.url"),
    "context.get_x_argument(as_dictionary=True)['shop']": (ENV_PY + "KeyError: 'shop'.", "-x shop=VALUE"),
    "x = context.get_x_argument(as_dictionary=True); x['shop']": (ENV_PY, "%config Mig.x_arguments = ['shop=VALUE']"),
    "import sys; sys.argv[99]": (ENV_PY + "IndexError: ", "It reads sys.argv, the command line of whatever"),
    "import argparse; argparse.ArgumentParser().parse_args(['-y'])": (ENV_PY + "SystemExit: 2.", "It reads sys.argv"),
    "[][1]": (ENV_PY + "IndexError: ", "Correct that line."),
    "{}['shop']": (ENV_PY + "KeyError: 'shop'.", "Correct that line."),
    "import logging.config; logging.config.fileConfig(None)": (ENV_PY, "[loggers], [handlers] and [formatters]"),
    "open('settings.toml').read()": (ENV_PY + "FileNotFoundError: ", "There is no settings.toml."),
    "raise RuntimeError('Working outside of application context.')": (
        ENV_PY, "env.py needs your Flask application: from app import app; app.app_context().push()"
    ),
    "raise SystemExit('Set SHOP_URL')": (ENV_PY + "SystemExit: Set SHOP_URL.", "Correct that line."),
    "assert False, 'see postgresql://ada:swordfish92@h/d'": (ENV_PY + "AssertionError: see", "Correct that line."),
    "from sqlalchemy import Table, MetaData; Table(1)": (ENV_PY, "Correct that line."),
    "x = = 1": ("migrations/env.py, line 4: ", ""),
}  # fmt: skip
IN_A_VERSION = {
    "import shopp": ("migrations/versions/a1.py, line 4: ", "Install it (pip install shopp)"),
    "x = undefined_name": ("migrations/versions/a1.py, line 4: ", "Import or define undefined_name"),
    "import os; os.environ['SHOP_URL']": ("migrations/versions/a1.py, line 4: ", "%env SHOP_URL=VALUE"),
    "def upgrade(): op.create_tabel()": ("Revision a1 (a1.py, line 4) failed: AttributeError", "Did you mean create_table?"),
    "def upgrade(): undefined_name()": ("Revision a1 (a1.py, line 4) failed: NameError", "Import or define undefined_name"),
}  # fmt: skip


@pytest.fixture
def project(notebook, tmp_path):
    """A notebook in a project's folder, with a package, a folder ``src``, and what writes its files."""
    for name in ("migrations/versions", "shop", "src"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\nprepend_sys_path = .\n")
    (tmp_path / "shop/__init__.py").write_text("")
    (tmp_path / "shop/models.py").write_text(
        "import os\nBase = object\ndef url():\n    return os.environ['SHOP_URL']\ndef broken():\n    1 / 0\n"
    )
    (tmp_path / "shop/circle.py").write_text("from shop.circle2 import two\none = 1\n")
    (tmp_path / "shop/circle2.py").write_text("from shop.circle import one\ntwo = 2\n")
    (tmp_path / "shop/syntax.py").write_text("one = 1\nvalues = (\n")
    (tmp_path / "src/lib_of_mine.py").write_text("")

    def write(mistake="", hook="pass", version="def upgrade(): pass"):
        for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
            del sys.modules[name]
        (tmp_path / "migrations/env.py").write_text(ENV.format(mistake=mistake, hook=hook))
        text = f'from alembic import op\nrevision = "a1"\ndown_revision = None\n{version}\n'
        (tmp_path / "migrations/versions/a1.py").write_text(text)

    notebook.run("%mig_connect sqlite:///dev.db")
    yield write
    write()


def in_a_terminal(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        CommandLine().main(words)
    said = capsys.readouterr().err
    return said if isinstance(ended.value.code, int) else f"FAILED: {ended.value.code}"


@pytest.mark.slow
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.sweep)])
@pytest.mark.parametrize(
    ("file", "rows", "commands"),
    [
        ("mistake", IN_ENV, ("%mig_upgrade", "%mig_check", "%mig_upgrade --sql")),
        ("version", IN_A_VERSION, ("%mig_upgrade",)),
    ],
)
@pytest.mark.costly
def test_file_line_and_remedy_are_reported(notebook, project, capsys, file, rows, commands, every):
    for mistake, (place, remedy) in list(rows.items())[::every]:
        for command in commands:
            project(**{file: mistake})
            shown = notebook.fail(command)
            assert (place in shown, remedy in shown) == (True, True), (mistake, shown)
            assert ("/kernel_core/" in shown, "swordfish92" in shown) == (False, False), shown
        if "SystemExit" in mistake + place:
            continue
        project(**{file: mistake})
        said = in_a_terminal(capsys, "upgrade", "head")
        assert said.startswith("FAILED: "), said
        assert (place in said, remedy in said, len(said.splitlines()) <= 2) == (True, True, True), (mistake, said)


def test_a_hook_of_env_py_is_a_place_too(notebook, project):
    project(hook="no_such_name")
    notebook.run(
        "import sqlalchemy as sa\nmodels = sa.MetaData()\nt = sa.Table('t', models, sa.Column('id', sa.Integer))"
    )
    notebook.run("%mig_stamp head")
    shown = notebook.fail("%mig_check models")
    assert shown.startswith("MigError: migrations/env.py, line 6: NameError: ")
    status = notebook.run("%mig")
    assert status.drift is None
    assert "drift is not known: migrations/env.py, line 6: NameError" in repr(status)
    assert status.next == "nothing is pending; models and database were not compared"


def test_the_rest_is_on_tb(notebook, project, capsys):
    project(mistake="import shopp")
    notebook.fail("%mig_upgrade")
    notebook.run("%tb")
    assert "kernel_core" in notebook.printed
    assert "import shopp" in notebook.printed
