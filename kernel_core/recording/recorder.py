"""Run the code of a migration with an ``op`` that records the operations; no database is used."""

from __future__ import annotations

import difflib
import io
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from ..alias import alias
from ..operations.base import BatchOperations, Operations, current_operations
from ..operations.batch import Batch, BatchOptions, RecordingImpl
from ..operations.containers import BatchOps, UpgradeOps
from ..operations.kinds.enum_type import CreateEnumTypeOp, DropEnumTypeOp
from ..operations.operation import MigrateOperation
from ..operations.schema_state import SchemaState
from ..runtime.environment import current_environment
from ..runtime.migration import MigrationContext
from ..script import Script
from ..util.exc import CommandError, UnknownEffect
from ..util.sqla_compat import is_of_postgresql
from .no_connection import NeedsConnection, NoConnection, NoContext, NoEnvironment
from .state_inspector import StateInspector, state_after

_FILE = "<%%migration>"


_BATCH_ORDER = ("recreate", "partial_reordering", "copy_from", "table_args", "table_kwargs")
"""The arguments of ``batch_alter_table`` after the schema, in their order."""

_AS_TUPLE: Mapping[str, Callable[[Any], Any]] = dict.fromkeys(
    ("partial_reordering", "table_args", "reflect_args"), tuple
)


def _as_is(value: object) -> object:
    return value


@dataclass(frozen=True, slots=True)
class Unread:
    """Code that is not an operation: its first line in the file, its number of lines, and its first line as text."""

    line: int
    lines: int
    text: str


@dataclass(frozen=True, slots=True)
class BatchSpan:
    """A batch among recorded operations: from ``start`` up to ``end``, with what it was called with."""

    start: int
    end: int
    table_name: str
    schema: str | None
    options: BatchOptions


@dataclass(frozen=True, slots=True)
class Recording:
    """The operations of a function in a flat list, the batches among them, and the code that is not an operation.

    ``lines`` has the line of each operation, 0 where it is not known. ``inspects`` says that the code has inspected the
    schema, so that its operations are those for the revisions before it; ``was_run`` that the file was not only read.
    """

    operations: UpgradeOps
    unread: tuple[Unread, ...] = ()
    batches: tuple[BatchSpan, ...] = ()
    lines: tuple[int, ...] = ()
    inspects: bool = False
    was_run: bool = False

    @property
    def complete(self) -> bool:
        """Whether the function does nothing else."""
        return not self.unread

    def with_batches(self) -> UpgradeOps:
        """Return the operations with those of a batch in a `BatchOps`."""
        found: list[MigrateOperation] = []
        flat, position = self.operations.ops, 0
        for span in sorted(self.batches, key=lambda each: each.start):
            found += flat[position : span.start]
            inside = flat[span.start : span.end]
            if inside or span.options.changes_by_itself:
                found.append(BatchOps(span.table_name, inside, schema=span.schema, options=span.options))
            position = span.end
        return UpgradeOps([*found, *flat[position:]])


class _BatchRecorder(BatchOperations):
    """The directives of a batch, recorded in ``recorded``."""

    def __init__(self, recorder: Recorder, impl: RecordingImpl) -> None:
        super().__init__(recorder.migration_context, impl)
        self._recorder = recorder
        self.recorded = recorder.recorded

    def invoke(self, operation: MigrateOperation) -> None:
        self._recorder.remember(operation)


@lru_cache(maxsize=4)
def _context(dialect: Dialect) -> MigrationContext:
    """Return an offline context; recorders share it, because nothing runs in it."""
    return MigrationContext.configure(dialect=dialect, opts={"as_sql": True, "output_buffer": io.StringIO()})


