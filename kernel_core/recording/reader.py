"""Read the operations of a version file from its source; nothing of it is run.

A statement ``op.create_index("ix", "users", ["name"])`` is read where its arguments are literals, or SQLAlchemy
constructs of literals (``sa.Column("id", sa.Integer(), nullable=False)``). All other statements are custom code, of
which only the number of lines is reported.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from ..operations.containers import UpgradeOps
from ..operations.operation import MigrateOperation
from ..util.exc import CommandError
from .forms import ParsedFunction, body_of, imports_of, parsed_function
from .recorder import Recorder, Recording, Unread

_BUILDERS = (sa.text, sa.true, sa.false, sa.null, sa.literal_column, sa.table, sa.column)
_CONSTRUCTS = (sa.schema.CreateSchema, sa.schema.DropSchema, sa.schema.CreateSequence, sa.schema.DropSequence)
_PARTS = frozenset({"dialects", "schema", "sql", "types"})
"""The subpackages of SQLAlchemy that are imported where a file uses them."""

_GIVEN = {"op": "op", "sa": "sqlalchemy"}
_OF_OP = frozenset({"f", "inline_literal"})


class NotLiteral(Exception):
    """The value or operation at this place is known only when the code runs."""


def read_functions(
    source: str, dialect: Dialect, function: str = "upgrade", *, makes_tables: bool = True
) -> tuple[tuple[MigrateOperation | Unread, ...], Recording]:
    """Return the operations of ``function`` in a version file with the code between them, and its recording.

    ``makes_tables=False`` makes no Table that nothing uses: it takes longest, and SQLAlchemy's errors come later then.
    """
    reader = _read_by_form(source, dialect, function, makes_tables=makes_tables)
    if reader is None:
        tree = _parsed(source)
        if tree is None:
            return (), _not_python(source)
        reader = _read(tree, dialect, function, {}, makes_tables=makes_tables)
    return tuple(reader.found), reader.recording()


def read_operations(
    source: str, dialect: Dialect, function: str = "upgrade", *, given: Collection[str] = ()
) -> Recording:
    """Return the operations of ``function`` of a module, as far as the source shows them.

    ``given`` are the names among ``op`` and ``sa`` that the module has without an import. Raises CommandError for a
    directive that does not exist.
    """
    names = {name: path for name, path in _GIVEN.items() if name in given}
    tree = _parsed(source)
    if tree is None:
        return _not_python(source)
    reader = _read(tree, dialect, function, names)
    reader.refuse_unknown_directives(tree)
    return reader.recording()


def _parsed(source: str) -> ast.Module | None:
    """Return the syntax tree of a file; None where the source is not valid Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _not_python(source: str) -> Recording:
    return Recording(UpgradeOps(), (Unread(1, source.count("\n") + 1, ""),))


def _read(
    tree: ast.Module, dialect: Dialect, function: str, given: Mapping[str, str], *, makes_tables: bool = True
) -> _Reader:
    """Return a reader that has read a function."""
    imported = {**given, **dict(imports_of(tree))}
    parsed = ParsedFunction(body_of(tree, function) or (), imported)
    reader = _Reader(parsed, Recorder(dialect, path=None), makes_tables=makes_tables)
    reader.read(parsed.body)
    return reader


def _read_by_form(source: str, dialect: Dialect, function: str, *, makes_tables: bool) -> _Reader | None:
    """Return a reader that has read a function of which every statement is an operation; None for any other."""
    parsed = parsed_function(source, function)
    if parsed is None:
        return None
    reader = _Reader(parsed, Recorder(dialect, path=None), makes_tables=makes_tables)
    try:
        reader.read(parsed.body)
    except NotLiteral:
        return None
    return reader


