"""The editable fields of an operation: how each kind of value is shown as text and parsed from it."""

from __future__ import annotations

import ast
import contextlib
import difflib
import importlib
import re
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import types as sqltypes
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column
from sqlalchemy.sql.elements import TextClause, conv
from sqlalchemy.types import TypeEngine

from ..util.exc import FieldError
from ..util.sql import STANDARD, grammar_of, split_list, string_value, tokens
from ..util.sqla_compat import AnyType, changed_column, default_argument, default_sql, literal_text, shown_sql

Kind = Literal["identifier", "type", "boolean", "default", "text", "sql", "columns", "choice"]

_NONE = "none"


@dataclass(frozen=True, slots=True)
class Field:
    """One editable value of an operation.

    ``name`` is the keyword of `MigrateOperation.edit`; ``at`` is the attribute with the value (``"column.type"`` for
    the type of the operation's column), by default the name. ``choices`` are the texts of a choice; if it is
    ``optional``, an empty text is None.
    """

    name: str
    kind: Kind
    label: str = ""
    at: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False

    @property
    def title(self) -> str:
        """The label of the control."""
        return self.label or self.name.replace("_", " ")

    def read(self, operation: object) -> Any:
        """Return the value of this field in an operation."""
        value = operation
        for attribute in (self.at or self.name).split("."):
            value = getattr(value, attribute)
        return default_argument(value) if self.kind == "default" else value

    def assign(self, operation: object, value: object) -> None:
        """Set the value in a fresh copy of an operation; a column, which both share, is replaced by a copy."""
        holder, dot, attribute = (self.at or self.name).partition(".")
        if not dot:
            setattr(operation, holder, value)
            return
        column = getattr(operation, holder)
        assert isinstance(column, Column), "only columns have fields with a dotted name"
        setattr(operation, holder, changed_column(column, **{attribute: value}))

    def text(self, operation: object) -> str:
        """Return the value as text, as `parse` takes it."""
        value = self.read(operation)
        if self.kind == "boolean":
            return _NONE if value is None else ("yes" if value else "no")
        if self.kind == "default":
            return default_sql(value)
        if value is None:
            return ""
        if self.kind == "type":
            return type_text(value)
        if self.kind == "columns":
            names = [each.name if isinstance(each, Column) else each for each in value]
            return ", ".join(_column_text(name) if isinstance(name, str) else shown_sql(name) for name in names)
        return value if isinstance(value, str) else shown_sql(value)

    def parse(self, text: str, dialect: Dialect | None = None) -> Any:
        """Return the value of ``text``; the inverse of `text`.

        Raises FieldError with the reason in one line.
        """
        stripped = text.strip()
        if self.kind == "boolean":
            return self._boolean(stripped)
        if self.kind == "default":
            return parse_default(stripped, dialect)
        if not stripped:
            if self.optional:
                return None
            raise FieldError(self.title, text, "it cannot be empty")
        if self.kind == "identifier":
            return self._identifier(stripped)
        if self.kind == "type":
            return self._type(stripped, dialect)
        if self.kind == "columns":
            return [_column(part) for part in split_list(stripped, STANDARD) if part]
        if self.kind == "choice" and stripped not in self.choices:
            raise FieldError(self.title, text, f"choose one of {', '.join(self.choices)}")
        return text if self.kind in ("text", "sql") else stripped

    def _boolean(self, text: str) -> bool | None:
        words = {"yes": True, "true": True, "no": False, "false": False}
        if text.lower() in words:
            return words[text.lower()]
        if self.optional and text in ("", _NONE):
            return None
        raise FieldError(self.title, text, "choose yes or no")

    def _identifier(self, text: str) -> str:
        if any(ord(character) < 32 for character in text):
            raise FieldError(self.title, text, "a name cannot contain control characters")
        if len(text.encode()) > 128:
            raise FieldError(self.title, text, "a name cannot be longer than 128 bytes in any database")
        return conv(text)

    def _type(self, text: str, dialect: Dialect | None) -> AnyType:
        try:
            return parse_type(text, dialect)
        except ValueError as error:
            raise FieldError(self.title, text, str(error)) from None


