"""Model classes for a database, compared with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sqlalchemy import MetaData

from ..runtime.migration import MigrationContext
from ..schema.reading import differences, quiet
from ..util.folders import shown_path
from .baseline import Baseline
from .deviations import deviations
from .model_source import source_of_models


@dataclass(frozen=True, slots=True)
class ModelClasses:
    """The source of model classes, the file that it is for, and how the classes deviate from the database."""

    source: str
    path: str
    deviations: tuple[str, ...] = ()

    def write(self) -> None:
        """Write the file; raises FileExistsError if there is one."""
        with open(self.path, "x", encoding="utf-8") as stream:
            stream.write(self.source)

    def sentences(self) -> tuple[str, ...]:
        """Return the result of the comparison."""
        shown = shown_path(self.path)
        if not self.deviations:
            return (f"{shown}: model classes, equal to the database.",)
        return (f"{shown}: model classes; these differ from the database:", *(f"    {e}" for e in self.deviations))


def model_classes(context: MigrationContext, baseline: Baseline, path: str = "models.py") -> ModelClasses:
    """Return declarative classes for the tables of a baseline, compared with the database; writes nothing."""
    source = source_of_models(baseline.metadata, context.dialect)
    with metadata_of_source(source) as metadata:
        found = differences(context, metadata, set(baseline.schemas) | {None})
    return ModelClasses(source, path, (*deviations(found.operations), *found.warnings))


@contextmanager
def metadata_of_source(source: str) -> Iterator[MetaData]:
    """Run the source of model classes as a separate module and return its MetaData; its mappers are removed after."""
    module: Any = ModuleType(f"kernel_core_models_{os.getpid()}_{id(source)}")
    sys.modules[module.__name__] = module
    try:
        with quiet():
            exec(compile(source, "<model classes>", "exec"), module.__dict__)  # noqa: S102 - it holds only literals
            module.Base.registry.configure()
        yield module.Base.metadata
    finally:
        base = getattr(module, "Base", None)
        if base is not None:
            base.registry.dispose()
        del sys.modules[module.__name__]
