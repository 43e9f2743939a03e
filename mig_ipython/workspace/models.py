"""Find the models: the MetaData that a command compares, with its name in the notebook."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import MetaData, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from kernel_core.util.counts import counted
from kernel_core.util.exc import CommandError

NO_MODELS = (
    "No models found: no MetaData or declarative Base with tables is in this notebook. "
    "Run the cell that defines them, or name one: %mig_autogenerate Base."
)


@dataclass(frozen=True, slots=True)
class Models:
    """One MetaData, or several, with its name in the notebook.

    ``of`` is the ``env.py`` that defines it, where it has no name in the notebook; ``chosen``: a command named it.
    """

    name: str
    metadata: MetaData | tuple[MetaData, ...]
    of: str = ""
    chosen: bool = field(default=False, compare=False)

    @property
    def tables(self) -> int:
        """The number of tables."""
        several = self.several
        return sum(len(one.tables) for one in several)

    @property
    def several(self) -> tuple[MetaData, ...]:
        """The metadata, always as a tuple."""
        return self.metadata if isinstance(self.metadata, tuple) else (self.metadata,)

    @property
    def typed(self) -> str:
        """What to type after a command for these models, with a blank before; "" where nothing must be typed."""
        return "" if self.of else f" {self.name}"

    def is_of(self, metadata: object) -> bool:
        """Return whether this is the MetaData, or the list of them, that an ``env.py`` configured."""
        theirs = tuple(metadata) if isinstance(metadata, (list, tuple)) else (metadata,)
        ours = self.several
        return len(ours) == len(theirs) and all(one is other for one, other in zip(ours, theirs, strict=True))

    def __str__(self) -> str:
        of = f" of {self.of}" if self.of else ""
        return f"`{self.name}`{of} ({counted(self.tables, 'table')})"


def find_models(targets: Sequence[object], namespace: Mapping[str, object]) -> Models:
    """Return the models that are named, or the only ones in the namespace.

    ``targets`` are names or objects: a MetaData, a declarative Base, a registry, a model class, a Table, or a list of
    these. Raises CommandError where a name is not known, nothing is found, or two candidates are.
    """
    if targets:
        named = [each for target in targets for each in _named(target, namespace)]
        metadatas = tuple(dict.fromkeys(metadata for _, metadata in named))
        names = ", ".join(name for name, _ in named)
        return Models(names, metadatas[0] if len(metadatas) == 1 else metadatas, chosen=True)
    found = candidates(namespace)
    if not found:
        raise CommandError(NO_MODELS)
    if len(found) > 1:
        listed = " and ".join(str(models) for models in found)
        raise CommandError(
            f"{counted(len(found), 'candidate')} for the models: {listed}. Name one: %mig_autogenerate {found[0].name}"
        )
    return found[0]


def candidates(namespace: Mapping[str, object]) -> list[Models]:
    """Return each MetaData with tables of the namespace, by its best name: a Base, a MetaData, a model class."""
    found: dict[int, tuple[int, Models]] = {}
    for name, value in list(namespace.items()):
        metadata = None if name.startswith("_") else metadata_of(value)
        if metadata is None or not metadata.tables:
            continue
        rank = 0 if _is_base(value) else 1 if value is metadata else 2
        if id(metadata) not in found or rank < found[id(metadata)][0]:
            found[id(metadata)] = (rank, Models(name, metadata))
    return sorted((models for _, models in found.values()), key=lambda models: models.name)


def metadata_of(value: object) -> MetaData | None:
    """Return the value if it is a MetaData, or its MetaData; None for a value that defines no models."""
    if isinstance(value, MetaData):
        return value
    carried = getattr(value, "metadata", None) if isinstance(value, type | Table) or _is_registry(value) else None
    if carried is None and isinstance(value, type):  # a class that a registry has mapped
        tables = getattr(getattr(value, "__mapper__", None), "tables", ())
        carried = getattr(tables[0], "metadata", None) if tables else None
    return carried if isinstance(carried, MetaData) else None


def _is_registry(value: object) -> bool:
    """Return whether a value is a registry of the ORM, without importing that."""
    orm = sys.modules.get("sqlalchemy.orm")
    return orm is not None and isinstance(value, orm.registry)


def fingerprint(metadata: MetaData | Sequence[MetaData], dialect: Dialect) -> str:
    """Return a hash of the tables of one MetaData or of several."""
    digest = hashlib.sha256()
    for one in (metadata,) if isinstance(metadata, MetaData) else metadata:
        for key in sorted(one.tables):
            table = one.tables[key]
            parts = [str(CreateTable(table).compile(dialect=dialect)), repr(table.comment)]
            parts += sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
            digest.update("\n".join(parts).encode())
    return digest.hexdigest()[:16]


def _is_base(value: object) -> bool:
    """Return whether a value is a declarative Base: a class with the MetaData but without a table."""
    return isinstance(value, type) and not hasattr(value, "__table__") and not hasattr(value, "__mapper__")


def _named(target: object, namespace: Mapping[str, object]) -> list[tuple[str, MetaData]]:
    if isinstance(target, str):
        value: object = None
        first, *rest = target.split(".")
        if first not in namespace:
            near = _nearest(target, namespace)
            raise CommandError(f"{target!r} is not defined in this notebook.{near} Run the cell that defines it first.")
        value = namespace[first]
        for attribute in rest:
            value = getattr(value, attribute, None)
        name = target
    else:
        value, name = target, getattr(target, "__name__", type(target).__name__)
    if isinstance(value, list | tuple) and value:
        return [each for part in value for each in _named(part, namespace)]
    metadata = metadata_of(value)
    if metadata is None:
        raise CommandError(f"{name!r} is {_kind(value)}: it has no models. Name a MetaData or a declarative Base.")
    return [(name, metadata)]


def _kind(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"of the type {type(value).__name__}"


def _nearest(name: str, namespace: Mapping[str, object]) -> str:
    import difflib

    near = difflib.get_close_matches(
        name, [one for one, value in namespace.items() if metadata_of(value) is not None], 1
    )
    return f" The nearest is {near[0]}." if near else ""
