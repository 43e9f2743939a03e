"""PostgreSQL: temporary tables like the real ones, all that is asked put on them, two statements for all tables.

The first is a program that the server runs: it makes one table after the other, notes what was made of the questions,
and takes the table back, so that no lock stays. The second fetches the notes.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.sql.compiler import IdentifierPreparer

from ....util.sqla_compat import literal_text
from ...context import AutogenContext
from ..expression import Question

_PROGRAM = """
DO {tag}
DECLARE
  tables CONSTANT jsonb := {tables};
  scratch jsonb;
  line text;
  reason text;
  said jsonb;
  answers jsonb := '[]';
BEGIN
  FOR scratch IN SELECT * FROM jsonb_array_elements(tables) LOOP
    reason := NULL;
    said := '{{}}';
    BEGIN
      BEGIN
        EXECUTE scratch ->> 'create';
      EXCEPTION WHEN OTHERS THEN
        reason := SQLERRM;
      END;
      IF reason IS NULL THEN
        BEGIN
          FOR line IN SELECT * FROM jsonb_array_elements_text(scratch -> 'at_once') LOOP
            EXECUTE line;
          END LOOP;
        EXCEPTION WHEN OTHERS THEN
          FOR line IN SELECT * FROM jsonb_array_elements_text(scratch -> 'one_by_one') LOOP
            BEGIN
              EXECUTE line;
            EXCEPTION WHEN OTHERS THEN
              NULL;
            END;
          END LOOP;
        END;
        SELECT coalesce(jsonb_object_agg(name, words), '{{}}') INTO said FROM ({read}) AS found (name, words);
      END IF;
      RAISE SQLSTATE 'MIG00';
    EXCEPTION WHEN SQLSTATE 'MIG00' THEN
      answers := answers || jsonb_build_array(jsonb_build_object('reason', reason, 'said', said));
    END;
  END LOOP;
  PERFORM set_config('mig.answers', CAST(answers AS text), false);
END {tag}"""

_READ = """
SELECT con.conname, CASE con.contype WHEN 'c' THEN pg_get_expr(con.conbin, con.conrelid, true)
                                     ELSE pg_get_constraintdef(con.oid, true) END
FROM pg_constraint con
WHERE con.conrelid = CAST('pg_temp.mig_scratch' AS regclass) AND con.contype IN ('c', 'x')
UNION ALL
SELECT ic.relname, pg_get_expr(i.indpred, i.indrelid, true)
FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
WHERE i.indrelid = CAST('pg_temp.mig_scratch' AS regclass) AND i.indpred IS NOT NULL
  AND NOT EXISTS (SELECT FROM pg_constraint con WHERE con.conindid = ic.oid)
UNION ALL
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid, true)
FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = CAST('pg_temp.mig_scratch' AS regclass)"""

_PUT = {
    "check": ("ADD CONSTRAINT {name} CHECK ({sql})",),
    "computed": ("ADD COLUMN {name} {type} GENERATED ALWAYS AS ({sql}) STORED",),
    "exclude": ("ADD CONSTRAINT {name} {sql}",),
    "default": ("ADD COLUMN {name} {type}", "ALTER COLUMN {name} SET DEFAULT {sql}"),  # which does not evaluate it
}


def ask_postgresql(
    context: AutogenContext, connection: Connection, questions: Sequence[Question], warns: bool
) -> dict[Question, str | None]:
    """Return the answers; None for what the database refuses, such as SQL that speaks of a type that is not there.

    All about a table is said at once; where something is refused, one after the other, so that the rest is answered.
    A table that cannot be imitated is named in a warning.
    """
    quote = context.dialect.identifier_preparer
    tables: dict[Any, list[Question]] = {}
    for question in questions:
        tables.setdefault(question.table, []).append(question)
    scratches = [_Scratch(asked) for asked in tables.values()]
    connection.execute(literal_text(_program([scratch.lines(quote) for scratch in scratches])))
    notes = connection.execute(text("SELECT current_setting('mig.answers')")).scalar_one()
    answers: dict[Question, str | None] = {}
    for scratch, note in zip(scratches, json.loads(notes), strict=True):
        if note["reason"] is not None and warns:
            _warn_of_refusal(context, scratch, note["reason"])
        answers |= {question: note["said"].get(name) for name, question in scratch.names.items()}
    return answers


def _program(tables: Sequence[Mapping[str, Any]]) -> str:
    """Return the program for some tables; no quote in what is asked can end its texts."""
    data = json.dumps(tables, ensure_ascii=False)
    tags = (f"$mig{number}$" for number in itertools.count())
    free = (tag for tag in tags if tag not in data)
    tag = next(free)
    inner = next(free)
    return _PROGRAM.format(tag=tag, tables=f"{inner}{data}{inner}", read=_READ)


def _warn_of_refusal(context: AutogenContext, scratch: _Scratch, reason: str) -> None:
    name = ".".join(part for part in scratch.table if part is not None)
    context.warn(
        f'What "{name}" checks, computes or indexes cannot be compared where it is spelled in two ways: PostgreSQL '
        f"refuses a temporary table like it ({reason}). GRANT SELECT on it and TEMPORARY on the database to this role, "
        "or leave those plugins out with autogenerate_plugins.",
    )


class _Scratch:
    """The questions about one table, and the statements that put them on a temporary one."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.table, self.new_columns = questions[0].table, questions[0].new_columns
        self.names = {f"mig_question_{place}": question for place, question in enumerate(questions)}

    def lines(self, quote: IdentifierPreparer) -> dict[str, Any]:
        """Return the statements: the one that makes the table, and two ways to put the questions on it."""
        schema, table = self.table
        place = f"{quote.quote_schema(schema)}.{quote.quote(table)}" if schema else quote.quote(table)
        alter = "ALTER TABLE pg_temp.mig_scratch"
        parts, indexes = [*self._columns(quote), *self._parts()], list(self._indexes())
        return {
            "create": f"CREATE TEMPORARY TABLE mig_scratch (LIKE {place})",
            "at_once": [*([f"{alter} {', '.join(parts)}"] if parts else []), *indexes],
            "one_by_one": [*(f"{alter} {part}" for part in parts), *indexes],
        }

    def _columns(self, quote: IdentifierPreparer) -> list[str]:
        return [f"ADD COLUMN {quote.quote(name)} {type_}" for name, type_ in self.new_columns]

    def _parts(self) -> list[str]:
        return [
            action.format(name=name, sql=question.sql, type=question.type_)
            for name, question in self.names.items()
            for action in _PUT.get(question.kind, ())
        ]

    def _indexes(self) -> Iterator[str]:
        for name, question in self.names.items():
            if question.kind == "where":
                yield f"CREATE INDEX {name} ON pg_temp.mig_scratch ((1)) WHERE {question.sql}"
