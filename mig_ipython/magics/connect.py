"""Connect to a database; every other command works on it.

    %mig_connect sqlite:///dev.db
    %mig_connect postgresql://ada@localhost/flights
    %mig_connect $DATABASE_URL --as production
    %mig_connect engine
    %mig_connect @production
    %mig_connect --sql

A relative SQLite path is relative to the notebook's folder. ``$NAME`` is an environment variable or a variable of the
notebook; a bare name is an engine or a URL of the notebook, or an open connection. ``@NAME`` is a section of an ini
file (of the environment, ``connections.ini``, or jupysql's), ``--sql`` the database of ``%sql`` (jupysql). Without an
argument the current connection is shown; where there is none, ``%config Mig.database``, ``sqlalchemy.url`` of the
environment's ini file, or ``$DATABASE_URL`` is taken.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from typing import Any

from kernel_core.util.exc import CommandError

from ..connection import Connection, holds_password
from ..elsewhere import sql_engine
from ..session import Session
from ..words import Word


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument(
        "target", nargs="?", default=None, metavar="URL|$NAME|@SECTION|ENGINE", help="what to connect to"
    )
    parser.add_argument("--sql", action="store_true", help="take over the connection of %%sql (jupysql)")
    parser.add_argument("--as", dest="name", default=None, metavar="NAME", help="how the connection is called")


def run(session: Session, args: argparse.Namespace) -> Connection:
    """Return the connection."""
    if args.sql:
        if args.target is not None:
            raise CommandError(f"--sql and {args.target!r} both say what to connect to. Give one of them.")
        return session.connect(sql_engine(), args.name)
    if args.target is None:
        return session.connection if session.current_name is not None else session.connect_by_default()
    connection = session.connect(_database(args.target), args.name)
    if isinstance(args.target, Word) and holds_password(args.target.literal):
        return replace(connection, warning="\n! ".join(filter(None, (connection.warning, LITERAL))))
    return connection


def _database(target: Any) -> Any:
    """Return what is connected to: ``$NAME`` is an environment variable, or else a variable of the notebook."""
    if not isinstance(target, Word):
        return target
    is_set = target.typed.startswith("$") and target.typed[1:].strip("{}") in os.environ
    return target.typed if is_set else target.value


LITERAL = (
    "The password stands in the cell, and so in the notebook's file. "
    "Keep it in an environment variable: %mig_connect $DATABASE_URL"
)
