"""PostgreSQL: temporary tables like the real ones, all that is asked put on them, one question for the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.compiler import IdentifierPreparer

from ..compare.reflect import literal_text
from ..context import AutogenContext
from .question import Question

_READ = """
SELECT c.relname, con.conname,
       CASE con.contype WHEN 'c' THEN pg_get_expr(con.conbin, con.conrelid, true)
                        ELSE pg_get_constraintdef(con.oid, true) END
FROM pg_class c JOIN pg_constraint con ON con.conrelid = c.oid
WHERE c.relnamespace = pg_my_temp_schema() AND con.contype IN ('c', 'x')
UNION ALL
SELECT c.relname, ic.relname, pg_get_expr(i.indpred, i.indrelid, true)
FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class ic ON ic.oid = i.indexrelid
WHERE c.relnamespace = pg_my_temp_schema() AND i.indpred IS NOT NULL
  AND NOT EXISTS (SELECT FROM pg_constraint con WHERE con.conindid = ic.oid)
UNION ALL
SELECT c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid, true)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = pg_my_temp_schema() AND a.attgenerated <> ''"""

_PUT = {
    "check": "ADD CONSTRAINT {name} CHECK ({sql})",
    "computed": "ADD COLUMN {name} {type} GENERATED ALWAYS AS ({sql}) STORED",
    "exclude": "ADD CONSTRAINT {name} {sql}",
}


def ask_postgresql(
    context: AutogenContext, connection: Connection, questions: Sequence[Question]
) -> dict[Question, str | None]:
    """Return the answers; None for what the database refuses, such as SQL that speaks of a type that is not there.

    All is said at once; where something is refused, one after the other, so that the rest is answered.
    """
    quote = context.dialect.identifier_preparer
    scratches = [
        _Scratch(number, [each for each in questions if each.table == table])
        for number, table in enumerate(dict.fromkeys(question.table for question in questions))
    ]
    if not _says(connection, [line for scratch in scratches for line in scratch.at_once(quote)]):
        for line in (line for scratch in scratches for line in scratch.one_by_one(quote)):
            _says(connection, [line])
    said = {(table, name): words for table, name, words in connection.execute(text(_READ))}
    return {
        question: said.get((scratch.name, name)) for scratch in scratches for name, question in scratch.names.items()
    }


class _Scratch:
    """The questions about one table, and the statements that put them on a temporary one."""

    def __init__(self, number: int, questions: Sequence[Question]) -> None:
        self.name = f"mig_scratch_{number}"
        self.table, self.new_columns = questions[0].table, questions[0].new_columns
        self.names = {f"mig_question_{number}_{place}": question for place, question in enumerate(questions)}

    def at_once(self, quote: IdentifierPreparer) -> Iterator[str]:
        yield self._create(quote)
        parts = [*self._columns(quote), *self._parts()]
        if parts:
            yield f"ALTER TABLE pg_temp.{self.name} {', '.join(parts)}"
        yield from self._indexes()

    def one_by_one(self, quote: IdentifierPreparer) -> Iterator[str]:
        yield self._create(quote)
        for part in (*self._columns(quote), *self._parts()):
            yield f"ALTER TABLE pg_temp.{self.name} {part}"
        yield from self._indexes()

    def _create(self, quote: IdentifierPreparer) -> str:
        schema, table = self.table
        place = f"{quote.quote_schema(schema)}.{quote.quote(table)}" if schema else quote.quote(table)
        return f"CREATE TEMPORARY TABLE {self.name} (LIKE {place}) ON COMMIT DROP"

    def _columns(self, quote: IdentifierPreparer) -> list[str]:
        return [f"ADD COLUMN {quote.quote(name)} {type_}" for name, type_ in self.new_columns]

    def _parts(self) -> list[str]:
        return [
            _PUT[question.kind].format(name=name, sql=question.sql, type=question.type_)
            for name, question in self.names.items()
            if question.kind in _PUT
        ]

    def _indexes(self) -> list[str]:
        return [
            f"CREATE INDEX {name} ON pg_temp.{self.name} ((1)) WHERE {question.sql}"
            for name, question in self.names.items()
            if question.kind == "where"
        ]


def _says(connection: Connection, statements: Sequence[str]) -> bool:
    """Run statements in one savepoint; False where the database refuses one, and then none is left."""
    try:
        with connection.begin_nested():
            for statement in statements:
                connection.execute(literal_text(statement))
    except SQLAlchemyError:
        return False
    return True
