"""A student in JupyterLab: an answer that fails, its hint, the answer that passes, progress; light and dark."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]
LOOKS = (Path(__file__).parent / "looks.js").read_text()
ADD = 'op.add_column("airlines", sa.Column("country", sa.String({0})))'


@pytest.fixture(scope="session")
def built() -> str:
    """The sealed file of the demonstration lesson."""
    sys.path.insert(0, str(ROOT / "tests" / "mig_ipython" / "lab"))
    from tests.mig_ipython.lab.conftest import build_demonstration

    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return build_demonstration(Path(folder))
