"""Which SQLAlchemy this is."""

from __future__ import annotations

import sqlalchemy

SQLALCHEMY_VERSION = tuple(int(part) for part in sqlalchemy.__version__.split(".")[:2])
