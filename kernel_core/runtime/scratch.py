"""A scratch database that has the tables of a SQLite database as they are at one place of an offline script.

SQLite changes most of a table only by rebuilding it, which needs the table's definition. A script that is written with
a database at hand reads the definition from there. What the script has printed so far is run on a scratch database in
memory that has the same schema and no rows, so that a later statement finds the result of the earlier ones.
"""

from __future__ import annotations

import io
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Dialect, NullPool, StaticPool, create_engine, make_url

from ..ddl import DefaultImpl
from ..ddl.sqlite import SQLiteImpl
from ..script.steps import AnyStep, downgrade_steps, upgrade_steps
from ..util.exc import CommandError, UnsupportedOperation
from .settings import Settings

_TRANSACTION = re.compile(r"\s*(--|BEGIN\b|COMMIT\b|ROLLBACK\b|SAVEPOINT\b|RELEASE\b)", re.IGNORECASE)
_CHANGES_SCHEMA = re.compile(r"\s*(CREATE|ALTER|DROP)\b", re.IGNORECASE)

Heads = tuple[str, ...]


class ScriptContext(Protocol):
    """The part of a MigrationContext that a scratch database uses."""

    opts: dict[str, Any]
    dialect: Dialect
    impl: DefaultImpl
    environment_context: Any

    @classmethod
    def configure(cls, *args: Any, **kw: Any) -> ScriptContext:
        """Return another context."""

    @property
    def config(self) -> Settings | None:
        """The Config of the environment."""

    @property
    def version_table(self) -> str:
        """The name of the version table."""

    def get_current_heads(self) -> Heads:
        """Return the revisions at which the script begins."""

    def run_migrations(self) -> None:
        """Print the steps of the plan."""


class Scratch:
    """A database in memory on which the statements of a script are run.

    ``heads_of`` returns the current revisions of a live connection, ``print_steps`` prints steps from given heads into
    this scratch database; ``source`` is a connection, or the URL of the database, which is only read, when needed.
    """

    def __init__(
        self,
        script: ScriptContext,
        source: Connection | str,
        heads_of: Callable[[Connection], Heads],
        print_steps: Callable[[Scratch, Heads, Sequence[AnyStep]], object],
    ) -> None:
        self._script, self._source = script, source
        self._heads_of, self._print_steps = heads_of, print_steps
        self._printed: list[str] = []
        self._live: Connection | None = None
        self._failure = ""

    def note(self, text: str) -> None:
        """Add a statement that was printed."""
        if _TRANSACTION.match(text):
            return
        if self._live is None:
            self._printed.append(text)
        else:
            self._run(text)

    def connection(self) -> Connection:
        """Return the scratch database in the state after the script so far.

        Raises UnsupportedOperation if a statement of the script cannot be run without rows.
        """
        if self._live is None:
            self._build()
        if self._failure or self._live is None:
            raise UnsupportedOperation(self._failure)
        return self._live

    def _build(self) -> None:
        printed, self._printed = self._printed, []
        with _opened(self._source) as source:
            here = self._heads_of(source) if source is not None else ()
            for from_database, heads, steps in self._starts(source, here):
                if self._follow(source if from_database else None, heads, steps):
                    break
        for text in printed:
            self._run(text)

    def _follow(self, source: Connection | None, heads: Heads, steps: Sequence[AnyStep]) -> bool:
        """Start from the schema of ``source``, or from an empty one, and print the steps; return whether that works."""
        self._failure = ""
        self._live = _in_memory(source)
        try:
            self._print_steps(self, heads, steps)
        except (CommandError, NotImplementedError) as error:
            self._failure = str(error)
        return not self._failure

    def _starts(self, source: Connection | None, here: Heads) -> Iterator[tuple[bool, Heads, Sequence[AnyStep]]]:
        """Yield ways to the schema that the script begins with: from the database or an empty one, and the steps."""
        start, revisions = self._script.get_current_heads(), getattr(self._script.opts.get("script"), "map", None)
        if revisions is None or set(start) == set(here):
            yield True, here, ()
            return
        above = revisions.ancestors(start)
        if set(here) <= set(above) and start:
            yield True, here, upgrade_steps(revisions, frozenset(here), start)
            return
        from_nothing = (False, (), upgrade_steps(revisions, frozenset(), start) if start else ())
        if not start or not set(start) <= set(revisions.ancestors(name for name in here if name in revisions)):
            yield from_nothing
            return
        downgrade = (True, here, downgrade_steps(revisions, frozenset(here), start[0] if len(start) == 1 else start))
        whole = self._follow(None, (), upgrade_steps(revisions, frozenset(), here))
        made_by_history = whole and _tables(source) - {self._script.version_table} <= _tables(self._live)
        yield from (from_nothing, downgrade) if made_by_history else (downgrade, from_nothing)

    def _run(self, text: str) -> None:
        """Run a printed statement; a failure, for lack of rows or functions, matters only if it changes the schema."""
        assert self._live is not None, "it is built first"
        driver = _driver_connection(self._live)
        try:
            driver.executescript(text)
        except sqlite3.Error as error:
            if _CHANGES_SCHEMA.match(text) and self._script.version_table not in text:
                statement = " ".join(text.split())
                self._failure = self._failure or f"{statement[:80]} fails on a copy of its schema: {error}"


