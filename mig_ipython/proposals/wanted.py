"""Which part of a comparison is wanted: some tables or columns only, and what becomes of renames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kernel_core.operations.containers import UpgradeOps, grouped
from kernel_core.operations.operation import MigrateOperation


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a comparison is wanted; by default everything.

    ``only`` and ``exclude`` are patterns: ``users``, ``tmp_*``, ``reports.*`` (a schema, or the columns of a table),
    ``users.email``. ``renames`` is ``show``, ``accept``, ``off``, or None for what the environment says. ``beyond`` are
    the comparisons beyond Alembic's where the environment chooses none: ``checks``, ``*`` for all, ``~enum_types``.
    """

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    renames: str | None = None
    beyond: tuple[str, ...] = ("*",)

    @property
    def plugins(self) -> list[str]:
        """The comparisons as ``autogenerate_plugins`` names them."""
        signs = [(name[:1] if name[:1] == "~" else "", name.removeprefix("~")) for name in self.beyond]
        return ["alembic.autogenerate.*", *(f"{sign}kernel_core.ext.{name}" for sign, name in signs)]

    def __str__(self) -> str:
        parts = [f"only {', '.join(self.only)}"] if self.only else []
        parts += [f"without {', '.join(self.exclude)}"] if self.exclude else []
        return "; ".join(parts)

    def among(self, found: UpgradeOps) -> UpgradeOps:
        """Return the operations that are wanted, in their order, as a new list; the very same objects."""
        if not (self.only or self.exclude):
            return found
        kept = [operation for operation in found.leaves() if self.wants(operation)]
        result = UpgradeOps(grouped(kept))
        stays = {id(operation) for operation in kept}
        result.renames = tuple(one for one in found.renames if id(one.drop) in stays and id(one.add) in stays)
        return result

    def wants(self, operation: MigrateOperation) -> bool:
        """Tell whether an operation is wanted; one that is about no table is, unless ``only`` says which."""
        names = _names(operation)
        if self.only and not _matches(names, self.only):
            return False
        return not _matches(names, self.exclude)


def patterns(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return patterns as they are typed: one text or several, each with commas between.

    >>> patterns(["users, pets", "tmp_*"])
    ('users', 'pets', 'tmp_*')
    """
    several = [given] if isinstance(given, str) else given
    return tuple(part.strip() for each in several for part in each.split(",") if part.strip())


def _names(operation: MigrateOperation) -> tuple[str, ...]:
    """Return the names of an operation: its table, with and without schema, and its column, index or constraint."""
    if operation.table_key is None:
        return ()
    schema, table = operation.table_key
    tables = [table] + ([f"{schema}.{table}"] if schema else [])
    column = getattr(operation, "column", None)
    parts = (
        getattr(operation, "column_name", None) or getattr(column, "name", None),
        getattr(operation, "constraint_name", None),
        getattr(operation, "index_name", None),
    )
    return (*tables, *(f"{name}.{part}" for name in tables for part in parts if isinstance(part, str)))


def _matches(names: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
