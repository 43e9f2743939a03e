"""The project's modules as imported again from their edited files, and the notebook's models among them."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.engine import Dialect

from kernel_core.util.exc import CommandError
from kernel_core.util.folders import with_relative_paths

from ...views.text import shown_path
from ..models import Models, fingerprint, metadata_of
from .source_files import file_of, is_importable

RESTART = "Correct it, or restart the kernel and run the notebook again."


class ReimportedProject:
    """The project's modules as their files are now; `models` finds the models of the notebook among them.

    ``changes`` are the files that differ from what the kernel imported, as path -> fact; ``in_kernel`` are the modules
    that the kernel imported, by name.
    """

    def __init__(self, changes: Mapping[str, str], in_kernel: Mapping[str, ModuleType]) -> None:
        self.changes, self.in_kernel = changes, in_kernel
        self.replaced: set[str] = set()
        """The tables that a cell defines in place of those of the files."""

    def models(self, models: Models | None, namespace: Mapping[str, object]) -> Models | None:
        """Return the same models as their files define them now, with the tables that cells define added.

        Raises CommandError where the files cannot be imported or do not define the models any more, and where a table
        of the notebook is built from a class of an edited file.
        """
        if models is None:
            return None
        several = models.metadata if isinstance(models.metadata, tuple) else (models.metadata,)
        found = tuple(self._metadata(one, models.name, namespace) for one in several)
        return replace(models, metadata=found if isinstance(models.metadata, tuple) else found[0])

    def _metadata(self, metadata: MetaData, name: str, namespace: Mapping[str, object]) -> MetaData:
        cells = list(_defined_in_cells(metadata, namespace, self.in_kernel))
        for declared in cells:
            self._refuse_edited_parts(declared)
        holders = list(_holders(metadata, self.in_kernel))
        if not holders:
            return metadata
        for module in dict.fromkeys(module for module, _ in holders):
            self.import_module(module)
        for module, attribute in holders:
            found = metadata_of(getattr(sys.modules.get(module), attribute, None))
            if found is not None and found is not metadata:
                self._add(found, [table for table in map(_table_of, cells) if table is not None])
                return found
        raise CommandError(f"{self.facts()}, and `{name}` is not defined there any more. {RESTART}")

    def _add(self, found: MetaData, tables: Iterable[Table]) -> None:
        """Add the tables of cells; one that a cell has defined in place of a file's replaces that of the file."""
        for table in tables:
            if table.key in found.tables:
                if table.metadata.tables.get(table.key) is not table:
                    continue
                found.remove(found.tables[table.key])
                self.replaced.add(table.key)
            table.to_metadata(found)

    def import_module(self, name: str) -> None:
        """Import a module of the project; raises CommandError, which names the edited files."""
        try:
            importlib.import_module(name)
        except Exception as error:
            raise self.failure(error) from error

    @contextmanager
    def application(self) -> Iterator[None]:
        """Let ``flask.current_app`` be the application of the edited files, where the kernel's is of the project.

        It is found as ``flask`` finds it: ``app``, ``application``, ``create_app()``... of the module of that name.
        """
        flask: Any = sys.modules.get("flask")
        if flask is None or not flask.has_app_context() or flask.current_app.import_name not in self.in_kernel:
            yield
            return
        from flask.cli import NoAppException, find_best_app

        self.import_module(flask.current_app.import_name)
        try:
            found = find_best_app(sys.modules[flask.current_app.import_name])
        except NoAppException:  # models of the kernel's application are refused afterwards
            yield
            return
        with found.app_context():
            yield

    @contextmanager
    def import_errors(self) -> Iterator[None]:
        """Turn what an import raises inside the block into the CommandError of `failure`."""
        try:
            yield
        except CommandError:
            raise
        except Exception as error:
            if not _arose_in_import(error):
                raise
            raise self.failure(error) from error

    def refuse_stale(self, theirs: Any) -> None:
        """Raise CommandError where models come from a module in the kernel whose file has changed since its import."""
        several = theirs if isinstance(theirs, (list, tuple)) else (theirs,)
        stale = {name: one for name, one in self.in_kernel.items() if self.changes.get(file_of(one) or "") == "changed"}
        if any(next(_holders(one, stale), None) for one in several if isinstance(one, MetaData)):
            raise CommandError(
                f"{self.facts()}, and env.py takes the models from an object of this kernel, such as a running "
                "application, which has the old ones. Restart the kernel and run the notebook again."
            )

    def notes(self, metadata: Any, dialect: Dialect) -> tuple[str, ...]:
        """Return a sentence about the edited files of ``metadata``; () where it is the same in the kernel."""
        read = self._edited_files()
        several = metadata if isinstance(metadata, (list, tuple)) else (metadata,)
        of_cells = tuple(
            f"The table {key!r} is the one that a cell of this notebook defines, not that of the file."
            for key in sorted(self.replaced)
            if read
        )
        if not read or all(self._is_same_in_kernel(one, dialect) for one in several):
            return of_cells
        it, was = ("it", "was") if len(read) == 1 else ("them", "were")
        files = ", ".join(map(shown_path, read))
        note = f"{files} changed since this kernel imported {it}, and {was} read again for this."
        return (f"{note} --reload imports {it} into the notebook too.", *of_cells)

    def failure(self, error: BaseException) -> CommandError:
        """Return the error for files that cannot be imported now."""
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        place = _place(error)
        reason = f"{type(error).__name__}: {with_relative_paths(message)}. {RESTART}"
        return CommandError(f"{self.facts()}, and importing the project again fails{place}: {reason}")

    def facts(self) -> str:
        """Return which files differ from what the kernel imported."""
        shown = [f"{shown_path(path)} {fact}" for path, fact in list(self.changes.items())[:3]]
        more = f" and {len(self.changes) - 3} more" if len(self.changes) > 3 else ""
        return f"{', '.join(shown)}{more} since this kernel imported it"

    def _edited_files(self) -> list[str]:
        """Return the changed files of the modules that are imported now, and those that were deleted."""
        here = {file_of(module) for name, module in list(sys.modules.items()) if self.in_kernel.get(name) is not module}
        return sorted(path for path, fact in self.changes.items() if path in here or fact == "was deleted")

    def _is_same_in_kernel(self, metadata: object, dialect: Dialect) -> bool:
        if not isinstance(metadata, MetaData):
            return True
        holders = list(_holders(metadata, dict(sys.modules)))
        if any(name == "__main__" for name, _ in holders):
            return True
        for name, attribute in holders:
            before = metadata_of(getattr(self.in_kernel.get(name), attribute, None))
            if before is not None:
                return before is metadata or fingerprint(before, dialect) == fingerprint(metadata, dialect)
        return False

    def _refuse_edited_parts(self, declared: object) -> None:
        """Raise CommandError where a table of a cell has a type, or its class a base, from an edited file."""
        table = _table_of(declared)
        if table is None:
            return
        for part in _parts(declared, table):
            module = self.in_kernel.get(part.__module__)
            path = (file_of(module) if module is not None else None) or ""
            if path in self.changes and vars(module).get(part.__name__) is part:
                raise CommandError(
                    f"{shown_path(path)} {self.changes[path]} since this kernel imported it, and the table "
                    f"{table.name!r} of this notebook is built from its {part.__name__}. Add --reload, "
                    "then run the cell of the table again."
                )


