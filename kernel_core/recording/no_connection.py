"""The connection and the context that a recorded function gets: they know the dialect, and nothing of a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn

from sqlalchemy.engine import Dialect

from ..util.sqla_compat import inspects


class NeedsConnection(Exception):
    """The code uses a connection, so its further operations are not known before it runs."""


class NoResult:
    """The result of a statement that was recorded: using it needs a connection."""

    def __init__(self, refuse: Callable[[], NoReturn]) -> None:
        self._refuse = refuse

    def __getattr__(self, name: str) -> NoReturn:
        self._refuse()

    def __iter__(self) -> Iterator[Any]:
        self._refuse()


class NoConnection:
    """``op.get_bind()`` without a database: its dialect is known, statements are recorded, all else is refused."""

    def __init__(self, dialect: Dialect, record: Callable[[Any], object], refuse: Callable[[], NoReturn]) -> None:
        self.dialect = dialect
        self._record, self.refuse = record, refuse

    @property
    def engine(self) -> NoConnection:
        """The engine: this too, for ``bind.engine.dialect``."""
        return self

    @property
    def name(self) -> str:
        """The name of the dialect, as an engine has it."""
        return self.dialect.name

    def execute(self, statement: Any, parameters: object = None, **options: object) -> NoResult:
        """Record a statement; one with parameters, or as text for the driver, is refused."""
        if parameters is not None or options:
            self.refuse()
        self._record(statement)
        return NoResult(self.refuse)

    def __getattr__(self, name: str) -> NoReturn:
        self.refuse()


@inspects(NoConnection)
def _refuse_to_inspect(connection: NoConnection) -> NoReturn:
    """Refuse ``sqlalchemy.inspect(op.get_bind())``, also where the code catches the error."""
    connection.refuse()


class NoContext:
    """``op.get_context()`` without a database."""

    def __init__(self, connection: NoConnection, refuse: Callable[[], NoReturn]) -> None:
        self.dialect, self.bind, self.connection = connection.dialect, connection, connection
        self.as_sql = False
        self._refuse = refuse

    def autocommit_block(self) -> AbstractContextManager[None]:
        """Return a block that does nothing."""
        return nullcontext()

    def __getattr__(self, name: str) -> NoReturn:
        self._refuse()
