"""A live front end, as far as commands can see it."""

from __future__ import annotations

import pytest


@pytest.fixture
def panels(monkeypatch) -> list[object]:
    """The panels that are displayed."""
    shown: list[object] = []
    monkeypatch.setattr("IPython.display.display", lambda value, **_: shown.append(value))
    return shown


@pytest.fixture
def attended(migrated, monkeypatch, panels):
    """A notebook with a live front end."""
    monkeypatch.setattr(migrated.shell, "kernel", object(), raising=False)
    migrated.run("%config Mig.progress = False")
    return migrated
