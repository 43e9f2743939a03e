"""A history of six revisions, of which five can be squashed."""

from __future__ import annotations

from typing import Any

import pytest

from kernel_core.config import Config

REVISIONS: dict[str, tuple[str | None, str, str]] = {
    "a1": (
        None,
        "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('nick', sa.String(20)))",
        "op.drop_table('users')",
    ),
    "b2": (
        "a1",
        "op.add_column('users', sa.Column('age', sa.Integer))\nop.create_table('tmp', sa.Column('id', sa.Integer))",
        "op.drop_table('tmp')\nop.drop_column('users', 'age')",
    ),
    "c3": (
        "b2",
        "op.alter_column('users', 'nick', new_column_name='name')\nop.drop_table('tmp')",
        "op.create_table('tmp', sa.Column('id', sa.Integer))\nop.alter_column('users', 'name', new_column_name='nick')",
    ),
    "d4": (
        "c3",
        (
            "for (n,) in op.get_bind().execute(sa.text('SELECT 7')).all():\n"
            "    op.execute(f'INSERT INTO users (name, age) VALUES ({n}, 1)')"
        ),
        "op.execute('DELETE FROM users')",
    ),
    "e5": ("d4", "op.create_index('ix_name', 'users', ['name'])", "op.drop_index('ix_name', 'users')"),
    "f6": ("e5", "op.create_table('pets', sa.Column('id', sa.Integer))", "op.drop_table('pets')"),
}


@pytest.fixture
def history(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return written(project, monkeypatch)


@pytest.fixture(
    params=["project", "postgresql_project", pytest.param("mariadb_project", marks=pytest.mark.sweep)],
    ids=["sqlite", "postgresql", "mariadb"],
)
def any_history(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    return written(request.getfixturevalue(request.param), monkeypatch)


def written(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(project.folder)
    for revision, (down, upgrade, downgrade) in REVISIONS.items():
        project.write(revision, down, upgrade, downgrade)
    project.config = Config(project.ini)
    return project
