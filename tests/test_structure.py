"""The structure of the two packages: no import cycle, whether at the top, in a function or under ``TYPE_CHECKING``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("kernel_core", "mig_ipython")
LARGE = ("autogenerate", "command", "config", "ddl", "operations", "runtime", "script", "util")
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""The fields of a statement that hold other statements."""

ANY_PER_1000_LINES = {**dict.fromkeys((f"kernel_core/{name}" for name in LARGE), 15), "mig_ipython": 14}


def python_files(package: str) -> Iterator[Path]:
    templates = ROOT / "kernel_core" / "templates"
    return (path for path in sorted((ROOT / package).rglob("*.py")) if templates not in path.parents)


def modules() -> dict[str, Path]:
    """Return the path of each module by its dotted name."""
    paths = [path for package in PACKAGES for path in python_files(package)]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements of a module, in functions and blocks too, without walking through their expressions."""
    inner = [child for field in BLOCKS for child in getattr(tree, field, ())]
    for child in inner:
        yield child
        yield from statements(child)


def imported_names(name: str, path: Path, tree: ast.AST) -> Iterator[str]:
    """Yield what a module imports, as dotted names; of ``from a import b`` both ``a.b`` and ``a`` are candidates."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def module_of(name: str, known: dict[str, Path]) -> str | None:
    """Return the module that defines ``name``: itself, or the package or module that it is a member of."""
    return next((found for found in (name, name.rpartition(".")[0]) if found in known), None)


def imports(known: dict[str, Path]) -> dict[str, set[str]]:
    """Return the modules that each module imports anywhere in its text."""
    graph = {}
    for name, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = {module_of(imported, known) for imported in imported_names(name, path, tree)}
        graph[name] = {module for module in found if module is not None and module != name}
    return graph


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules of one cycle, the first again at the end; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.slow
def test_no_module_imports_itself_through_others():
    known = modules()
    # A package's __init__ hands names on: a sibling that imports the package for one of these names is a cycle too.
    assert cycle(imports(known)) == []


def test_a_cycle_in_a_function_or_for_types_is_found(tmp_path):
    known = {"p": tmp_path / "__init__.py", "p.a": tmp_path / "a.py", "p.b": tmp_path / "b.py"}
    known["p"].write_text("")
    known["p.a"].write_text("def late():\n    from . import b\n")
    known["p.b"].write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import late\n")
    assert set(cycle(imports(known))) == {"p.a", "p.b"}


@pytest.mark.parametrize("package", ANY_PER_1000_LINES)
def test_any_is_rare(package):
    texts = [path.read_text(encoding="utf-8") for path in python_files(package)]
    lines = sum(text.count("\n") for text in texts)
    assert lines > 500
    assert sum(len(re.findall(r"\bAny\b", text)) for text in texts) <= ANY_PER_1000_LINES[package] * lines / 1000
