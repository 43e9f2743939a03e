"""The schema of a database as lines of text: tables, views, enum types, sequences, triggers, comments.

before = snapshot_of(connection)
...
changes(before.tables, after.tables)
before.coverage()     # which schemas, views, types and triggers were read, and what was not
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Inspector, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedForeignKeyConstraint

Schema = Mapping[str, tuple[str, ...]]
"""For each table, its columns, keys, constraints, indexes and comments, one line each."""

Change = tuple[Literal["+", "-", "~"], str, str]
"""Added, removed or changed; the name of the table; a description."""

_KINDS = (
    *("schema", "table", "view", "materialized view", "enum type", "domain", "sequence", "trigger"),
    *("function", "routine", "policy", "rule", "extension"),
)
"""The kinds that `Snapshot.coverage` names, in this order."""

_SHOWN_WHOLE = frozenset({"enum type", "privileges of", "extension"})
"""Kinds of objects of which a change is shown with the whole definition."""

_NOT_READ = {
    "postgresql": "rows, default privileges, roles, event triggers, publications and statistics objects",
    "mysql": "rows, privileges, events and the options of tables",
    "sqlite": "rows, virtual tables and attached databases",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One reading of a schema: schemas, their tables, and the definition of each other object by (kind, name)."""

    dialect: str
    schemas: tuple[str, ...]
    tables: Schema
    objects: Mapping[tuple[str, str], str]

    def coverage(self) -> tuple[str, ...]:
        """Return lines that describe what this snapshot compares, and what it does not."""
        kinds: dict[str, list[str]] = {"schema": list(self.schemas), "table": list(self.tables)}
        for kind, name in self.objects:
            kinds.setdefault(kind, []).append(name)
        known = [kind for kind in _KINDS if kind in kinds or (kind in ("view", "trigger"))]
        lines = [f"{_plural(kind)}: {', '.join(kinds.get(kind, ())) or 'none'}" for kind in known]
        if self.dialect != "sqlite":
            commented = sum(
                line.startswith("comment ") or " comment '" in line for lines in self.tables.values() for line in lines
            )
            lines.append(f"comments of tables and columns: {commented or 'none'}")
        return (*lines, f"not compared: {_NOT_READ.get(self.dialect, 'rows and all that is not named above')}")


def snapshot_of(connection: Connection, *, without: Collection[str] = ()) -> Snapshot:
    """Read every schema that is not the database's own; ``without`` are tables to leave out."""
    inspector = inspect(connection)
    default = inspector.default_schema_name or ""
    schemas = [name for name in _schemas(connection, inspector) if name != default]
    tables = dict(schema_of(connection, without=without))
    objects = dict(_objects(connection, inspector, None))
    for schema in schemas:
        names = sorted(name for name in inspector.get_table_names(schema=schema) if name not in without)
        tables |= {f"{schema}.{name}": _reflected(inspector, name, schema) for name in names}
        objects |= dict(_objects(connection, inspector, schema))
    return Snapshot(connection.dialect.name, (default or "main", *schemas), tables, objects)


def schema_of(connection: Connection, *, without: Collection[str] = ()) -> Schema:
    """Return the tables of the default schema as lines of text, sorted; ``without`` are tables to leave out."""
    inspector = inspect(connection)
    names = sorted(name for name in inspector.get_table_names() if name not in without)
    return {name: _reflected(inspector, name, None) for name in names}


