"""A migration engine for SQLAlchemy under the names that Alembic documents.

The rooms, from the ground up: `util`, `operations`, `ddl` and `script`, `runtime`, `op` and `context`, `autogenerate`,
`command`, `config`. Importing this package imports none of them.
"""

__version__ = "1.20.1"
"""The release of Alembic whose surface this is: version files compare it (``Version(alembic.__version__) >= ...``)."""

RELEASE = "0.1.0"
"""The engine's own release."""
