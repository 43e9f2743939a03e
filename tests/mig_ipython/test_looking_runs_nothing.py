"""Looking at a history never runs a version file or ``env.py``: P3, watched by Python's own audit events."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from mig_ipython.magics import find_commands

LOOKING = {
    "branches": ("",),
    "close": (),
    "connect": (),
    "connections": ("",),
    "current": ("",),
    "export": ("--html page.html --yes", "a1:c3 --html page.html --yes"),
    "graph": ("", "a1:c3", "--horizontal"),
    "heads": ("",),
    "help": ("",),
    "history": ("", "a1:c3", "-1:"),
    "init": ("migrations",),
    "merge": ("c3 d4 -m Join --id f6",),
    "models": (),
    "lab": ("progress",),
    "open": ("", "migrations", "migrations/alembic.ini"),
    "revision": ("-m More --head f6",),
    "schema": ("", "a1", "a1:c3", "--slider", "c3 --json", "c3 --sql"),
    "show": ("a1", "c3", "d4"),
    "status": ("", "--no-drift"),
    "undo": ("",),
}
"""Commands that look, or write a file, and what is typed after them."""

RUNNING = {
    "abandon",
    "adopt",
    "autogenerate",
    "check",
    "diff",
    "downgrade",
    "locate",
    "migration",
    "rehearse",
    "resume",
    "squash",
    "stamp",
    "upgrade",
}
"""Commands that run ``env.py`` or version files, because that is what they are for."""

CANARY = """__import__("pathlib").Path({path!r}).write_text(__file__)"""

VERSION = '''"""{doc}"""
revision = "{revision}"
down_revision = {down!r}
branch_labels = {label!r}
from alembic import op
import sqlalchemy as sa
{canary}
def upgrade():
    op.create_table("t_{revision}", sa.Column("x", sa.Integer))
    {canary}
def downgrade():
    op.drop_table("t_{revision}")
'''


class Watch:
    """What is run from ``folder``, or sings into the canary's file, while it watches."""

    def __init__(self) -> None:
        self.folder = ""
        self.seen: list[str] = []

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if not self.folder:
            return
        if event == "exec" and isinstance(args[0], CodeType) and args[0].co_filename.startswith(self.folder):
            self.seen.append(f"ran {args[0].co_filename}")
        elif event == "import" and isinstance(args[1], str) and args[1].startswith(self.folder):
            self.seen.append(f"imported {args[1]}")
        elif event == "open" and isinstance(args[0], str) and args[0].endswith("canary.txt"):
            self.seen.append("the canary sang")


WATCH = Watch()
_hooked: list[bool] = []


@pytest.fixture
def watched(migrated, tmp_path) -> Iterator[Watch]:
    """A notebook with four revisions that sing when they are run, an ``env.py`` that does, and a watch on both.

    Once an audit hook is set it stays for the process; outside of these tests it sleeps.
    """
    if not _hooked:
        sys.addaudithook(WATCH)
        _hooked.append(True)
    canary = CANARY.format(path=str(tmp_path / "canary.txt"))
    folder = tmp_path / "migrations"
    for revision, down, label in (("b2", "a1", None), ("c3", "b2", "one"), ("d4", "b2", "two")):
        text = VERSION.format(doc=f"Make {revision}", revision=revision, down=down, label=label, canary=canary)
        (folder / "versions" / f"{revision}_x.py").write_text(text)
    (folder / "env.py").write_text(canary + "\n" + (folder / "env.py").read_text())
    WATCH.seen, WATCH.folder = [], str(folder) + os.sep
    yield WATCH
    WATCH.folder = ""


def test_every_command_reads_or_runs():
    assert set(LOOKING) | RUNNING == set(find_commands())


def test_the_watch_sees_what_runs(watched, migrated, tmp_path):
    migrated.run("%mig_upgrade b2")
    assert "the canary sang" in watched.seen
    assert f"ran {tmp_path / 'migrations' / 'env.py'}" in watched.seen
    assert f"ran {tmp_path / 'migrations' / 'versions' / 'b2_x.py'}" in watched.seen


@pytest.mark.slow
def test_looking_runs_neither_a_version_file_nor_env_py(watched, migrated, tmp_path):
    for verb, lines in LOOKING.items():
        for line in lines:
            shown = migrated.run(f"%mig_{verb} {line}")
            if shown is not None:
                assert repr(shown)
                assert shown._repr_mimebundle_()["text/plain"]
            assert watched.seen == [], f"%mig_{verb} {line}"
    migrated.run("g = %mig_graph\ng.save('g.svg')\ng.save('g.dot')")
    assert watched.seen == []
    assert not (tmp_path / "canary.txt").exists()


@pytest.mark.slow
def test_completing_and_asking_for_help_runs_nothing(watched, migrated):
    migrated.shell.Completer.use_jedi = False
    for verb, command in find_commands().items():
        percent = "%%" if command.is_cell else "%"
        for typed in ("", "-", "--", "a", "one@", "a1:"):
            text = f"{percent}{command.magic} {typed}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                list(migrated.shell.Completer.completions(text, len(text)))
        migrated.shell.object_inspect(f"{percent}{command.magic}")
        migrated.run(f"{percent}{command.magic} --help" + ("\npass" if command.is_cell else ""))
        assert watched.seen == [], verb


def test_a_computed_identifier_is_reported_and_not_computed(watched, migrated, tmp_path):
    path: Path = tmp_path / "migrations" / "versions" / "e5_x.py"
    path.write_text(
        "revision = 'e' + str(__import__('pathlib').Path('canary.txt').write_text('x'))\ndown_revision = 'a1'\n"
    )
    assert "e5_x.py" in repr(migrated.run("%mig_history"))
    assert "e5_x.py" in repr(migrated.run("%mig_graph"))
    assert watched.seen == []
