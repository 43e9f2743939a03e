"""From Alembic to this engine and back: files that both run, and programs in which ``alembic`` is this engine."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import sqlalchemy as sa

import kernel_core
from kernel_core import command
from kernel_core.config import Config
from kernel_core.config.aliased import aliased_environment

pytest.importorskip("alembic")
pytestmark = pytest.mark.peer

TEMPLATES = ("generic", "async", "pyproject", "pyproject_async", "multidb")
HOME = os.path.dirname(os.path.dirname(kernel_core.__file__))
MODELS = "import sqlalchemy as sa\nmetadata = sa.MetaData()\nsa.Table('t', metadata, sa.Column('id', sa.Uuid, primary_key=True))\n"


def run(engine: str, folder: Path, *words: str, code: int = 0) -> str:
    """Run ``python -m engine`` in a folder and return what it printed."""
    variables = {
        **os.environ,
        "DATABASE_URL": os.environ.get("CASE_URL", f"sqlite:///{folder}/t.db"),
        "DATABASE_URL_MAIN": f"sqlite:///{folder}/t.db",
        "PYTHONPATH": HOME,
    }
    if engine == "kernel_core":  # files are UTF-8 whatever the locale; Alembic reads the ini file in that of the locale
        variables |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", engine, *words], cwd=folder, env=variables, capture_output=True, check=False
    )
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == code, said
    return said


def prepare(folder: Path, template: str) -> None:
    """Give an environment models, and a name to the one database of several."""
    (folder / "models.py").write_text(MODELS)
    env = folder / "m" / "env.py"
    text = env.read_text()
    wanted = '{"main": models.metadata}' if template == "multidb" else "models.metadata"
    text = text.replace("\ntarget_metadata = ", f"\nimport models\n\ntarget_metadata = {wanted} or ", 1)
    env.write_text(text)
    ini = folder / "alembic.ini"
    if ini.exists():
        said = ini.read_text(encoding="utf-8")
        said = said.replace("# databases = main, archive", "databases = main").replace(
            "databases = main, archive", "databases = main"
        )
        ini.write_text("# Миграции — база “тест” 表\n" + said, encoding="utf-8")


@pytest.mark.parametrize(
    "template", ["generic", *(pytest.param(each, marks=pytest.mark.sweep) for each in TEMPLATES[1:])]
)
def test_an_environment_for_alembic_runs_here_and_there(tmp_path, template, monkeypatch):
    if "async" in template:
        monkeypatch.setenv("CASE_URL", f"sqlite+aiosqlite:///{tmp_path}/t.db")
    run("kernel_core", tmp_path, "init", "--alembic", "--template", template, "m")
    for path in (tmp_path / "m").rglob("*"):
        assert path.is_dir() or "kernel_core" not in path.read_text(), path
    prepare(tmp_path, template)
    run("kernel_core", tmp_path, "revision", "--autogenerate", "-m", "One", "--rev-id", "a1")
    run("alembic", tmp_path, "upgrade", "head")
    run("alembic", tmp_path, "check")
    run("kernel_core", tmp_path, "check")
    run("alembic", tmp_path, "revision", "-m", "Two", "--rev-id", "b2")
    assert "b2" in run("kernel_core", tmp_path, "upgrade", "head")
    assert "b2 (head)" in run("alembic", tmp_path, "current")
    run("kernel_core", tmp_path, "downgrade", "base")
    run("alembic", tmp_path, "upgrade", "head")
    text = (tmp_path / "m" / "versions" / "a1_one.py").read_text()
    assert "from alembic import op" in text
    assert "kernel_core" not in text
    assert sa.inspect(sa.create_engine(f"sqlite:///{tmp_path}/t.db", poolclass=sa.NullPool)).has_table("t")


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("for_alembic", [False, True])
def test_the_template_of_version_files_takes_another_import(tmp_path, template, for_alembic):
    """SQLModel documents: add ``import sqlmodel`` below the line ``import sqlalchemy as sa``."""
    config = Config(str(tmp_path / "alembic.ini"))
    command.init(config, str(tmp_path / "m"), template=template, alembic=for_alembic)
    mako = tmp_path / "m" / "script.py.mako"
    lines = mako.read_text().splitlines()
    assert lines.count("import sqlalchemy as sa") == 1
    assert lines.count('${imports if imports else ""}') == 1
    lines.insert(lines.index("import sqlalchemy as sa") + 1, "import decimal")
    mako.write_text("\n".join(lines) + "\n")
    script = command.revision(config, "One", rev_id="a1")
    assert "\nimport decimal\n" in script.source  # type: ignore[union-attr]
    assert "\nimport sqlalchemy as sa\n" in script.source  # type: ignore[union-attr]


# ---- mig --alias -----------------------------------------------------------------------------------------------------

PROGRAM = """
import subprocess, sys
import alembic, alembic.op, alembic.command
from alembic.operations import ops
from alembic.config import Config
print(Config.__module__, ops.CreateTableOp.__module__.partition(".")[0])
if len(sys.argv) < 2:
    print(subprocess.run([sys.executable, __file__, "child"], capture_output=True, text=True).stdout, end="")
