"""SQL statements: ``op.execute()``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase

from ...util.exc import IrreversibleOperation
from ...util.sql import grammar_of, lex, likely_grammar
from ...util.sqla_compat import shown_sql
from ..base import Operations
from ..batch_directives import batch_directive
from ..fields import Field
from ..operation import DiffTuple, Hint, MigrateOperation, SourceWriter, without_empty
from ..registry import operation_of
from ..schema_state import SchemaState
from ..sql_effects import apply_sql


@Operations.register_operation("execute")
@batch_directive("execute", "Run a statement immediately, before the changes that the batch collects.")
class ExecuteSQLOp(MigrateOperation):
    """Run an SQL statement, a text or a SQLAlchemy construct.

        ExecuteSQLOp("UPDATE users SET nick = name", reverse_sql="UPDATE users SET nick = NULL")

    ``reverse_sql`` is the statement that undoes it; without one it cannot be reversed.
    """

    json_name = "execute"

    reverse_remedy = "Create it with ExecuteSQLOp(sql, reverse_sql=...)."
    """The remedy in the error about a missing ``reverse_sql``; a review has another one."""

    fields = (
        Field("sqltext", "sql", label="SQL"),
        Field("reverse_sql", "sql", label="SQL that undoes it", optional=True),
    )

    def __init__(
        self,
        sqltext: Executable | str,
        *,
        execution_options: Mapping[str, object] | None = None,
        reverse_sql: Executable | str | None = None,
    ) -> None:
        self.sqltext, self.execution_options, self.reverse_sql = sqltext, execution_options, reverse_sql

    @classmethod
    def execute(
        cls, operations: Operations, sqltext: Executable | str, *, execution_options: Mapping[str, object] | None = None
    ) -> None:
        """Run a statement.

            op.execute("UPDATE users SET nick = name")

        A str has no parameters: a colon in it is a colon. Use ``sqlalchemy.text`` or a Core construct for parameters;
        in offline mode their values are rendered into the script.
        """
        known = operation_of(sqltext) if execution_options is None else None
        operations.invoke(known or cls(sqltext, execution_options=execution_options))

    def apply(self, operations: Operations) -> None:
        operations.migration_context.impl.execute(self.sqltext, execution_options=self.execution_options)

    def apply_to(self, schema: SchemaState) -> None:
        """Change nothing for a statement about rows, and follow a few others; raises UnknownEffect for the rest."""
        if not isinstance(self.sqltext, (UpdateBase, SelectBase)):
            apply_sql(self.text, schema)

    def reverse(self) -> ExecuteSQLOp:
        if self.reverse_sql is None:
            reason = f"the SQL that undoes it is not known. {self.reverse_remedy}"
            raise IrreversibleOperation(self.sentence(), reason)
        return ExecuteSQLOp(self.reverse_sql, execution_options=self.execution_options, reverse_sql=self.sqltext)

    def render(self, write: SourceWriter) -> str:
        return write.call("execute", self.sqltext, **without_empty({"execution_options": self.execution_options}))

    @property
    def text(self) -> str:
        """The statement as text; with the names of its parameters, if a value cannot be written as text."""
        return shown_sql(self.sqltext)

    def sentence(self) -> str:
        words = " ".join(self.text.split())
        return f"Run SQL: {words if len(words) <= 80 else words[:79] + '…'}"

    def slug(self) -> str:
        return "run_sql"

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        lossy = _lossy(self.text, dialect_name)
        return (Hint("loses data", f"it uses {lossy}"),) if lossy else ()

    def to_diff_tuple(self) -> DiffTuple:
        return ("execute", self.sqltext)

    @classmethod
    def example(cls) -> Self:
        return cls("UPDATE users SET name = 'a:b'", reverse_sql="UPDATE users SET name = NULL")


_HARMLESS = (
    "VIEW|MATERIALIZED|INDEX|FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|TRIGGER|EVENT|RULE|POLICY|TYPE|DOMAIN|CAST|OPERATOR"
    "|COLLATION|CONVERSION|STATISTICS|ROLE|USER|PUBLICATION|SUBSCRIPTION|TEXT|SYNONYM|LANGUAGE|ACCESS|TRANSFORM"
)
"""Kinds of objects that contain no rows: definitions, and what is computed from tables."""
_HOLDS_NO_ROWS = "CONSTRAINT|INDEX|KEY|PRIMARY|FOREIGN|CHECK|DEFAULT|NOT|IDENTITY|EXPRESSION"
_LOSSY = (
    re.compile(r"(?:^|\(\s*)(DELETE|TRUNCATE)\b"),
    re.compile(rf"^(DROP\s+(?!(?:{_HARMLESS})\b)\w+)"),
    re.compile(r"^DROP\s+(?:TYPE|DOMAIN)\b.*\b(CASCADE)\b"),
    re.compile(rf"^ALTER\s+(?:FOREIGN\s+)?TABLE\b.*?\b(DROP\s+(?!(?:{_HOLDS_NO_ROWS})\b)(?:COLUMN|PARTITION)?)"),
)


def _lossy(sql: str, dialect_name: str = "default") -> str:
    """Return the words of SQL that lose rows or values; "" if there are none.

    >>> _lossy("DROP VIEW adults"), _lossy("ALTER TABLE users DROP COLUMN nick")
    ('', 'DROP COLUMN')
    """
    grammar = likely_grammar(sql) if dialect_name == "default" else grammar_of(dialect_name)
    words = {"text": " ", "comment": " ", "name": "quoted"}
    bare = "".join(words.get(token.kind, token.text) for token in lex(sql, grammar)).upper()
    for statement in bare.split(";"):
        for pattern in _LOSSY:
            found = pattern.search(" ".join(statement.split()))
            if found is not None:
                return " ".join(found[1].split())
    return ""
