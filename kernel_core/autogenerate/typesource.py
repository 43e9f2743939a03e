"""Write column types as Python: those of SQLAlchemy, of a dialect, and user-defined ones."""

from __future__ import annotations

import ast
import datetime as dt
import importlib
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import sqlalchemy
from sqlalchemy import types as sqltypes
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..ddl.overrides import is_overridden
from ..operations.operation import Code
from ..util.exc import CommandError
from ..util.sqla_compat import AnyType, key_of_type, type_repr, type_variants, without_variants
from .constants import value_source
from .constructors import constructor_arguments, has_custom_constructor
from .context import AutogenContext
from .layout import call, literal


def type_source(type_: AnyType | type[AnyType], context: AutogenContext) -> str:
    """Return the source of a type, and add the imports that it needs to the context.

    The hook ``render_item`` is tried first, then the dialect's ``render_type``; otherwise the ``repr`` is parsed.
    """
    instance: AnyType = sqltypes.to_instance(type_) if callable(type_) else type_
    if context.has_render_hook:
        by_hook = context.render_by_hook("type", instance)
        if by_hook is not False:
            return by_hook
    impl = context.impl
    by_dialect = impl.render_type(instance, context) if impl is not None else False
    if by_dialect:
        return str(by_dialect)
    key = key_of_type(instance)
    known = context.type_sources.get(key)
    if known is not None:
        return known
    variants = type_variants(instance)
    if not variants:
        source = _own_source(instance, context)
        if key is not None:
            context.type_sources[key] = source
        return source
    written = _own_source(without_variants(instance), context)
    for dialect_name, variant in variants.items():
        written = Code(f"{written}.with_variant(", (type_source(variant, context), literal(dialect_name)))
    return written


_LOCAL = "<locals>"
"""In the qualified name of a class that is defined in a function."""


def renders_types(context: AutogenContext) -> bool:
    """Return whether the dialect's ``render_type`` may write a type."""
    return is_overridden(context.impl, "render_type")


def _own_source(type_: AnyType, context: AutogenContext) -> str:
    """Return the type's ``repr`` with every class in it prefixed by the module to import it from."""
    if _cannot_be_imported(type(type_), context):
        return _stand_in(type_, context)
    if has_custom_constructor(type_):
        return _constructed(type_, context)
    text, nested = _valid_repr(type_, context), tuple(_nested(type_))
    if nested:
        return _read_repr(text, type(type_), nested, context)
    seen = (type(type_), text)
    if seen not in context.type_sources:
        context.type_sources[seen] = _read_repr(text, type(type_), (), context)
    return context.type_sources[seen]


def _valid_repr(type_: AnyType, context: AutogenContext) -> str:
    """Return the ``repr`` of a type; if it is not Python, with the source of its values, such as an IntEnum's."""
    text = type_repr(type_)
    if "<" in text and _parsed(text) is None:
        for value in vars(type_).values():
            for each in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(each, (int, str, float)):
                    text = text.replace(repr(each), value_source(each, context.imports))
    return text


def _constructed(type_: AnyType, context: AutogenContext) -> str:
    """Return the call of a user-defined constructor; if its arguments are unknown, the type in the database."""
    found = constructor_arguments(type_)
    if found is None:
        return _stand_in(type_, context)
    cls = type(type_)
    args, named = ([_argument(each, context) for each in found[0]], {k: _argument(v, context) for k, v in found[1]})
    return call(f"{type_prefix(cls, context)}{cls.__name__}", args, named)


def _argument(value: object, context: AutogenContext) -> str:
    if isinstance(value, TypeEngine):
        return type_source(value, context)
    return value_source(value, context.imports)


