"""What every operation on one existing table shares."""

from __future__ import annotations

from .operation import MigrateOperation, Need, SourceWriter, key, without_empty


class AlterTableOp(MigrateOperation):
    """A change to one existing table, or to something of it."""

    alters_table = True

    def __init__(self, table_name: str, *, schema: str | None = None) -> None:
        self.table_name, self.schema = table_name, schema

    def requires(self) -> frozenset[Need]:
        return frozenset({self._table_need()})

    def _table_need(self) -> Need:
        return ("table", *key(self.schema, self.table_name))

    def _write(self, write: SourceWriter, directive: str, *args: object, **kw: object) -> str:
        """Write the call with the table's name and schema in front, or without both inside a batch."""
        if write.batch_table is not None:
            return write.call(directive, *args, **without_empty(kw))
        return write.call(directive, self.table_name, *args, **without_empty({"schema": self.schema} | kw))
