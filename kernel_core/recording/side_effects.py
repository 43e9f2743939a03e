"""Detect version files that do more than call directives, so that running them with a recorder is not safe."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from functools import lru_cache

_HARMLESS_MODULES = frozenset(
    {
        "__future__",
        "alembic",
        "collections",
        "datetime",
        "decimal",
        "enum",
        "kernel_core",
        "sqlalchemy",
        "typing",
        "uuid",
    }
)
_HARMLESS_BUILTINS = frozenset(
    {
        "None",
        "bool",
        "dict",
        "enumerate",
        "float",
        "int",
        "len",
        "list",
        "range",
        "set",
        "sorted",
        "str",
        "tuple",
        "zip",
    }
)
_REACHES_A_DATABASE = frozenset({"create_engine", "create_async_engine", "create_pool_from_url", "engine_from_config"})
_REFUSED = (ast.Await, ast.AsyncFunctionDef, ast.ClassDef, ast.Delete, ast.Global, ast.Nonlocal, ast.Raise, ast.While)


@lru_cache(maxsize=512)
def has_side_effects(source: str) -> bool:
    r"""Return whether ``source`` may do more than call ``op``, SQLAlchemy's constructs and harmless builtins.

    >>> has_side_effects("from alembic import op\ndef upgrade():\n    op.drop_table('t')\n")
    False
    >>> has_side_effects("import os\ndef upgrade():\n    os.remove('x')\n")
    True
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return True
    nodes = list(ast.walk(tree))
    if any(isinstance(node, _REFUSED) or not _imports_harmlessly(node) for node in nodes):
        return True
    if any(
        isinstance(node, ast.Attribute) and (node.attr.startswith("_") or node.attr in _REACHES_A_DATABASE)
        for node in nodes
    ):
        return True
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    if names & _REACHES_A_DATABASE:
        return True
    other_builtins = (names & set(dir(builtins))) - _HARMLESS_BUILTINS
    return bool(other_builtins - set(_defined(nodes)))


def _imports_harmlessly(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return all(alias.name.partition(".")[0] in _HARMLESS_MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and (node.module or "").partition(".")[0] in _HARMLESS_MODULES
    return True


def _defined(nodes: list[ast.AST]) -> Iterator[str]:
    """Yield the names that the file defines."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
