"""Compare sequences: missing in the database, with other options, or no longer used by anything.

A sequence is dropped only where the default of a compared column took its numbers from it, and none does afterwards:
any other one may belong to another application.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.schema import CreateSequence, Sequence

from ...operations.kinds.column import AlterColumnOp, DropColumnOp
from ...operations.kinds.execute_sql import ExecuteSQLOp
from ...operations.kinds.sequence import CreateSequenceOp, options_of
from ...util.sql import sequence_of_default
from ..context import AutogenContext
from ..databases.catalog import Arguments, Key
from .changes import Changes
from .differences import Differences
from .reflect import Database


def compare_sequences(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Add the changes to sequences: created before the tables that use them, dropped after them."""
    wanted = _wanted(context, database)
    unused = _unused(context, database, differences) - wanted.keys()
    if not wanted and not unused:
        return
    assert context.connection is not None, "autogenerate has a connection"
    schemas = {schema for schema, _ in wanted.keys() | unused}
    there = context.rules.read_sequences(context.connection, context.inspector, schemas)
    for key, sequence in wanted.items():
        if key not in there:
            differences.before.append(CreateSequenceOp.from_sequence(sequence))
        else:
            differences.before.extend(_altered(context, sequence, there[key]))
    for schema, name in sorted(unused & there.keys(), key=lambda key: (key[0] or "", key[1])):
        creation = CreateSequenceOp(name, schema=schema, options=there[schema, name])
        differences.after.append(creation.reverse())


def _wanted(context: AutogenContext, database: Database) -> dict[Key, Sequence]:
    """Return the sequences of the metadata that this database creates, by schema and name."""
    dialect = context.dialect
    if not dialect.supports_sequences:
        return {}
    wanted = {}
    for metadata in context.metadatas:
        for sequence in metadata._sequences.values():  # noqa: SLF001 - SQLAlchemy has no public list of them
            if dialect.sequences_optional and sequence.optional:
                continue
            schema = sequence.schema if sequence.schema is not None else metadata.schema
            key = (None if schema == database.default_schema else schema, str(sequence.name))
            wanted[key] = sequence
    return dict(sorted(wanted.items(), key=lambda item: (item[0][0] or "", item[0][1])))


def _altered(context: AutogenContext, sequence: Sequence, there: Arguments) -> Iterator[ExecuteSQLOp]:
    """Yield ALTER SEQUENCE for the options of the metadata that differ in the database."""
    stated = {name: value for name, value in options_of(sequence).items() if name in there}
    after = {name: value for name, value in stated.items() if value != there[name]}
    if not after:
        return
    before = {name: there[name] for name in after}
    yield ExecuteSQLOp(_alter(context, sequence, after), reverse_sql=_alter(context, sequence, before))


def _alter(context: AutogenContext, sequence: Sequence, options: Arguments) -> str:
    changed = Sequence(str(sequence.name), schema=sequence.schema, **options)
    created = str(CreateSequence(changed).compile(dialect=context.dialect))
    return created.replace("CREATE SEQUENCE", "ALTER SEQUENCE", 1).replace("START WITH", "START", 1).strip()


def _unused(context: AutogenContext, database: Database, differences: Differences) -> set[Key]:
    """Return the sequences that only dropped or changed defaults used."""
    dropped = {each.table_key for each in differences.dropped}
    changed = {pair.info.key: _without_default(pair.changes) for pair in differences.tables if pair.changes}
    if not dropped and not any(changed.values()):
        return set()
    unused: set[Key] = set()
    kept: set[Key] = set()
    for info in database.infos.values():
        owned = [column.sequence.name for column in info.columns.values() if column.sequence is not None]
        kept |= {(info.key[0], name) for name in owned}  # it is created and dropped with its column
        is_dropped, columns = info.key in dropped, changed.get(info.key, frozenset())
        for name, column in info.columns.items():
            sequence = sequence_of_default(column.default)
            if sequence is not None:
                (unused if is_dropped or name in columns else kept).add(sequence.key(database.default_schema))
    return unused - kept


def _without_default(changes: Changes) -> frozenset[str]:
    """Return the columns of a table that are dropped, or get another default."""
    operations = changes.in_order()
    columns = {each.column_name for each in operations if isinstance(each, DropColumnOp)}
    altered = (each for each in operations if isinstance(each, AlterColumnOp))
    return frozenset(columns | {each.column_name for each in altered if each.modify_server_default is not False})