def _column(part: str) -> str | TextClause:
    """Return the name of a column, which needs no quotes if it is a plain name; otherwise an expression."""
    found = tokens(part, STANDARD)
    if len(found) == 1 and found[0].kind == "name":
        return found[0].name
    return part if _is_plain(part) else literal_text(part)


def _column_text(name: str) -> str:
    """Return a column's name as `_column` parses it."""
    return name if _is_plain(name) else '"' + name.replace('"', '""') + '"'


def _is_plain(name: str) -> bool:
    """Return whether a name cannot be read as an expression or as two names."""
    return name == name.strip() and not re.search(r"""[()\[\]'",;]|::|\|\||\s[-+*/<>=%]\s|\s(?:ASC|DESC)$""", name)


def type_text(type_: AnyType) -> str:
    """Return a type as Python source without module: ``String(120)``, ``Numeric(10, 2)``.

    >>> type_text(sqltypes.String(120))
    'String(120)'
    """
    text = repr(type_)
    text = re.sub(r"^(\w+)\((?:length|precision)=", r"\1(", text).removesuffix("()")
    return re.sub(r"^(\w+\(\d+), scale=", r"\1, ", text)


def parse_type(text: str, dialect: Dialect | None = None) -> AnyType:
    """Return the type that ``text`` names: SQLAlchemy's, or one of the dialect.

    The text is parsed, never evaluated: a name, and arguments that are literals, lists of literals, or types.
    Raises ValueError with the reason in one line.

    >>> parse_type("Numeric(10, 2)").scale
    2
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        raise ValueError(f"{text!r} is not a type. Write it like String(120)") from None
    type_ = _type_of(tree, text, dialect)
    if type_ is None:
        raise ValueError(f"{text!r} is not a type. Write it like String(120)")
    return type_


def _type_of(node: ast.expr, text: str, dialect: Dialect | None) -> AnyType | None:
    """Return the type that a syntax tree is, None if it is something else."""
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute):
        name = function.attr
    elif isinstance(function, ast.Name):
        name = function.id
    else:
        return None
    cls = _type_class(name, dialect)
    if cls is None:
        raise ValueError(f"there is no type {name}{_nearest(name)}")
    args = [_argument(arg, text, dialect) for arg in node.args] if isinstance(node, ast.Call) else []
    keywords = node.keywords if isinstance(node, ast.Call) else []
    try:
        return cls(*args, **{word.arg or "": _argument(word.value, text, dialect) for word in keywords})
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} does not take that: {error}") from None


def _argument(node: ast.expr, text: str, dialect: Dialect | None) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        type_ = _type_of(node, text, dialect)
        if type_ is None:
            raise ValueError(f"{text!r} contains something that is neither a literal nor a type") from None
        return type_


def _type_class(name: str, dialect: Dialect | None) -> type[AnyType] | None:
    places: list[object] = [sqltypes]
    if dialect is not None and re.fullmatch(r"\w+", dialect.name):
        with contextlib.suppress(ImportError):  # the types of a third-party dialect are elsewhere
            places.insert(0, importlib.import_module(f"sqlalchemy.dialects.{dialect.name}"))
    for place in places:
        cls = getattr(place, name, None)
        if isinstance(cls, type) and issubclass(cls, TypeEngine):
            return cls
    return None


def _nearest(name: str) -> str:
    names = {other.lower(): other for other in vars(sqltypes) if isinstance(getattr(sqltypes, other), type)}
    near = difflib.get_close_matches(name.lower(), names, 1)
    return f"; the nearest is {names[near[0]]}" if near else ""


def parse_default(text: str, dialect: Dialect | None = None) -> str | TextClause | None:
    """Return the server default that ``text`` is: None, a string (``'a text'`` in SQL quotes), or SQL.

    >>> parse_default("'new'")
    'new'
    """
    if not text:
        return None
    grammar = grammar_of("default" if dialect is None else dialect)
    found = tokens(text, grammar)
    value = string_value(text, grammar) if len(found) == 1 and text[0] == "'" == text[-1] else None
    return literal_text(text) if value is None else value
