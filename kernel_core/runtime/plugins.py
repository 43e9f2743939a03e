"""Plugins: named sets of comparisons (and anything else that a ``setup`` registers), chosen by an environment.

A plugin is a module with a function ``setup(plugin)``. It is found by an entry point of the group
``kernel_core.plugins`` or ``alembic.plugins``, or passed in ``env.py``::

    from kernel_core.runtime.plugins import Plugin
    import myproject.views

    Plugin.setup_plugin_from_module(myproject.views, "myproject.views")
    context.configure(..., autogenerate_plugins=["alembic.autogenerate.*", "myproject.views"])
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, distributions
from types import ModuleType
from typing import Any

from ..alias import alias
from ..util.dispatch import DispatchPriority, PriorityDispatchResult
from ..util.exc import CommandError, InvalidValue

__all__ = ["Comparator", "DispatchPriority", "Plugin", "PriorityDispatchResult", "chosen_plugins", "load_installed"]

GROUPS = ("kernel_core.plugins", "alembic.plugins")
"""The groups of entry points that are loaded; the second is that of add-ons written for Alembic."""

DEFAULT = ("alembic.autogenerate.*",)
"""The default of ``autogenerate_plugins``: what Alembic compares."""


@dataclass(frozen=True, slots=True)
class Comparator:
    """A function that compares: its ``target``, its chain (``element``), its dialect (``qualifier``), its priority."""

    function: Callable[..., Any]
    target: str
    element: str | None = None
    qualifier: str = "default"
    priority: DispatchPriority = DispatchPriority.MEDIUM


class Plugin:
    """A named set of comparisons; creating one registers it.

    ``aliases`` are other names for it. Raises InvalidValue, a ValueError, if a name is taken.
    """

    def __init__(self, name: str, *, aliases: Sequence[str] = ()) -> None:
        self.name, self.names = name, (name, *aliases)
        self.comparators: list[Comparator] = []
        for each in self.names:
            if each in _plugins:
                raise InvalidValue(f"There is a plugin {each!r} already. Give this one another name.")
        _plugins.update(dict.fromkeys(self.names, self))

    def __repr__(self) -> str:
        return f"Plugin({self.name!r})"

    def add_autogenerate_comparator(
        self,
        fn: Callable[..., Any],
        compare_target: str,
        compare_element: str | None = None,
        *,
        qualifier: str = "default",
        priority: DispatchPriority = DispatchPriority.MEDIUM,
    ) -> None:
        """Add a function that compares.

            def compare_views(autogen_context, upgrade_ops, schemas):
                upgrade_ops.ops.append(CreateViewOp(...))
                return PriorityDispatchResult.CONTINUE

            plugin.add_autogenerate_comparator(compare_views, "schema")

        Its arguments depend on the target: ``autogenerate`` (autogen_context, upgrade_ops), ``schema`` (and the set
        of schemas), ``table`` (autogen_context, modify_table_ops, schema, table name, reflected table or None, model's
        table or None), ``column`` (autogen_context, alter_column_op, schema, table name, column name, reflected column,
        model's column). A return value of STOP ends the chain ``compare_element``; the built-in comparisons are in the
        chains ``schemas`` (of autogenerate), ``tables`` (of schema), ``indexes``, ``foreignkeys`` and ``comments``
        (of table), ``types``, ``nullable``, ``server_default`` and ``comment`` (of column). A qualifier is a dialect's
        name.
        """
        self.comparators.append(Comparator(fn, compare_target, compare_element, qualifier, priority))

    def remove(self) -> None:
        """Unregister the plugin."""
        for name in self.names:
            _plugins.pop(name, None)

    @classmethod
    def setup_plugin_from_module(cls, module: ModuleType, name: str) -> None:
        """Make a plugin of a module: call its ``setup`` with a new Plugin of that name.

        A plugin of that name is replaced, so that ``env.py`` may run several times in one process. Raises CommandError
        if the module has no such function.
        """
        setup = getattr(module, "setup", None)
        if not callable(setup):
            raise CommandError(
                f"The plugin {name!r} cannot be set up: {module.__name__} has no function setup(plugin)."
            )
        known = _plugins.get(name)
        if known is not None:
            known.remove()
        plugin = cls(name)
        try:
            setup(plugin)
        except BaseException:
            plugin.remove()
            raise


_plugins: dict[str, Plugin] = {}
_loading = threading.Lock()
_loaded: set[tuple[str, str]] = set()
_searched: dict[str, int] = {}
"""The folders of the import path that were searched, with the time of the last installation there."""


def load_installed() -> None:
    """Set up the plugins that installed packages offer, once in a process.

    While a module of ``alembic.plugins`` is imported, ``alembic`` is this engine. Raises CommandError if one fails.
    """
    with _loading:
        changed = _changed_folders()
        for entry in _offered_in(changed) if changed else ():
            if (entry.name, entry.value) not in _loaded:
                _load(entry)
                _loaded.add((entry.name, entry.value))
        _searched.update(changed)


def _changed_folders() -> dict[str, int]:
    """Return the folders of the import path that changed since they were searched: searching all takes over 10 ms."""
    changed = {}
    for path in sys.path:
        folder = os.path.abspath(path)
        with contextlib.suppress(OSError):
            modified = os.stat(folder).st_mtime_ns
            if _searched.get(folder) != modified:
                changed[folder] = modified
    return changed


def _offered_in(folders: Iterable[str]) -> list[EntryPoint]:
    """Return the plugins that packages in these folders offer; of two packages of one name the first one counts."""
    offered: dict[str, list[EntryPoint]] = {}
    for package in distributions(path=list(folders)):
        entries = [entry for group in GROUPS for entry in package.entry_points.select(group=group)]
        if entries:
            offered.setdefault(package.name, entries)
    return [entry for entries in offered.values() for entry in entries]


def _load(entry: EntryPoint) -> None:
    try:
        with alias():
            Plugin.setup_plugin_from_module(import_module(entry.module), entry.name)
    except Exception as error:
        package = entry.dist.name if entry.dist is not None else entry.module
        raise CommandError(
            f"The plugin {entry.name!r} of {package} cannot be loaded: {error}. Repair it, or uninstall {package}."
        ) from error


_RENAMED = {"alembic.autogenerate.checkconstraint_byname": "alembic.ext.checkconstraint_byname"}


def chosen_plugins(patterns: Iterable[str] | None = None) -> tuple[Plugin, ...]:
    """Return the plugins that a list of patterns names, in the order of their registration.

    A pattern is a name, in which ``*`` matches one or more parts between dots; after ``~`` it excludes plugins that the
    others name. Raises CommandError for an invalid pattern, and if no plugin has such a name.
    """
    load_installed()
    if isinstance(patterns, str):
        raise CommandError(f"autogenerate_plugins is a list of names; write [{patterns!r}].")
    named: set[Plugin] = set()
    refused: set[Plugin] = set()
    for pattern in DEFAULT if patterns is None else patterns:
        if pattern.startswith("~"):
            refused |= _matching(pattern[1:])
            continue
        found = _matching(pattern)
        if not found:
            known = ", ".join(sorted(plugin.name for plugin in set(_plugins.values())))
            raise CommandError(f"Unknown plugin {pattern!r}. Known plugins: {known}.")
        named |= found
    return tuple(plugin for plugin in dict.fromkeys(_plugins.values()) if plugin in named - refused)


def _matching(pattern: str) -> set[Plugin]:
    if not re.fullmatch(r"(?:\*|[\w-]+)(?:\.(?:\*|[\w-]+))*", pattern):
        remedy = "Write a name, with * for any part of it, or ~ before it to exclude it."
        raise CommandError(f"{pattern!r} in autogenerate_plugins is not a plugin name. {remedy}")
    parts = [".+" if part == "*" else re.escape(part) for part in _RENAMED.get(pattern, pattern).split(".")]
    expression = re.compile(r"\.".join(parts))
    return {plugin for name, plugin in _plugins.items() if expression.fullmatch(name)}
