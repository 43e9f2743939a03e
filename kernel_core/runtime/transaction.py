"""The transaction of one revision, which can be left for a while and begun anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType

from sqlalchemy import Connection

from ..ddl.impl import DefaultImpl


class RevisionTransaction:
    """What ``impl.begin_revision`` opens, with a way to step out: `suspended` commits, and begins anew afterwards.

    ``interrupted`` is True once something was committed in the middle, so that a rollback cannot take back all.
    """

    def __init__(self, impl: DefaultImpl, connection: Connection) -> None:
        self._impl, self._connection = impl, connection
        self._block: AbstractContextManager[None] | None = None
        self.interrupted = False

    def __enter__(self) -> RevisionTransaction:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        block, self._block = self._block, None
        return None if block is None else block.__exit__(kind, error, trace)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Commit what was done, run the block outside any transaction, begin anew; after an error nothing is begun."""
        self.interrupted = True
        self.__exit__(None, None, None)
        yield
        self._begin()

    def _begin(self) -> None:
        block = self._impl.begin_revision(self._connection)
        block.__enter__()
        self._block = block


@contextmanager
def autocommitting(connection: Connection) -> Iterator[None]:
    """Let each statement of the block commit by itself; the isolation level is what it was afterwards."""
    before = connection.get_execution_options().get("isolation_level") or connection.default_isolation_level
    connection.execution_options(isolation_level="AUTOCOMMIT")
    try:
        yield
    finally:
        if connection.in_transaction():
            connection.commit()
        connection.execution_options(isolation_level=before)
