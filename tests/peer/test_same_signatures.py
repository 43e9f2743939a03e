"""Every call that Alembic's directives, operations and DDL constructs take is taken here: same names, kinds, defaults.

Ours may take more, by name and with a default. Names with an underscore in front are nobody's to pass.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.peer
pytest.importorskip("alembic", reason="the yardstick is not installed (extra peer)")

PLACES = {
    "operations": ("Operations", "BatchOperations"),
    "operations.ops": (),
    "ddl.base": (),
    "ddl.impl": ("DefaultImpl",),
    "command": (),
    "config": ("Config",),
    "script": ("ScriptDirectory",),
    "runtime.environment": ("EnvironmentContext",),
    "runtime.migration": ("MigrationContext",),
    "autogenerate": ("compare_metadata", "produce_migrations", "render_python_code"),
    "autogenerate.api": ("AutogenContext",),
    "autogenerate.rewriter": ("Rewriter",),
}
NOT_HERE = {
    # Inside of Alembic: the writer of Alembic's proxies, and the directives that make no sense in a batch.
    "operations.Operations": {"create_module_class_proxy"},
    "operations.BatchOperations": {"create_module_class_proxy", "batch_alter_table", "context"},
    "runtime.environment.EnvironmentContext": {"create_module_class_proxy"},
    "script.ScriptDirectory": {"get_all_current"},
}  # fmt: skip


DIFFERENT = {
    "config.Config: stdout": "None is sys.stdout at the time of printing, which a notebook replaces.",
    "runtime.environment.EnvironmentContext.configure: transaction_per_migration is True": "Named in docs/alembic.md.",
}


def pairs() -> Iterator[tuple[str, Callable[..., Any], Callable[..., Any] | None]]:
    """Yield each public callable of Alembic with its name, and ours of that name."""
    for place, only in PLACES.items():
        theirs, ours = (importlib.import_module(f"{package}.{place}") for package in ("alembic", "kernel_core"))
        for name in only or sorted(vars(theirs)):
            found = getattr(theirs, name)
            if name.startswith("_") or not (only or getattr(found, "__module__", "") == theirs.__name__):
                continue
            if inspect.isclass(found):
                yield from _members(f"{place}.{name}", found, getattr(ours, name, None))
            elif callable(found):
                yield f"{place}.{name}", found, getattr(ours, name, None)


def _members(place: str, theirs: type, ours: type | None) -> Iterator[tuple[str, Any, Any]]:
    yield place, theirs, ours
    for name in sorted(dir(theirs)):
        if not name.startswith("_") and name not in NOT_HERE.get(place, ()) and callable(getattr(theirs, name)):
            yield f"{place}.{name}", getattr(theirs, name), getattr(ours, name, None)


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return {each.name: each for each in inspect.signature(function).parameters.values() if each.name[0] != "_"}


def lacking(theirs: Callable[..., Any], ours: Callable[..., Any]) -> list[str]:
    """Return what a caller of theirs would miss in ours."""
    expected, found = parameters(theirs), parameters(ours)
    takes_any = any(each.kind is each.VAR_KEYWORD for each in found.values())
    wrong = [problem for each in expected.values() for problem in _differs(each, found.get(each.name), takes_any)]
    by_position = [name for name, each in expected.items() if each.kind is each.POSITIONAL_OR_KEYWORD]
    ours_by_position = [name for name, each in found.items() if each.kind is each.POSITIONAL_OR_KEYWORD]
    if ours_by_position[: len(by_position)] != by_position:
        wrong.append(f"by position {ours_by_position}, theirs {by_position}")
    for name, each in found.items():
        if name not in expected and each.default is each.empty and each.kind in (
            each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY,
        ):  # fmt: skip
            wrong.append(f"{name} must be given")
    return wrong


def _differs(theirs: inspect.Parameter, ours: inspect.Parameter | None, takes_any: bool) -> Iterator[str]:
    if theirs.kind in (theirs.VAR_KEYWORD, theirs.VAR_POSITIONAL):
        return
    if ours is None:
        if not takes_any or theirs.kind is not theirs.KEYWORD_ONLY:
            yield f"no {theirs.name}"
    elif ours.kind is not theirs.kind:
        yield f"{theirs.name} is {ours.kind.name}, theirs {theirs.kind.name}"
    elif (ours.default or None) != (theirs.default or None) and theirs.default is not theirs.empty:
        yield f"{theirs.name} is {ours.default!r} by default, theirs {theirs.default!r}"


def test_a_dialect_has_each_attribute_that_alembics_have() -> None:
    theirs, ours = (
        importlib.import_module(f"{package}.ddl.impl").DefaultImpl for package in ("alembic", "kernel_core")
    )
    public = [name for name in dir(theirs) if not name.startswith("_")]
    assert len(public) > 40, "the documented surface is looked at"
    assert [name for name in public if not hasattr(ours, name)] == []
    plain = {name for name in public if not callable(getattr(theirs, name))}
    assert plain == {
        "bind", "command_terminator", "identity_attrs_ignore", "transactional_ddl", "type_arg_extract", "type_synonyms",
    }  # fmt: skip
    for name in plain - {"type_synonyms"}:
        assert type(getattr(ours, name)) is type(getattr(theirs, name)), name
        assert name == "bind" or getattr(ours, name) == getattr(theirs, name), name
    for group in theirs.type_synonyms:
        words = {word.lower() for word in group}
        assert any(words <= {word.lower() for word in known} for known in ours.type_synonyms), group


def test_what_alembic_takes_is_taken_here() -> None:
    wrong, count = [], 0
    for place, theirs, ours in pairs():
        count += 1
        if ours is None:
            wrong.append(f"{place} is missing")
        else:
            wrong += [f"{place}: {each}" for each in lacking(theirs, ours)]
    assert count > 150, "the documented surface is looked at"
    unknown = [each for each in wrong if not each.startswith(tuple(DIFFERENT))]
    assert not unknown, "\n".join(unknown)
    assert len(wrong) == len(DIFFERENT), "each difference is seen"
