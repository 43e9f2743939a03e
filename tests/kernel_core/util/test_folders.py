"""Paths in messages: relative to the working folder where that is shorter."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_core.util.folders import caller_folder, shown_path, with_relative_paths, working_in


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project's folder ``notebooks`` as the working folder; return the project's folder."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


ROWS = (
    ("{p}/notebooks/migrations does not exist.", "migrations does not exist."),
    ("{p}/alembic.ini [alembic]: wrong", "../alembic.ini [alembic]: wrong"),
    ("'{p}/notebooks/a.py', line 3", "'a.py', line 3"),
    ("{p}/a.py: gone", "../a.py: gone"),
    ("sqlite:///{p}/app.db is configured", "sqlite:///{p}/app.db is configured"),
    ("in {p}/notebooks.", "in {p}/notebooks."),
    ("see /etc/hosts, or SELECT 4 /2", "see /etc/hosts, or SELECT 4 /2"),
)


def test_absolute_paths_in_a_message_become_relative_and_urls_stay(here):
    for text, expected in ROWS:
        assert with_relative_paths(text.format(p=here)) == expected.format(p=here)


def test_paths_are_relative_to_the_folder_outside_of_the_block(here):
    assert shown_path(here / "alembic.ini") == "../alembic.ini"
    with working_in(str(here)):
        assert Path.cwd() == here
        assert caller_folder() == str(here / "notebooks")
        assert shown_path(here / "alembic.ini") == "../alembic.ini"
    assert Path.cwd() == here / "notebooks"
    assert shown_path("/x") == "/x"
