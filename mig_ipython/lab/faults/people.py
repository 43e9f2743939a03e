"""What others do meanwhile: a teammate pushes a revision, somebody changes production by hand."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from kernel_core.util.exc import CommandError
from kernel_core.util.sql import in_quotes

from ..state import DATABASE, OWN_TABLES
from ..state.history import read_history, scripts_of

_TEMPLATE = '''"""{message}

Revision ID: {name}
Revises: {shown}
"""
import sqlalchemy as sa

from kernel_core import op

revision = {name!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
    op.add_column({table!r}, sa.Column({column!r}, sa.Text()))


def downgrade():
    op.drop_column({table!r}, {column!r})
'''
_LIKED = ("airports", "airlines", "planes", "flights")
_TEAMMATE, _COLUMN = "teammate", "remark"


def push_revision(folder: str, on: str = "") -> tuple[str, str]:
    """Write the revision of a teammate; return its id and what it does, in words.

    ``on`` is the revision it comes after: an id, or "head". By default it is the one before the last, which the
    teammate knew: so there are two heads, unless there is only one revision. Raises CommandError where there is
    no environment.
    """
    scripts = scripts_of(folder)
    if scripts is None:
        raise CommandError("This folder has no migration environment, so nobody can push a revision. Start a lesson.")
    history = read_history(scripts)
    last = history.revisions[-1] if history.revisions else None
    parents = [each["id"] for each in history.revisions]
    if on and on not in ("head", *parents):
        raise CommandError(f"Revision {on} does not exist. Revisions: {', '.join(parents) or 'none'}.")
    known = last["down"][0] if last and last["down"] else None
    down = (on if on in parents else last["id"] if on else known or last["id"]) if last else None
    name = _free(_TEAMMATE, parents)
    table = _liked_table(os.path.join(folder, DATABASE))
    column = name.replace(_TEAMMATE, _COLUMN)
    message = f"A teammate adds {table}.{column}"
    text = _TEMPLATE.format(
        message=message,
        name=name,
        shown=down or "",
        down=down,
        table=table,
        column=_free(column, _columns(folder, table)),
    )
    with open(os.path.join(scripts.versions, f"{name}.py"), "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    return name, f"adds a column {column} to {table}, after revision {down or 'base'}"


def alter_by_hand(path: str) -> list[str]:
    """Change a database past its migrations; return the statements. Raises CommandError where it has no tables."""
    table = _liked_table(path, ("flights", "airlines"))
    with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as connection:
        columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({in_quotes(table)})")]
        column = _free("hotfix", columns)
        statements = [
            f"ALTER TABLE {in_quotes(table)} ADD COLUMN {column} INTEGER",
            f"CREATE INDEX {in_quotes(f'ix_{table}_{column}')} ON {in_quotes(table)} ({column})",
        ]
        try:
            for statement in statements:
                connection.execute(statement)
        except sqlite3.OperationalError as error:
            raise CommandError(f"{os.path.basename(path)} could not be altered: {error}.") from error
    return statements


def _columns(folder: str, table: str) -> list[str]:
    with closing(sqlite3.connect(os.path.join(folder, DATABASE))) as connection:
        return [name for _, name, *_ in connection.execute(f"PRAGMA table_info({in_quotes(table)})")]


def _liked_table(path: str, liked: tuple[str, ...] = _LIKED) -> str:
    """Return the table that is changed: one of the data desk, else the first there is."""
    if not os.path.isfile(path):
        raise CommandError(f"There is no {os.path.basename(path)} here. Start a lesson: %mig_lab start 6")
    with closing(sqlite3.connect(path, timeout=1)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        names = [name for (name,) in rows if not name.startswith((OWN_TABLES, "sqlite_"))]
    if not names:
        raise CommandError(f"{os.path.basename(path)} has no tables yet.")
    return next((each for each in liked if each in names), names[0])


def _free(name: str, taken: list[str]) -> str:
    """Return a name that is not taken: ``remark``, ``remark2``."""
    number = 1
    while (name if number == 1 else f"{name}{number}") in taken:
        number += 1
    return name if number == 1 else f"{name}{number}"
