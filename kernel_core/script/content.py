"""The hash of what a version file does, which comments, line breaks and quotes don't change."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from hashlib import sha256

_WITHOUT_EFFECT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
"""Fields of the syntax tree that do not change what the code does."""


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
    return sha256("\n".join(_pieces(tree)).encode(errors="surrogatepass")).hexdigest()


def _pieces(value: object) -> Iterator[str]:
    """Yield what a syntax tree consists of; empty fields are left out, because newer versions of Python have more."""
    if isinstance(value, list):
        for each in value:
            yield from _pieces(each)
        return
    if not isinstance(value, ast.AST):
        yield f"{type(value).__name__} {value!r}"
        return
    yield f"({type(value).__name__}"
    for name, field in ast.iter_fields(value):
        given = _without_docstring(value, field) if name == "body" else field
        if name not in _WITHOUT_EFFECT and given not in (None, []):
            yield name
            yield from _pieces(given)
    yield ")"


def _without_docstring(owner: ast.AST, body: object) -> object:
    has_one = isinstance(owner, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    if not has_one or not isinstance(body, list) or not body:
        return body
    first = body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body
