"""The comparisons of a run: the built-in ones that the environment chose, those of plugins, and user-defined ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from ..runtime.plugins import Comparator, Plugin, chosen_plugins
from ..util.dispatch import DispatchPriority, PriorityDispatchResult

F = TypeVar("F", bound=Callable[..., object])
BuiltIn = Mapping[str, Callable[[], object]]
"""The built-in comparison of each chain, called without arguments."""


class Comparators:
    """A registry of comparisons for every environment; plugins are the newer way to add one.

        @comparators.dispatch_for("schema")
        def compare_views(autogen_context, upgrade_ops, schemas):
            upgrade_ops.ops.append(CreateViewOp(...))

    The arguments depend on the target; see `Plugin.add_autogenerate_comparator`. A function may return None.
    """

    def __init__(self) -> None:
        self.added: list[Comparator] = []

    def dispatch_for(
        self,
        target: str,
        qualifier: str = "default",
        replace: bool = False,
        *,
        priority: DispatchPriority = DispatchPriority.MEDIUM,
        subgroup: str | None = None,
    ) -> Callable[[F], F]:
        """Add the decorated function; with ``replace`` it replaces those that were added before.

        ``qualifier`` is a dialect's name, ``subgroup`` the chain that ends when a function returns STOP.
        """

        def register(function: F) -> F:
            if replace:
                self.added[:] = [each for each in self.added if (each.target, each.qualifier) != (target, qualifier)]
            self.added.append(Comparator(function, target, subgroup, qualifier, priority))
            return function

        return register

    def dispatch(self, target: str, qualifier: str = "default") -> Callable[..., None]:
        """Return one function that calls all functions for ``target`` in order."""
        comparisons = Comparisons((), self.added, qualifier)

        def run_all(*args: object, **kw: Any) -> None:
            comparisons.run(target, lambda: args, **kw)

        return run_all


comparators = Comparators()
"""The registry that Alembic documents as ``autogenerate.comparators``."""

_NONE: BuiltIn = MappingProxyType({})


class Comparisons:
    """The comparisons of one run in order: by priority, then those of this dialect first, then as they were added.

    As in Alembic, the functions of `comparators` come before those of plugins, which the built-in ones are.

    A built-in comparison has a place in this order; `run` is passed the function that makes it. ``plugins`` are the
    chosen ones.
    """

    def __init__(self, plugins: Iterable[Plugin], added: Iterable[Comparator], dialect_name: str) -> None:
        self.names = frozenset(plugin.name for plugin in plugins)
        self._by_target: dict[str, list[Comparator]] = {}
        every = [*added, *(each for plugin in plugins for each in plugin.comparators)]
        for each in sorted(every, key=lambda each: (-each.priority, each.qualifier == "default")):
            if each.qualifier in ("default", dialect_name):
                self._by_target.setdefault(each.target, []).append(each)
        self._with_others = {
            target
            for target, functions in self._by_target.items()
            if any(each.function is not built_in for each in functions)
        }

    def has(self, target: str, element: str | None = None) -> bool:
        """Return whether there is a comparison for a target, or for one element of it."""
        return any(element in (None, each.element) for each in self._by_target.get(target, ()))

    def has_others(self, target: str) -> bool:
        """Return whether a function that is not built in compares a target: it needs Table or Column objects."""
        return target in self._with_others

    def run(self, target: str, arguments: Callable[[], Iterable[object]], own: BuiltIn = _NONE, **kw: object) -> None:
        """Make the comparisons of a target; ``arguments`` returns the arguments for functions that are not built in.

        ``own`` has the built-in comparison of each chain; it is skipped if its plugin was not chosen.
        """
        stopped: set[str] = set()
        given: tuple[object, ...] | None = None
        for each in self._by_target.get(target, ()):
            if each.element in stopped:
                continue
            if each.function is built_in:
                comparison = own.get(each.element or "")
                answer = comparison() if comparison is not None else None
            else:
                given = tuple(arguments()) if given is None else given
                answer = each.function(*given, **kw)
            if answer is PriorityDispatchResult.STOP and each.element is not None:
                stopped.add(each.element)


def built_in() -> None:
    """Mark the place of a built-in comparison in the order."""


def comparisons_of(patterns: Iterable[str] | None, dialect_name: str) -> Comparisons:
    """Return the comparisons for ``autogenerate_plugins``; raises CommandError for a name that no plugin has."""
    return Comparisons(chosen_plugins(patterns), comparators.added, dialect_name)


built_in_plugins: dict[str, Plugin] = {}
"""The plugins of the built-in comparisons, by the last part of their names."""


def _make_built_in() -> None:
    """Create the plugins that Alembic documents."""
    chains: dict[str, tuple[tuple[str, str, DispatchPriority], ...]] = {
        "schemas": (("autogenerate", "schemas", DispatchPriority.MEDIUM),),
        "tables": (("schema", "tables", DispatchPriority.MEDIUM),),
        "types": (("column", "types", DispatchPriority.LAST),),
        "constraints": (
            ("column", "nullable", DispatchPriority.MEDIUM),
            ("table", "indexes", DispatchPriority.MEDIUM),
            ("table", "foreignkeys", DispatchPriority.MEDIUM),
        ),
        "defaults": (("column", "server_default", DispatchPriority.LAST),),
        "comments": (("column", "comment", DispatchPriority.MEDIUM), ("table", "comments", DispatchPriority.MEDIUM)),
    }
    for name, places in chains.items():
        plugin = built_in_plugins[name] = Plugin(
            f"kernel_core.autogenerate.{name}", aliases=(f"alembic.autogenerate.{name}",)
        )
        for target, element, priority in places:
            plugin.add_autogenerate_comparator(built_in, target, element, priority=priority)


_make_built_in()