def differences(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Return what differs between two snapshots: schemas, tables, then views, types, sequences and triggers."""
    old, new = before.schemas[1:], after.schemas[1:]  # the first is the default one, of MariaDB the database itself
    found: list[Change] = [("-", name, f"schema {name}") for name in old if name not in new]
    found += [("+", name, f"schema {name}") for name in new if name not in old]
    found += changes(before.tables, after.tables)
    for kind, name in sorted({*before.objects, *after.objects}):
        was, now = before.objects.get((kind, name)), after.objects.get((kind, name))
        if now is None:
            found.append(("-", name, f"{kind} {name}"))
        elif was is None:
            found.append(("+", name, f"{kind} {name}{f' {now}' if kind in _SHOWN_WHOLE else ''}"))
        elif was != now:
            text = f" {now} (was {was})" if kind in _SHOWN_WHOLE else ": its definition"
            found.append(("~", name, f"{kind} {name}{text}"))
    return tuple(found)


def changes(before: Schema, after: Schema) -> tuple[Change, ...]:
    """Return what differs between two schemas, by table, what was removed before what was added."""
    found: list[Change] = []
    for name in sorted({*before, *after}):
        if name not in after:
            found.append(("-", name, f"table {name}"))
        elif name not in before:
            found.append(("+", name, f"table {name}"))
            found += [("+", name, line) for line in after[name]]
        else:
            found += _lines(name, before[name], after[name])
    return tuple(found)


def _schemas(connection: Connection, inspector: Inspector) -> list[str]:
    """Return the schemas except those of PostgreSQL itself; other databases are read in one schema."""
    if connection.dialect.name != "postgresql":
        return []
    return sorted(name for name in inspector.get_schema_names() if name != "information_schema" and name[:3] != "pg_")


def _objects(connection: Connection, inspector: Inspector, schema: str | None) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield ((kind, name), definition) for each object that is not a table."""
    prefix = f"{schema}." if schema else ""
    for name in inspector.get_view_names(schema=schema):
        definition = inspector.get_view_definition(name, schema=schema) or ""
        own = f"`{inspector.default_schema_name}`." if connection.dialect.name == "mysql" else ""
        yield ("view", prefix + name), definition.replace(own, "") if own else definition
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        yield from ((("trigger", name), sql) for name, sql in rows)
    if connection.dialect.name == "mysql":
        for kind, sql in _OF_MARIADB.items():
            yield from (((kind, name), str(definition)) for name, definition in connection.exec_driver_sql(sql))
    if connection.dialect.name == "postgresql":
        yield from _objects_of_postgresql(connection, inspector, schema, prefix)


_OF_MARIADB = {
    "trigger": "SELECT concat(trigger_name, ' of ', event_object_table), concat_ws(' ', action_timing, "
    "event_manipulation, action_statement) FROM information_schema.triggers WHERE trigger_schema = database()",
    "routine": "SELECT routine_name, concat_ws(' ', routine_type, dtd_identifier, routine_definition) "
    "FROM information_schema.routines WHERE routine_schema = database()",
    "sequence": "SELECT table_name, '' FROM information_schema.tables WHERE table_schema = database() "
    "AND table_type = 'SEQUENCE'",
}

_OF_POSTGRESQL = {
    "trigger": "SELECT t.tgname || ' of ' || {name}, pg_get_triggerdef(t.oid) FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal",
    "function": "SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', "
    "pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE p.prokind IN ('f', 'p') "
    "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
    "domain": "SELECT n.nspname || '.' || t.typname, concat_ws(' ', format_type(t.typbasetype, t.typtypmod), "
    "CASE WHEN t.typnotnull THEN 'NOT NULL' END, t.typdefault, (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' "
    "ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid)) FROM pg_type t "
    "JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd'",
    "policy": "SELECT p.polname || ' of ' || {name}, concat_ws(' ', p.polcmd, p.polpermissive, "
    "p.polroles::regrole[]::text, "
    "pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy p "
    "JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE true",
    "row level security of": "SELECT {name}, concat_ws(' ', c.relrowsecurity, c.relforcerowsecurity) FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity",
    "rule": "SELECT r.rulename || ' of ' || {name}, pg_get_ruledef(r.oid) FROM pg_rewrite r "
    "JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN'",
    "privileges of": "SELECT {name}, c.relacl::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'v', 'm', 'S', 'p', 'f') AND c.relacl IS NOT NULL",
}
"""Queries of (name, definition) of what the inspector does not read; ``{name}`` is a table with its schema."""

_TABLE_NAME = "CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || c.relname"


def _objects_of_postgresql(
    connection: Connection, inspector: Inspector, schema: str | None, prefix: str
) -> Iterator[tuple[tuple[str, str], str]]:
    from sqlalchemy.dialects.postgresql.base import PGInspector  # noqa: PLC0415 - only imported where it is in use

    assert isinstance(inspector, PGInspector), "PostgreSQL has its own inspector"
    for name in inspector.get_materialized_view_names(schema=schema):
        yield ("materialized view", prefix + name), inspector.get_view_definition(name, schema=schema) or ""
    for enum in inspector.get_enums(schema=schema):
        yield ("enum type", prefix + enum["name"]), f"({', '.join(enum['labels'])})"
    for name in inspector.get_sequence_names(schema=schema):
        yield ("sequence", prefix + name), ""
    if schema is not None:
        return
    for kind, sql in _OF_POSTGRESQL.items():
        shown = sql.format(name=_TABLE_NAME)
        rows = connection.exec_driver_sql(
            f"SELECT * FROM ({shown} AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
            "AND n.nspname NOT LIKE 'pg\\_%%') found ORDER BY 1"
        )
        yield from (((kind, name), str(definition)) for name, definition in rows)
    for name, version in connection.exec_driver_sql("SELECT extname, extversion FROM pg_extension ORDER BY 1"):
        yield ("extension", name), str(version)


def _lines(name: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Change]:
    old, new = {_subject(line): line for line in before}, {_subject(line): line for line in after}
    for subject in [*old, *(each for each in new if each not in old)]:
        if subject not in new:
            yield "-", name, old[subject]
        elif subject not in old:
            yield "+", name, new[subject]
        elif old[subject] != new[subject]:
            yield "~", name, f"{new[subject]} (was {old[subject].removeprefix(subject).strip()})"


def _subject(line: str) -> str:
    """Return the kind and the name at the start of a line: ``column email``; the whole line if there is no name."""
    words = line.split(" ", 2)
    if words[0] == "comment":
        return "comment"
    kind = " ".join(words[: 2 if words[1:2] == ["key"] else 1])
    rest = line.removeprefix(kind).lstrip()
    return line if rest.startswith("(") else f"{kind} {rest.partition(' ')[0]}"


def _reflected(inspector: Inspector, name: str, schema: str | None) -> tuple[str, ...]:
    lines = [_column(column) for column in inspector.get_columns(name, schema=schema)]
    key = inspector.get_pk_constraint(name, schema=schema)
    if key.get("constrained_columns"):
        lines.append(f"primary key ({', '.join(key['constrained_columns'])})")
    rest = [f"foreign key{_named(one)} {_foreign(one)}" for one in inspector.get_foreign_keys(name, schema=schema)]
    uniques = inspector.get_unique_constraints(name, schema=schema)
    rest += [f"unique{_named(one)} ({', '.join(one['column_names'])})" for one in uniques]
    checks = inspector.get_check_constraints(name, schema=schema)
    rest += [f"check{_named(one)} ({one['sqltext']})" for one in checks]
    for index in inspector.get_indexes(name, schema=schema):
        columns = ", ".join(each or "expression" for each in index["column_names"])
        rest.append(f"index{_named(index)} ({columns}){' unique' if index.get('unique') else ''}")
    return (*lines, *sorted(rest), *_comment(inspector, name, schema))


def _comment(inspector: Inspector, name: str, schema: str | None) -> tuple[str, ...]:
    if not inspector.dialect.supports_comments:
        return ()
    text = inspector.get_table_comment(name, schema=schema).get("text")
    return (f"comment {text!r}",) if text is not None else ()


def _column(column: ReflectedColumn) -> str:
    default = f" default {column['default']}" if column.get("default") is not None else ""
    comment = f" comment {column['comment']!r}" if column.get("comment") is not None else ""
    return f"column {column['name']} {column['type']}{'' if column['nullable'] else ' not null'}{default}{comment}"


def _foreign(key: ReflectedForeignKeyConstraint) -> str:
    referred = f"{key['referred_schema']}." if key.get("referred_schema") else ""
    options = "".join(f" {word} {action}" for word, action in sorted((key.get("options") or {}).items()))
    local, remote = ", ".join(key["constrained_columns"]), ", ".join(key["referred_columns"])
    return f"({local}) to {referred}{key['referred_table']} ({remote}){options}"


def _named(item: Mapping[str, object]) -> str:
    return f" {item['name']}" if item.get("name") else ""


def _plural(kind: str) -> str:
    return "policies" if kind == "policy" else f"{kind}s"
