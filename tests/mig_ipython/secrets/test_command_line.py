"""The program ``mig`` on a database whose URL holds a password: nothing of it in what is printed or written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from kernel_core.config import CommandLine

ROOT = Path(__file__).parents[3]

REVISION = """
revision = "a1"
down_revision = None
from alembic import op
import os
def upgrade():
    {body}
def downgrade():
    pass
"""


class Terminal:
    """A working folder in which ``mig`` is typed; everything it prints is kept."""

    def __init__(self, folder: Path, secret, capsys) -> None:
        self.folder, self.secret, self.capsys = folder, secret, capsys
        self.shown = ""

    def type(self, line: str, *, fails: bool = False) -> str:
        """Run ``mig LINE`` and return what it printed."""
        code: object = 0
        try:
            CommandLine().main(line.split())
        except SystemExit as error:
            code = error.code
        printed = "".join(self.capsys.readouterr())
        self.shown += printed
        assert bool(code) == fails, printed
        return printed

    def revision(self, body: str) -> None:
        (self.folder / "m" / "versions" / "a1.py").write_text(REVISION.format(body=body))

    def env(self, text: str) -> None:
        (self.folder / "m" / "env.py").write_text(text)

    def leaks(self) -> list[str]:
        found = self.secret.leaks(self.shown)
        for path in self.folder.rglob("*"):
            if path.is_file() and path.suffix not in (".pyc", ".code"):
                found += [f"{path.name}: {leak}" for leak in self.secret.leaks(path.read_bytes())]
        return found


@pytest.fixture
def terminal(tmp_path, monkeypatch, capsys, secret) -> Terminal:
    """An empty folder with an environment ``m``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOP_PASSWORD", secret.plain)
    found = Terminal(tmp_path, secret, capsys)
    found.type("init m")
    return found


def test_what_works_shows_no_password(terminal, guarded_mariadb, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", guarded_mariadb)
    terminal.revision("op.execute('SELECT 1')")
    for line in ("upgrade head", "current -v", "history -v", "show a1", "downgrade base", "stamp head"):
        terminal.type(line)
    terminal.type("check", fails=True)
    terminal.type("upgrade base:head --sql")
    assert "a1" in terminal.shown
    assert terminal.leaks() == []


@pytest.mark.parametrize(
    "change",
    [
        {"password": "wrong"},
        {"database": "nowhere"},
        {"host": "nowhere.invalid"},
        {"port": 1},
        {"drivername": "mysql+nothing"},
        {"drivername": "nosql"},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.costly
def test_a_database_that_cannot_be_reached(terminal, guarded_mariadb, monkeypatch, change):
    url = make_url(guarded_mariadb)
    if "password" in change:
        change = {"password": terminal.secret.plain + "x"}
    monkeypatch.setenv("DATABASE_URL", url.set(**change).render_as_string(hide_password=False))
    for line in ("upgrade head", "current", "stamp head", "revision --autogenerate -m x"):
        terminal.type(line, fails=True)
    assert "FAILED" in terminal.shown
    assert terminal.leaks() == []


@pytest.mark.parametrize(
    "text",
    [
        "import os\nraise RuntimeError('cannot use ' + os.environ['DATABASE_URL'])\n",
        "import os\nraise KeyError(os.environ['SHOP_PASSWORD'])\n",
        "import os\nprint(open(os.environ['DATABASE_URL']))\n",
        "import os\nfrom sqlalchemy import create_engine\ncreate_engine(os.environ['DATABASE_URL'] + ':x@y').connect()\n",
    ],
)
def test_an_env_py_that_fails(terminal, monkeypatch, text, secret):
    monkeypatch.setenv("DATABASE_URL", secret.url())
    terminal.env(text)
    terminal.type("upgrade head", fails=True)
    assert "Error" in terminal.shown
    assert terminal.leaks() == []


@pytest.mark.parametrize(
    "body",
    [
        "raise RuntimeError(os.environ['DATABASE_URL'])",
        "op.execute(\"SELECT nonsense FROM nowhere WHERE x = '\" + os.environ['SHOP_PASSWORD'] + \"'\")",
        "op.get_bind().exec_driver_sql('INSERT INTO nowhere VALUES (%s)', (os.environ['SHOP_PASSWORD'],))",
    ],
)
def test_a_revision_that_fails(terminal, guarded_mariadb, monkeypatch, body):
    monkeypatch.setenv("DATABASE_URL", guarded_mariadb)
    terminal.revision(body)
    terminal.type("upgrade head", fails=True)
    assert "a1" in terminal.shown
    assert terminal.leaks() == []


@pytest.mark.sweep
def test_a_program_of_its_own_that_fails_with_a_bug(terminal, secret):
    terminal.env("import os\nraise ZeroDivisionError(os.environ['SHOP_PASSWORD'], os.environ['DATABASE_URL'])\n")
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-m", "kernel_core", "upgrade", "head"],
        capture_output=True,
        check=False,
        cwd=terminal.folder,
        env={**os.environ, "DATABASE_URL": secret.url(), "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode != 0
    assert b"ZeroDivisionError" in done.stderr
    assert secret.leaks(done.stdout + done.stderr) == []