def _holders(metadata: object, modules: Mapping[str, ModuleType]) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of the variables that hold a MetaData: a Base or the MetaData itself first, then classes."""
    found = []
    for name, module in modules.items():
        for attribute, value in list(vars(module).items()) if isinstance(module, ModuleType) else ():
            if metadata_of(value) is metadata:
                imported = getattr(value, "__module__", name) != name
                found.append((_table_of(value) is not None, imported, name, attribute))
    for _, _, name, attribute in sorted(found):
        yield name, attribute


def _defined_in_cells(
    metadata: MetaData, namespace: Mapping[str, object], modules: Mapping[str, ModuleType]
) -> Iterator[object]:
    """Yield the classes and tables of a MetaData that a cell defines, and no module of the project.

    A class that ``%autoreload 2`` has updated is not the one that its module has now, but still one of that module.
    """
    in_modules = {id(value) for module in modules.values() for value in list(vars(module).values())}
    seen = set()
    for value in list(namespace.values()):
        table = _table_of(value)
        if table is None or table.metadata is not metadata or id(value) in in_modules or id(table) in in_modules:
            continue
        if isinstance(value, type) and value.__module__ in modules:
            continue
        if id(value) not in seen:
            seen.add(id(value))
            yield value


def _table_of(value: object) -> Table | None:
    table = (
        value if isinstance(value, Table) else getattr(value, "__table__", None) if isinstance(value, type) else None
    )
    return table if isinstance(table, Table) else None


def _parts(declared: object, table: Table) -> Iterator[type]:
    """Yield the classes that a table is built from: the types of its columns, and the mixins of its class."""
    for column in table.columns:
        yield from type(column.type).__mro__
    if isinstance(declared, type):
        yield from (base for base in declared.__mro__ if metadata_of(base) is None)


def _arose_in_import(error: BaseException) -> bool:
    """Return whether an error comes from importing a module: from its top level, or because it does not exist."""
    return isinstance(error, (ImportError, SyntaxError)) or bool(_module_lines(error))


def _place(error: BaseException) -> str:
    """Return `` at file, line n``: the module-level line on which an import failed."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" at {shown_path(error.filename)}, line {error.lineno}"
    lines = _module_lines(error)
    return f" at {shown_path(lines[-1][0])}, line {lines[-1][1]}" if lines else ""


def _module_lines(error: BaseException) -> list[tuple[str, int]]:
    """Return (file, line) of the module-level frames in the traceback of an error."""
    return [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_name == "<module>" and is_importable(str(frame.f_globals.get("__name__")))
    ]