class _Reader:
    """Reads statements in their order; ``found`` has each operation, and the code that is not one."""

    def __init__(self, parsed: ParsedFunction, recorder: Recorder, *, makes_tables: bool) -> None:
        self.found: list[MigrateOperation | Unread] = []
        self.recorder = recorder
        self._makes_tables = makes_tables
        self._lines: list[int] = []
        self._parsed = parsed
        self._values: dict[str, Any] = {}

    def refuse_unknown_directives(self, tree: ast.Module) -> None:
        """Raise CommandError for ``op.name`` where it is not a directive, even in code that would not run."""
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id=owner), attr=name) if self._parsed.imports.get(owner) == "op":
                    if not hasattr(self.recorder, name):
                        raise CommandError(f"`{ast.unparse(node)}`: {self.recorder.unknown(name)} Nothing was written.")

    def read(self, body: Sequence[ast.stmt]) -> None:
        """Read the statements of a function or of a batch; raises NotLiteral for code known only by its form."""
        for statement in body:
            if _is_empty(statement):
                continue
            recorded = len(self.recorder.recorded)
            known, values = len(self.found), dict(self._values)
            try:
                self._read(statement)
            except Exception as error:  # the run itself reports what a directive or SQLAlchemy refuses
                if self._parsed.strings is not None:  # the code is to be reported as it is in the file
                    raise NotLiteral from error
                del self.recorder.recorded[recorded:], self.found[known:], self._lines[recorded:]
                self._values = values
                count = (statement.end_lineno or statement.lineno) - statement.lineno + 1
                self.found.append(Unread(statement.lineno, count, ast.unparse(statement).partition("\n")[0]))

    def recording(self) -> Recording:
        """Return what was read."""
        unread = tuple(each for each in self.found if isinstance(each, Unread))
        return self.recorder.recording(unread, self._lines)

    def _read(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Expr(value=ast.Call() as call):
                self.recorder.makes_tables = self._makes_tables
                self._directive(call)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                self.recorder.makes_tables = True
                self._values[name] = self._directive(call)
            case ast.With(
                items=[ast.withitem(context_expr=ast.Call() as call, optional_vars=ast.Name() | None as name)]
            ):
                with self._batch(call) as batch:
                    if name is not None:
                        self._values[name.id] = batch
                    self.read(statement.body)
            case _:
                raise NotLiteral

    def _directive(self, call: ast.Call) -> Any:
        """Record the operation of ``op.name(...)`` or ``batch_op.name(...)``, and return its result."""
        recorded = len(self.recorder.recorded)
        made = self._method(call)(*map(self._value, call.args), **self._options(call))
        if len(self.recorder.recorded) == recorded:
            raise NotLiteral
        made_here = self.recorder.recorded[recorded:]
        if not all(isinstance(each, MigrateOperation) for each in made_here):
            raise NotLiteral
        self.found.extend(made_here)
        self._lines += [self._parsed.lines_above + call.lineno] * len(made_here)
        return made

    @contextmanager
    def _batch(self, call: ast.Call) -> Iterator[Any]:
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "batch_alter_table"):
            raise NotLiteral
        with self._method(call)(*map(self._value, call.args), **self._options(call)) as batch:
            yield batch

    def _method(self, call: ast.Call) -> Callable[..., Any]:
        match call.func:
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if not name.startswith("_"):
                holder = self.recorder if self._parsed.imports.get(owner) == "op" else self._values.get(owner)
                if isinstance(holder, Recorder) or hasattr(holder, "recorded"):
                    method: Callable[..., Any] = getattr(holder, name)
                    return method
        raise NotLiteral

    def _options(self, call: ast.Call) -> dict[str, Any]:
        if any(option.arg is None for option in call.keywords):
            raise NotLiteral
        return {option.arg: self._value(option.value) for option in call.keywords if option.arg}

    def _value(self, node: ast.expr) -> Any:
        """Return the value of an argument; raises NotLiteral where it is known only when the code runs."""
        match node:
            case ast.Constant(value=value) if not isinstance(value, bytes):
                return self._parsed.filled(value)
            case ast.List(elts=several):
                return [self._value(one) for one in several]
            case ast.Tuple(elts=several):
                return tuple(self._value(one) for one in several)
            case ast.Dict(keys=keys, values=values):
                return {self._value(key): self._value(one) for key, one in zip(keys, values, strict=True) if key}
            case ast.Call():
                return self._built(node)
            case ast.Name(id=name) if name in self._values:
                return self._values[name]
            case ast.Name() | ast.Attribute():
                return _type_class(self._found(node))
            case _ if self._parsed.has_marks(node):
                raise NotLiteral
            case _:
                return _literal(node)

    def _built(self, call: ast.Call) -> Any:
        """Return the construct of SQLAlchemy or ``op`` that a call builds: a column, a type, a constraint, SQL text."""
        values, options = [self._value(one) for one in call.args], self._options(call)
        if isinstance(call.func, ast.Attribute) and call.func.attr in _OF_OP:
            return self._method(call)(*values, **options)
        maker = self._found(call.func)
        if not _is_builder(maker):
            raise NotLiteral
        return maker(*values, **options)

    def _found(self, node: ast.expr) -> Any:
        """Return the object of SQLAlchemy that a dotted name refers to; raises NotLiteral for all other names."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        place = self._parsed.imports.get(node.id, "") if isinstance(node, ast.Name) else ""
        return _object_of_sqlalchemy(".".join([place, *reversed(names)]))


@lru_cache(maxsize=256)
def _object_of_sqlalchemy(dotted: str) -> Any:
    """Return the object of SQLAlchemy that a dotted path refers to; raises NotLiteral for all other paths."""
    path = dotted.split(".")
    if path[0] != "sqlalchemy" or any(name.startswith("_") for name in path):
        raise NotLiteral
    found: Any = sa
    for position, name in enumerate(path[1:], 2):
        if isinstance(found, ModuleType) and not hasattr(found, name) and path[1] in _PARTS:
            found = import_module(".".join(path[:position]))
        else:
            found = getattr(found, name)
    return found


def _is_builder(maker: Any) -> bool:
    """Return whether a call only builds a schema item, a type or SQL: nothing is connected, opened or imported."""
    if isinstance(maker, type):
        return issubclass(maker, SchemaItem | TypeEngine) or maker in _CONSTRUCTS
    return maker in _BUILDERS or type(maker).__module__ == "sqlalchemy.sql.functions"


def _type_class(found: Any) -> Any:
    if isinstance(found, type) and issubclass(found, TypeEngine):
        return found
    raise NotLiteral


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError) as error:
        raise NotLiteral from error


def _is_empty(statement: ast.stmt) -> bool:
    """Return whether a statement is ``pass`` or a docstring."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
