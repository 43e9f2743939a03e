"""Find the models: the MetaData that a command is about, and how it is spoken of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from kernel_core.util.exc import CommandError

from ..views.text import count

NO_MODELS = (
    "No models found: no MetaData or declarative Base with tables is in this notebook. "
    "Run the cell that declares them, or name one: %mig_autogenerate Base."
)


@dataclass(frozen=True, slots=True)
class Models:
    """One MetaData, or several, and the name that the notebook has for it.

    ``of`` is the ``env.py`` that brought it, where the notebook has no name for it; ``chosen``: a person named it.
    """

    name: str
    metadata: MetaData | tuple[MetaData, ...]
    of: str = ""
    chosen: bool = field(default=False, compare=False)

    @property
    def tables(self) -> int:
        """How many tables there are."""
        several = self.several
        return sum(len(one.tables) for one in several)

    @property
    def several(self) -> tuple[MetaData, ...]:
        """The metadata, always as a tuple."""
        return self.metadata if isinstance(self.metadata, tuple) else (self.metadata,)

    @property
    def typed(self) -> str:
        """What to type after a command to mean these, with a blank before; "" where nothing need be typed."""
        return "" if self.of else f" {self.name}"

    def is_of(self, metadata: Any) -> bool:
        """Tell whether this is the MetaData, or the list of them, that an ``env.py`` configured."""
        theirs = tuple(metadata) if isinstance(metadata, (list, tuple)) else (metadata,)
        ours = self.several
        return len(ours) == len(theirs) and all(one is other for one, other in zip(ours, theirs, strict=True))

    def __str__(self) -> str:
        of = f" of {self.of}" if self.of else ""
        return f"`{self.name}`{of} ({count(self.tables, 'table')})"


def find_models(targets: Sequence[Any], namespace: Mapping[str, Any]) -> Models:
    """Return the models that are named, or the only ones in the namespace.

    ``targets`` are names or objects: a MetaData, a declarative Base, a model class, a Table. Raises CommandError where
    a name is not known, nothing is found, or two candidates are.
    """
    if targets:
        named = [_named(target, namespace) for target in targets]
        metadatas = tuple(dict.fromkeys(metadata for _, metadata in named))
        names = ", ".join(name for name, _ in named)
        return Models(names, metadatas[0] if len(metadatas) == 1 else metadatas, chosen=True)
    found = candidates(namespace)
    if not found:
        raise CommandError(NO_MODELS)
    if len(found) > 1:
        listed = " and ".join(str(models) for models in found)
        raise CommandError(
            f"{count(len(found), 'candidate')} for the models: {listed}. Name one: %mig_autogenerate {found[0].name}"
        )
    return found[0]


def candidates(namespace: Mapping[str, Any]) -> list[Models]:
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


def metadata_of(value: Any) -> MetaData | None:
    """Return the MetaData that a value is or carries; None for a value that is about no models."""
    if isinstance(value, MetaData):
        return value
    carried = getattr(value, "metadata", None) if isinstance(value, type | Table) else None
    return carried if isinstance(carried, MetaData) else None


def fingerprint(metadata: MetaData | Sequence[MetaData], dialect: Dialect) -> str:
    """Return a short text that changes when the tables of a MetaData, or of several, do."""
    digest = hashlib.sha256()
    for one in (metadata,) if isinstance(metadata, MetaData) else metadata:
        for key in sorted(one.tables):
            table = one.tables[key]
            parts = [str(CreateTable(table).compile(dialect=dialect)), repr(table.comment)]
            parts += sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
            digest.update("\n".join(parts).encode())
    return digest.hexdigest()[:16]


def _is_base(value: Any) -> bool:
    """Tell whether a value is a declarative Base: it carries the MetaData and maps no table itself."""
    return isinstance(value, type) and not hasattr(value, "__table__")


def _named(target: Any, namespace: Mapping[str, Any]) -> tuple[str, MetaData]:
    if isinstance(target, str):
        value: Any = None
        first, *rest = target.split(".")
        if first not in namespace:
            near = _nearest(target, namespace)
            raise CommandError(f"{target!r} is no name in this notebook.{near} Run the cell that declares it first.")
        value = namespace[first]
        for attribute in rest:
            value = getattr(value, attribute, None)
        name = target
    else:
        value, name = target, getattr(target, "__name__", type(target).__name__)
    metadata = metadata_of(value)
    if metadata is None:
        raise CommandError(f"{name!r} is {_kind(value)}: it holds no models. Name a MetaData or a declarative Base.")
    return name, metadata


def _kind(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"of the type {type(value).__name__}"


def _nearest(name: str, namespace: Mapping[str, Any]) -> str:
    import difflib

    near = difflib.get_close_matches(
        name, [one for one, value in namespace.items() if metadata_of(value) is not None], 1
    )
    return f" The nearest is {near[0]}." if near else ""
