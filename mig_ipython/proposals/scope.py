"""The scope of a comparison: tables and columns, renames, and comparisons beyond Alembic's."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sqlalchemy import MetaData

from kernel_core.operations.containers import UpgradeOps, grouped
from kernel_core.operations.operation import MigrateOperation
from kernel_core.operations.replacements import replacements

from ..views.operations import names_of
from ..workspace.settings import Mig


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a comparison that is wanted, by default everything.

    ``only`` and ``exclude`` are patterns: ``users``, ``tmp_*``, ``reports.*`` (a schema, or the columns of a table),
    ``users.email``. ``renames`` is ``show``, ``accept``, ``off``, or None for the option of the environment.
    ``beyond`` are the comparisons beyond Alembic's where the environment chooses none: ``checks``, ``*`` for all,
    ``~enum_types``.
    """

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    renames: str | None = None
    beyond: tuple[str, ...] = ("*",)

    @classmethod
    def of(
        cls,
        settings: Mig,
        only: str | Sequence[str] | None = None,
        exclude: str | Sequence[str] | None = None,
        renames: str | None = None,
    ) -> Scope:
        """Return the scope that the options of a command give, or else ``%config Mig``."""
        chosen = renames or (settings.renames if settings.renames != "show" else None)
        beyond = tuple(settings.beyond)
        return cls(patterns(only or settings.only), patterns(exclude or settings.exclude), chosen, beyond)

    @property
    def plugins(self) -> list[str]:
        """The comparisons as ``autogenerate_plugins`` names them."""
        signs = [(name[:1] if name[:1] == "~" else "", name.removeprefix("~")) for name in self.beyond]
        return ["alembic.autogenerate.*", *(f"{sign}kernel_core.ext.{name}" for sign, name in signs)]

    def __str__(self) -> str:
        parts = ["only what --only or Mig.only names"] if self.only else []
        parts += ["without what --exclude or Mig.exclude names"] if self.exclude else []
        return "; ".join(parts)

    def select(self, found: UpgradeOps) -> tuple[UpgradeOps, tuple[str, ...]]:
        """Return the operations in the scope, in their order, and sentences about what else was included or left out.

        The list is new, its operations are the same objects. What an operation needs is included: the schema, sequence
        and enum type of a table, a new value of the type. Both halves of a replacement stay together.
        """
        if not (self.only or self.exclude):
            return found, ()
        leaves = list(found.leaves())
        completion = _Completion(leaves, [each for each in leaves if self.includes(each)], self._is_excluded)
        kept = completion.completed()
        stays = {id(operation) for operation in kept}
        renames = tuple(one for one in found.renames if id(one.drop) in stays and id(one.add) in stays)
        return UpgradeOps(grouped(kept), renames=renames, names=found.names), tuple(completion.notes)

    def includes(self, operation: MigrateOperation) -> bool:
        """Return whether an operation is in the scope; one without a table is, unless ``only`` names tables."""
        if self.only and not _matches(names_of(operation), self.only):
            return False
        return not self._is_excluded(operation)

    def unmatched(self, metadata: Iterable[MetaData], found: UpgradeOps) -> tuple[str, ...]:
        """Return a sentence for each pattern of ``only`` that matches nothing in the models, and no operation.

        Without it a mistyped name would be reported as no difference.
        """
        names = {name for operation in found.leaves() for name in names_of(operation)} if self.only else set()
        for table in (table for each in metadata for table in each.tables.values()) if self.only else ():
            parts = (*table.columns, *table.constraints, *table.indexes)
            names |= {table.name, table.fullname}
            names |= {f"{name}.{part.name}" for name in (table.name, table.fullname) for part in parts}
        return tuple(
            f"{pattern!r} matches no table or column.{_nearest(pattern, names)}"
            for pattern in self.only
            if not _matches(names, (pattern,))
        )

    def _is_excluded(self, operation: MigrateOperation) -> bool:
        return _matches(names_of(operation), self.exclude)


class _Completion:
    """Some of several operations, completed by those that they need; ``notes`` list what was included or left out."""

    def __init__(
        self,
        leaves: Sequence[MigrateOperation],
        wanted: Iterable[MigrateOperation],
        is_excluded: Callable[[MigrateOperation], bool],
    ) -> None:
        self._leaves, self._is_excluded = leaves, is_excluded
        self._kept = {id(operation): operation for operation in wanted}
        self.notes: list[str] = []

    def completed(self) -> list[MigrateOperation]:
        """Return the operations in their order."""
        for pair in replacements(self._leaves):
            self._keep_together(*pair)
        waiting = list(self._kept.values())
        while waiting:
            waiting += self._included_for(waiting.pop(0))
        return [operation for operation in self._leaves if id(operation) in self._kept]

    def _keep_together(self, drop: MigrateOperation, creation: MigrateOperation) -> None:
        """Include the other half of a replacement, or leave both out where one is excluded."""
        halves = [each for each in (drop, creation) if id(each) in self._kept]
        if len(halves) != 1:
            return
        other = creation if halves[0] is drop else drop
        if self._is_excluded(other):
            del self._kept[id(halves[0])]
            self.notes.append(f"Left out too, as it belongs to what is excluded: {halves[0].sentence()}.")
        else:
            self._kept[id(other)] = other
            self.notes.append(f"Included, as it belongs to what is chosen: {other.sentence()}.")

    def _included_for(self, operation: MigrateOperation) -> list[MigrateOperation]:
        """Include and return the operations that one needs; those that lose data or are excluded get a note."""
        included: list[MigrateOperation] = []
        needed = operation.requires()
        for provider in self._leaves:
            if id(provider) in self._kept or not needed & provider.provides():
                continue
            if self._is_excluded(provider) or any(hint.severity == "loses data" for hint in provider.hints()):
                self.notes.append(f'"{operation.sentence()}" needs what is left out: {provider.sentence()}.')
                continue
            self._kept[id(provider)] = provider
            included.append(provider)
            self.notes.append(f'Included, as "{operation.sentence()}" needs it: {provider.sentence()}.')
        return included


def patterns(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return patterns as they are typed: one text or several, each with commas between.

    >>> patterns(["users, pets", "tmp_*"])
    ('users', 'pets', 'tmp_*')
    """
    several = [given] if isinstance(given, str) else given
    return tuple(part.strip() for each in several for part in each.split(",") if part.strip())


def _nearest(pattern: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(pattern, list(names), 1)
    return f" The nearest is {near[0]}." if near else ""


def _matches(names: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