sys.exit(5)
"""


def aliased(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": HOME, **more}
    return subprocess.run(
        [sys.executable, "-m", "kernel_core", "--alias", *words],
        cwd=folder, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_program_and_its_children_have_this_engine_by_the_name_of_alembic(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    script = tmp_path / "tool"
    script.write_text(f"#!{sys.executable}\n{PROGRAM}")
    script.chmod(0o755)
    for words in ((sys.executable, "program.py"), ("-m", "program"), ("-c", "import program"), (str(script),)):
        done = aliased(tmp_path, *words)
        assert done.returncode == 5, done.stderr
        lines = done.stdout.splitlines()
        assert lines == ["kernel_core.config.configuration kernel_core"] * (2 if words[0] != "-c" else len(lines))
    plain = subprocess.run(
        [sys.executable, "program.py", "x"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert plain.stdout == "alembic.config alembic\n"


def test_the_module_and_the_program_alembic_are_this_engine(tmp_path):
    program = os.path.join(os.path.dirname(sys.executable), "alembic")
    ways = [("-m", "alembic", "init", "m"), (program, "init", "n")]
    for words in ways if os.path.exists(program) else ways[:1]:
        done = aliased(tmp_path, *words)
        assert done.returncode == 0, done.stderr
        assert "from kernel_core import context" in (tmp_path / words[-1] / "env.py").read_text()


def test_what_another_sitecustomize_does_is_done_as_well(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.marked = 'yes'\n")
    code = "import alembic.config; print(marked, alembic.config.Config.__module__)"
    done = aliased(tmp_path, "-c", code, PYTHONPATH=f"{HOME}{os.pathsep}{tmp_path}")
    assert done.stdout == "yes kernel_core.config.configuration\n", done.stderr


def test_a_program_that_cannot_be_started_is_named(tmp_path):
    for words, said in ((("no-such-program",), "no-such-program cannot be started"), ((), "needs a program to run")):
        done = aliased(tmp_path, *words)
        assert (done.returncode, said in done.stderr) == (255, True), done.stderr


def test_the_variables_are_the_same_when_they_are_set_again():
    once = aliased_environment({"PYTHONPATH": "a", "HOME": "h"})
    assert aliased_environment(once) == once
    assert once["PYTHONPATH"].endswith(f"startup{os.pathsep}a")


FLASK = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///{folder}/f.db"
db = SQLAlchemy(app)
migrate = Migrate(app, db)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
"""


def test_flask_migrate_runs_and_prints_as_with_alembic(tmp_path):
    pytest.importorskip("flask_migrate")
    pytest.importorskip("flask_sqlalchemy")
    said = {}
    for name in ("alembic", "ours"):
        home = tmp_path / name
        home.mkdir()
        (home / "app.py").write_text(textwrap.dedent(FLASK).replace("{folder}", str(home)))
        said[name] = []
        for words in (
            ("init",), ("migrate", "-m", "one", "--rev-id", "a1"), ("upgrade",), ("current",), ("history",),
            ("upgrade", "--sql"), ("show",), ("check",), ("downgrade",),
        ):  # fmt: skip
            command = ("-m", "flask", "db", *words)
            if name == "ours":
                done = aliased(home, *command)
            else:
                done = subprocess.run([sys.executable, *command], cwd=home, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (name, words, done.stderr)
            said[name].append((words[0], done.stdout.replace(str(home), "HOME"), done.stderr))
    for (verb, theirs, log), (_, ours, our_log) in zip(said["alembic"], said["ours"], strict=True):
        if verb in ("current", "history", "heads", "show", "check"):
            dated = "Create Date:"
            said_here, said_there = (
                [line.rstrip() for line in out.splitlines() if dated not in line] for out in (ours, theirs)
            )
            assert said_here == said_there, verb
        running = [line for line in log.splitlines() if "Running" in line]
        assert [line for line in our_log.splitlines() if "Running" in line] == running
    assert any("CREATE TABLE user" in out for verb, out, _ in said["ours"] if verb == "upgrade")
