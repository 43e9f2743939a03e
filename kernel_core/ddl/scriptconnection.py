"""The connection that ``op.get_bind()`` returns in offline mode: it prints its statements into the script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

from sqlalchemy import Dialect, Insert, Update, bindparam
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.sql.elements import BindParameter, ClauseElement, TextClause
from sqlalchemy.sql.visitors import ExternallyTraversible, iterate, replacement_traverse

from ..util.exc import CommandError

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class ScriptConnection(MockConnection):
    """A connection that prints what it executes, with the values written out.

        bind = op.get_bind()
        if bind.dialect.name == "postgresql":
            ENUM("a", "b", name="mood").create(bind, checkfirst=False)
        bind.execute(text("UPDATE t SET a = :a"), {"a": 1})

    No statement returns rows: reading its result raises CommandError.
    """

    def __init__(self, dialect: Dialect, execute: Callable[[Any], object]) -> None:
        super().__init__(dialect, execute)

    def execute(self, statement: Any, parameters: Parameters = None, execution_options: object = None) -> Unread:
        """Print a statement, once for each set of parameters."""
        several = [parameters] if parameters is None or isinstance(parameters, Mapping) else list(parameters)
        for values in several or [None]:
            self._execute_impl(statement if not values else _with_values(statement, values))
        return Unread()

    def exec_driver_sql(self, statement: str, parameters: object = None, execution_options: object = None) -> Unread:
        """Print SQL unchanged; raises CommandError for parameters, which only a driver can quote."""
        if parameters:
            raise CommandError(
                "exec_driver_sql() with parameters cannot be written into a script. Use execute(text(...), values)."
            )
        self._execute_impl(statement)
        return Unread()

    def scalar(self, statement: Any, parameters: Parameters = None, **options: object) -> Any:
        """Raise CommandError: a printed statement returns no rows."""
        return self.execute(statement, parameters).scalar()

    def scalars(self, statement: Any, parameters: Parameters = None, **options: object) -> Any:
        """Raise CommandError: a printed statement returns no rows."""
        return self.execute(statement, parameters).scalars()


class Unread:
    """The result of a printed statement; reading it raises CommandError."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse

    def __iter__(self) -> Iterator[object]:
        self._refuse()

    def _refuse(self, *args: object, **kw: object) -> NoReturn:
        raise CommandError(
            "The result of a statement is not known where SQL is only printed (--sql). "
            "Read it online only: if not op.get_context().as_sql: ..."
        )


def _with_values(statement: Any, values: Mapping[str, Any]) -> Any:
    """Return a statement with the values in place of its parameters."""
    if isinstance(statement, TextClause):
        return statement.bindparams(**values)
    if isinstance(statement, Insert):
        return statement.values(dict(values))
    stated = {name: value for name, value in values.items() if name not in _names(statement)}
    if stated and isinstance(statement, Update):
        statement = statement.values(stated)
    return replacement_traverse(statement, {}, partial(_filled, values))


def _names(statement: ClauseElement) -> set[str]:
    """Return the names of the parameters in a statement, such as those of its WHERE."""
    return {each.key for each in iterate(statement) if isinstance(each, BindParameter)}


def _filled(values: Mapping[str, object], element: ExternallyTraversible, **kw: object) -> BindParameter[Any] | None:
    if isinstance(element, BindParameter) and element.key in values:
        return bindparam(None, values[element.key], element.type)
    return None
