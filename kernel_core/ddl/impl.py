"""How a database carries out what operations ask for: run now, or printed for later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, Literal, TextIO

from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, String, Table, schema, text
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.exc import CompileError, IdentifierError, UnsupportedCompilationError
from sqlalchemy.schema import Computed, Constraint, Identity
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import TypeEngine

from ..operations.kinds.column import (
    AddColumn,
    ColumnComment,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
    ComputedColumnDefault,
    DropColumn,
    IdentityColumnDefault,
)
from ..operations.kinds.table import RenameTable
from ..operations.statements import inline_foreign_keys
from ..util.exc import CommandError, UnsupportedOperation
from ..util.sqla_compat import compiled_by, for_running, for_scripts, has_parameters, is_type_bound, should_create
from ..util.sqltext import refuse_nul, shortened, tabs_as_spaces
from .defaulttext import defaults_differ
from .recreate.ways import RecreatesTables
from .rowtext import script_row
from .typetext import types_differ


class DefaultImpl(RecreatesTables):
    """The way of most databases; a dialect's own file overrides what it does differently.

    A subclass names its dialect, which registers it::

        class SnowflakeImpl(DefaultImpl):
            __dialect__ = "snowflake"
            transactional_ddl = True
    """

    __dialect__: ClassVar[str] = "default"
    transactional_ddl: bool = False
    needs_batch: ClassVar[bool] = False
    command_terminator: ClassVar[str] = ";"
    script_breaks: ClassVar[re.Pattern[str] | None] = None
    """Lines that end a statement for the program that runs a script, even inside quotes."""

    _by_dialect: ClassVar[dict[str, type[DefaultImpl]]] = {}

    def __init_subclass__(cls, **kw: Any) -> None:
        super().__init_subclass__(**kw)
        if "__dialect__" in cls.__dict__:
            DefaultImpl._by_dialect[cls.__dialect__] = cls

    @classmethod
    def get_by_dialect(cls, dialect: Dialect) -> type[DefaultImpl]:
        """Return the class for a dialect; an unknown dialect gets the common ways."""
        return cls._by_dialect.get(dialect.name, DefaultImpl)

    def __init__(
        self,
        dialect: Dialect,
        connection: Connection | None,
        as_sql: bool,
        transactional_ddl: bool | None,
        output_buffer: TextIO | None,
        context_opts: Mapping[str, Any],
    ) -> None:
        self.dialect, self.connection, self.as_sql = dialect, connection, as_sql
        self.output_buffer, self.context_opts = output_buffer, context_opts
        if transactional_ddl is not None:
            self.transactional_ddl = transactional_ddl
        self.memo: dict[Any, Any] = {}

    @property
    def bind(self) -> Connection | None:
        """The connection; None offline."""
        return None if self.as_sql else self.connection

    def _event_bind(self) -> Any:
        """What SQLAlchemy's DDL events get: the connection, or one that prints."""
        return MockConnection(self.dialect, self.execute) if self.as_sql else self.connection

    # Statements

    def static_output(self, text: str) -> None:
        """Print a statement of the offline script."""
        assert self.output_buffer is not None, "offline mode has an output buffer"
        self.output_buffer.write(text + "\n\n")
        self.output_buffer.flush()

    def execute(self, sql: Executable | ClauseElement | str, execution_options: Mapping[str, Any] | None = None) -> Any:
        """Run a statement, or print it in offline mode with its values written out.

        In a str a colon is a colon, so that JSON and casts may stand in it.
        """
        construct = text(re.sub(r"(?<!\\):", r"\:", sql)) if isinstance(sql, str) else sql
        if self.as_sql:
            self._print(construct)
            return None
        assert self.connection is not None, "online mode has a connection"
        if isinstance(construct, schema.ExecutableDDLElement):
            checked = compiled_by(construct, self.running_dialect, refuse_nul)
            with self._saying(construct):
                return self.connection.execute(checked, execution_options=execution_options)
        self.check(construct)
        statement: Any = construct
        return self.connection.execute(statement, execution_options=execution_options)

    def check(self, construct: Any) -> None:
        """Raise CommandError for a statement that would not be the one that is meant.

        It holds a NUL, or SQL that ends the statement where it only has a part. Warns of a name that will be cut.
        """
        if isinstance(construct, TextClause):
            refuse_nul(construct.text)
        elif isinstance(construct, schema.ExecutableDDLElement):
            self.script_text(construct)
        else:
            refuse_nul(str(construct.compile(dialect=self.checking_dialect)))

    def _print(self, construct: Any) -> None:
        words = self.script_text(construct)
        if isinstance(construct, schema.ExecutableDDLElement):
            words = tabs_as_spaces(words, self.dialect)
        words = words.strip()
        if words:
            if not _is_written_by_hand(construct):
                self._refuse_breaks(words)
            self._check_script(construct, words)
            self._announce(words)
            self.static_output(words if words.endswith(self.command_terminator) else self._terminated(words))

    def _refuse_breaks(self, words: str) -> None:
        """Raise CommandError where a line inside a name or text would end the statement for who runs the script."""
        found = self.script_breaks.search(words) if self.script_breaks is not None else None
        if found is not None:
            raise CommandError(
                f"A script for {self.dialect.name} cannot hold the line {found.group().strip()!r} inside a name or a "
                f"text: it ends the statement {shortened(words)} there. Leave that line out, or run it online."
            )

    def _terminated(self, words: str) -> str:
        """Return the statement with its terminator, which a comment on the last line must not swallow."""
        comment = "--" in words.rpartition("\n")[2] and self.command_terminator
        return words + ("\n" if comment else "") + self.command_terminator

    def _check_script(self, construct: Any, words: str) -> None:
        """Refuse what a script cannot hold as it is; a dialect with a word between statements looks for that."""

    def _announce(self, words: str) -> None:
        """Print what the program that runs the script must know before this statement; most need nothing."""

    def _refuse_separator(self, construct: Any, words: str, separator: str, option: str) -> None:
        """Refuse a value or name with a line that would end the statement in the middle; SQL of a person's own may."""
        own = isinstance(construct, TextClause) and not has_parameters(construct)
        ends = re.compile(rf"\s*{re.escape(separator)}(\s+\d+)?;?\s*", re.IGNORECASE)  # sqlcmd takes a count behind GO
        if separator and not own and any(ends.fullmatch(line) for line in words.splitlines()):
            raise CommandError(
                f"A line of {words[:60]!r}… says {separator} and would end the statement there. "
                f"Choose another separator with the option {option}."
            )

    def script_text(self, construct: Any) -> str:
        """Return a statement as it stands in an offline script: its values written out, no placeholder left.

        Raises CommandError where a parameter has no value, or its type cannot be written.
        """
        words = self._compiled(construct)
        refuse_nul(words)
        return words

    def _compiled(self, construct: Any) -> str:
        dialect = self.checking_dialect
        if isinstance(construct, schema.ExecutableDDLElement):
            with self._saying(construct):
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
        """The dialect as it writes DDL that is run; compiling with it refuses what `checking_dialect` refuses."""
        return for_running(self.dialect)

    @cached_property
    def checking_dialect(self) -> Dialect:
        """The dialect as it writes scripts; compiling with it refuses names and SQL that would not mean themselves."""
        return for_scripts(self.dialect)

    @contextmanager
    def _saying(self, construct: Any) -> Iterator[None]:
        """Turn SQLAlchemy's "cannot compile" into an error that names the database."""
        try:
            yield
        except CompileError as error:
            what = getattr(construct, "element", construct)
            what = getattr(what, "__visit_name__", type(what).__name__).replace("_", " ")
            why = "it has none." if isinstance(error, UnsupportedCompilationError) else error.args[0]
            raise UnsupportedOperation(f"{self.dialect.name} cannot say this {what}: {why}") from error
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

    @contextmanager
    def begin_revision(self, connection: Connection) -> Iterator[None]:
        """Run the block in the transaction of one revision; an error rolls it back."""
        with connection.begin():
            yield

    def start_migrations(self) -> None:
        """Do what this database needs once before the first revision of a run; a dialect of its own may."""

    def can_group(self, connection: Connection) -> bool:
        """Tell whether several revisions may share a transaction here, each behind a savepoint of its own."""
        return False

    # The version table

    def version_table_impl(
        self, *, version_table: str, version_table_schema: str | None, version_table_pk: bool, **kw: Any
    ) -> Table:
        """Return the table that says where the database stands; a dialect may want other types."""
        table = Table(
            version_table, MetaData(), Column("version_num", String(32), nullable=False), schema=version_table_schema
        )
        if version_table_pk:
            table.append_constraint(PrimaryKeyConstraint("version_num", name=f"{version_table}_pkc"))
        return table

    # Tables

    def create_table(self, table: Table, **kw: Any) -> None:
        """Create a table with its types, indexes and comments."""
        events = {"checkfirst": not self.as_sql, "_ddl_runner": self}
        table.dispatch.before_create(table, self._event_bind(), **events)
        self.execute(schema.CreateTable(table, **kw))
        table.dispatch.after_create(table, self._event_bind(), **events)
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            self.create_index(index)
        if self.dialect.supports_comments and not self.dialect.inline_comments:
            if table.comment:
                self.create_table_comment(table)
            for column in table.columns:
                if column.comment:
                    self.create_column_comment(column)

    def drop_table(self, table: Table, **kw: Any) -> None:
        """Drop a table."""
        events = {"checkfirst": not self.as_sql, "_ddl_runner": self}
        table.dispatch.before_drop(table, self._event_bind(), **events)
        self.execute(schema.DropTable(table, **kw))
        table.dispatch.after_drop(table, self._event_bind(), **events)

    def rename_table(self, old_table_name: str, new_table_name: str, schema: str | None = None) -> None:
        """Give a table another name."""
        self.execute(RenameTable(old_table_name, new_table_name, schema=schema))

    def create_table_comment(self, table: Table) -> None:
        """Set a table's comment."""
        self.execute(schema.SetTableComment(table))

    def change_table_comment(self, table: Table, existing_comment: str) -> None:
        """Set the comment of a table that has another one; most databases do both with one statement."""
        self.create_table_comment(table)

    def drop_table_comment(self, table: Table) -> None:
        """Take a table's comment away."""
        self.execute(schema.DropTableComment(table))

    def create_column_comment(self, column: Column[Any]) -> None:
        """Set a column's comment."""
        self.execute(schema.SetColumnComment(column))

    # Columns

    def add_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        **kw: Any,
    ) -> Iterable[Constraint] | None:
        """Add a column; returns the constraints that the statement stated itself, which are then not added again."""
        self.execute(
            AddColumn(
                table_name,
                column,
                schema=schema,
                if_not_exists=if_not_exists,
                inline_references=inline_references,
                inline_primary_key=inline_primary_key,
            )
        )
        if column.comment and self.dialect.supports_comments and not self.dialect.inline_comments:
            self.create_column_comment(column)
        return inline_foreign_keys(column) if inline_references else None

    def drop_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Drop a column."""
        self.execute(DropColumn(table_name, column, schema=schema, if_exists=if_exists))

    def alter_column(
        self,
        table_name: str,
        column_name: str,
        *,
        nullable: bool | None = None,
        server_default: Any = False,
        name: str | None = None,
        type_: TypeEngine[Any] | None = None,
        schema: str | None = None,
        comment: str | Literal[False] | None = False,
        existing_type: TypeEngine[Any] | None = None,
        existing_server_default: Any = None,
        existing_nullable: bool | None = None,
        existing_comment: str | None = None,
        **kw: Any,
    ) -> None:
        """Change what is given of a column, one statement each; the new name comes last."""
        known: dict[str, Any] = {
            "schema": schema,
            "existing_type": existing_type,
            "existing_server_default": existing_server_default,
            "existing_nullable": existing_nullable,
            "existing_comment": existing_comment,
        }
        plain = not any(isinstance(each, (Computed, Identity)) for each in (server_default, existing_server_default))
        if server_default is not False and type_ is not None and plain:
            # A default that does not fit the new type would stop the change of type.
            self.execute(ColumnDefault(table_name, column_name, None, **known))
        if type_ is not None:
            self.execute(self.column_type(table_name, column_name, type_, known, kw))
        if nullable is not None:
            self.execute(ColumnNullable(table_name, column_name, nullable, **known))
        if server_default is not False and not (server_default is None and type_ is not None and plain):
            self.execute(self.column_default(table_name, column_name, server_default, known))
        if comment is not False and self.dialect.supports_comments:
            self.execute(ColumnComment(table_name, column_name, comment or None, **known))
        if name is not None:
            self.execute(ColumnName(table_name, column_name, name, **known))

    def column_default(
        self, table_name: str, column_name: str, default: Any, known: Mapping[str, Any]
    ) -> ClauseElement:
        """Return the statement that changes a default, or what a column computes, or its identity."""
        both = (default, known["existing_server_default"])
        if any(isinstance(each, Computed) for each in both):
            return ComputedColumnDefault(table_name, column_name, default, **known)
        if any(isinstance(each, Identity) for each in both):
            return IdentityColumnDefault(table_name, column_name, default, self, **known)
        return ColumnDefault(table_name, column_name, default, **known)

    def column_type(
        self,
        table_name: str,
        column_name: str,
        type_: TypeEngine[Any],
        known: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> ClauseElement:
        """Return the statement that changes a type; a dialect may take its own ``options``."""
        return ColumnType(table_name, column_name, type_, **known)

    # Constraints and indexes

    def add_constraint(self, const: Constraint) -> None:
        """Add a constraint, unless its type says that this database does not need it."""
        if should_create(const, self.dialect):
            self.execute(schema.AddConstraint(const))

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Drop a constraint by its name; the CHECK of a type only where this database makes it."""
        if is_type_bound(const) and not should_create(const, self.dialect):
            return
        if const.name is None:
            raise UnsupportedOperation(
                f"A constraint of {const.table.name} has no name and cannot be dropped by one. "
                "Name it, or give its MetaData a naming convention."
            )
        self.execute(schema.DropConstraint(const, **kw))

    def create_index(self, index: Index, **kw: Any) -> None:
        """Create an index."""
        self.execute(schema.CreateIndex(index, **kw))

    def drop_index(self, index: Index, **kw: Any) -> None:
        """Drop an index."""
        self.execute(schema.DropIndex(index, **kw))

    # Comparison

    def compare_type(self, inspector_column: Column[Any], metadata_column: Column[Any]) -> bool:
        """Tell whether the database's type differs from the model's."""
        return types_differ(self.dialect, inspector_column.type, metadata_column.type)

    def compare_server_default(
        self,
        inspector_column: Column[Any],
        metadata_column: Column[Any],
        rendered_metadata_default: str | None,
        rendered_inspector_default: str | None,
    ) -> bool:
        """Tell whether the database's default differs from the model's."""
        return defaults_differ(rendered_inspector_default, rendered_metadata_default)

    def correct_for_autogen_constraints(
        self,
        conn_uniques: set[Any],
        conn_indexes: set[Any],
        metadata_unique_constraints: set[Any],
        metadata_indexes: set[Any],
    ) -> None:
        """Take out of the sets what this database shows differently but means the same."""

    def constraint_name(self, constraint: Constraint) -> str | None:
        """Return the name by which a reflected constraint can be dropped; None where it has none."""
        return None if constraint.name is None else str(constraint.name)

    def autogen_column_reflect(self, inspector: Any, table: Table, column_info: dict[str, Any]) -> None:
        """Correct a reflected column before it is compared."""

    def render_type(self, type_obj: TypeEngine[Any], autogen_context: Any) -> str | bool:
        """Return how a type of this dialect is written as Python; False for the common way."""
        return False

    def bulk_insert(
        self, table: Table | TableClause, rows: Sequence[Mapping[str, Any]], multiinsert: bool = True
    ) -> None:
        """Insert rows; offline, one statement a row with its values written out."""
        if self.as_sql:
            for row in rows:
                self.execute(table.insert().values(script_row(table, row)).inline())
        elif multiinsert and not any(isinstance(value, ClauseElement) for row in rows for value in row.values()):
            assert self.connection is not None, "online mode has a connection"
            if rows:
                self.check(table.insert())
                self.connection.execute(table.insert(), [dict(row) for row in rows])
        else:
            for row in rows:
                self.execute(table.insert().values(dict(row)))


def _is_written_by_hand(construct: Any) -> bool:
    """Tell whether a person wrote the statement itself; what ends it is theirs to say."""
    return isinstance(construct, (TextClause, schema.DDL))