@contextmanager
def _opened(source: Connection | str) -> Iterator[Connection | None]:
    """Give a connection that reads the database; None if its file does not exist, and then it is not created."""
    if isinstance(source, Connection):
        began = source.in_transaction()
        yield source
        if not began and source.in_transaction():
            source.rollback()
        return
    path = make_url(source).database
    if not path or path == ":memory:" or not os.path.isfile(path):
        yield None
        return
    place = f"file:{_quoted(os.path.abspath(path))}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(place, uri=True), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def _driver_connection(live: Connection) -> sqlite3.Connection:
    connection = live.connection.driver_connection
    assert isinstance(connection, sqlite3.Connection), "a scratch database uses the driver of the standard library"
    return connection


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _in_memory(source: Connection | None) -> Connection:
    """Return a new database in memory, with the schema of ``source`` if given."""
    live = create_engine("sqlite://", poolclass=StaticPool, isolation_level="AUTOCOMMIT").connect()
    driver = _driver_connection(live)
    for sql in _definitions(source) if source is not None else ():
        with suppress(sqlite3.Error):  # an index over a function that is the application's own
            driver.executescript(sql)
    return live


_OBJECTS = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
_ORDER = ("table", "index", "view", "trigger")


def _tables(connection: Connection | None) -> set[str]:
    rows = connection.exec_driver_sql(_OBJECTS).all() if connection is not None else []
    return {name for kind, name, _ in rows if kind == "table"}


def _definitions(source: Connection) -> list[str]:
    """Return the CREATE statements of all tables but virtual ones, then of indexes, views and triggers."""
    rows = source.exec_driver_sql(_OBJECTS).all()
    virtual = {name for _, name, sql in rows if sql.upper().startswith("CREATE VIRTUAL")}
    kept = [row for row in rows if row[1] not in virtual and not any(row[1].startswith(f"{one}_") for one in virtual)]
    return [sql for _, _, sql in sorted(kept, key=lambda row: _ORDER.index(row[0]))]


def scratch_of(script: ScriptContext, connection: Connection | None, url: str | URL | None) -> Scratch | None:
    """Return the scratch database that follows a context's script; None if no database is named."""
    attributes = getattr(script.config, "attributes", {})
    source = connection if connection is not None else attributes.get("connection")
    if not isinstance(source, Connection) or source.dialect.name != "sqlite":
        source = None
    if source is None and url:
        source = make_url(url).render_as_string(hide_password=False)
    if source is None:
        return None
    read = {name: script.opts.get(name) for name in ("version_table", "version_table_schema")} | {"is_scratch": True}

    def heads_of(live: Connection) -> Heads:
        return script.configure(live, opts=read).get_current_heads()

    def print_steps(scratch: Scratch, heads: Heads, steps: Sequence[AnyStep]) -> None:
        opts = options_for_scratch(script.opts, heads, steps)
        environment = script.environment_context
        context = script.configure(dialect=script.dialect, environment_context=environment, opts=opts)
        assert isinstance(context.impl, SQLiteImpl), "only SQLite has a scratch"
        context.impl.scratch = scratch
        if steps:
            context.run_migrations()

    return Scratch(script, source, heads_of, print_steps)


def options_for_scratch(opts: Mapping[str, Any], heads: Heads, steps: Sequence[AnyStep]) -> dict[str, Any]:
    """Return the options of a context that prints ``steps`` into a scratch database only, without any listener."""
    return {
        **opts,
        "as_sql": True,
        "output_buffer": io.StringIO(),
        "output_encoding": None,
        "starting_rev": heads or None,
        "fn": lambda *_: steps,
        "on_version_apply": (),
        "is_scratch": True,
    }
