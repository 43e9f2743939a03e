"""The rows that an INSERT with ON CONFLICT of PostgreSQL tries to write, also those that it leaves out.

NOT NULL and CHECK are checked for each row before its keys are compared. A trigger that fires after all others notes
the rows (https://www.postgresql.org/docs/current/trigger-definition.html).
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from ....util.sql import in_quotes
from ..tried_rows import VALUES

_IS_PLAIN = """
SELECT c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attgenerated <> '')
FROM pg_class c WHERE c.oid = to_regclass(:table)
"""
"""Not a partitioned table, whose partitions may have other columns, nor one with values that a trigger does not see."""


def notes_tries(connection: Connection, schema: str | None, table: str) -> bool:
    """Note the rows that are written to a table from now on in the table `VALUES`; return whether that is possible."""
    shown = ".".join(map(in_quotes, filter(None, (schema, table))))
    if not connection.execute(sa.text(_IS_PLAIN), {"table": shown}).scalar():
        return False
    note = f"BEGIN INSERT INTO pg_temp.{VALUES} SELECT NEW.*; RETURN NEW; END"
    events = f"BEFORE INSERT OR UPDATE ON {shown} FOR EACH ROW"
    for sql in (
        f"CREATE TEMPORARY TABLE {VALUES} AS SELECT * FROM {shown} WHERE false",
        f"CREATE FUNCTION pg_temp.{VALUES}() RETURNS trigger LANGUAGE plpgsql AS '{note}'",
        f'CREATE TRIGGER "~{VALUES}" {events} EXECUTE FUNCTION pg_temp.{VALUES}()',
    ):
        connection.exec_driver_sql(sql.replace("%", "%%"))
    return True
