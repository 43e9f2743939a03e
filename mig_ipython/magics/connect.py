"""Connect to a database, which the other commands use.

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
environment's ini file, or ``$DATABASE_URL`` is used.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from kernel_core.util.exc import CommandError

from ..session import Session
from ..workspace.connection import Connection, holds_password
from ..workspace.named_databases import sql_engine


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", nargs="?", default=None, metavar="URL|$NAME|@SECTION|ENGINE", help="the database")
    parser.add_argument("--sql", action="store_true", help="take over the connection of %%sql (jupysql)")
    parser.add_argument("--as", dest="name", default=None, metavar="NAME", help="the name of the connection")


def run(session: Session, args: argparse.Namespace) -> Connection:
    """Return the connection."""
    if args.sql:
        if args.target is not None:
            raise CommandError(f"--sql and {args.target!r} both name a database. Give one of them.")
        return session.connect(sql_engine(), args.name)
    literal: str | None = getattr(args, "literal", None)  # the word in the cell, also where its value is None
    if args.target is None and literal is None:
        return session.connection if session.current_name is not None else session.connect_by_default()
    connection = session.connect(args.target, args.name)
    if holds_password(literal):
        return replace(connection, warning="\n! ".join(filter(None, (connection.warning, LITERAL))))
    return connection


LITERAL = (
    "The password is written in the cell, and so in the notebook's file. "
    "Keep it in an environment variable: %mig_connect $DATABASE_URL"
)
