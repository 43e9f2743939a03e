"""Run the code of a migration with an ``op`` that records the operations; no database is used."""

from __future__ import annotations

import difflib
import io
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from kernel_core.alias import alias
from kernel_core.operations.base import BatchOperations, Operations, current_operations
from kernel_core.operations.batch import Batch, RecordingImpl
from kernel_core.operations.containers import UpgradeOps
from kernel_core.operations.operation import MigrateOperation
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import Script
from kernel_core.util.exc import CommandError

_FILE = "<%%migration>"


class NeedsConnection(Exception):
    """The code uses a connection, so its further operations are not known before it runs."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The operations of a function; ``complete`` is false where it does more than these."""

    operations: UpgradeOps
    complete: bool = True


class _BatchRecorder(BatchOperations):
    """The directives of a batch, recorded in ``recorded``."""

    def __init__(
        self, migration_context: MigrationContext, impl: RecordingImpl, recorded: list[MigrateOperation]
    ) -> None:
        super().__init__(migration_context, impl)
        self.recorded = recorded

    def invoke(self, operation: MigrateOperation) -> None:
        self.recorded.append(operation)


class Recorder(Operations):
    """The directives, recorded in ``recorded`` instead of executed."""

    def __init__(self, dialect: Dialect) -> None:
        options = {"as_sql": True, "output_buffer": io.StringIO()}
        super().__init__(MigrationContext.configure(dialect=dialect, opts=options))
        self.recorded: list[MigrateOperation] = []

    def invoke(self, operation: MigrateOperation) -> Any:
        self.recorded.append(operation)
        to_table = getattr(operation, "to_table", None)
        return to_table(self.migration_context) if to_table is not None and operation.sign == "+" else None

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(self.unknown(name))

    def unknown(self, name: str) -> str:
        """Return the message for a directive that does not exist, with the most similar one."""
        near = difflib.get_close_matches(name, [one for one in dir(self) if not one.startswith("_")], 1)
        return f"op has no {name!r}.{f' The nearest is {near[0]}.' if near else ''}"

    def get_bind(self) -> NoReturn:
        raise NeedsConnection

    def get_context(self) -> NoReturn:
        raise NeedsConnection

    @contextmanager
    def batch_alter_table(  # the options of the rebuild do not change the recorded operations
        self, table_name: str, schema: str | None = None, *_: Any, **options: Any
    ) -> Iterator[Any]:
        yield _BatchRecorder(self.migration_context, RecordingImpl(self.impl, Batch(table_name, schema)), self.recorded)


def record(source: str, dialect: Dialect, function: str = "upgrade") -> Recording:
    """Run a function of a module's source in a new namespace (``op``, ``sa``) and return its operations.

    Raises CommandError, with the line, where the code fails.
    """
    recorder = Recorder(dialect)
    namespace: dict[str, Any] = {"__name__": "migration", "op": recorder, "sa": sa}
    try:
        exec(compile(source, _FILE, "exec"), namespace)  # noqa: S102 - the person's own cell
        namespace[function]()
    except NeedsConnection:
        return Recording(UpgradeOps(recorder.recorded), complete=False)
    except CommandError:
        raise
    except Exception as error:
        raise CommandError(
            f"{function}() fails{_line_of(error, source)}: {type(error).__name__}: {error}. Nothing was written."
        ) from error
    return Recording(UpgradeOps(recorder.recorded))


def record_script(script: Script, dialect: Dialect, function: str = "upgrade") -> Recording:
    """Run a function of a version file with an ``op`` that only records, and return its operations.

    Its output is discarded. Raises CommandError where the file or its function fails.
    """
    recorder = Recorder(dialect)
    try:
        with current_operations.installed(recorder), alias(), redirect_stdout(io.StringIO()):
            getattr(script.module, function)()
    except NeedsConnection:
        return Recording(UpgradeOps(recorder.recorded), complete=False)
    except CommandError:
        raise
    except Exception as error:
        raise CommandError(f"{function}() of {script.revision} fails: {type(error).__name__}: {error}") from error
    return Recording(UpgradeOps(recorder.recorded))


def _line_of(error: Exception, source: str) -> str:
    """Return the statement of the cell at which an error arose."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _FILE]
    lines = source.splitlines()
    number = frames[-1].lineno if frames else None
    return f" at `{lines[number - 1].strip()}`" if number and number <= len(lines) else ""
