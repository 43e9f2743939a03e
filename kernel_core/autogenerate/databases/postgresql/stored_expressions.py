"""Expressions as PostgreSQL stores them: it creates temporary copies of the tables with the expressions on them.

Two statements do for all tables. The first is a program that the server runs: it creates one copy after the other,
collects what the catalog has of the expressions, and rolls the copy back, so that no lock is left. The second fetches
the result.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.sql.compiler import IdentifierPreparer

from ....util.sqla_compat import literal_text
from ..catalog import Arguments, Key, Options
from ..expression import Expression
from ..rules import Warn

_PROGRAM = """
DO {tag}
DECLARE
  tables CONSTANT jsonb := {tables};
  scratch jsonb;
  line text;
  reason text;
  texts jsonb;
  results jsonb := '[]';
BEGIN
  FOR scratch IN SELECT * FROM jsonb_array_elements(tables) LOOP
    reason := NULL;
    texts := '{{}}';
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
        SELECT coalesce(jsonb_object_agg(name, words), '{{}}') INTO texts FROM ({read}) AS found (name, words);
      END IF;
      RAISE SQLSTATE 'MIG00';
    EXCEPTION WHEN SQLSTATE 'MIG00' THEN
      results := results || jsonb_build_array(jsonb_build_object('reason', reason, 'texts', texts));
    END;
  END LOOP;
  PERFORM set_config('mig.results', CAST(results AS text), false);
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


def stored_expressions(
    connection: Connection, expressions: Sequence[Expression], warn: Warn | None
) -> dict[Expression, str | None]:
    """Return each expression as it is stored; None for one that is refused, for example for a type that does not exist.

    All expressions of a table are tried together; where one is refused, one by one, so that the others are stored.
    ``warn`` gets a message for a table that cannot be copied.
    """
    quote = connection.dialect.identifier_preparer
    tables: dict[Key, list[Expression]] = {}
    for expression in expressions:
        tables.setdefault(expression.table, []).append(expression)
    scratches = [_Scratch(of_table) for of_table in tables.values()]
    connection.execute(literal_text(_program([scratch.lines(quote) for scratch in scratches])))
    results = connection.execute(text("SELECT current_setting('mig.results')")).scalar_one()
    stored: dict[Expression, str | None] = {}
    for scratch, result in zip(scratches, json.loads(results), strict=True):
        if result["reason"] is not None and warn is not None:
            warn(_refusal(scratch, result["reason"]))
        stored |= {expression: result["texts"].get(name) for name, expression in scratch.names.items()}
    return stored


def _program(tables: Sequence[Options]) -> str:
    """Return the program for some tables; no quote in an expression can end its strings."""
    data = json.dumps(tables, ensure_ascii=False)
    tags = (f"$mig{number}$" for number in itertools.count())
    free = (tag for tag in tags if tag not in data)
    tag = next(free)
    inner = next(free)
    return _PROGRAM.format(tag=tag, tables=f"{inner}{data}{inner}", read=_READ)


def _refusal(scratch: _Scratch, reason: str) -> str:
    name = ".".join(part for part in scratch.table if part is not None)
    return (
        f'What "{name}" checks, computes or indexes cannot be compared where it is spelled in two ways: PostgreSQL '
        f"refuses a temporary table like it ({reason}). GRANT SELECT on it and TEMPORARY on the database to this role, "
        "or leave those plugins out with autogenerate_plugins."
    )


class _Scratch:
    """The expressions of one table, and the statements that put them on a temporary copy of it."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self.table, self.new_columns = expressions[0].table, expressions[0].new_columns
        self.names = {f"mig_expression_{place}": expression for place, expression in enumerate(expressions)}

    def lines(self, quote: IdentifierPreparer) -> Arguments:
        """Return the statements: one that creates the copy, and two ways to put the expressions on it."""
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
            action.format(name=name, sql=expression.sql, type=expression.type_)
            for name, expression in self.names.items()
            for action in _PUT.get(expression.kind, ())
        ]

    def _indexes(self) -> Iterator[str]:
        for name, expression in self.names.items():
            if expression.kind == "where":
                yield f"CREATE INDEX {name} ON pg_temp.mig_scratch ((1)) WHERE {expression.sql}"
