"""A student's folder, and the demonstration lesson, which is built once for each run of the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from answers import DEMONSTRATION
from lab_folders import Folder

from mig_ipython.lab.lesson import written
from mig_ipython.lab.source.build import Builder
from mig_ipython.lab.source.files import read_source
from mig_ipython.lab.source.shell import lesson_shell


@pytest.fixture(scope="session")
def folder_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Folder(tmp_path_factory.mktemp("template")).path


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory, folder_template: Path) -> Folder:
    """A student's folder with one applied revision and three airlines."""
    return Folder(tmp_path_factory.mktemp("lesson"), folder_template)


def build_demonstration(folder: Path) -> str:
    """Return the text of the sealed file of the demonstration lesson, which runs in ``folder``."""
    with lesson_shell() as shell:
        return written(Builder(read_source(str(DEMONSTRATION)), shell, os.path.realpath(folder)).build())


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of the sealed file."""
    return build_demonstration(tmp_path_factory.mktemp("built"))


@pytest.fixture
def lesson(notebook, built, tmp_path):
    """A notebook beside which the lesson is, as a teacher's own ones are."""
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "90_demonstration.json").write_text(built, encoding="utf-8")
    return notebook
