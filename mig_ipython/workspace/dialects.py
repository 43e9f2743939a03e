"""Unsupported databases: find out on connection what works on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SQLAlchemyError

from kernel_core.ddl.impl import DefaultImpl
from kernel_core.util.exc import CommandError

from ..errors import database_message

SUPPORTED = ("sqlite", "postgresql", "mysql", "mariadb", "mssql", "oracle")
"""The databases with a folder or file in `kernel_core.ddl`."""

_READ = ("get_multi_columns", "get_multi_pk_constraint", "get_multi_foreign_keys", "get_multi_indexes")
"""The inspector methods that a comparison calls on every database."""

_NO_TABLE = "mig_no_such_table"


def limits(engine: Engine) -> str:
    """Return what does not work, or may not work, on an unsupported database; "" for a supported one."""
    dialect = engine.dialect
    if is_supported(dialect):
        return ""
    by = "by the package that registered it" if _is_registered(dialect) else "as standard SQL"
    lead = (
        f"{dialect.name} is not one of the supported databases ({', '.join(SUPPORTED)}). "
        f"Revisions are run {by}: upgrade, downgrade, stamp and history work as far as it understands that."
    )
    reason = _unreadable(engine)
    if reason:
        return f"{lead} {_without_comparison(dialect, reason)}"
    return f"{lead} Models are compared by general rules: check what autogenerate, diff and check find."


def is_supported(dialect: Dialect) -> bool:
    """Return whether a database is one of the supported ones."""
    return dialect.name in SUPPORTED


@contextmanager
def comparing_on(engine: Engine) -> Iterator[None]:
    """Raise CommandError with the reason where the catalog of an unsupported database cannot be read in the block."""
    try:
        yield
    except (DBAPIError, NotImplementedError) as error:
        if is_supported(engine.dialect):
            raise
        raise CommandError(_without_comparison(engine.dialect, database_message(error))) from error


def _without_comparison(dialect: Dialect, reason: str) -> str:
    return (
        f"The catalog of {dialect.name} cannot be read ({reason.rstrip('.')}), so autogenerate, diff, check and drift "
        'do not work once it has tables. Write revisions by hand: %mig_revision -m "..."'
    )


def _unreadable(engine: Engine) -> str:
    """Return why the catalog cannot be read, "" where it can; each query is tried for a table that does not exist."""
    try:
        with engine.connect() as live:
            inspector = sa.inspect(live)
            inspector.get_table_names()
            for name in _READ:
                try:
                    getattr(inspector, name)(filter_names=[_NO_TABLE])
                except NoSuchTableError:
                    continue
            try:
                inspector.get_columns(_NO_TABLE)
            except NoSuchTableError:
                return ""
    except (SQLAlchemyError, NotImplementedError) as error:
        return database_message(error)
    return ""


def _is_registered(dialect: Dialect) -> bool:
    return DefaultImpl.get_by_dialect(dialect) is not DefaultImpl
