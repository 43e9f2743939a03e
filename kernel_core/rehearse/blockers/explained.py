"""Whether the rows that were found explain the error of the database: it may fail for another reason as well."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy.exc import DBAPIError

from ...util.exc import sqlstate
from ..findings import BlockerKind

_VALUES: frozenset[BlockerKind] = frozenset({"misfit", "enum value"})

_OF_SQLSTATE: Mapping[str, frozenset[BlockerKind]] = {
    "23502": _VALUES | {"null"},
    "23503": frozenset({"orphan"}),
    "23505": frozenset({"duplicate"}),
    "23514": _VALUES | {"check"},
    "23P01": frozenset({"exclusion"}),
}
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_OF_NUMBER: Mapping[int, frozenset[BlockerKind]] = {
    **dict.fromkeys((1264, 1292, 1366, 1367, 1406, 1411, 3140), _VALUES),
    1048: frozenset({"null"}),
    1062: frozenset({"duplicate"}),
    1138: frozenset({"null"}),
    1265: _VALUES | {"null"},
    1452: frozenset({"orphan"}),
    4025: _VALUES | {"check"},
}
"""https://mariadb.com/kb/en/mariadb-error-codes/"""

_OF_WORDS: Mapping[str, frozenset[BlockerKind]] = {
    "NOT NULL": frozenset({"null"}),
    "UNIQUE constraint failed": frozenset({"duplicate"}),
    "CHECK constraint failed": _VALUES | {"check"},
    "FOREIGN KEY constraint failed": frozenset({"orphan"}),
}
"""https://sqlite.org/src/file/src/vdbe.c has the messages."""


def is_explained(error: Exception, kinds: Collection[BlockerKind]) -> bool:
    """Return whether one of these kinds of blockers causes an error.

    The database names the first cause only, and an operation that has two of them fails with one.
    """
    if not isinstance(error, DBAPIError) or error.orig is None:
        return True
    state, number = sqlstate(error.orig), (error.orig.args or ("",))[0]
    if state.startswith("42"):
        return False  # the statement is refused whatever the rows are
    causes = _OF_NUMBER.get(number, frozenset()) if isinstance(number, int) else _OF_SQLSTATE.get(state)
    if causes is None:
        causes = next((each for words, each in _OF_WORDS.items() if words in str(error.orig)), _VALUES)
    return not causes.isdisjoint(kinds)
