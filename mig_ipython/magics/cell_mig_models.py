"""Declare models in a cell that can be run again.

    %%mig_models Base
    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)

The tables of this cell are replaced by what it declares now, all at once: a class or column that is gone is gone, and a
cell that fails leaves the models as they were. It tells what changed against its last run, and which tables no cell
declares any more. ``VAR`` is a declarative Base or a MetaData; by default the only one in the notebook.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.declared import Declared


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument("var", nargs="?", default=None, metavar="TARGET", help="the Base or MetaData of the models")


def run(session: Session, args: argparse.Namespace) -> Declared:
    """Return what the cell declares."""
    return session.declare(args.cell or "", args.var)
