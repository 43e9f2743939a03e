"""The hash of what a version file does, which comments, line breaks and quotes don't change."""

from __future__ import annotations

import ast
from functools import lru_cache

_WITHOUT_EFFECT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
"""Fields of the syntax tree that do not change what the code does."""
_FIELDS: dict[type, tuple[str, ...]] = {
    cls: tuple(name for name in cls._fields if name not in _WITHOUT_EFFECT)
    for cls in vars(ast).values()
    if isinstance(cls, type) and issubclass(cls, ast.AST)
}
_WITH_DOCSTRING = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@lru_cache(maxsize=4096)  # a process may apply the same files to many databases
def content_hash(source: str) -> str:
    """Return a hash of the syntax tree of a version file, the same for each version of Python; "" for a syntax error.

    The docstrings are left out.

    >>> content_hash("a = 'x'  # note") == content_hash('a = ("x")')
    True
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ""
    pieces: list[str] = []
    _collect(tree, pieces)
    from hashlib import sha256  # noqa: PLC0415 - heads and history need no hash

    return sha256("\n".join(pieces).encode(errors="surrogatepass")).hexdigest()


def _collect(value: object, pieces: list[str]) -> None:
    """Append what a syntax tree consists of; empty fields are left out, because newer versions of Python have more."""
    if isinstance(value, list):
        for each in value:
            _collect(each, pieces)
        return
    if not isinstance(value, ast.AST):
        pieces.append(f"{type(value).__name__} {value!r}")
        return
    cls = type(value)
    pieces.append(f"({cls.__name__}")
    for name in _FIELDS[cls]:
        field = getattr(value, name, None)
        if name == "body" and isinstance(value, _WITH_DOCSTRING):
            field = _without_docstring(value.body)
        if field is not None and field != []:
            pieces.append(name)
            _collect(field, pieces)
    pieces.append(")")


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body
