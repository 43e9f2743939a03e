"""A copy in place of a table of SQLite, without the constraints that refuse a statement.

A constraint stays if the statement resolves its conflicts (https://sqlite.org/lang_conflict.html): what OR REPLACE
replaces, and OR IGNORE and ON CONFLICT leave out, is not in the way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

import sqlalchemy as sa
from sqlalchemy import Connection

from ....ddl.sqlite.create_table import Clause, ColumnText, TableText, parse_table
from ....operations.operation import MigrateOperation
from ....operations.ops import AlterColumnOp, CreateCheckConstraintOp, CreateIndexOp
from ....util.sql import in_quotes, tokens
from ....util.sqla_compat import executed_at_end
from ....util.sqla_compat.types import AnyType
from ..reader import Reader
from ..statements import operations_in
from ..tried_rows import VALUES
from ..written_tables import Write
from .keys import keys_of, keys_referring_to

Names = tuple[str, ...]
"""Names of columns."""

_ORIGINAL = "mig_rehearsed_original"
_UNIQUE = "UNIQUE constraint failed: "
_RESOLVED = frozenset({"IGNORE", "REPLACE"})
_STRICT: Mapping[str, AnyType] = {
    "INT": sa.INTEGER(),
    "INTEGER": sa.INTEGER(),
    "REAL": sa.REAL(),
    "TEXT": sa.TEXT(),
    "BLOB": sa.BLOB(),
}
"""The types of a STRICT table that refuse values (https://sqlite.org/stricttables.html)."""
_STORED = """
SELECT name, sql, is_temporary FROM (
  SELECT *, 1 AS is_temporary FROM sqlite_temp_master UNION ALL SELECT *, 0 FROM sqlite_master
) WHERE type = :type AND lower(tbl_name) = lower(:table) ORDER BY is_temporary DESC
"""


def put_copy(connection: Connection, write: Write, failed: Collection[str]) -> tuple[list[MigrateOperation], bool]:
    """Put a copy in place of a table, and return the operations that would add the constraints that it lacks.

    The second value is whether rows that are checked may not be in the table at the end: they are in `VALUES` then.
    ``failed`` are messages of duplicates, in lower case, that the statement makes although it resolves conflicts.
    Raises LookupError for a table that cannot be copied.
    """
    stored = connection.execute(sa.text(_STORED), {"type": "table", "table": write.table}).first()
    if stored is None:
        raise LookupError(write.table)
    name, sql, is_temporary = stored
    try:
        text = parse_table(sql)
    except ValueError:
        raise LookupError(name) from None
    text.name, text.temporary = name, bool(is_temporary)
    copy = _Copy(connection, write, frozenset(failed), text, text.without_rowid)
    copy.remove_constraints()
    copy.put()
    return copy.operations, copy.leaves_out


@dataclass(slots=True)
class _Copy:
    """The copy of one table: ``text`` is its definition, ``operations`` would add what it lacks.

    ``ignored`` are the columns without which a row is left out before anything is checked but the columns above it;
    ``required`` are those without which it is refused, ``replaced`` those that get a default in place of NULL.
    """

    connection: Connection
    write: Write
    failed: frozenset[str]
    text: TableText
    has_no_rowid: bool
    operations: list[MigrateOperation] = field(default_factory=list)
    leaves_out: bool = False
    ignored: list[str] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    _indexes: dict[str, str] = field(default_factory=dict)
    _keys: dict[Names, CreateIndexOp] = field(default_factory=dict)

    def remove_constraints(self) -> None:
        """Leave out the constraints that would refuse the statement again, foreign keys, and STRICT."""
        self.operations += keys_of(self.connection, self.text.name, self.text.sql())
        self.operations += keys_referring_to(self.connection, self.text.name, self._changes())
        self._read_indexes()
        self.leaves_out |= bool(self.write.upsert) or self.write.conflict in _RESOLVED
        is_strict = "STRICT" in (token.keyword for token in tokens(self.text.options, "sqlite"))
        for column in self.text.columns:
            if is_strict:
                self._note_type(column)
            if is_strict and column.type_text.upper() == "ANY":
                column.type_text = ""  # it converts no value
            column.clauses = [each for each in column.clauses if self._keeps(each, column)]
        self.text.constraints = [each for each in self.text.constraints if self._keeps(each, None)]
        self.text.set_option("STRICT", wanted=False)

    def _changes(self) -> set[str]:
        """Return what the statement may do to rows that others refer to: update them, delete them."""
        words = {token.keyword for token in tokens(self.text.sql(), "sqlite")}
        replaces = "REPLACE" in {self.write.conflict} | words
        return {
            *(["update"] if "UPDATE" in (self.write.word, self.write.upsert) else []),
            *(["delete"] if replaces else []),
        }

    def _note_type(self, column: ColumnText) -> None:
        """Note the values that a column of a STRICT table refuses; SQLite 3.40 does not check what it computes."""
        type_ = _STRICT.get(column.type_text.upper())
        if type_ is not None and not column.is_generated:
            operation = AlterColumnOp(self.text.name, column.name, modify_type=type_)
            operation.kw["sqlite_strict"] = True
            self.operations.append(operation)

    def put(self) -> None:
        """Put the copy in place of the table, with the rowids, and with the indexes and triggers under their names."""
        name, run = in_quotes(self.text.name), self.connection.exec_driver_sql
        columns = [row[1] for row in run(f"PRAGMA table_info({name})")]  # without those that are computed
        rowids = [each for each in ("rowid", "_rowid_", "oid") if not self.text.has_column(each)]
        columns += rowids[:1] if not self.has_no_rowid and not self.text.has_rowid_alias else []
        triggers = self.connection.execute(sa.text(_STORED), {"type": "trigger", "table": self.text.name}).all()
        before = run("PRAGMA legacy_alter_table").scalar()
        run("PRAGMA legacy_alter_table = ON")  # views, and the triggers of other tables, keep the name
        with executed_at_end(self.connection, f"PRAGMA legacy_alter_table = {before}"):
            run(f"ALTER TABLE {name} RENAME TO {_ORIGINAL}")
        for index in self._indexes:
            run(f"DROP INDEX {in_quotes(index)}")
        for trigger, *_ in triggers:
            run(f"DROP TRIGGER {in_quotes(trigger)}")
        listed = ", ".join(map(in_quotes, columns))
        run(self.text.sql())
        run(f"INSERT INTO {name} ({listed}) SELECT {listed} FROM {_ORIGINAL}")
        for sql in (*self._indexes.values(), *(sql for _, sql, _ in triggers)):
            run(sql)
        if self.leaves_out:
            self._keep_values([column.name for column in self.text.columns])
        self._refuse_both()

    def _keep_values(self, columns: Iterable[str]) -> None:
        """Keep the rows that the statement tries to write in a table, by a trigger: it sees no default."""
        run, listed = self.connection.exec_driver_sql, ", ".join(map(in_quotes, columns))
        run(f"CREATE TABLE {VALUES} AS SELECT {listed} FROM {in_quotes(self.text.name)} WHERE 0")
        values = ", ".join(f"coalesce(NEW.{in_quotes(each)}, {self.replaced.get(each, 'NULL')})" for each in columns)
        checked = " AND ".join(f"NEW.{in_quotes(each)} IS NOT NULL" for each in self.ignored) or "1"
        run(
            f"CREATE TRIGGER {VALUES}_kept BEFORE {self.write.word} ON {in_quotes(self.text.name)} WHEN {checked} "
            f"BEGIN INSERT INTO {VALUES} ({listed}) VALUES ({values}); END"
        )

    def _refuse_both(self) -> None:
        """Let a row fail that is refused, and not found because it would be left out: it lacks two columns."""
        places = {column.name: place for place, column in enumerate(self.text.columns)}
        for number, (one, other) in enumerate(product(self.required, self.ignored)):
            if places[one] < places[other]:
                lacks = " AND ".join(f"NEW.{in_quotes(each)} IS NULL" for each in (one, other))
                event = f"BEFORE {self.write.word} ON {in_quotes(self.text.name)} WHEN {lacks}"
                body = f"SELECT RAISE(ABORT, 'both are missing: {number}')"
                self.connection.exec_driver_sql(f"CREATE TRIGGER {VALUES}_{number} {event} BEGIN {body}; END")

    def _read_indexes(self) -> None:
        """Read the unique keys: those of constraints for `_keeps`, the others are left out or put again."""
        run, name = self.connection.exec_driver_sql, self.text.name
        listed = run(f"PRAGMA index_list({in_quotes(name)})").all()
        for _, index, is_unique, origin, is_partial in listed:
            parts = [row for row in run(f"PRAGMA index_xinfo({in_quotes(index)})").all() if row[5]]
            names, is_plain = tuple(str(row[2]) for row in parts), all(row[2] is not None for row in parts)
            operations: list[MigrateOperation] = []
            if is_unique and is_plain and not is_partial:
                values = [_part(row[2], row[4]) for row in parts]
                self._keys[_lowered(names)] = CreateIndexOp("index", name, values, unique=True)
                operations = [self._keys[_lowered(names)]]
            if is_unique and origin == "c":
                sql = self.connection.execute(
                    sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = :index"), {"index": index}
                ).scalar_one()
                if self._resolves("", _duplicate(name, names) if is_plain else f"{_UNIQUE}index '{index}'"):
                    self._indexes[index] = sql
                else:
                    self.operations += operations or operations_in(sql, self.connection.dialect)

    def _resolves(self, conflict: str, message: str) -> bool:
        """Return whether the statement leaves out or replaces duplicates, unless it has failed with this message."""
        is_resolved = bool(self.write.upsert) or (self.write.conflict or conflict) in _RESOLVED
        is_resolved = is_resolved and message.lower() not in self.failed
        self.leaves_out |= is_resolved
        return is_resolved

    def _keeps(self, clause: Clause, column: ColumnText | None) -> bool:
        """Return whether the copy has a constraint; note what would add it, if not."""
        name, conflict = self.text.name, self.write.conflict or _conflict(clause)
        if clause.kind == "CHECK" and self.write.conflict != "IGNORE":
            self.operations.append(CreateCheckConstraintOp(None, name, _condition(clause)))
            return False
        if clause.kind == "NOT NULL" and column is not None:
            if conflict == "IGNORE":
                self.ignored.append(column.name)
                return True
            default = column.clause("DEFAULT")
            if conflict == "REPLACE" and default is not None:
                self.replaced[column.name] = _after("DEFAULT", default)
                return True
            self.operations.append(AlterColumnOp(name, column.name, modify_nullable=False))
            self.required.append(column.name)
            return False
        if clause.kind in ("UNIQUE", "PRIMARY KEY"):
            columns = (column.name,) if column is not None else tuple(clause.columns())
            return self._keeps_key(clause, columns, conflict)
        return clause.kind != "FOREIGN KEY"

    def _keeps_key(self, clause: Clause, columns: Names, conflict: str) -> bool:
        is_key, message = clause.kind == "PRIMARY KEY", _duplicate(self.text.name, columns)
        gives_rowids = is_key and not self.has_no_rowid and self.text.has_rowid_alias
        if self._resolves(conflict, message) or (gives_rowids and message.lower() not in self.failed):
            return True
        found = self._keys.get(_lowered(columns))
        self.operations.append(found or CreateIndexOp("index", self.text.name, list(columns), unique=True))
        if is_key and self.has_no_rowid:
            self.text.set_option("WITHOUT ROWID", wanted=False)
            names = [each.name for each in self.text.columns if each.name.lower() in _lowered(columns)]
            self.operations += [AlterColumnOp(self.text.name, each, modify_nullable=False) for each in names]
            self.required += names
        return False


def _lowered(names: Iterable[str]) -> Names:
    return tuple(name.lower() for name in names)


def _duplicate(table: str, columns: Iterable[str]) -> str:
    """Return the message of the database for two rows with the same values."""
    return _UNIQUE + ", ".join(f"{table}.{column}" for column in columns)


def _part(name: str, collation: str) -> str | sa.TextClause:
    return name if collation == "BINARY" else sa.text(f"{in_quotes(name)} COLLATE {collation}".replace(":", r"\:"))


def _conflict(clause: Clause) -> str:
    """Return the word after ON CONFLICT."""
    words = _words(clause)
    return words[words.index("CONFLICT") + 1] if "CONFLICT" in words[:-1] else ""


def _after(word: str, clause: Clause) -> str:
    """Return what follows a keyword."""
    return clause.text[next(token.end for token in tokens(clause.text, "sqlite") if token.keyword == word) :]


def _words(clause: Clause) -> list[str]:
    return [token.keyword for token in tokens(clause.text, "sqlite")]


def _condition(clause: Clause) -> str:
    reader = Reader(clause.text, "sqlite")
    if reader.takes("CONSTRAINT"):
        reader.name()
    reader.takes("CHECK")
    return ", ".join(reader.parenthesised())
