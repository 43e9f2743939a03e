from __future__ import annotations

from pathlib import Path

import pytest
from lab_folders import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A student's folder with one applied revision and three airlines."""
    (tmp_path / "lesson").mkdir()
    return Folder(tmp_path / "lesson")
