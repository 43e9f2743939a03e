"""Import a project's modules again, separate from those of the kernel: a command compares the files as they are now.

Inside `fresh_modules` the project's modules are not in ``sys.modules``, so that ``env.py`` imports them from their
files; afterwards ``sys.modules`` is as it was. The notebook's namespace is not touched.
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

from .fresh import Fresh
from .models import metadata_of
from .sources import Sources, file_of, is_importable, is_of_project, is_package_installed, sources


class Reimport:
    """Keeps the modules that were imported again, for as long as their files stay the same."""

    def __init__(self, kernel: Sources) -> None:
        self.kernel = kernel
        self.active: Fresh | None = None
        self._kept = Sources()
        self._shared: dict[str, ModuleType] = {}
        self._folders: tuple[str, ...] = ()

    @contextmanager
    def fresh_modules(self, folders: Sequence[str] = ()) -> Iterator[Fresh | None]:
        """Have the project's modules imported again inside the block where a file of theirs has changed, else None.

        ``folders`` are put on ``sys.path``, as ``prepend_sys_path`` of an environment is.
        """
        if self.active is not None:
            yield self.active
            return
        self.kernel.note()
        changes = self.kernel.changed(folders)
        if not changes:
            yield None
            return
        kernels = self.kernel.loaded()
        apart = {**kernels, **_shared_with(kernels)}
        self.active = fresh = Fresh(changes, apart)
        finder = _Uncached()
        self._take_out(apart, tuple(folders))
        sys.meta_path.insert(0, finder)
        importlib.invalidate_caches()
        try:
            with on_path(folders):
                yield fresh
        finally:
            self.active = None
            sys.meta_path.remove(finder)
            fresh.imported = self._put_back(apart)

    def reload(self, folders: Sequence[str], namespace: dict[str, Any]) -> tuple[str, ...]:
        """Import the edited modules again into the kernel, and give the notebook's names their new values.

        With them go the modules that use them or share a MetaData with them; all others stay as they are. Returns the
        names that have a new value. Raises CommandError, and changes nothing, where an import fails.
        """
        with self.fresh_modules(folders) as fresh:
            if fresh is None:
                return ()
            affected = _connected(fresh.kernels, fresh.changes)
            for name in affected:
                if fresh.changes.get(file_of(fresh.kernels[name]) or "") != "was deleted":
                    fresh.import_module(name)
        sys.modules.update(fresh.imported)
        for name in affected - fresh.imported.keys():
            sys.modules.pop(name, None)
        for name in fresh.kernels.keys() - affected - fresh.imported.keys():
            package, _, last = name.rpartition(".")
            if package in fresh.imported:
                setattr(fresh.imported[package], last, fresh.kernels[name])
        self._kept, self._shared = Sources(), {}
        self.kernel.note()
        return tuple(_rebound(namespace, fresh))

    def _take_out(self, apart: Mapping[str, ModuleType], folders: tuple[str, ...]) -> None:
        for name in apart:
            sys.modules.pop(name, None)
        if not self._may_use_kept(apart, folders):
            self._kept, self._shared = Sources(), {}
        self._folders = folders
        sys.modules.update({**self._kept.modules(), **self._shared})

    def _may_use_kept(self, apart: Mapping[str, ModuleType], folders: tuple[str, ...]) -> bool:
        """Return whether the modules that are kept are those that would be imported now."""
        kept = self._kept.modules()
        if folders != self._folders or self._kept.changed_files(folders):
            return False
        if not self._shared.keys() >= {name for name in apart if name not in self.kernel.modules()}:
            return False
        return all(file_of(module) == file_of(apart[name]) for name, module in kept.items() if name in apart)

    def _put_back(self, apart: Mapping[str, ModuleType]) -> dict[str, ModuleType]:
        """Have ``sys.modules`` as it was; keep and return the modules that were imported meanwhile."""
        tops = {name.partition(".")[0] for name in apart.keys() - self.kernel.modules().keys()}
        own: dict[str, ModuleType] = {}
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] in tops:
                self._shared[name] = own[name] = module
            elif is_of_project(name, module):
                own[name] = module
                if self._kept.modules().get(name) is not module:
                    self._kept.add(name, module)
        for name in own:
            del sys.modules[name]
        sys.modules.update(apart)
        return own


class _FromSource(SourceFileLoader):
    """Compiles a source file each time: a ``.pyc`` is taken for valid within the second of the edit."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class _Uncached(MetaPathFinder):
    """Finds modules as Python does, and has those of the project loaded from their source."""

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

    Imported again, a model would otherwise be declared a second time in the same MetaData.
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
    """Return the names of the edited modules and of those that are connected with them, through whatever others.

    Two modules are connected where one holds the other, something that the other declares, or the same MetaData.
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


def _rebound(namespace: dict[str, Any], fresh: Fresh) -> Iterator[str]:
    """Give every name whose value a module of the kernel holds the value that the new module has; yield the names."""
    places: dict[int, object] = {}
    for module_name, module in fresh.kernels.items():
        fresh_module = fresh.imported.get(module_name)
        if fresh_module is None:
            continue
        places[id(module)] = fresh_module
        for attribute, value in list(vars(module).items()):
            is_own = getattr(value, "__module__", module_name) == module_name
            if not attribute.startswith("__") and is_own and hasattr(fresh_module, attribute):
                places[id(value)] = getattr(fresh_module, attribute)
    for name, value in list(namespace.items()):
        is_shared = isinstance(value, (int, str, bytes, float, tuple, type(None)))  # one object for all of that value
        new = places.get(id(value), value)
        if not name.startswith("_") and not is_shared and new is not value:
            namespace[name] = new
            yield name


_reimport = Reimport(sources)
fresh_modules = _reimport.fresh_modules
reload = _reimport.reload
