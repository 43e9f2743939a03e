from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_core.script import Revision, RevisionMap, ScriptDirectory

TEMPLATE = '''"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

# revision identifiers, used by Alembic.
revision: str = ${repr(up_revision)}
down_revision: Union[str, Sequence[str], None] = ${repr(down_revision)}
branch_labels: Union[str, Sequence[str], None] = ${repr(branch_labels)}
depends_on: Union[str, Sequence[str], None] = ${repr(depends_on)}


def upgrade() -> None:
    """Upgrade schema."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Downgrade schema."""
    ${downgrades if downgrades else "pass"}
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An environment's folder without any revision."""
    environment = tmp_path / "migrations"
    (environment / "versions").mkdir(parents=True)
    (environment / "env.py").write_text("")
    (environment / "script.py.mako").write_text(TEMPLATE)
    return environment


@pytest.fixture
def scripts(folder: Path) -> ScriptDirectory:
    return ScriptDirectory(folder)


@pytest.fixture
def put(folder: Path) -> Callable[..., Path]:
    """Write a version file by its identifiers."""

    def write(
        revision: str, down: object = None, labels: object = None, depends: object = None, body: str = ""
    ) -> Path:
        path = folder / "versions" / f"{revision}_x.py"
        path.write_text(
            f'"""About {revision}\n\nMore of it.\n\nCreate Date: 2013-01-01 10:00:00.000001\n"""\n'
            f"revision = {revision!r}\ndown_revision = {down!r}\nbranch_labels = {labels!r}\ndepends_on = {depends!r}\n"
            f"{body}\ndef upgrade():\n    pass\n\ndef downgrade():\n    pass\n"
        )
        return path

    return write


def revision_map(*rows: tuple[object, ...]) -> RevisionMap:
    """A map from rows of (id, parents, labels, depends_on); what is left out is None."""
    revisions = []
    for row in rows:
        revision, down, labels, depends = (*row, None, None, None)[:4]
        revisions.append(Revision(revision, down, depends, labels))  # type: ignore[arg-type]
    return RevisionMap(revisions)


@pytest.fixture
def branched() -> RevisionMap:
    """p0 <- p1, from which a1 <- a2 and (label bb) b1 <- b2 part."""
    return revision_map(("p0",), ("p1", "p0"), ("a1", "p1"), ("a2", "a1"), ("b1", "p1", "bb"), ("b2", "b1"))


@pytest.fixture
def dependent() -> RevisionMap:
    """Two lines, aa (a1, a2) and bb (b1, b2, b3), where b2 depends on a2."""
    return revision_map(("a1", None, "aa"), ("a2", "a1"), ("b1", None, "bb"), ("b2", "b1", None, "a2"), ("b3", "b2"))


@pytest.fixture(name="revision_map")
def _revision_map() -> Callable[..., RevisionMap]:
    return revision_map
