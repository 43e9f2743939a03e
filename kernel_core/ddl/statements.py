"""Run a statement after checking it, or print it into an offline script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import Any, ClassVar, TextIO

from sqlalchemy import Table, column, schema
from sqlalchemy import table as sa_table
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import CompileError, IdentifierError, UnsupportedCompilationError
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.sql.expression import TableClause

from ..operations.ddl_formatting import CannotCompile
from ..operations.direct_ddl import DirectDDL
from ..util.exc import CommandError, shortened
from ..util.sql import refuse_nul, tabs_as_spaces
from ..util.sqla_compat import (
    TextByDialect,
    compiled_by,
    for_running,
    for_scripts,
    has_parameters,
    has_schema_hooks,
    literal_text,
    typed_text,
)
from .queue import StatementQueue
from .scriptconnection import ScriptConnection


class RunsStatements:
    """The part of `DefaultImpl` that runs or prints statements, and begins and ends transactions."""

    transactional_ddl: bool = False
    marks_transactions: ClassVar[bool] = False
    """Whether a lost savepoint shows, after a failure, that the revision has committed implicitly."""
    group_size: ClassVar[int] = 1000
    """How many revisions may share a transaction at most."""
    may_fail_in_groups: ClassVar[bool] = False
    """Whether a statement may fail only because several revisions share a transaction."""
    has_journal: ClassVar[bool] = False
    """Whether runs note in a table what they have committed in the middle of a revision."""
    command_terminator: ClassVar[str] = ";"
    script_breaks: ClassVar[re.Pattern[str] | None] = None
    """Lines that end a statement for the client that runs a script, even inside quotes."""

    def __init__(
        self,
        dialect: Dialect,
        connection: Connection | None,
        as_sql: bool,
        transactional_ddl: bool | None,
        output_buffer: TextIO | None,
        context_opts: Mapping[str, Any],
    ) -> None:
        self.dialect, self._connection, self.as_sql = dialect, connection, as_sql
        self.output_buffer, self.context_opts = output_buffer, context_opts
        if transactional_ddl is not None:
            self.transactional_ddl = transactional_ddl
        # As the ``_ddl_runner`` of SQLAlchemy's events: its enum types note here which of them are created.
        self.memo: dict[object, object] = {}
        self.queue: StatementQueue | None = None
        """Takes the DDL of `run_text` while revisions of which nothing is read share a transaction."""

    @property
    def connection(self) -> Connection | None:
        """The connection, on which everything that was queued is run first; None offline."""
        if self.queue is not None and self._connection is not None:
            self.queue.make_way(self._connection)
        return self._connection

    @connection.setter
    def connection(self, connection: Connection | None) -> None:
        self._connection = connection

    @property
    def bind(self) -> Any:
        """The connection; offline a `ScriptConnection`; None where there is neither."""
        return ScriptConnection(self.dialect, self.execute) if self.as_sql else self.connection

    def catalog(self) -> Connection | None:
        """Return the connection from which definitions are read; None offline, where most databases have none."""
        return None if self.as_sql else self.connection

    # Statements

    @property
    def direct_ddl(self) -> DirectDDL | None:
        """Writes DDL of plain objects as text; None where custom code takes part: a dialect, a hook, a listener."""
        if not self._is_known or has_schema_hooks():
            return None
        return self._direct_ddl if self.as_sql or _runs_text(self._connection) else None

    @cached_property
    def _direct_ddl(self) -> DirectDDL:
        return DirectDDL(self.checking_dialect if self.as_sql else self.running_dialect)

    @cached_property
    def _is_known(self) -> bool:
        """Whether this class is of this package, and the dialect of SQLAlchemy."""
        parts = (self.dialect.preparer, self.dialect.ddl_compiler, self.dialect.statement_compiler)
        classes = (type(self.dialect), type(self.dialect.type_compiler_instance), *parts)
        is_ours = type(self).__module__.startswith(f"{__package__}.")
        return is_ours and all(cls.__module__.startswith("sqlalchemy.") for cls in classes)

    def run_text(self, words: str) -> None:
        """Run, queue or print DDL that `direct_ddl` has written."""
        refuse_nul(words)
        if self.queue is not None:
            self.queue.texts.append(words)
            return
        if self.as_sql:
            self.print_statement(tabs_as_spaces(words, self.dialect).strip(), _DIRECT)
            return
        assert self.connection is not None, "online mode has a connection"
        self.connection.exec_driver_sql(words)

    def translated(self, schema: str | None) -> str | None:
        """Return the schema to which the connection's ``schema_translate_map`` translates another one."""
        options = {} if self._connection is None else self._connection.get_execution_options()
        found: str | None = (options.get("schema_translate_map") or {}).get(schema, schema)
        return found

    def static_output(self, text: str) -> None:
        """Print a statement of the offline script."""
        buffer = self.output_buffer
        assert buffer is not None, "offline mode has an output buffer"
        buffer.write(text + "\n\n")
        buffer.flush()

    def execute(self, sql: Executable | ClauseElement | str, execution_options: Mapping[str, Any] | None = None) -> Any:
        """Run a statement, or print it in offline mode with its values written out.

        No colon in a str starts a parameter, so that it may contain JSON and casts.
        """
        statement: Any = typed_text(sql) if isinstance(sql, str) else sql
        if self.as_sql:
            self._print(statement)
            return None
        assert self.connection is not None, "online mode has a connection"
        if isinstance(statement, schema.ExecutableDDLElement):
            checked = compiled_by(statement, self.running_dialect, refuse_nul)
            with self._compile_errors(statement):
                return self.connection.execute(checked, execution_options=execution_options)
        self.check(statement)
        return self.connection.execute(statement, execution_options=execution_options)

    def execute_sql(self, sql: str) -> None:
        """Run or print SQL as it is: no colon in it starts a parameter."""
        self.execute(literal_text(sql))

    def check(self, construct: ClauseElement) -> None:
        """Raise CommandError for a statement with a NUL, or with SQL in one part that would end the statement.

        Warns of a name that the database will truncate.
        """
        if isinstance(construct, TextClause):
            refuse_nul(construct.text)
        elif isinstance(construct, schema.ExecutableDDLElement):
            self.script_text(construct)
        else:
            refuse_nul(str(construct.compile(dialect=self.checking_dialect)))

    def _print(self, construct: ClauseElement) -> None:
        words = self.script_text(construct)
        if isinstance(construct, schema.ExecutableDDLElement):
            words = tabs_as_spaces(words, self.dialect)
        self.print_statement(words.strip(), construct)

    def print_statement(self, words: str, construct: ClauseElement) -> None:
        """Print the compiled ``words`` of ``construct``, with its terminator."""
        if words:
            if self.script_breaks is not None and not _is_custom_sql(construct):
                self._refuse_breaks(words, self.script_breaks)
            self._check_script(construct, words)
            self._print_client_settings(words)
            self.static_output(words if words.endswith(self.command_terminator) else self._terminated(words))

    def _refuse_breaks(self, words: str, breaks: re.Pattern[str]) -> None:
        """Raise CommandError where a line inside a name or string would end the statement for the script's client."""
        found = breaks.search(words)
        if found is not None:
            raise CommandError(
                f"A script for {self.dialect.name} cannot have the line {found.group().strip()!r} inside a name or "
                f"string: it ends the statement {shortened(words)} there. Leave that line out, or run it online."
            )

    def _terminated(self, words: str) -> str:
        """Return the statement with its terminator, which a comment on the last line must not swallow."""
        has_comment = "--" in words and "--" in words.rpartition("\n")[2] and self.command_terminator
        return words + ("\n" if has_comment else "") + self.command_terminator

    def _check_script(self, construct: ClauseElement, words: str) -> None:
        """Raise CommandError for a statement that a script cannot contain; for dialects with a batch separator."""

    def _print_client_settings(self, words: str) -> None:
        """Print what the client that runs the script needs before this statement; by default nothing."""

    def _refuse_separator(self, construct: ClauseElement, words: str, separator: str, option: str) -> None:
        """Raise CommandError for a value or name with a line that is the batch separator; custom SQL may have one."""
        is_custom = isinstance(construct, TextClause) and not has_parameters(construct)
        is_custom = is_custom and not isinstance(construct, TextByDialect)
        ends = re.compile(rf"\s*{re.escape(separator)}(\s+\d+)?;?\s*", re.IGNORECASE)  # sqlcmd: GO 5
        if separator and not is_custom and any(ends.fullmatch(line) for line in words.splitlines()):
            raise CommandError(
                f"A line of {words[:60]!r}… is {separator} and would end the statement there. "
                f"Choose another separator with the option {option}."
            )

    def script_text(self, construct: ClauseElement) -> str:
        """Return a statement for an offline script, with its values in place of placeholders.

        Raises CommandError where a parameter has no value, or a type whose values have no literal.
        """
        words = self._compiled(construct)
        refuse_nul(words)
        return words

    def _compiled(self, construct: ClauseElement) -> str:
        dialect = self.checking_dialect
        if isinstance(construct, schema.ExecutableDDLElement):
            with self._compile_errors(construct):
                return str(construct.compile(dialect=dialect))
        try:
            return str(construct.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        except CompileError as error:
            raise CommandError(
                f"A value cannot be written into the offline script: {error.args[0]}. "
                "Write the statement as text, or give each parameter its value with .bindparams()."
            ) from error

    @cached_property
    def running_dialect(self) -> Dialect:
        """The dialect that compiles DDL to run; it refuses the same as `checking_dialect`."""
        return for_running(self.dialect)

    @cached_property
    def checking_dialect(self) -> Dialect:
        """The dialect that compiles scripts; it refuses names and SQL that would change the statement's meaning."""
        return for_scripts(self.dialect)

    @contextmanager
    def _compile_errors(self, construct: ClauseElement) -> Iterator[None]:
        """Raise SQLAlchemy's errors of compilation as errors that name the database."""
        try:
            yield
        except CannotCompile:
            raise  # names the database already
        except CompileError as error:
            what: object = getattr(construct, "element", construct)
            name = getattr(what, "__visit_name__", type(what).__name__).replace("_", " ")
            why = "not supported." if isinstance(error, UnsupportedCompilationError) else error.args[0]
            raise CannotCompile(f"{self.dialect.name} has no SQL for this {name}: {why}") from error
        except IdentifierError as error:
            limit = self.dialect.max_identifier_length
            name = re.sub(r"^Identifier '(.*)' exceeds.*$", r"\1", str(error), flags=re.DOTALL)
            raise CommandError(
                f"The name {shortened(name)} is too long: {self.dialect.name} takes {limit} characters. Shorten it."
            ) from error

    def emit_begin(self) -> None:
        """Print the statement that begins a transaction."""
        self.static_output(f"BEGIN{self.command_terminator}")

    def emit_commit(self) -> None:
        """Print the statement that ends a transaction."""
        self.static_output(f"COMMIT{self.command_terminator}")

    def print_held(self) -> None:
        """Print the statements that an implementation holds back until COMMIT; by default there are none."""

    @contextmanager
    def begin_revision(self, connection: Connection) -> Iterator[None]:
        """Run the block in the transaction of one revision; an error rolls it back."""
        with connection.begin():
            yield

    def reading(self, connection: Connection) -> AbstractContextManager[None]:
        """Return a context manager for queries, which need no transaction where its begin and end take round trips."""
        return nullcontext()

    def close_results(self, connection: Connection) -> None:
        """Close the results that the code of a failed revision left open, where they hold locks; elsewhere nothing."""

    def start_migrations(self) -> None:
        """Prepare the database before the first revision of a run; a hook for third-party dialects."""

    def can_group(self, connection: Connection) -> bool:
        """Return whether several revisions may share a transaction, each after a savepoint."""
        return False

    def can_queue(self, connection: Connection) -> bool:
        """Return whether the driver sends a text of several statements, where the first error ends all."""
        return False

    def limit_statements(self, seconds: float) -> None:
        """Make each statement fail after ``seconds`` until COMMIT, where other sessions may wait for its locks."""

    def bulk_insert(
        self, table: Table | TableClause, rows: Sequence[Mapping[str, object]], multiinsert: bool = True
    ) -> None:
        """Insert rows; offline, one statement per row with its values written out."""
        place = self.translated(table.schema)
        if place != table.schema and not isinstance(table, Table):  # SQLAlchemy translates in a Table alone
            table = sa_table(table.name, *(column(each.name, each.type) for each in table.c), schema=place)
        if self.as_sql:
            for row in rows:
                self.execute(table.insert().values(_script_row(table, row)).inline())
        elif multiinsert and not any(isinstance(value, ClauseElement) for row in rows for value in row.values()):
            assert self.connection is not None, "online mode has a connection"
            if rows:
                self.check(table.insert())
                self.connection.execute(table.insert(), [dict(row) for row in rows])
        else:
            for row in rows:
                self.execute(table.insert().values(dict(row)))


_DIRECT = schema.ExecutableDDLElement()
"""The statement of which only the text is known."""


def _runs_text(connection: Connection | None) -> bool:
    """Return whether running the text of a statement is the same as running the statement itself.

    Listeners and asyncpg, which forgets prepared statements after DDL, need the statement.
    """
    if type(connection) is not Connection or connection.dialect.is_async:
        return False
    has_listeners = connection.dispatch.before_execute or connection.dispatch.after_execute
    return not has_listeners and not connection.get_execution_options().get("schema_translate_map")


def _is_custom_sql(construct: ClauseElement) -> bool:
    """Return whether the statement is SQL that a user wrote, who decides where it ends."""
    return isinstance(construct, (TextClause, schema.DDL)) and not isinstance(construct, TextByDialect)


def _script_row(table: Table | TableClause, row: Mapping[str, object]) -> dict[str, object]:
    """Return a row of an offline script, with the defaults that Python computes.

    Raises CommandError for a name that is not a column of the table.
    """
    for name in row:
        if name not in table.c:
            known = ", ".join(table.c.keys())
            raise CommandError(f"Table {table.name!r} has no column {name!r}. Its columns: {known}.")
    filled = dict(row)
    for each in table.c:
        default: Any = getattr(each, "default", None)
        if each.key not in row and default is not None and hasattr(default, "arg"):
            filled[each.key] = default.arg(None) if default.is_callable else default.arg
    return filled
