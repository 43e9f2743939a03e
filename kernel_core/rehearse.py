"""Try a run on a throw-away copy of a database, and say what it did to the schema.

    trial = rehearse(connection, run)
    trial.changes            # (("+", "pets", "table pets"), ("~", "users", "column email VARCHAR(80)"), ...)

On SQLite the copy is made by its backup API. Elsewhere the run happens in a transaction that is rolled back, where the
database takes changes of tables back; then what it touches is locked until the trial ends.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Inspector, NullPool, create_engine, inspect
from sqlalchemy.engine import URL

from .ddl import DefaultImpl
from .runtime.run import RunReport
from .util.exc import CommandError

Schema = Mapping[str, tuple[str, ...]]
"""For each table, its columns, keys, constraints and indexes, one line each."""

Change = tuple[Literal["+", "-", "~"], str, str]
"""Added, removed or changed; the table; what, in words."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a run did to the copy: its report, and the schema ``before`` and ``after``."""

    report: RunReport
    before: Schema
    after: Schema

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is different afterwards, by table."""
        return changes(self.before, self.after)


def rehearse(connection: Connection, run: Callable[[Connection], RunReport], *, version_table: str = "") -> Rehearsal:
    """Call ``run(copy)``, which must do all its work on the connection that it is given, and return what that did.

    ``version_table`` is left out of the schemas. Raises CommandError where no trial is possible, and whatever ``run``
    raises; the database is as it was in any case.
    """
    trial = _copied(connection) if connection.dialect.name == "sqlite" else _rolled_back(connection)
    with trial as copy:
        before = schema_of(copy, without=version_table)
        if copy.dialect.name == "sqlite" and copy.in_transaction():
            copy.rollback()
        report = run(copy)
        return Rehearsal(report, before, schema_of(copy, without=version_table))


def schema_of(connection: Connection, *, without: str = "") -> Schema:
    """Return the tables of the default schema in words, sorted; ``without`` is a table to leave out."""
    inspector = inspect(connection)
    return {name: _reflected(inspector, name) for name in sorted(inspector.get_table_names()) if name != without}


def changes(before: Schema, after: Schema) -> tuple[Change, ...]:
    """Return what differs between two schemas, by table, what was removed before what was added."""
    found: list[Change] = []
    for name in sorted({*before, *after}):
        if name not in after:
            found.append(("-", name, f"table {name}"))
        elif name not in before:
            found.append(("+", name, f"table {name}"))
            found += [("+", name, line) for line in after[name]]
        else:
            found += _lines(name, before[name], after[name])
    return tuple(found)


def _lines(name: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Change]:
    old, new = {_subject(line): line for line in before}, {_subject(line): line for line in after}
    for subject in [*old, *(each for each in new if each not in old)]:
        if subject not in new:
            yield "-", name, old[subject]
        elif subject not in old:
            yield "+", name, new[subject]
        elif old[subject] != new[subject]:
            yield "~", name, f"{new[subject]} (was {old[subject].removeprefix(subject).strip()})"


def _subject(line: str) -> str:
    """Return the kind and the name at the beginning of a line: ``column email``; what has no name is itself."""
    words = line.split(" ", 2)
    kind = " ".join(words[: 2 if words[1:2] == ["key"] else 1])
    rest = line.removeprefix(kind).lstrip()
    return line if rest.startswith("(") else f"{kind} {rest.partition(' ')[0]}"


def _reflected(inspector: Inspector, name: str) -> tuple[str, ...]:
    lines = [_column(column) for column in inspector.get_columns(name)]
    key = inspector.get_pk_constraint(name)
    if key.get("constrained_columns"):
        lines.append(f"primary key ({', '.join(key['constrained_columns'])})")
    rest = [f"foreign key{_named(one)} {_foreign(one)}" for one in inspector.get_foreign_keys(name)]
    rest += [
        f"unique{_named(one)} ({', '.join(one['column_names'])})" for one in inspector.get_unique_constraints(name)
    ]
    rest += [f"check{_named(one)} ({one['sqltext']})" for one in inspector.get_check_constraints(name)]
    for index in inspector.get_indexes(name):
        columns = ", ".join(each or "expression" for each in index["column_names"])
        rest.append(f"index{_named(index)} ({columns}){' unique' if index.get('unique') else ''}")
    return (*lines, *sorted(rest))


def _column(column: Any) -> str:
    default = f" default {column['default']}" if column.get("default") is not None else ""
    return f"column {column['name']} {column['type']}{'' if column['nullable'] else ' not null'}{default}"


def _foreign(key: Any) -> str:
    return (
        f"({', '.join(key['constrained_columns'])}) to {key['referred_table']} ({', '.join(key['referred_columns'])})"
    )


def _named(item: Any) -> str:
    return f" {item['name']}" if item.get("name") else ""


@contextmanager
def _copied(connection: Connection) -> Iterator[Connection]:
    """Give a connection to a copy of a SQLite database, in a file that is gone afterwards."""
    source = connection.connection.driver_connection
    foreign_keys = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
    if source is None or not hasattr(source, "backup"):
        raise CommandError("This driver of SQLite cannot copy a database, so nothing was tried.")
    with tempfile.TemporaryDirectory(prefix="mig-try-") as folder:
        url = URL.create("sqlite", database=os.path.join(folder, "try.db"))
        engine = create_engine(url, poolclass=NullPool)
        try:
            with engine.connect() as copy:
                source.backup(copy.connection.driver_connection)
                if foreign_keys:
                    copy.connection.cursor().execute("PRAGMA foreign_keys = ON")
                yield copy
        finally:
            engine.dispose()


@contextmanager
def _rolled_back(connection: Connection) -> Iterator[Connection]:
    """Give the connection inside a transaction that ends with a rollback."""
    if not DefaultImpl.get_by_dialect(connection.dialect).transactional_ddl:
        raise CommandError(
            f"{connection.dialect.name} commits each change of a table at once, so nothing can be tried in it. "
            "Try it on a copy of the database, or read the SQL: --sql."
        )
    if connection.in_transaction():
        connection.rollback()
    transaction = connection.begin()
    try:
        yield connection
    finally:
        if transaction.is_active or connection.in_transaction():
            transaction.rollback()
