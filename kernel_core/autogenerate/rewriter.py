"""Change what autogenerate proposes, one kind of operation at a time, before it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from ..operations.containers import MigrationScript, OpContainer
from ..operations.operation import MigrateOperation
from ..runtime.migration import MigrationContext
from ..util.dispatch import Dispatcher
from ..util.exc import CommandError

Rewritten = MigrateOperation | Iterable[MigrateOperation] | None
Heads = tuple[str, ...]
Rule = Callable[[MigrationContext, Heads, Any], Rewritten]
Hook = Callable[[MigrationContext, Heads, list[MigrationScript]], object]
R = TypeVar("R", bound=Rule)


class Rewriter:
    """A ``process_revision_directives`` made of rules, each for a class of operations.

        writer = Rewriter()

        @writer.rewrites(AddColumnOp)
        def add_column(context, revision, op):
            return [op, AlterColumnOp(op.table_name, op.column.name, modify_nullable=False)]

        context.configure(..., process_revision_directives=writer)

    A rule returns one operation, several, or None for none. The rule of the nearest class in the operation's own order
    of inheritance counts. What a rule returns is not given to a rule again, nor when the same scripts come a second
    time (as for several engines), but what it holds is, if it is a container.
    """

    _traverse = Dispatcher()
    """Where add-ons announce operations of their own (sqlalchemy-declarative-extensions); here every one is walked."""

    def __init__(self) -> None:
        self._rules: dict[type, Rule] = {}
        self._rewritten_ones: WeakValueDictionary[int, MigrateOperation] = WeakValueDictionary()
        self._next: tuple[Hook, ...] = ()

    def rewrites(self, operator: type | Sequence[type]) -> Callable[[R], R]:
        """Make the decorated function the rule for a class of operations, or for each of several."""

        def register(rule: R) -> R:
            for kind in (operator,) if isinstance(operator, type) else operator:
                self._rules[kind] = rule
            return rule

        return register

    def chain(self, other: Hook) -> Rewriter:
        """Return a Rewriter with the rules of this one, after which ``other`` is asked; both stay as they are.

        ``other`` is another Rewriter, or any function for ``process_revision_directives``.
        """
        both = Rewriter()
        both._rules = dict(self._rules)
        both._next = (*self._next, other)
        return both

    def __call__(self, context: MigrationContext, revision: Heads, directives: list[MigrationScript]) -> None:
        """Rewrite the scripts of ``directives`` in place."""
        directives[:] = self._scripts(context, revision, directives)
        for other in self._next:
            other(context, revision, directives)

    process_revision_directives = __call__

    def _scripts(
        self, context: MigrationContext, revision: Heads, directives: Iterable[MigrationScript]
    ) -> list[MigrationScript]:
        scripts: list[MigrationScript] = []
        for directive in directives:
            for script in self._asked(context, revision, directive):
                if not isinstance(script, MigrationScript):
                    raise CommandError(
                        f"A rule for MigrationScript gave {script!r}. It must give such scripts, or None."
                    )
                for container in (*script.upgrade_ops_list, *script.downgrade_ops_list):
                    self._container(context, revision, container)
                scripts.append(script)
        return scripts

    def _container(self, context: MigrationContext, revision: Heads, container: OpContainer) -> None:
        """Rewrite what the upgrade or downgrade of a script holds, in place."""
        given = self._asked(context, revision, container)
        held = container.ops if given == [container] else given
        container.ops[:] = [each for operation in held for each in self._rewritten(context, revision, operation)]

    def _rewritten(
        self, context: MigrationContext, revision: Heads, operation: MigrateOperation
    ) -> Iterator[MigrateOperation]:
        """Yield what becomes of an operation; a container that was emptied goes."""
        for each in self._asked(context, revision, operation):
            if isinstance(each, OpContainer) and each.ops:
                each.ops[:] = [one for held in each.ops for one in self._rewritten(context, revision, held)]
                if not each.ops:
                    continue
            yield each

    def _asked(self, context: MigrationContext, revision: Heads, operation: MigrateOperation) -> list[MigrateOperation]:
        """Return what the rule for an operation makes of it; the operation itself where there is none."""
        rule = next((self._rules[kind] for kind in type(operation).__mro__ if kind in self._rules), None)
        if rule is None or self._rewritten_ones.get(id(operation)) is operation:
            return [operation]
        given = rule(context, revision, operation)
        if given is None:
            return []
        several = [given] if isinstance(given, MigrateOperation) else list(given)
        if not all(isinstance(each, MigrateOperation) for each in several):
            name = getattr(rule, "__name__", repr(rule))
            raise CommandError(f"The rule {name} gave {several!r}. It must give operations, or None.")
        self._rewritten_ones.update((id(each), each) for each in several)
        return several
