"""What a database has besides tables: listed, because no operation of a baseline creates it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from ..autogenerate.compare.dropped import connection_of
from ..autogenerate.compare.reflect import Database
from ..autogenerate.compare.schemas import compared_schemas
from ..autogenerate.context import AutogenContext


@dataclass(frozen=True, slots=True, order=True)
class Outside:
    """An object that the baseline does not create: its kind in words, and its name with its schema."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def outside_of(context: AutogenContext, database: Database) -> tuple[Outside, ...]:
    """Return the views, functions, triggers and so on of the schemas that were read, sorted by kind and name."""
    connection = connection_of(context)
    default = context.inspector.default_schema_name
    schemas = {default if name is None else name for name in compared_schemas(context)}
    queries = _QUERIES.get(connection.dialect.name, {})
    found = {
        Outside(kind, name)
        for kind, query in queries.items()
        for schema, name in _rows(connection, query)
        if schema is None or schema in schemas
    }
    return tuple(sorted(found | set(_unused_types(database))))


def _rows(connection: Connection, query: str) -> Iterator[tuple[str | None, str]]:
    for schema, name in connection.exec_driver_sql(query).all():
        yield (None if schema is None else str(schema)), str(name)


def _unused_types(database: Database) -> Iterator[Outside]:
    """Yield the enum types that no column has."""
    used = set()
    for info in database.infos.values():
        for column in info.columns.values():
            type_ = getattr(column.type, "item_type", column.type)
            used.add((getattr(type_, "schema", None), getattr(type_, "name", None)))
    for (schema, name), enum in database.catalog.enums.items():
        if (schema, name) not in used and (enum.schema, enum.name) not in used:
            yield Outside("enum type", f"{schema}.{name}" if schema else name)


_IN = "JOIN pg_namespace n ON n.oid ="
_OWN = "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = {}.oid AND d.deptype = 'e')"
_NAMED = "quote_ident(n.nspname) || '.' || quote_ident"

_COLUMNS = "ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = {} AND a.attnum > 0 "
_COLUMNS += "AND NOT a.attisdropped ORDER BY a.attnum)"

_INDEX_NAME = (
    "concat_ws('_', c.relname, CASE WHEN i.indisprimary THEN NULL ELSE (SELECT string_agg(coalesce(a.attname, 'expr'), "
    "'_' ORDER BY k.place) FROM unnest(CAST(i.indkey AS int[])) WITH ORDINALITY AS k(number, place) LEFT JOIN "
    "pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0) END, "
    "CASE k.contype WHEN 'p' THEN 'pkey' WHEN 'u' THEN 'key' WHEN 'x' THEN 'excl' ELSE 'idx' END)"
)
"""The name that PostgreSQL gives to the index of a partition."""

