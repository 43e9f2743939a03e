"""Import the project's edited modules again, removed from those in the kernel, so that commands read the current files.

Inside `reimported_modules` the project's modules are removed from ``sys.modules``, so that ``env.py`` imports them from
their files; afterwards ``sys.modules`` is restored. The notebook's namespace stays unchanged.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from sqlalchemy import MetaData, Table

from kernel_core.script.module import on_path

from ..models import metadata_of
from .reimported import ReimportedProject
from .source_files import SourceFiles, file_of, is_importable, is_of_project, is_package_installed, source_files


class Importer:
    """Imports edited modules again, and keeps them for as long as their files stay the same."""

    def __init__(self, kernel: SourceFiles) -> None:
        self.kernel = kernel
        self.active: ReimportedProject | None = None
        self._kept = SourceFiles()
        self._shared: dict[str, ModuleType] = {}
        self._folders: tuple[str, ...] = ()

    @contextmanager
    def reimported_modules(self, folders: Sequence[str] = ()) -> Iterator[ReimportedProject | None]:
        """Import the project's modules again inside the block where one of their files has changed, else yield None.

        ``folders`` are put on ``sys.path``, as ``prepend_sys_path`` of an environment is.
        """
        if self.active is not None:
            yield self.active
            return
        self.kernel.record()
        changes = self.kernel.changed(folders)
        if not changes:
            yield None
            return
        with self._without_kernel_modules(changes, folders) as (project, _imported):
            yield project

    @contextmanager
    def _without_kernel_modules(
        self, changes: Mapping[str, str], folders: Sequence[str]
    ) -> Iterator[tuple[ReimportedProject, dict[str, ModuleType]]]:
        """Remove the project's modules from ``sys.modules`` inside the block; restore them afterwards.

        Yields the project, and a dictionary that holds the modules imported inside the block once it has ended.
        """
        kernels = self.kernel.loaded()
        removed, before = {**kernels, **_shared_with(kernels)}, sys.modules.copy()
        imported: dict[str, ModuleType] = {}
        self.active = project = ReimportedProject(changes, removed)
        finder = _Uncached()
        self._remove_modules(removed, tuple(folders))
        sys.meta_path.insert(0, finder)
        importlib.invalidate_caches()
        try:
            with on_path(folders):
                yield project, imported
        finally:
            self.active = None
            sys.meta_path.remove(finder)
            imported.update(self._restore_modules(removed, before))

    def reload(self, folders: Sequence[str], namespace: dict[str, Any]) -> tuple[str, ...]:
        """Import the edited modules again into the kernel, and update the notebook's names; return those that changed.

        The modules that use the edited ones or share a MetaData with them are imported again too, all others are kept.
        Raises CommandError, and changes nothing, where an import fails.
        """
        self.kernel.record()
        changes = self.kernel.changed(folders)
        if not changes:
            return ()
        with self._without_kernel_modules(changes, folders) as (project, imported):
            affected = _connected(project.in_kernel, changes)
            for name in affected:
                if changes.get(file_of(project.in_kernel[name]) or "") != "was deleted":
                    project.import_module(name)
        sys.modules.update(imported)
        for name in affected - imported.keys():
            sys.modules.pop(name, None)
        for name in project.in_kernel.keys() - affected - imported.keys():
            package, _, last = name.rpartition(".")
            if package in imported:
                setattr(imported[package], last, project.in_kernel[name])
        self._kept, self._shared = SourceFiles(), {}
        self.kernel.record()
        return tuple(_rebound(namespace, project.in_kernel, imported))

    def _remove_modules(self, removed: Mapping[str, ModuleType], folders: tuple[str, ...]) -> None:
        for name in removed:
            sys.modules.pop(name, None)
        if not self._may_use_kept(removed, folders):
            self._kept, self._shared = SourceFiles(), {}
        self._folders = folders
        sys.modules.update({**self._kept.modules(), **self._shared})

    def _may_use_kept(self, removed: Mapping[str, ModuleType], folders: tuple[str, ...]) -> bool:
        """Return whether the modules that are kept are those that would be imported now."""
        kept = self._kept.modules()
        if folders != self._folders or self._kept.changed_files(folders):
            return False
        if not self._shared.keys() >= {name for name in removed if name not in self.kernel.modules()}:
            return False
        return all(file_of(module) == file_of(removed[name]) for name, module in kept.items() if name in removed)

    def _restore_modules(
        self, removed: Mapping[str, ModuleType], before: Mapping[str, ModuleType]
    ) -> dict[str, ModuleType]:
        """Restore ``sys.modules``; keep and return the modules that were imported meanwhile."""
        tops = {name.partition(".")[0] for name in removed.keys() - self.kernel.modules().keys()}
        own: dict[str, ModuleType] = {}
        for name, module in list(sys.modules.items()):
            if before.get(name) is module:
                continue
            if name.partition(".")[0] in tops:
                self._shared[name] = own[name] = module
            elif is_of_project(name, module):
                own[name] = module
                if self._kept.modules().get(name) is not module:
                    self._kept.add(name, module)
        for name in own:
            del sys.modules[name]
        sys.modules.update(removed)
        return own


class _FromSource(SourceFileLoader):
    """Compiles a source file each time: Python takes a ``.pyc`` for valid within the second of the edit."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class _Uncached(MetaPathFinder):
    """Finds modules as Python does, and loads those of the project from their source files."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader and spec.origin:
            probe = ModuleType(fullname)
            probe.__file__ = spec.origin
            if is_of_project(fullname, probe):
                spec.loader = _FromSource(fullname, spec.origin)
        return spec


def _shared_with(kernels: Mapping[str, ModuleType]) -> dict[str, ModuleType]:
    """Return the installed modules that hold a MetaData of the project, such as ``sqlmodel``, and their packages.

    They are imported again too: otherwise a model would be defined a second time in the same MetaData.
    """
    held = {
        id(metadata)
        for module in kernels.values()
        for value in list(vars(module).values())
        if (metadata := metadata_of(value)) is not None
    }
    if not held:
        return {}
    tops = set()
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if name in kernels or top in tops or not isinstance(module, ModuleType):
            continue
        if (
            is_importable(name)
            and is_package_installed(module)
            and any(id(metadata_of(value)) in held for value in list(vars(module).values()) if _may_hold(value))
        ):
            tops.add(top)
    return {
        name: module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in tops and module is not None
    }


def _connected(kernels: Mapping[str, ModuleType], changes: Mapping[str, str]) -> set[str]:
    """Return the names of the edited modules and of all modules connected with them, directly or through others.

    Two modules are connected where one has the other, a name defined in the other, or the same MetaData as a variable.
    """
    edited = {path for path, fact in changes.items() if fact != "is new"}
    edited |= {os.path.join(os.path.dirname(path), "__init__.py") for path in changes.keys() - edited}
    left = {name: file_of(module) or "" for name, module in kernels.items()}
    if "is another module" in changes.values():
        return set(left)
    holders: dict[object, set[str]] = {}
    for name, module in kernels.items():
        for link in _links(name, module, kernels):
            holders.setdefault(link, set()).add(name)
    found: set[str] = set()
    waiting = [name for name, path in left.items() if path in edited]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(set().union(*(holders[link] for link in _links(name, kernels[name], kernels))) - found)
    return found


def _links(name: str, module: ModuleType, kernels: Mapping[str, ModuleType]) -> Iterator[object]:
    """Yield what connects a module with others: names of modules, and the identity of each MetaData that it holds."""
    yield name
    for value in list(vars(module).values()):
        other = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(other, str) and other in kernels and not other.startswith(f"{name}."):  # a package has all of it
            yield other
        metadata = metadata_of(value) if _may_hold(value) else None
        if metadata is not None:
            yield id(metadata)


def _may_hold(value: object) -> bool:
    """Return whether a value is a MetaData or a Table, or a class that declares one, without reading its attributes."""
    if isinstance(value, type):
        return "__table__" in vars(value) or isinstance(vars(value).get("metadata"), MetaData)
    return isinstance(value, (MetaData, Table))


def _rebound(
    namespace: dict[str, Any], before: Mapping[str, ModuleType], after: Mapping[str, ModuleType]
) -> Iterator[str]:
    """Replace the values in the notebook that come from a module before by those after; yield their names."""
    places: dict[int, object] = {}
    for module_name, module in before.items():
        new_module = after.get(module_name)
        if new_module is None:
            continue
        places[id(module)] = new_module
        for attribute, value in list(vars(module).items()):
            is_own = getattr(value, "__module__", module_name) == module_name
            if not attribute.startswith("__") and is_own and hasattr(new_module, attribute):
                places[id(value)] = getattr(new_module, attribute)
    for name, value in list(namespace.items()):
        is_shared = isinstance(value, (int, str, bytes, float, tuple, type(None)))  # one object for all of that value
        new = places.get(id(value), value)
        if not name.startswith("_") and not is_shared and new is not value:
            namespace[name] = new
            yield name


_importer = Importer(source_files)
reimported_modules = _importer.reimported_modules
reload = _importer.reload
