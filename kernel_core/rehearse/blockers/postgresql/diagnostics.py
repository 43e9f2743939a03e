"""What an error of a database says about the constraint that refused something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from ....util.exc import sqlstate


@dataclass(frozen=True, slots=True)
class Violation:
    """The SQLSTATE of an error and the objects that it names, each "" where it names none.

    ``detail`` is the second line of the message: ``Key (id)=(7) is not present in table "parents".``
    https://www.postgresql.org/docs/current/protocol-error-fields.html
    """

    state: str = ""
    schema: str = ""
    table: str = ""
    column: str = ""
    constraint: str = ""
    domain: str = ""
    detail: str = ""


def violation_of(error: BaseException) -> Violation:
    """Return what an error of a driver of PostgreSQL names; ``error`` may be the one that SQLAlchemy made of it."""
    found: Any = error.orig if isinstance(error, DBAPIError) else error
    state = sqlstate(found)
    diag = getattr(found, "diag", None)  # psycopg and psycopg2
    if diag is not None:
        names = ("schema_name", "table_name", "column_name", "constraint_name", "datatype_name", "message_detail")
        return Violation(state, *(str(getattr(diag, name, None) or "") for name in names))
    own = getattr(found, "__cause__", None)  # asyncpg
    if hasattr(own, "constraint_name"):
        names = ("schema_name", "table_name", "column_name", "constraint_name", "data_type_name", "detail")
        return Violation(state, *(str(getattr(own, name, None) or "") for name in names))
    fields = found.args[0] if found is not None and found.args else None
    if isinstance(fields, dict):  # pg8000
        return Violation(str(fields.get("C", state)), *(str(fields.get(key) or "") for key in "stcndD"))
    return Violation(state)
