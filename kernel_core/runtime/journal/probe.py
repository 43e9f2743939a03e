"""Whether a statement was executed, read from the catalog: for statements that were begun when a run was killed.

A statement that creates, drops or renames something was executed if that is so now: the run lock keeps other runs away,
and a single statement takes effect as a whole or not at all. One that sets something to a value may be executed again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import NoSuchTableError

from ...util.sqla_compat import literal_text
from .claims import Claim, claim_of
from .table import Unfinished


def was_executed(sql: str, connection: Connection) -> bool | None:
    """Return whether the database shows that a statement was executed; None if it cannot be read from the catalog.

    False for a statement that may be executed again.
    """
    claim = claim_of(sql, connection.dialect)
    if claim is None:
        return None
    if claim.effect == "repeatable":
        return False
    if claim.kind == "INDEX" and _is_invalid(claim, connection):
        return False
    found = _exists(claim, connection)
    return None if found is None else found == (claim.effect == "exists")


def looked_up(unfinished: Unfinished, connection: Connection) -> Unfinished:
    """Return what is unfinished, with the answer of the catalog for the statement that was begun, if there is one."""
    if not unfinished.begun:
        return unfinished
    *before, (_, last) = unfinished.statements
    claim = claim_of(last, connection.dialect)
    known = None if claim is None or claim.effect == "repeatable" else was_executed(last, connection)
    if known is None or (claim is not None and _is_invalid(claim, connection)):
        return unfinished
    if known:
        return replace(unfinished, begun="", done=(*unfinished.done, unfinished.begun))
    return replace(unfinished, begun="", statement=before[-1][1] if before else "")


def remove_remains(sql: str, connection: Connection) -> None:
    """Drop the invalid index that a CREATE INDEX CONCURRENTLY leaves when it is stopped, so that it can run again."""
    claim = claim_of(sql, connection.dialect)
    if claim is not None and claim.effect == "exists" and claim.kind == "INDEX" and _is_invalid(claim, connection):
        quote = connection.dialect.identifier_preparer.quote
        name = f"{quote(claim.schema)}.{quote(claim.name)}" if claim.schema else quote(claim.name)
        connection.execute(literal_text(f"DROP INDEX CONCURRENTLY {name}"))


def _is_invalid(claim: Claim, connection: Connection) -> bool:
    """Return whether PostgreSQL has the index, but does not use it because its creation was stopped."""
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.execute(text(_INVALID_INDEX), {"name": claim.name, "schema": claim.schema}).scalar())


def _exists(claim: Claim, connection: Connection) -> bool | None:
    """Return whether the object of a claim is in the database; None where it is not read, or its table is missing."""
    inspector = inspect(connection)
    inspector.clear_cache()
    reader = _READERS.get(claim.kind)
    if reader is not None:
        try:
            return reader(claim, inspector)
        except NoSuchTableError:
            return None
    query = _QUERIES.get((connection.dialect.name, claim.kind))
    if query is None:
        return None
    values = {"name": claim.name, "schema": claim.schema, "table": claim.table}
    return bool(connection.execute(text(query), {key: values[key] for key in values if f":{key}" in query}).scalar())


def _has_table(claim: Claim, inspector: Inspector) -> bool:
    return claim.name in inspector.get_table_names(claim.schema)


def _has_view(claim: Claim, inspector: Inspector) -> bool:
    return claim.name in inspector.get_view_names(claim.schema)


def _has_column(claim: Claim, inspector: Inspector) -> bool:
    wanted = claim.name.lower()
    return any(each["name"].lower() == wanted for each in inspector.get_columns(claim.table, claim.schema))


def _has_index(claim: Claim, inspector: Inspector) -> bool | None:
    tables = [claim.table] if claim.table else inspector.get_table_names(claim.schema)
    found = (each for table in tables for each in inspector.get_indexes(table, claim.schema))
    return any(_same(each["name"], claim.name) for each in found)


def _has_constraint(claim: Claim, inspector: Inspector) -> bool:
    place = claim.table, claim.schema
    names = [each["name"] for each in inspector.get_foreign_keys(*place)]
    names += [each["name"] for each in inspector.get_unique_constraints(*place)]
    names += [each["name"] for each in inspector.get_check_constraints(*place)]
    names += [inspector.get_pk_constraint(*place)["name"]]
    return any(_same(each, claim.name) for each in names)


def _has_primary_key(claim: Claim, inspector: Inspector) -> bool:
    return bool(inspector.get_pk_constraint(claim.table, claim.schema)["constrained_columns"])


def _has_schema(claim: Claim, inspector: Inspector) -> bool:
    return claim.name in inspector.get_schema_names()


def _has_sequence(claim: Claim, inspector: Inspector) -> bool:
    return claim.name in inspector.get_sequence_names(claim.schema)


def _same(found: str | None, name: str) -> bool:
    return found is not None and found.lower() == name.lower()


_READERS: dict[str, Callable[[Claim, Inspector], bool | None]] = {
    "TABLE": _has_table,
    "VIEW": _has_view,
    "COLUMN": _has_column,
    "INDEX": _has_index,
    "CONSTRAINT": _has_constraint,
    "PRIMARY KEY": _has_primary_key,
    "SCHEMA": _has_schema,
    "SEQUENCE": _has_sequence,
}
_IN_DATABASE = "coalesce(:schema, DATABASE())"
_IN_SCHEMA = "coalesce(:schema, current_schema())"
_QUERIES: dict[tuple[str, str], str] = {}
for _mysql in ("mysql", "mariadb"):
    _QUERIES[_mysql, "DATABASE"] = "SELECT count(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = :name"
    _QUERIES[_mysql, "TRIGGER"] = (
        "SELECT count(*) FROM information_schema.TRIGGERS "
        f"WHERE TRIGGER_NAME = :name AND TRIGGER_SCHEMA = {_IN_DATABASE}"
    )
    for _kind in ("FUNCTION", "PROCEDURE"):
        _QUERIES[_mysql, _kind] = (
            f"SELECT count(*) FROM information_schema.ROUTINES WHERE ROUTINE_NAME = :name "
            f"AND ROUTINE_TYPE = '{_kind}' AND ROUTINE_SCHEMA = {_IN_DATABASE}"
        )
_QUERIES["postgresql", "DATABASE"] = "SELECT count(*) FROM pg_database WHERE datname = :name"
_QUERIES["postgresql", "EXTENSION"] = "SELECT count(*) FROM pg_extension WHERE extname = :name"
_QUERIES["postgresql", "TYPE"] = _QUERIES["postgresql", "DOMAIN"] = (
    "SELECT count(*) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
    f"WHERE t.typname = :name AND n.nspname = {_IN_SCHEMA}"
)
_QUERIES["postgresql", "VALUE"] = (
    "SELECT count(*) FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid "
    "JOIN pg_namespace n ON n.oid = t.typnamespace "
    f"WHERE e.enumlabel = :name AND t.typname = :table AND n.nspname = {_IN_SCHEMA}"
)
_QUERIES["postgresql", "TRIGGER"] = (
    "SELECT count(*) FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    f"WHERE g.tgname = :name AND c.relname = :table AND n.nspname = {_IN_SCHEMA}"
)
_INVALID_INDEX = (
    "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    f"WHERE NOT i.indisvalid AND c.relname = :name AND n.nspname = {_IN_SCHEMA}"
)
_QUERIES["sqlite", "TRIGGER"] = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name = :name"
