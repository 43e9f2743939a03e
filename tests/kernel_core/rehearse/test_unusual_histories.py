"""What a rehearsal says of unusual migrations is what was written down by hand in ``unusual_histories.txt``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import CommandError

TEXT = Path(__file__).with_name("unusual_histories.txt").read_text("utf-8")
QUICK = ("renamed with main", "inherited tables with keys", "renamed with the name of the database")


@dataclass(frozen=True, slots=True)
class Case:
    """The lines of a case, by the mark that they begin with; those that set up the database have none."""

    database: str
    name: str
    lines: tuple[str, ...]

    def of(self, mark: str) -> tuple[str, ...]:
        """Return the lines that begin with a mark, or with "" those that set up the database."""
        if not mark:
            return tuple(line for line in self.lines if line[0] not in "><=~!^")
        return tuple(line[2:] for line in self.lines if line.startswith(mark))

    def body(self, mark: str, name: str) -> str:
        """Return the code of the upgrade or of the downgrade; ``name`` is that of the database."""
        lines = [line.replace("{db}", name) for line in self.of(mark)]
        is_code = re.compile(r"op\.|with ")
        return "\n".join(line if is_code.match(line) else f"op.execute({line!r})" for line in lines) or "pass"


def cases() -> list[Any]:
    """Return the cases of all databases."""
    found = []
    for section in re.split(r"^\[", TEXT, flags=re.MULTILINE)[1:]:
        database, _, text = section.partition("]\n")
        for part in re.split(r"^# ", text, flags=re.MULTILINE)[1:]:
            name, *lines = part.strip().splitlines()
            marks = [] if name in QUICK else [pytest.mark.sweep]
            found.append(pytest.param(Case(database, name, tuple(lines)), id=f"{database}-{name}", marks=marks))
    return found


@pytest.mark.parametrize("case", cases())
def test_a_rehearsal_says_what_was_written_down(request, case):
    fixture = "project" if case.database == "sqlite" else f"{case.database}_project"
    project = request.getfixturevalue(fixture)
    name = str(sa.make_url(project.url).database)
    project.run(*_as_driver_text(case.of(""), case.database))
    project.write("a1", None, case.body(">", name), case.body("<", name))
    (found,) = command.rehearse(project.config(), "head", and_back=bool(case.of("^")))
    assert tuple(f"{each.kind} {each.rows}" for each in found.blockers) == case.of("!")
    if not case.of("!"):
        assert sorted(each.sentence() for each in found.changed_rows) == sorted(case.of("="))
    changes = [f"{sign} {text}" for sign, _, text in found.schema]
    for expected in case.of("~"):
        assert any(expected in change for change in changes), changes
    if case.of("^"):
        assert found.undone.restores, found.undone
    assert _runs(project) == found.is_clean


def _as_driver_text(statements: Sequence[str], database: str) -> list[str]:
    return [each if database == "sqlite" else each.replace("%", "%%") for each in statements]


def _runs(project: Any) -> bool:
    """Upgrade the database itself; return whether that runs."""
    try:
        command.upgrade(project.config(), "head")
    except CommandError:
        return False
    return True
