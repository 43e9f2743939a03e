"""The version tables of an ``env.py``, as far as its source shows; nothing is run."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

_RUNS = frozenset({"configure", "run_migrations"})
_TABLE = frozenset({"version_table", "version_table_schema"})
_COMPUTED = re.compile(r"search_path|schema_translate_map|default_schema_name|get_x_argument|set_session_schema")
"""Names in the source that decide about the schema of the version table, besides the arguments of ``configure()``."""


def version_table(text: str) -> dict[str, str]:
    """Return ``version_table`` and ``version_table_schema`` where they are written as literals."""
    return {"version_table": "alembic_version", **dict(_literals(text))}


@functools.lru_cache(maxsize=16)  # each command reads the same few files several times
def _literals(text: str) -> tuple[tuple[str, str], ...]:
    nodes = ast.walk(_parsed(text) or ast.Module([], []))
    found = [node for node in nodes if isinstance(node, ast.keyword) and node.arg in _TABLE]
    return tuple((str(node.arg), str(node.value.value)) for node in found if isinstance(node.value, ast.Constant))


@functools.lru_cache(maxsize=16)
def must_be_run(text: str) -> bool:
    """Return whether the version tables of ``env.py`` and their schemas are known only when it runs.

    This is the case where it calls ``configure()`` in a loop, more than once or in another file, or computes a table or
    a schema.
    """
    tree = _parsed(text)
    if tree is None:
        return bool(text.strip())
    if _COMPUTED.search(text):
        return True
    runners = _runners(tree)
    calls = [node for node in ast.walk(tree) if _called(node) == "configure"]
    runs = sum(_called(node) == "run_migrations" for node in ast.walk(tree))
    if not calls or runs > (2 if "is_offline_mode" in text else 1):
        return True
    return any(map(_computes_table, calls)) or _loops(tree, runners) or _differs(tree) or _is_repeated(tree, runners)


@functools.lru_cache(maxsize=16)
def only_asks_for_options(text: str) -> bool:
    """Return whether ``cmd_opts`` is compared with None and not used otherwise; False where it is not mentioned."""
    nodes = list(ast.walk(_parsed(text) or ast.Module([], [])))
    used = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "cmd_opts"]
    compared = [
        node.left for node in nodes if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Is, ast.IsNot))
    ]
    return bool(used) and all(any(node is left for left in compared) for node in used)


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _called(node: ast.AST) -> str:
    """Return the last part of the name of a called function: ``configure`` of ``context.configure(...)``."""
    function = node.func if isinstance(node, ast.Call) else None
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _functions(tree: ast.Module) -> dict[str, ast.AST]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: node for node in ast.walk(tree) if isinstance(node, kinds)}


def _runners(tree: ast.Module) -> frozenset[str]:
    """Return the names of the functions that call ``configure()``, directly or through other functions of the file."""
    functions = _functions(tree)
    found = {name for name, node in functions.items() if any(_called(each) in _RUNS for each in ast.walk(node))}
    while True:
        more = {name for name, node in functions.items() if name not in found and found & set(_names(node))}
        if not more:
            return frozenset(found)
        found |= more


def _names(node: ast.AST) -> Iterator[str]:
    return (each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load))


def _loops(tree: ast.Module, runners: frozenset[str]) -> bool:
    kinds = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    loops = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    mapped = [node for node in ast.walk(tree) if _called(node) in ("map", "starmap", "gather")]
    return any(
        runners & set(_names(loop)) or any(_called(each) in _RUNS for each in ast.walk(loop))
        for loop in (*loops, *mapped)
    )


def _is_repeated(tree: ast.Module, runners: frozenset[str]) -> bool:
    """Return whether a function that calls ``configure()`` is itself called with different arguments."""
    online = [name for name in runners if "offline" not in name]
    calls = [node for node in ast.walk(tree) if _called(node) in online and isinstance(node, ast.Call)]
    given = {(_called(node), ast.dump(node)) for node in calls if node.args or node.keywords}
    return len(given) > len({name for name, _ in given})


def _computes_table(call: ast.AST) -> bool:
    """Return whether ``configure()`` gets a table or schema that is not a literal, or ``**arguments``."""
    assert isinstance(call, ast.Call)
    for keyword in call.keywords:
        if keyword.arg in _TABLE and not isinstance(keyword.value, ast.Constant):
            return True
        if keyword.arg is None and not isinstance(keyword.value, (ast.Dict, ast.Call)):
            return True
    return False


def _differs(tree: ast.Module) -> bool:
    """Return whether a dict names a version table, or two calls name two."""
    keys = (key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys)
    if any(isinstance(key, ast.Constant) and key.value in _TABLE for key in keys):
        return True
    named = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg in _TABLE]
    return any(len({ast.dump(one.value) for one in named if one.arg == name}) > 1 for name in _TABLE)