def _read_repr(text: str, cls: type, nested: tuple[object, ...], context: AutogenContext) -> str:
    tree = _parsed(text)
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        return f"{type_prefix(cls, context)}{text}"
    inner = [(_parsed(repr(part)), part) for part in nested]
    parts = {ast.unparse(node): part for node, part in inner if node is not None}
    return _Reader({tree.func.id: cls}, parts, context).source(tree)


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _cannot_be_imported(cls: type, context: AutogenContext) -> bool:
    """Return whether a version file cannot import a class: it is defined in a notebook cell or a function.

    With ``user_module_prefix`` the environment says where such classes are.
    """
    if context.opts.get("user_module_prefix") is not None:
        return False
    return cls.__module__ == "__main__" or _LOCAL in cls.__qualname__


def _stand_in(type_: AnyType, context: AutogenContext) -> str:
    """Return the source of the type that the database has, for a class that cannot be imported."""
    if isinstance(type_, TypeDecorator):
        return type_source(type_.load_dialect_impl(context.dialect), context)
    for cls in type(type_).__mro__[1:]:
        if getattr(sqlalchemy, cls.__name__, None) is cls and issubclass(cls, TypeEngine):
            return type_source(type_.adapt(cls), context)
    raise CommandError(
        f"The type {type(type_).__name__} cannot be written into a version file: its class is defined in a notebook "
        "cell or a function. Move it into a module, or write it with the render_item hook."
    )


def _nested(type_: AnyType) -> Iterator[object]:
    """Yield what has its own source in the attributes of a type: the type of array items, a Decimal as precision."""
    if not isinstance(type_, TypeDecorator):
        own = (Decimal, dt.timedelta, UUID, TypeEngine)
        yield from (value for value in vars(type_).values() if isinstance(value, own))


def type_prefix(cls: type, context: AutogenContext) -> str:
    """Return the prefix of a class name (``sa.``, ``postgresql.``), and add its import to the context."""
    module = cls.__module__
    parts = module.split(".")
    if parts[0] != "sqlalchemy":
        prefix = context.opts.get("user_module_prefix")
        if prefix is None:
            context.imports.add(f"import {module}")
            prefix = f"{module}."
        outer = cls.__qualname__.removesuffix(cls.__name__)
        return str(prefix) if _LOCAL in outer else f"{prefix}{outer}"
    if parts[1:2] == ["dialects"] and len(parts) > 2:
        package = f"sqlalchemy.dialects.{parts[2]}"
        # alembic-postgresql-enum replaces a class in the dialect's package by its own.
        if module == package or getattr(importlib.import_module(package), cls.__name__, None) is cls:
            context.imports.add(f"from sqlalchemy.dialects import {parts[2]}")
            return f"{parts[2]}."
    elif getattr(sqlalchemy, cls.__name__, None) is cls:
        return str(context.opts["sqlalchemy_module_prefix"])
    elif getattr(sqltypes, cls.__name__, None) is cls:
        return f"{context.opts['sqlalchemy_module_prefix']}types."
    context.imports.add(f"import {module}")
    return f"{module}."


class _Reader:
    """Turns the syntax tree of a ``repr`` into source with import prefixes, which can be broken into lines."""

    def __init__(self, classes: dict[str, type], parts: dict[str, object], context: AutogenContext) -> None:
        self.classes, self.parts, self.context = classes, parts, context

    def source(self, node: ast.expr) -> str:
        if isinstance(node, ast.Call):
            part = self.parts.get(ast.unparse(node))
            if part is not None:
                return _argument(part, self.context)
            named = {word.arg: self.source(word.value) for word in node.keywords if word.arg}
            return call(self._function(node.func), [self.source(arg) for arg in node.args], named)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return literal(node.value)
        if isinstance(node, (ast.List, ast.Set)):
            opening, closing = "[]" if isinstance(node, ast.List) else "{}"
            return Code(opening, tuple(self.source(part) for part in node.elts), closing)
        return ast.unparse(node)

    def _function(self, node: ast.expr) -> str:
        name = ast.unparse(node)
        cls = self.classes.get(name)
        if cls is None and isinstance(getattr(sqltypes, name, None), type):
            cls = getattr(sqltypes, name)
        if cls is None:
            return name
        return type_prefix(cls, self.context) + name
