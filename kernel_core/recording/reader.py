"""Read the operations of a version file from its source; nothing of it is run.

A statement ``op.create_index("ix", "users", ["name"])`` is read where its arguments are literals, or SQLAlchemy
constructs of literals (``sa.Column("id", sa.Integer(), nullable=False)``). All other statements are custom code, of
which only the number of lines is reported.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
    reader = _read(source, dialect, function, {}, makes_tables=makes_tables)
    if reader is None:
        return (), Recording(UpgradeOps(), (Unread(1, source.count("\n") + 1, ""),))
    return tuple(reader.found), reader.recording()


def read_operations(
    source: str, dialect: Dialect, function: str = "upgrade", *, given: Collection[str] = ()
) -> Recording:
    """Return the operations of ``function`` of a module, as far as the source shows them.

    ``given`` are the names among ``op`` and ``sa`` that the module has without an import. Raises CommandError for a
    directive that does not exist.
    """
    names = {name: path for name, path in _GIVEN.items() if name in given}
    reader = _read(source, dialect, function, names)
    if reader is None:
        return Recording(UpgradeOps(), (Unread(1, source.count("\n") + 1, ""),))
    reader.refuse_unknown_directives()
    return reader.recording()


def _read(
    source: str, dialect: Dialect, function: str, given: Mapping[str, str], *, makes_tables: bool = True
) -> _Reader | None:
    """Return a reader that has read a function; None where the source is not valid Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    reader = _Reader(tree, Recorder(dialect, path=None), given, makes_tables=makes_tables)
    bodies = [node.body for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    if bodies:
        reader.read(bodies[-1])
    return reader


class _Reader:
    """Reads statements in their order; ``found`` has each operation, and the code that is not one."""

    def __init__(self, tree: ast.Module, recorder: Recorder, given: Mapping[str, str], *, makes_tables: bool) -> None:
        self.found: list[MigrateOperation | Unread] = []
        self.recorder = recorder
        self._makes_tables = makes_tables
        self._lines: list[int] = []
        self._tree = tree
        self._imported = {**given, **dict(_imports(tree))}
        self._values: dict[str, Any] = {}

    def refuse_unknown_directives(self) -> None:
        """Raise CommandError for ``op.name`` where it is not a directive, even in code that would not run."""
        for node in ast.walk(self._tree):
            match node:
                case ast.Attribute(value=ast.Name(id=owner), attr=name) if self._imported.get(owner) == "op":
                    if not hasattr(self.recorder, name):
                        raise CommandError(f"`{ast.unparse(node)}`: {self.recorder.unknown(name)} Nothing was written.")

    def read(self, body: Sequence[ast.stmt]) -> None:
        """Read the statements of a function or of a batch."""
        for statement in body:
            if _is_empty(statement):
                continue
            recorded = len(self.recorder.recorded)
            known, values = len(self.found), dict(self._values)
            try:
                self._read(statement)
            except Exception:  # noqa: BLE001 - the run itself reports what a directive or SQLAlchemy refuses
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
        self._lines += [call.lineno] * len(made_here)
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
                holder = self.recorder if self._imported.get(owner) == "op" else self._values.get(owner)
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
            case ast.Constant(value=value):
                return value
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
        place = self._imported.get(node.id, "") if isinstance(node, ast.Name) else ""
        path = [*place.split("."), *reversed(names)]
        if path[0] != "sqlalchemy" or any(name.startswith("_") for name in path):
            raise NotLiteral
        found: Any = sa
        for position, name in enumerate(path[1:], 2):
            if isinstance(found, ModuleType) and not hasattr(found, name) and path[1] in _PARTS:
                found = import_module(".".join(path[:position]))
            else:
                found = getattr(found, name)
        return found


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (name, dotted path) for what the file imports; the path of the directives is ``op``."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield alias.asname or first, alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                is_op = node.module in ("alembic", "kernel_core") and alias.name == "op"
                yield alias.asname or alias.name, "op" if is_op else f"{node.module}.{alias.name}"


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
