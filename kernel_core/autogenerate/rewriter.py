"""Rewrite proposed operations by rules, each for a class of operations."""

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

    A rule returns one operation, several, or None to remove it. The rule for the nearest class in the operation's
    method resolution order is called. A returned operation is not rewritten again, even if the same scripts are passed
    a second time (as with several databases); the operations in a returned container are.
    """

    _traverse = Dispatcher()
    """A registry in which add-ons register operations (sqlalchemy-declarative-extensions); all are rewritten anyway."""

    def __init__(self) -> None:
        self._rules: dict[type, Rule] = {}
        self._rewritten_ones: WeakValueDictionary[int, MigrateOperation] = WeakValueDictionary()
        self._next: tuple[Hook, ...] = ()

    def rewrites(self, operator: type | Sequence[type]) -> Callable[[R], R]:
        """Register the decorated function as the rule for a class of operations, or for each of several."""

        def register(rule: R) -> R:
            for kind in (operator,) if isinstance(operator, type) else operator:
                self._rules[kind] = rule
            return rule

        return register

    def chain(self, other: Hook) -> Rewriter:
        """Return a Rewriter with the rules of this one, which calls ``other`` afterwards; neither is changed.

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
            for script in self._apply_rule(context, revision, directive):
                if not isinstance(script, MigrationScript):
                    raise CommandError(
                        f"A rule for MigrationScript returned {script!r}. It must return a MigrationScript, or None."
                    )
                for container in (*script.upgrade_ops_list, *script.downgrade_ops_list):
                    self._container(context, revision, container)
                scripts.append(script)
        return scripts

    def _container(self, context: MigrationContext, revision: Heads, container: OpContainer) -> None:
        """Rewrite the operations of an upgrade or a downgrade, in place."""
        given = self._apply_rule(context, revision, container)
        held = container.ops if given == [container] else given
        container.ops[:] = [each for operation in held for each in self._rewritten(context, revision, operation)]

    def _rewritten(
        self, context: MigrationContext, revision: Heads, operation: MigrateOperation
    ) -> Iterator[MigrateOperation]:
        """Yield the operations that replace one; a container whose operations were all removed is left out."""
        for each in self._apply_rule(context, revision, operation):
            if isinstance(each, OpContainer) and each.ops:
                each.ops[:] = [one for held in each.ops for one in self._rewritten(context, revision, held)]
                if not each.ops:
                    continue
            yield each

    def _apply_rule(
        self, context: MigrationContext, revision: Heads, operation: MigrateOperation
    ) -> list[MigrateOperation]:
        """Return the result of the rule for an operation; the operation itself if it has no rule."""
        rule = next((self._rules[kind] for kind in type(operation).__mro__ if kind in self._rules), None)
        if rule is None or self._rewritten_ones.get(id(operation)) is operation:
            return [operation]
        given = rule(context, revision, operation)
        if given is None:
            return []
        several = [given] if isinstance(given, MigrateOperation) else list(given)
        if not all(isinstance(each, MigrateOperation) for each in several):
            name = getattr(rule, "__name__", repr(rule))
            raise CommandError(f"The rule {name} returned {several!r}. It must return operations, or None.")
        self._rewritten_ones.update((id(each), each) for each in several)
        return several
