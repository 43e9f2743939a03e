"""The names that databases give to unnamed constraints, in a schema without a database.

A name depends on those that exist already. It is given when the constraint is added, and is not known where something
that the schema does not contain could have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.sql.elements import conv

from ..ddl.mysql.generated_names import check_name, index_name, key_name
from ..ddl.postgresql.generated_names import ORDER, joined, object_name
from ..ddl.sqlite.generated_names import name_of
from ..operations.named_columns import columns_of_item
from ..operations.schema_state import SchemaState, TableState
from ..operations.unnamed_constraints import NameRules, is_unnamed
from ..util.sql import names_column
from ..util.sqla_compat import sql_text

Addition = Any
"""The operation that adds a constraint."""


def given_name(item: Addition) -> str:
    """Return the name of a constraint or an index, "" if it is not known."""
    return str(getattr(item, "index_name", None) or getattr(item, "constraint_name", None) or item.generated_name or "")


def _has_unnamed_type_check(table: TableState) -> bool:
    """Return whether a Boolean or Enum type of a column has a CHECK without a name, which is in no list here."""
    types = [column.type for column in table.columns.values()]
    return any(getattr(each, "create_constraint", False) and not getattr(each, "name", None) for each in types)


class PostgresqlRules:
    """``users_email_key``, ``orders_user_id_fkey``, ``users_age_check1``; unique in the schema."""

    def named(self, schema: SchemaState, table: TableState, added: Sequence[Addition]) -> list[Addition]:
        kept = list(added) if len(added) < 2 else _without_repeated_keys(added)
        own = {given_name(each) for each in (*table.constraints, *kept)}
        names: dict[int, str] = {}
        for item in sorted(kept, key=_order):
            name = self._free_name(schema, table, item, own) if is_unnamed(item) else given_name(item)
            if name:
                names[id(item)] = name
                own.add(name)
                schema.claimed.add((table.schema, name))
        return [
            each.changed(generated_name=names[id(each)]) if is_unnamed(each) and id(each) in names else each
            for each in kept
        ]

    def _free_name(self, schema: SchemaState, table: TableState, item: Addition, own: set[str]) -> str | None:
        label = _label(item)
        if label == "check" and _has_unnamed_type_check(table):
            return None
        columns = _middle(item, table)
        number = 0
        while columns is not None:
            name = object_name(table.name, columns, f"{label}{number or ''}")
            is_claimed = (table.schema, name) in schema.claimed
            has_index = label not in ("check", "fkey")
            if name not in own and not (is_claimed and _exists(schema, table.schema, name, relations=has_index)):
                return name
            number += 1
        return None

    def possible(self, schema: SchemaState, item: Addition) -> tuple[str, ...]:
        return ()

    def after_rename(self, item: Addition, before: str, after: str) -> Addition:
        return item


_LABELS: Mapping[str | None, str] = {"primary": "pkey", "unique": "key", "foreignkey": "fkey", "check": "check"}


def _label(item: Addition) -> str:
    return _LABELS.get(item.constraint_type, "excl")


def _order(item: Addition) -> int:
    return ORDER.index(_label(item))


def _middle(item: Addition, table: TableState) -> str | None:
    """Return the columns in the name of a constraint on PostgreSQL; None where they cannot be known."""
    if item.constraint_type == "primary":
        return ""
    if item.constraint_type == "check":
        words = sql_text(item.condition)
        found = [name for name in table.columns if names_column(words, name, "postgresql")]
        return found[0] if len(found) == 1 else ""
    columns = columns_of_item(item)
    return (
        joined(each for each in columns if isinstance(each, str))
        if all(isinstance(each, str) for each in columns)
        else None
    )


def _exists(schema: SchemaState, place: str | None, name: str, *, relations: bool) -> bool:
    """Return whether a constraint in a schema has a name now, or with ``relations`` a table or an index."""
    tables = [each for (other, _), each in schema.tables.items() if other == place]
    items = (item for each in tables for item in (*each.constraints, *(each.indexes if relations else ())))
    return (relations and any(each.name == name for each in tables)) or any(given_name(each) == name for each in items)


def _without_repeated_keys(added: Sequence[Addition]) -> list[Addition]:
    """Return the constraints of a CREATE TABLE; PostgreSQL creates one index for equal UNIQUEs and primary keys.

    Of an unnamed and a named one the name remains (transformIndexConstraints in its parse_utilcmd.c).
    """
    kept: list[Addition] = []
    keys: dict[object, int] = {}
    for item in sorted(added, key=lambda each: each.constraint_type != "primary"):
        options = sorted((name, str(value)) for name, value in getattr(item, "kw", {}).items())
        key = (tuple(map(str, columns_of_item(item))), str(options))
        if item.constraint_type not in ("unique", "primary") or key not in keys:
            keys |= {key: len(kept)} if item.constraint_type in ("unique", "primary") else {}
            kept.append(item)
        elif not given_name(kept[keys[key]]) and given_name(item):
            kept[keys[key]] = kept[keys[key]].changed(constraint_name=item.constraint_name)
    return kept


def _has_own_index(item: Addition, others: Sequence[Addition]) -> bool:
    """Return whether MySQL creates an index for a foreign key: no other key begins with its columns."""
    if item.constraint_type != "foreignkey":
        return False
    columns = _lower(item)
    keys = [_lower(each) for each in others if each.constraint_type in ("unique", "primary")]
    return not any(each[: len(columns)] == columns for each in keys)


def _lower(item: Addition) -> list[str]:
    return [str(each).lower() for each in columns_of_item(item)]


def _first(item: Addition) -> str:
    return next(iter(_lower(item)), "")


class MysqlRules:
    """``email``, ``email_2``, ``orders_ibfk_1``, ``CONSTRAINT_1``; unique in the table."""

    def named(self, schema: SchemaState, table: TableState, added: Sequence[Addition]) -> list[Addition]:
        is_mariadb = bool(getattr(schema.dialect, "is_mariadb", False))
        named = list(added)
        table.of_keys |= {_first(each) for each in named if _has_own_index(each, [*table.constraints, *named])}
        for place, item in enumerate(named):
            others = [*table.constraints, *named]
            if is_unnamed(item):
                name = self._name(table, item, others, is_mariadb=is_mariadb)
                named[place] = item.changed(generated_name=name) if name else item
        return named

    def _name(self, table: TableState, item: Addition, others: Sequence[Addition], *, is_mariadb: bool) -> str | None:
        taken = {given_name(each) for each in others if each.constraint_type == item.constraint_type}
        if item.constraint_type == "foreignkey":
            return key_name(table.name, taken)
        if item.constraint_type == "check":
            return None if _has_unnamed_type_check(table) else check_name(table.name, taken, is_mariadb=is_mariadb)
        if item.constraint_type != "unique" or _first(item) in table.of_keys:
            return None  # the index of a foreign key may have the name, and may be left when the key is dropped
        keys = [each for each in others if each.constraint_type == "foreignkey"]
        first = str(next(iter(columns_of_item(item)), ""))
        return index_name(first, taken | {given_name(each) for each in (*table.indexes, *keys)})

    def possible(self, schema: SchemaState, item: Addition) -> tuple[str, ...]:
        return ()

    def after_rename(self, item: Addition, before: str, after: str) -> Addition:
        """InnoDB gives the generated names of foreign keys, and MySQL those of CHECKs, the new name of the table."""
        name = given_name(item)
        for begin in ("_ibfk_", "_chk_"):
            if name.startswith(f"{before}{begin}") and name.removeprefix(f"{before}{begin}").isdecimal():
                renamed = name.replace(f"{before}{begin}", f"{after}{begin}", 1)
                return item.changed(constraint_name=conv(renamed), generated_name=None)
        return item


class SqliteRules:
    """SQLite keeps them unnamed; a batch drops them by a name that depends on their definition."""

    def named(self, schema: SchemaState, table: TableState, added: Sequence[Addition]) -> list[Addition]:
        return list(added)

    def possible(self, schema: SchemaState, item: Addition) -> tuple[str, ...]:
        found = (name_of(item.to_constraint()), item.changed(constraint_name=None).to_constraint(schema.context).name)
        return tuple(str(each) for each in found if isinstance(each, str))

    def after_rename(self, item: Addition, before: str, after: str) -> Addition:
        return item


NAME_RULES: Mapping[str, NameRules] = {
    "postgresql": PostgresqlRules(),
    "mysql": MysqlRules(),
    "mariadb": MysqlRules(),
    "sqlite": SqliteRules(),
}
"""How each database names constraints, by the names of dialects."""
