"""The interface of an implementation, for the modules below `DefaultImpl` that run statements with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement


class RunsSQL(Protocol):
    """Runs SQL on a connection, or prints it into a script (``as_sql``)."""

    dialect: Dialect
    connection: Connection | None
    as_sql: bool
    transactional_ddl: bool

    @property
    def checking_dialect(self) -> Dialect:
        """The dialect as it compiles scripts; see `RunsStatements.checking_dialect`."""

    def catalog(self) -> Connection | None:
        """Return the connection from which definitions are read, None where there is none."""

    def translated(self, schema: str | None) -> str | None:
        """Return the schema to which ``schema_translate_map`` translates another one."""

    def execute(self, sql: Executable | ClauseElement | str, execution_options: Mapping[str, Any] | None = None) -> Any:
        """Run or print a statement."""

    def execute_sql(self, sql: str) -> None:
        """Run or print SQL as it is: no colon in it starts a parameter."""

    def script_text(self, construct: ClauseElement) -> str:
        """Return a statement as a script has it, with its values written out."""
