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

    def __init__(
        self,
        dialect: Dialect,
        record: Callable[[Any], object],
        refuse: Callable[[], NoReturn],
        inspector: Callable[[], object] | None = None,
        create_type: Callable[[str, object], object] | None = None,
    ) -> None:
        self.dialect = dialect
        self._record, self.refuse = record, refuse
        self._create_type = create_type
        self.inspector = inspector or refuse
        """Returns the inspector of the schema that the revisions so far make, or refuses."""

    @property
    def engine(self) -> NoConnection:
        """The engine, for ``bind.engine.dialect``; a connection of it would not see what is not committed."""
        return NoConnection(self.dialect, self._record, self.refuse)

    @property
    def url(self) -> NoURL:
        """The URL, of which the kind of database is known."""
        return NoURL(self.dialect, self.refuse)

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

    def _run_ddl_visitor(self, visitor: type, element: object, **_: object) -> None:
        """Record ``Enum(...).create(op.get_bind())`` and ``.drop()``; refuse what else SQLAlchemy creates so."""
        if self._create_type is None:
            self.refuse()
        self._create_type(visitor.__name__, element)

    def __getattr__(self, name: str) -> NoReturn:
        self.refuse()


@inspects(NoConnection)
def _inspector(connection: NoConnection) -> object:
    """Return the inspector, or refuse, also where the code catches the error."""
    return connection.inspector()


class NoURL:
    """The URL of no database, of which the kind is known: ``str(bind.engine.url).startswith("sqlite")``."""

    def __init__(self, dialect: Dialect, refuse: Callable[[], NoReturn]) -> None:
        self._dialect, self._refuse = dialect, refuse

    def __str__(self) -> str:
        return f"{self._dialect.name}://"

    def get_backend_name(self) -> str:
        """Return the name of the database."""
        return self._dialect.name

    def __getattr__(self, name: str) -> NoReturn:
        self._refuse()


class NoEnvironment:
    """What ``from alembic import context`` offers without a database: it is not offline, and all else is refused."""

    def __init__(self, context: Callable[[], NoContext], refuse: Callable[[], NoReturn]) -> None:
        self.get_context, self._refuse = context, refuse

    def is_offline_mode(self) -> bool:
        """Return False: what is recorded is what a run on a database does."""
        return False

    def get_bind(self) -> NoConnection:
        """Return the connection."""
        return self.get_context().bind

    def __getattr__(self, name: str) -> NoReturn:
        self._refuse()


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
