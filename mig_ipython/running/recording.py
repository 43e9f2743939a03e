"""Run the code of a migration without a database, and note the operations that it calls for."""

from __future__ import annotations

import difflib
import io
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any, NoReturn

import sqlalchemy as sa

from kernel_core.alias import alias
from kernel_core.operations.base import BatchOperations, Operations, current_operations
from kernel_core.operations.batch import Batch, RecordingImpl
from kernel_core.operations.containers import UpgradeOps
from kernel_core.operations.operation import MigrateOperation
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import Script
from kernel_core.util.exc import CommandError

_FILE = "<%%migration>"


class AsksTheDatabase(Exception):
    """The code wants a connection, so what it goes on to do is not known beforehand."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The operations of a function, ``complete`` unless it asked for the database on the way."""

    operations: UpgradeOps
    complete: bool = True


class _BatchRecorder(BatchOperations):
    """The directives of a batch, noted."""

    def __init__(self, migration_context: Any, impl: RecordingImpl, noted: list[MigrateOperation]) -> None:
        super().__init__(migration_context, impl)
        self.noted = noted

    def invoke(self, operation: MigrateOperation) -> None:
        self.noted.append(operation)


class Recorder(Operations):
    """The directives, noted in ``noted`` instead of carried out."""

    def __init__(self, dialect: Any) -> None:
        options = {"as_sql": True, "output_buffer": io.StringIO()}
        super().__init__(MigrationContext.configure(dialect=dialect, opts=options))
        self.noted: list[MigrateOperation] = []

    def invoke(self, operation: MigrateOperation) -> Any:
        self.noted.append(operation)
        to_table = getattr(operation, "to_table", None)
        return to_table(self.migration_context) if to_table is not None and operation.sign == "+" else None

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(self.unknown(name))

    def unknown(self, name: str) -> str:
        """Return the sentence for a directive that does not exist, with the nearest one."""
        near = difflib.get_close_matches(name, [one for one in dir(self) if not one.startswith("_")], 1)
        return f"op has no {name!r}.{f' The nearest is {near[0]}.' if near else ''}"

    def get_bind(self) -> NoReturn:
        raise AsksTheDatabase

    def get_context(self) -> NoReturn:
        raise AsksTheDatabase

    @contextmanager
    def batch_alter_table(  # how the table is rebuilt changes nothing of what is noted
        self, table_name: str, schema: str | None = None, *_: Any, **options: Any
    ) -> Iterator[Any]:
        yield _BatchRecorder(self.migration_context, RecordingImpl(self.impl, Batch(table_name, schema)), self.noted)


def record(source: str, dialect: Any, function: str = "upgrade") -> Recording:
    """Run a function of a module's text in a namespace of its own (``op``, ``sa``) and return what it calls for.

    Raises CommandError, with the line, where the code fails.
    """
    recorder = Recorder(dialect)
    namespace: dict[str, Any] = {"__name__": "migration", "op": recorder, "sa": sa}
    try:
        exec(compile(source, _FILE, "exec"), namespace)  # noqa: S102 - the person's own cell
        namespace[function]()
    except AsksTheDatabase:
        return Recording(UpgradeOps(recorder.noted), complete=False)
    except CommandError:
        raise
    except Exception as error:
        raise CommandError(
            f"{function}() fails{_line_of(error, source)}: {type(error).__name__}: {error}. Nothing was written."
        ) from error
    return Recording(UpgradeOps(recorder.noted))


def record_script(script: Script, dialect: Any, function: str = "upgrade") -> Recording:
    """Run a function of a version file with an ``op`` that only notes, and return what it calls for.

    What it prints is not shown. Raises CommandError where the file or its function fails.
    """
    recorder = Recorder(dialect)
    try:
        with current_operations.installed(recorder), alias(), redirect_stdout(io.StringIO()):
            getattr(script.module, function)()
    except AsksTheDatabase:
        return Recording(UpgradeOps(recorder.noted), complete=False)
    except CommandError:
        raise
    except Exception as error:
        raise CommandError(f"{function}() of {script.revision} fails: {type(error).__name__}: {error}") from error
    return Recording(UpgradeOps(recorder.noted))


def _line_of(error: Exception, source: str) -> str:
    """Return the statement of the cell at which an error arose."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _FILE]
    lines = source.splitlines()
    number = frames[-1].lineno if frames else None
    return f" at `{lines[number - 1].strip()}`" if number and number <= len(lines) else ""
