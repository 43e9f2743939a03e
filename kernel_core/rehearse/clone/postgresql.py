"""Clone a PostgreSQL database: by CREATE DATABASE ... TEMPLATE if nobody is connected to it, else by pg_dump.

Where that is not installed, the definitions are read from the catalog (`postgresql_catalog`).

``pg_dump`` reads one snapshot of a REPEATABLE READ transaction, in which it locks nothing but the definitions (ACCESS
SHARE). The second copy is made from the first one, so that the database is read once.
https://www.postgresql.org/docs/current/manage-ag-templatedbs.html, .../app-pgdump.html
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ...util.exc import CommandError
from ...util.sql import in_quotes
from .base import SLOW, Clone, CloneOptions, Method, refuse_without_room
from .names import leftovers, new_names
from .postgresql_catalog import NOT_COPIED, after_rows, before_rows, run_each
from .postgresql_copies import create_both, create_from_template, drop
from .postgresql_rows import copy_sample, set_sequences
from .rights import missing_on_postgresql
from .source import Source

_LOCK_WAIT = 60_000
"""So many milliseconds pg_dump waits for a table that another session has locked."""

_ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "passfile": "PGPASSFILE",
}


@contextmanager
def postgresql_clone(source: Source, options: CloneOptions) -> Iterator[Clone]:
    """Yield the clone of a PostgreSQL database; both copies are dropped at the end of the block."""
    with _administration(source) as admin:
        _refuse_without_rights(admin, source)
        remove_leftovers(admin)
        names, size = new_names(), int(_one(admin, "SELECT pg_database_size(%s)", source.database))
        is_large = size > SLOW
        if is_large:
            options.on_progress(f"copying {source.database} ({size // 1_000_000} MB)")
        _refuse_without_space(admin, size)
        with ExitStack() as stack:
            stack.callback(drop, admin, names, waits=not is_large)
            yield _made(source, admin, names, options, is_large=is_large)


def _made(source: Source, admin: Connection, names: tuple[str, str], options: CloneOptions, *, is_large: bool) -> Clone:
    before, after = names
    notes: tuple[str, ...] = ()
    full_rows: dict[tuple[str, str], int] = {}
    is_alone = options.takes_all and _is_alone(admin, source)
    both = is_alone and is_large and create_both(admin, source, names)
    by_template = both or (is_alone and create_from_template(admin, source.database, before))
    if not by_template:
        _create(admin, before, source)
        notes, full_rows = _dumped(source, before, options)
    if not both and not create_from_template(admin, before, after):
        raise CommandError(f"The copy {before} cannot be used as a template: somebody is connected to it.")
    method: Method = "template" if by_template else "pg_dump" if has_dump() else "catalog"
    copied_at = int(_one(admin, "SELECT txid_current()")) % 2**32
    with source.engine(source.database).connect() as live:
        notes += missing_on_postgresql(live)
    return Clone(source, source.engine(before), source.engine(after), method, notes, full_rows, copied_at)


@contextmanager
def _administration(source: Source) -> Iterator[Connection]:
    """Yield a connection to another database of the server, on which each statement commits by itself."""
    for name in ("postgres", "template1", source.database):
        engine = source.engine(name, isolation_level="AUTOCOMMIT")
        try:
            connection = engine.connect()
        except DBAPIError:
            if name == source.database:
                raise
            continue
        with connection:
            yield connection
        return


def _refuse_without_rights(admin: Connection, source: Source) -> None:
    may = _one(admin, "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
    if not may:
        user = str(_one(admin, "SELECT current_user"))
        raise CommandError(
            f"A rehearsal of {source.database} makes a clone, and {user} may not create databases; nothing was run. "
            f"An administrator allows it: ALTER ROLE {in_quotes(user)} CREATEDB"
        )


def _refuse_without_space(admin: Connection, size: int) -> None:
    try:
        folder = str(_one(admin, "SELECT current_setting('data_directory')"))
    except DBAPIError:  # only some roles may see it
        return
    refuse_without_room(folder, size)


def _is_alone(admin: Connection, source: Source) -> bool:
    """Return whether no session is connected to the database."""
    return not _one(admin, "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", source.database)


def _create(admin: Connection, name: str, source: Source) -> None:
    """Create an empty database with the encoding and the collation of the source."""
    row = admin.exec_driver_sql(
        "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = %s",
        (source.database,),
    ).one()
    encoding, collate, ctype = (str(value).replace("'", "''") for value in row)
    admin.exec_driver_sql(
        f"CREATE DATABASE {in_quotes(name)} TEMPLATE template0 ENCODING '{encoding}' "
        f"LC_COLLATE '{collate}' LC_CTYPE '{ctype}'".replace("%", "%%")
    )


def _dumped(source: Source, name: str, options: CloneOptions) -> tuple[tuple[str, ...], dict[tuple[str, str], int]]:
    """Copy a database by pg_dump; return what psql refused, and how many rows a sampled table has."""
    engine = source.engine(source.database, isolation_level="REPEATABLE READ")
    with engine.connect() as live, source.engine(name).connect() as copy:
        live.exec_driver_sql("SET TRANSACTION READ ONLY")
        snapshot = str(_one(live, "SELECT pg_export_snapshot()"))
        copy.rollback()
        if not has_dump():
            return _by_catalog(live, copy, options)
        if options.takes_all:
            return _piped(source, name, snapshot), {}
        notes = _piped(source, name, snapshot, "--section=pre-data")
        full = copy_sample(live, copy, 0 if options.schema_only else options.sample or 0)
        set_sequences(live, copy)
        return notes + _piped(source, name, snapshot, "--section=post-data"), full


def has_dump() -> bool:
    """Return whether the programs of PostgreSQL are installed."""
    return shutil.which("pg_dump") is not None and shutil.which("psql") is not None


def _by_catalog(
    live: Connection, copy: Connection, options: CloneOptions
) -> tuple[tuple[str, ...], dict[tuple[str, str], int]]:
    """Copy a database without pg_dump; return what the copy refused, and how many rows a sampled table has."""
    live.exec_driver_sql("SET LOCAL search_path = pg_catalog")  # so that every name is written with its schema
    refused = run_each(copy, before_rows(live))
    limit = None if options.takes_all else 0 if options.schema_only else options.sample
    full = copy_sample(live, copy, limit)
    set_sequences(live, copy)
    refused += run_each(copy, after_rows(live))
    copy.commit()
    return (*refused, NOT_COPIED), {} if options.takes_all else full


def _piped(source: Source, name: str, snapshot: str, *options: str) -> tuple[str, ...]:
    """Send the output of pg_dump to psql; return the errors of psql as sentences."""
    variables = _environment(source)
    owned = () if _is_superuser(source) else ("--no-owner",)
    dump = ["pg_dump", f"--snapshot={snapshot}", "--no-password", "--no-publications", "--no-subscriptions"]
    dump += [f"--lock-wait-timeout={_LOCK_WAIT}"]
    dump += [*owned, *options]
    load = ["psql", "-X", "-q", "--no-password", "-o", os.devnull, "-d", name]
    with subprocess.Popen(  # noqa: S603 - fixed programs; names are arguments, not parts of a shell's line
        dump, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**variables, "PGDATABASE": source.database}
    ) as writer:
        reader = subprocess.Popen(  # noqa: S603 - as above
            load, stdin=writer.stdout, stderr=subprocess.PIPE, env=variables
        )
        assert writer.stdout is not None, "it is a pipe"
        writer.stdout.close()
        try:
            _, errors = reader.communicate()
            failure = writer.stderr.read() if writer.stderr is not None else b""
        except BaseException:
            for process in (writer, reader):
                process.kill()
            reader.wait()
            raise
    if writer.returncode:
        words = failure.decode(errors="replace").strip().splitlines() or ["it ended without a message"]
        raise CommandError(f"{source.database} could not be copied by pg_dump: {words[-1]}. Nothing was run.")
    lines = [line.partition("ERROR:")[2].strip() for line in errors.decode(errors="replace").splitlines()]
    return tuple(f"not copied: {line}" for line in dict.fromkeys(lines) if line)


def _environment(source: Source) -> dict[str, str]:
    """Return the variables with which the programs of PostgreSQL connect; a password is on no command line."""
    given = {"user": source.options.get("user"), **source.options}
    variables = {name: str(given[key]) for key, name in _ENVIRONMENT.items() if given.get(key) is not None}
    return {**os.environ, **variables, "PGOPTIONS": str(source.options.get("options") or "")}


def _is_superuser(source: Source) -> bool:
    with source.engine(source.database).connect() as live:
        return bool(_one(live, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))


def remove_leftovers(admin: Connection) -> tuple[str, ...]:
    """Drop the clones of processes of this host that were killed, and return their names."""
    gone = leftovers(map(str, admin.exec_driver_sql("SELECT datname FROM pg_database").scalars()))
    drop(admin, gone, waits=True)
    return gone


def _one(connection: Connection, sql: str, *values: object) -> Any:
    return connection.exec_driver_sql(sql, tuple(values)).scalar_one()