class Recorder(Operations):
    """The directives, recorded in ``recorded`` instead of executed."""

    def __init__(
        self,
        dialect: Dialect,
        path: str | None = _FILE,
        *,
        gives_connection: bool = False,
        state: SchemaState | None = None,
    ) -> None:
        super().__init__(_context(dialect))
        self._start, self._open_batches = state, 0
        self.inspects = False
        """Whether the code has inspected the schema, so that what it does depends on the revisions before."""
        self.recorded: list[MigrateOperation] = []
        self.batches: list[BatchSpan] = []
        self.lines: list[int] = []
        self._path = path
        self.makes_tables = True
        """Whether a directive that creates a table returns it; False while nothing uses what it returns."""
        self.refused = False
        """Whether a connection was needed; the code may have caught the error."""
        self.connection = (
            NoConnection(dialect, self.execute, self._refuse, self._inspector, self._enum_type)
            if gives_connection
            else None
        )

    def _refuse(self) -> NoReturn:
        self.refused = True
        raise NeedsConnection

    def environment(self) -> Any:
        """Return what the functions of ``context`` are called on."""
        return NoEnvironment(self.get_context, self._refuse)

    def _inspector(self) -> StateInspector:
        """Return the inspector of the schema at this point; refuses where it is not known."""
        self.inspects = True
        if self._start is None or self._open_batches:
            self._refuse()
        try:
            state = state_after(self._start, iter(self.recording().with_batches().ops))
        except UnknownEffect:
            self._refuse()
        return StateInspector(state, self._refuse)

    def _enum_type(self, visitor: str, element: object) -> None:
        """Record the operation of an enum type that is created or dropped on the connection."""
        if not (isinstance(element, sa.Enum) and is_of_postgresql(element, "ENUM")):
            self._refuse()
        if visitor == "EnumGenerator":
            self.invoke(CreateEnumTypeOp(str(element.name), list(element.enums), schema=element.schema))
        elif visitor == "EnumDropper":
            self.invoke(DropEnumTypeOp(str(element.name), schema=element.schema))
        else:
            self._refuse()

    def remember(self, operation: MigrateOperation) -> None:
        """Record an operation and the line of the file that called it; 0 where no file is run."""
        frame = sys._getframe(1) if self._path is not None else None  # noqa: SLF001 - a traceback would be much slower
        while frame is not None and frame.f_code.co_filename != self._path:
            frame = frame.f_back
        self.recorded.append(operation)
        self.lines.append(0 if frame is None else frame.f_lineno)

    def recording(self, unread: tuple[Unread, ...] = (), lines: Sequence[int] | None = None) -> Recording:
        """Return what was recorded; ``lines`` are those of the operations, by default as `remember` found them."""
        count = len(self.recorded)
        kept = tuple(each for each in self.batches if each.start < count or each.options.changes_by_itself)
        known = tuple(self.lines if lines is None else lines)
        was_run = self._path is not None
        return Recording(UpgradeOps(list(self.recorded)), unread, kept, known, self.inspects, was_run)

    def invoke(self, operation: MigrateOperation) -> Any:
        self.remember(operation)
        to_table = getattr(operation, "to_table", None) if self.makes_tables else None
        return to_table(self.migration_context) if to_table is not None and operation.sign == "+" else None

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(self.unknown(name))

    def unknown(self, name: str) -> str:
        """Return the message for a directive that does not exist, with the most similar one."""
        near = difflib.get_close_matches(name, [one for one in dir(self) if not one.startswith("_")], 1)
        return f"op has no {name!r}.{f' The nearest is {near[0]}.' if near else ''}"

    def get_bind(self) -> Any:
        return self.connection or self._refuse()

    def get_context(self) -> Any:
        return NoContext(self.get_bind(), self._refuse)

    @contextmanager
    def batch_alter_table(
        self, table_name: str, schema: str | None = None, *args: Any, **options: Any
    ) -> Iterator[Any]:
        start = len(self.recorded)
        self._open_batches += 1
        given = dict(zip(_BATCH_ORDER, args, strict=False)) | options
        # A Table has no truth value, so copy_from= must be compared with None.
        chosen = {name: value for name, value in given.items() if value is not None}
        known = BatchOptions(**{name: _AS_TUPLE.get(name, _as_is)(value) for name, value in chosen.items()})
        try:
            yield _BatchRecorder(self, RecordingImpl(self.impl, Batch(table_name, schema)))
        finally:
            self._open_batches -= 1
            self.batches.append(BatchSpan(start, len(self.recorded), table_name, schema, known))


def record(source: str, dialect: Dialect, function: str = "upgrade") -> Recording:
    """Run a function of a module's source in a new namespace (``op``, ``sa``) and return its operations.

    Raises CommandError, with the line, where the code fails.
    """
    recorder = Recorder(dialect)
    namespace: dict[str, Any] = {"__name__": "migration", "op": recorder, "sa": sa}
    try:
        exec(compile(source, _FILE, "exec"), namespace)  # noqa: S102 - the person's own cell
        namespace[function]()
    except NeedsConnection as needs:
        return recorder.recording((_reached(needs, _FILE, source),))
    except CommandError:
        raise
    except Exception as error:
        raise CommandError(
            f"{function}() fails{_line_of(error, source)}: {type(error).__name__}: {error}. Nothing was written."
        ) from error
    return recorder.recording()


def _reached(error: Exception, path: str, source: str) -> Unread:
    """Return the statement that needs a connection, and all after it."""
    numbers = [frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    lines = source.splitlines()
    number = numbers[-1] if numbers else 0
    return Unread(
        number, max(len(lines) - number + 1, 1), lines[number - 1].strip() if 0 < number <= len(lines) else ""
    )


def record_script(
    script: Script,
    dialect: Dialect,
    function: str = "upgrade",
    *,
    gives_connection: bool = False,
    state: SchemaState | None = None,
) -> Recording:
    """Run a function of a version file with an ``op`` that only records, and return its operations.

    Its output is discarded. Without a connection, what follows ``op.get_bind()`` is unread; with ``gives_connection``
    the code gets one that knows the dialect and records statements, and is unread from where it needs more; with
    ``state``, the schema before the revision, it can be inspected. Raises CommandError where the file or its function
    fails.
    """
    recorder = Recorder(dialect, script.path, gives_connection=gives_connection, state=state)
    try:
        online = current_environment.installed(recorder.environment())
        with current_operations.installed(recorder), online, alias(), redirect_stdout(io.StringIO()):
            getattr(script.module, function)()
    except CommandError:
        raise
    except Exception as error:
        if isinstance(error, NeedsConnection) or recorder.refused or _uses_connection(error, recorder):
            return recorder.recording((_reached(error, script.path, script.source),))
        raise CommandError(f"{function}() of {script.revision} fails: {type(error).__name__}: {error}") from error
    return recorder.recording((Unread(0, 1, "code that needs a connection"),) if recorder.refused else ())


def _uses_connection(error: Exception, recorder: Recorder) -> bool:
    """Return whether an error is about the connection that is none, such as ``inspect(bind)``."""
    return recorder.connection is not None and (
        isinstance(error, sa.exc.NoInspectionAvailable | sa.exc.ArgumentError) or "NoConnection" in str(error)
    )


def _line_of(error: Exception, source: str) -> str:
    """Return the statement of the cell at which an error arose."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _FILE]
    lines = source.splitlines()
    number = frames[-1].lineno if frames else None
    return f" at `{lines[number - 1].strip()}`" if number and number <= len(lines) else ""
