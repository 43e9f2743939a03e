"""The types that reflection returns for types in SQL, one object for each spelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import sqlalchemy
from sqlalchemy.engine import Dialect
from sqlalchemy.types import NullType

from .types import AnyType

SQLALCHEMY_VERSION = tuple(int(part) for part in sqlalchemy.__version__.split(".")[:2])
"""The installed SQLAlchemy's version, such as (2, 0)."""


def sqlite_type(dialect: Dialect, declared: str) -> AnyType:
    """Return the type that reflection returns for a declared type of SQLite."""
    told: Any = dialect
    found: AnyType = told._resolve_type_affinity(declared.upper())
    return found


class PostgresqlTypes:
    """The types that reflection returns for PostgreSQL's ``format_type()``: one object for each spelling.

    ``enums`` and ``domains`` are ``ReflectedEnum`` and ``ReflectedDomain``.
    """

    def __init__(
        self, dialect: Dialect, enums: Iterable[Mapping[str, object]], domains: Iterable[Mapping[str, object]]
    ) -> None:
        self._dialect: Any = dialect
        self._known: dict[object, AnyType] = {}
        self._domains = {_type_name(domain): domain for domain in domains}
        self._enums = {_type_name(enum): enum for enum in enums}

    @property
    def has_domains(self) -> bool:
        """Whether the database has any domain."""
        return bool(self._domains)

    def type(self, formatted: str, column: str, collation: str | None, collation_schema: str | None) -> AnyType:
        """Return the type of a column of that name; NullType, with a warning, if it is not known."""
        key = (formatted, collation, collation_schema)
        found = self._known.get(key)
        if found is None:
            found = self._reflected(formatted, f"column '{column}'", collation, collation_schema)
            if not isinstance(found, NullType):
                self._known[key] = found
        return found

    def _reflected(self, formatted: str, described: str, *collation: str | None) -> AnyType:
        if SQLALCHEMY_VERSION < (2, 1):
            found = self._dialect._reflect_type(formatted, self._domains, self._enums, described, collation[0])
        else:
            named = SimpleNamespace(domains=self._domains, enums=self._enums)
            found = self._dialect._reflect_type(formatted, named, described, *collation)
        return found  # type: ignore[no-any-return]

    def domain_of(self, type_: AnyType) -> Mapping[str, object] | None:
        """Return the domain that is a column's type, which can have a default and NOT NULL; None for other types."""
        if type_.__visit_name__ != "DOMAIN":
            return None
        domain: Any = type_
        return self._domains.get((domain.schema, domain.name) if domain.schema else (domain.name,))


def _type_name(named: Mapping[str, object]) -> tuple[str, ...]:
    """Return the key of a type: its name if it is on the search path, otherwise with its schema."""
    name = str(named["name"])
    return (name,) if named["visible"] else (str(named["schema"]), name)


class MySQLTypes:
    """The types that reflection returns for column types of MySQL and MariaDB, one object for each spelling."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect: Any = dialect
        self._known: dict[str, AnyType] = {}

    def type(self, written: str, name: str) -> AnyType:
        """Return the type for the definition of a column in SHOW CREATE TABLE.

        NullType, with a warning about the column, if it is not known.
        """
        found = self._known.get(written)
        if found is None:
            quoted = self._dialect.identifier_preparer.quote_identifier(name)
            parsed = self._dialect._tabledef_parser.parse(f"CREATE TABLE `t` (\n  {quoted} {written}\n)", None)
            found = parsed.columns[0]["type"] if parsed.columns else NullType()
            self._known[written] = found
        return found