_POSTGRESQL = {
    "schema without tables": "SELECT n.nspname, quote_ident(n.nspname) FROM pg_namespace n WHERE n.nspname !~ '^pg_' "
    "AND n.nspname NOT IN ('public', 'information_schema') AND NOT EXISTS (SELECT FROM pg_class c WHERE "
    "c.relnamespace = n.oid AND c.relkind IN ('r', 'p'))",
    "view": f"SELECT n.nspname, {_NAMED}(c.relname) FROM pg_class c {_IN} c.relnamespace "
    f"WHERE c.relkind = 'v' {_OWN.format('c')}",
    "materialized view": f"SELECT n.nspname, {_NAMED}(c.relname) FROM pg_class c {_IN} c.relnamespace "
    f"WHERE c.relkind = 'm' {_OWN.format('c')}",
    "foreign table": f"SELECT n.nspname, {_NAMED}(c.relname) FROM pg_class c {_IN} c.relnamespace "
    "WHERE c.relkind = 'f'",
    "sequence that no column uses": f"SELECT n.nspname, {_NAMED}(c.relname) FROM pg_class c {_IN} c.relnamespace "
    "WHERE c.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend d WHERE (d.objid = c.oid AND d.deptype IN ('i', 'e')) "
    "OR (d.refobjid = c.oid AND d.classid = 'pg_attrdef'::regclass))",
    "function": "SELECT n.nspname, p.oid::regprocedure::text FROM pg_proc p "
    f"{_IN} p.pronamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' {_OWN.format('p')}",
    "trigger": "SELECT n.nspname, quote_ident(t.tgname) || ' of ' || c.oid::regclass::text FROM pg_trigger t "
    f"JOIN pg_class c ON c.oid = t.tgrelid {_IN} c.relnamespace WHERE NOT t.tgisinternal",
    "row level security": "SELECT n.nspname, 'of ' || c.oid::regclass::text FROM pg_class c "
    f"{_IN} c.relnamespace WHERE c.relrowsecurity",
    "policy": "SELECT n.nspname, quote_ident(p.polname) || ' of ' || c.oid::regclass::text FROM pg_policy p "
    f"JOIN pg_class c ON c.oid = p.polrelid {_IN} c.relnamespace",
    "rule": "SELECT n.nspname, quote_ident(r.rulename) || ' of ' || c.oid::regclass::text FROM pg_rewrite r "
    f"JOIN pg_class c ON c.oid = r.ev_class {_IN} c.relnamespace WHERE r.rulename <> '_RETURN' "
    "AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
    "domain": f"SELECT n.nspname, {_NAMED}(t.typname) FROM pg_type t {_IN} t.typnamespace "
    "WHERE t.typtype = 'd' AND n.nspname <> 'information_schema'",
    "composite type": f"SELECT n.nspname, {_NAMED}(c.relname) FROM pg_class c {_IN} c.relnamespace "
    f"WHERE c.relkind = 'c' {_OWN.format('c')}",
    "range type": f"SELECT n.nspname, {_NAMED}(t.typname) FROM pg_type t {_IN} t.typnamespace "
    "WHERE t.typtype = 'r' AND n.nspname !~ '^pg_'",
    "collation": f"SELECT n.nspname, {_NAMED}(c.collname) FROM pg_collation c {_IN} c.collnamespace "
    "WHERE n.nspname <> 'pg_catalog'",
    "extended statistics": f"SELECT n.nspname, {_NAMED}(s.stxname) FROM pg_statistic_ext s {_IN} s.stxnamespace",
    "privileges": f"SELECT n.nspname, 'of ' || c.oid::regclass::text FROM pg_class c {_IN} c.relnamespace "
    "WHERE c.relkind IN ('r', 'p') AND (c.relacl IS NOT NULL OR EXISTS (SELECT FROM pg_attribute a WHERE "
    "a.attrelid = c.oid AND a.attacl IS NOT NULL)) AND n.nspname !~ '^pg_' "
    "AND n.nspname <> 'information_schema'",
    "replica identity": "SELECT n.nspname, 'of ' || c.oid::regclass::text FROM pg_class c "
    f"{_IN} c.relnamespace WHERE c.relkind IN ('r', 'p') AND c.relreplident IN ('f', 'n', 'i') "
    "AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
    "order of columns": "SELECT n.nspname, 'of ' || c.oid::regclass::text || ', which is not that of ' || "
    "i.inhparent::regclass::text FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid "
    f"{_IN} c.relnamespace WHERE c.relispartition AND c.relkind IN ('r', 'p') AND {_COLUMNS.format('c.oid')} <> "
    f"{_COLUMNS.format('i.inhparent')}",
    "name": "SELECT n.nspname, 'of index ' || ic.oid::regclass::text || "
    "', which is part of that of a partitioned table' FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid "
    f"JOIN pg_class c ON c.oid = i.indrelid {_IN} c.relnamespace LEFT JOIN pg_constraint k ON k.conindid = ic.oid "
    f"AND k.conrelid = c.oid WHERE ic.relispartition AND length({_INDEX_NAME}) < 64 "
    f"AND ic.relname !~ ('^' || {_INDEX_NAME} || '[0-9]*$')",
    "type": "SELECT n.nspname, 'of ' || c.oid::regclass::text || ', which is OF ' || c.reloftype::regtype::text "
    f"FROM pg_class c {_IN} c.relnamespace WHERE c.reloftype <> 0",
    "comment": "SELECT n.nspname, 'of schema ' || quote_ident(n.nspname) FROM pg_description d JOIN pg_namespace n "
    "ON n.oid = d.objoid WHERE d.classoid = 'pg_namespace'::regclass AND n.nspname !~ '^pg_' "
    "AND n.nspname <> 'information_schema' AND d.description <> 'standard public schema' UNION ALL "
    "SELECT n.nspname, 'of type ' || t.oid::regtype::text FROM pg_description d JOIN pg_type t ON t.oid = d.objoid "
    f"{_IN} t.typnamespace WHERE d.classoid = 'pg_type'::regclass AND t.typtype = 'e' UNION ALL "
    "SELECT n.nspname, 'of sequence ' || c.oid::regclass::text FROM pg_description d JOIN pg_class c "
    f"ON c.oid = d.objoid {_IN} c.relnamespace WHERE d.classoid = 'pg_class'::regclass AND c.relkind = 'S'",
    "extension": "SELECT NULL, quote_ident(extname) FROM pg_extension WHERE extname <> 'plpgsql'",
    "event trigger": "SELECT NULL, quote_ident(evtname) FROM pg_event_trigger",
    "publication": "SELECT NULL, quote_ident(pubname) FROM pg_publication",
}

_MARIADB = {
    "view": "SELECT table_schema, table_name FROM information_schema.views",
    "trigger": "SELECT trigger_schema, CONCAT(trigger_name, ' of ', event_object_table) "
    "FROM information_schema.triggers",
    "function or procedure": "SELECT routine_schema, routine_name FROM information_schema.routines",
    "event": "SELECT event_schema, event_name FROM information_schema.events",
    "sequence": "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'SEQUENCE'",
}

_SQLITE = {
    "view": "SELECT NULL, name FROM sqlite_master WHERE type = 'view'",
    "trigger": "SELECT NULL, name || ' of ' || tbl_name FROM sqlite_master WHERE type = 'trigger'",
    "virtual table": "SELECT NULL, name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%%'",
}

_QUERIES = {"postgresql": _POSTGRESQL, "mysql": _MARIADB, "mariadb": _MARIADB, "sqlite": _SQLITE}
