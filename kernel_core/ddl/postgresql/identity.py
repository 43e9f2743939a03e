"""Identity columns of PostgreSQL: add, change option by option, drop.

https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Identity
from sqlalchemy.sql.compiler import DDLCompiler

from ...operations.ddl_formatting import alter_column, alter_table
from ...operations.kinds.column import IdentityColumnDefault


@compiles(IdentityColumnDefault, "postgresql")
def _identity_default(element: IdentityColumnDefault, compiler: DDLCompiler, **kw: object) -> str:
    where = f"{alter_table(compiler, element.table_name, element.schema)} {alter_column(compiler, element.column_name)}"
    if element.default is None:
        return f"{where} DROP IDENTITY"
    if not isinstance(element.existing_server_default, Identity):
        return f"{where} ADD {compiler.process(element.default)}"
    return f"{where} {_changed_identity(element.default, element.existing_server_default, compiler)}"


def _changed_identity(new: Identity, old: Identity, compiler: DDLCompiler) -> str:
    """Return ``SET GENERATED ...`` and ``SET <option>`` for the options in which the new identity differs.

    An option that only the old one has is set to its default. Where nothing differs, SET GENERATED is repeated, because
    ALTER COLUMN needs at least one change.
    """
    words = []
    if bool(new.always) != bool(old.always):
        words.append(f"SET GENERATED {'ALWAYS' if new.always else 'BY DEFAULT'}")
    changed: Any = {name: value for name in _IDENTITY_OPTIONS if (value := _option(new, old, name)) is not None}
    options = Identity(**changed)
    compiled = compiler.get_identity_options(options)
    words += [f"SET {option}" for option in _split_options(compiled)]
    if ((new.increment or 1) < 0) != ((old.increment or 1) < 0):
        words.append("RESTART")  # the current number is outside of the new bounds
    return " ".join(words) or f"SET GENERATED {'ALWAYS' if new.always else 'BY DEFAULT'}"


_IDENTITY_OPTIONS = ("start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue", "cycle", "cache")
_IDENTITY_DEFAULTS: dict[str, object] = {"start": 1, "increment": 1, "cycle": False, "cache": 1}


def _option(new: Identity, old: Identity, name: str) -> object:
    """Return an option's new value where it differs from the old one; its default where only the old one has it."""
    after, before = getattr(new, name), getattr(old, name)
    if name in ("nominvalue", "nomaxvalue"):
        bound = name.removeprefix("no")
        gone = getattr(old, bound) is not None and getattr(new, bound) is None
        return True if after or gone else None
    if after == before:
        return None
    return _IDENTITY_DEFAULTS.get(name) if after is None else after


def _split_options(compiled: str) -> list[str]:
    """Return ``INCREMENT BY 2 START WITH 3`` as a list of its options."""
    return [found.group(0) for found in re.finditer(_IDENTITY_WORDS, compiled)]


_IDENTITY_WORDS = (
    r"INCREMENT BY -?\d+|START WITH -?\d+|(?:MIN|MAX)VALUE -?\d+|NO (?:MIN|MAX)VALUE|CACHE \d+|(?:NO )?CYCLE"
)
