"""Which version files have no effect but schema changes through ``op``, judged from their code without running it.

Such revisions may share a transaction. Any other may open another connection (of an application that it imports, for
example), which must find all earlier revisions committed; or end a transaction; or hold locks on tables for long. It
keeps its own transaction.

A file passes if it imports only what version files usually import, and uses no name that gives access to more than
the directives that change a schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from dis import opmap
from types import CodeType

from ..operations import BatchOperations, Operations

# fmt: off
_MODULES = frozenset(
    {
        "__future__", "alembic", "collections.abc", "datetime", "decimal", "enum", "kernel_core", "sqlalchemy",
        "sqlalchemy.dialects", "sqlalchemy.dialects.mssql", "sqlalchemy.dialects.mysql",
        "sqlalchemy.dialects.oracle", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "typing",
        "uuid",
    }
)

_SCHEMA_DIRECTIVES = frozenset(
    {
        "add_column", "alter_column", "batch_alter_table", "create_check_constraint", "create_exclude_constraint",
        "create_foreign_key", "create_index", "create_primary_key", "create_table", "create_table_comment",
        "create_unique_constraint", "drop_column", "drop_constraint", "drop_index", "drop_table",
        "drop_table_comment", "f", "inline_literal", "rename_table", "schema", "table_name",
    }
)

_NAMES_WITH_SIDE_EFFECTS = frozenset(
    {
        "Connection", "Engine", "Session", "__builtins__", "__import__", "__loader__", "__spec__", "autogenerate",
        "begin", "breakpoint", "command", "commit", "compile", "config", "connect", "create_async_engine",
        "create_engine", "create_mock_engine", "engine", "engine_from_config", "eval", "event", "exec", "ext",
        "getattr", "globals", "impl", "input", "inspect", "locals", "migration_context", "open", "orm", "pool",
        "rollback", "run_sync", "runtime", "script", "session", "sessionmaker", "vars",
    }
)

# fmt: on

_IMPORT, _LONG = opmap["IMPORT_NAME"], opmap["EXTENDED_ARG"]


def names_with_side_effects() -> frozenset[str]:
    """Return the names that may do more than change the schema, among them the directives registered so far."""
    directives = {name for each in (Operations, BatchOperations) for name in dir(each) if not name.startswith("_")}
    return _NAMES_WITH_SIDE_EFFECTS | (directives - _SCHEMA_DIRECTIVES)


def only_changes_schema(code: CodeType, names: frozenset[str]) -> bool:
    """Return whether a version file with that code does nothing but change the schema.

    ``names`` is what `names_with_side_effects` returns.
    """
    return all(names.isdisjoint(part.co_names) and _MODULES.issuperset(_imported(part)) for part in _parts(code))


def _parts(code: CodeType) -> Iterator[CodeType]:
    """Yield a piece of code, and each function in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)


def _imported(code: CodeType) -> Iterator[str]:
    """Yield the name of each import; an instruction is two bytes, the operation and the number of a name."""
    instructions, numbers = code.co_code[::2], code.co_code[1::2]
    place = instructions.find(_IMPORT)
    while place >= 0:
        is_long = place > 0 and instructions[place - 1] == _LONG
        yield "" if is_long else code.co_names[numbers[place]]
        place = instructions.find(_IMPORT, place + 1)
