"""List the connections of this notebook, with masked passwords.

    %mig_connections

``%mig_connect NAME`` makes another one current.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.connections import Connections


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: there are none."""


def run(session: Session, args: argparse.Namespace) -> Connections:
    """Return the connections; a list of them, shown as a table."""
    rows = tuple(
        (f"{name} (current)" if name == session.current_name else name, one.dialect, one.url)
        for name, one in session.connections.items()
    )
    return Connections(tuple(session.connections.values()), rows)
