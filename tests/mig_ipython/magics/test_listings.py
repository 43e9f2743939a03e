"""How often a command lists the folder of the version files: each listing reads the state of every file."""

from __future__ import annotations

import os
import sys

import pytest

_listed: list[str] = []
_hooked: list[bool] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _hooked[-1]:
        _listed.append(str(arguments[0]))


@pytest.fixture
def listings(notebook):
    """Return a function that runs a line and returns how often it opens the folder ``versions``.

    Once an audit hook is set it stays for the process; outside of these tests it sleeps.
    """
    if not _hooked:
        _hooked.append(False)
        sys.addaudithook(_note)
    notebook.run("import sqlalchemy as sa\nmetadata = sa.MetaData()")
    notebook.run('cats = sa.Table("cats", metadata, sa.Column("id", sa.Integer, primary_key=True))')
    notebook.run("%mig_connect sqlite:///dev.db\n%mig_init migrations")
    notebook.run('%mig_autogenerate metadata -m "cats" --accept all --write\n%mig_upgrade --yes')

    def of(line: str) -> int:
        notebook.run(line)
        _listed.clear()
        notebook.run(line)
        return sum(os.path.basename(path) == "versions" for path in _listed)

    _hooked.append(True)
    yield of
    _hooked.append(False)


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("%mig_current", 1),
        ("%mig_history", 1),
        ("%mig_graph", 1),
        ("%mig_heads", 1),
        ("%mig_diff", 2),
        ("%mig_status", 2),
    ],
)
def test_version_files_are_listed_where_the_history_is_read(listings, line, limit):
    assert 1 <= listings(line) <= limit
