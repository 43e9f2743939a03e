"""Tell whether a version file does nothing but call directives, so that noting them beforehand is harmless."""

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
def is_plain(source: str) -> bool:
    r"""Tell whether ``source`` only imports SQLAlchemy and the like, and only calls these and ``op``.

    >>> is_plain("from alembic import op\ndef upgrade():\n    op.drop_table('t')\n")
    True
    >>> is_plain("import os\ndef upgrade():\n    os.remove('x')\n")
    False
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    nodes = list(ast.walk(tree))
    if any(isinstance(node, _REFUSED) or not _imports_harmlessly(node) for node in nodes):
        return False
    if any(
        isinstance(node, ast.Attribute) and (node.attr.startswith("_") or node.attr in _REACHES_A_DATABASE)
        for node in nodes
    ):
        return False
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    if names & _REACHES_A_DATABASE:
        return False
    foreign = (names & set(dir(builtins))) - _HARMLESS_BUILTINS
    return not (foreign - set(_made(nodes)))


def _imports_harmlessly(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return all(alias.name.partition(".")[0] in _HARMLESS_MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and (node.module or "").partition(".")[0] in _HARMLESS_MODULES
    return True


def _made(nodes: list[ast.AST]) -> Iterator[str]:
    """Yield the names that the file gives a meaning of its own."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
