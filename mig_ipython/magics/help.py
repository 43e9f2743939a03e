"""Show every command with its purpose.

    %mig help
    %mig_help

Options and examples of one command: ``%mig_upgrade?``. Nothing is run.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable

from ..session import Session
from ..views.help import Help, Wish
from . import Command, find_commands


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: there are none."""


def run(session: Session, args: argparse.Namespace) -> Help:
    """Return the table."""
    return commands_help()


def commands_help() -> Help:
    """Return the table of all commands; one that `WISHES` does not list comes last, with its docstring."""
    listed = {name for wish in WISHES for typed in wish.typed for name in re.findall(r"%(\w+)", typed)}
    return Help((*WISHES, *(wish for wish in described(find_commands().values()) if not listed & set(_names(wish)))))


def described(commands: Iterable[Command]) -> Iterable[Wish]:
    """Yield a row for each command, from the first line of its docstring."""
    for command in commands:
        first = command.description.partition("\n")[0].rstrip(".")
        yield Wish(first[:1].lower() + first[1:], (command.typed,))


def _names(wish: Wish) -> Iterable[str]:
    return (typed.lstrip("%") for typed in wish.typed)


WISHES = (
    Wish("connect to a database", ("%mig_connect sqlite:///dev.db", "%mig_connect $DATABASE_URL")),
    Wish("list the open connections, close one", ("%mig_connections", "%mig_close NAME")),
    Wish("create the folder that holds the history", ("%mig_init migrations",)),
    Wish("open the environment of an existing project", ("%mig_open FOLDER",)),
    Wish("see database, current revision, and the next step", ("%mig", "%mig_status")),
    Wish("declare models in a cell that can be run again", ("%%mig_models Base",)),
    Wish("see what differs from the models, and write nothing", ("%mig_diff",)),
    Wish("fail where something differs, in an unattended run", ("%mig_check",)),
    Wish("review, edit and write a migration", ('%mig_autogenerate Base -m "add email"',)),
    Wish("the same, unattended", ('%mig_autogenerate Base -m "add email" --accept all --write',)),
    Wish("write a migration by hand", ('%%migration "fill email" --write',)),
    Wish("write an empty version file", ('%mig_revision -m "add email"',)),
    Wish("merge two heads into one", ('%mig_merge -m "merge"',)),
    Wish("know whether the order of two heads matters", ("%mig_merge --check",)),
    Wish("write one revision in place of a range of them", ("%mig_squash A:B", "%mig_squash --prune B")),
    Wish("delete the version file that was written last", ("%mig_undo",)),
    Wish("see what an upgrade would do", ("%mig_upgrade --plan", "%mig_upgrade --sql")),
    Wish("test it first, and keep nothing", ("%mig_rehearse",)),
    Wish("apply the pending revisions", ("%mig_upgrade",)),
    Wish("undo the last revision", ("%mig_downgrade -1",)),
    Wish("finish or undo a revision that was stopped half-way", ("%mig_resume", "%mig_abandon")),
    Wish("mark a database as being at a revision, without running anything", ("%mig_stamp REVISION",)),
    Wish("adopt a database that has tables and no history", ("%mig_adopt", "%mig_adopt --write")),
    Wish("find the revision that the schema of a database is that of", ("%mig_locate", "%mig_locate --stamp")),
    Wish("read the history", ("%mig_history", "%mig_graph", "%mig_show REVISION")),
    Wish("see the tables at a revision, and what changed", ("%mig_schema REVISION", "%mig_schema --slider")),
    Wish("list current revisions, heads, branch points", ("%mig_current", "%mig_heads", "%mig_branches")),
    Wish("write revisions into one file", ("%mig_export --sql FILE", "%mig_export --html FILE")),
    Wish("see this table", ("%mig help", "%mig_help")),
)
"""The rows of the table, in the order in which a new user needs the commands."""
