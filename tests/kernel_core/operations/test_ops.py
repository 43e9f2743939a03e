"""The documented index of operation classes is complete."""

from __future__ import annotations

from kernel_core.operations import ops
from kernel_core.operations.registry import all_operations


def test_every_registered_operation_is_listed_by_its_name() -> None:
    registered = {cls.__name__: cls for cls in all_operations() if cls.__module__.startswith("kernel_core.")}
    assert len(registered) >= 28
    assert {name: getattr(ops, name, None) for name in registered} == registered
    assert registered.keys() <= set(ops.__all__)


def test_every_listed_name_is_an_operation() -> None:
    assert [name for name in ops.__all__ if not issubclass(getattr(ops, name), ops.MigrateOperation)] == []
    assert sorted(ops.__all__) == ops.__all__
