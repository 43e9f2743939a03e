"""A schema as SQL, as declarative classes, and as JSON."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import DefaultClause, MetaData, create_mock_engine
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import CompileError, SAWarning
from sqlalchemy.schema import CreateSchema

from ..util.exc import CommandError
from ..util.packages import pip_install
from ..util.sqla_compat import ddl_sql, default_sql, literal_text
from .changes import Change
from .description import SchemaDescription

NO_SQLACODEGEN = f"Model classes are written by sqlacodegen, which is not installed: {pip_install('sqlacodegen')}"


def sql_of(metadata: MetaData, dialect: Dialect) -> str:
    """Return the statements that create a schema, in the order in which they run.

    Raises CommandError where the dialect cannot create a table of it.
    """
    statements: list[str] = []

    def write(statement: Any, *_: object, **__: object) -> None:
        statements.append(ddl_sql(statement, dialect).strip() + ";")

    names = sorted({table.schema for table in metadata.tables.values() if table.schema})
    engine = _mock_engine(dialect, write)
    for name in names:
        write(CreateSchema(name, if_not_exists=dialect.name == "postgresql"))
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Cannot correctly sort tables", SAWarning)
            metadata.create_all(engine, checkfirst=False)
    except CompileError as error:
        raise CommandError(f"This schema cannot be written as SQL for {dialect.name}: {error}") from error
    return "\n\n".join(statements) + ("\n" if statements else "")


def _mock_engine(dialect: Dialect, write: Any) -> Any:
    engine: Any = create_mock_engine(URL.create("sqlite"), write)
    engine._dialect = dialect  # noqa: SLF001 - a mock engine is made of a URL only, and would need its driver
    return engine


def models_of(metadata: MetaData, dialect: Dialect) -> str:
    """Return declarative classes of a schema, written by sqlacodegen.

    Raises CommandError where sqlacodegen is not installed.
    """
    try:
        with _without_type_checks():
            from sqlacodegen.generators import DeclarativeGenerator  # noqa: PLC0415 - the extra models
    except ImportError as error:
        raise CommandError(NO_SQLACODEGEN) from error
    engine = _mock_engine(dialect, lambda *_: None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            written: str = DeclarativeGenerator(_as_reflected(metadata, dialect), engine, []).generate()
    except Exception as error:
        raise CommandError(f"sqlacodegen cannot write classes of this schema: {error!r}") from error
    return written.strip() + "\n"


@contextmanager
def _without_type_checks() -> Iterator[None]:
    """Import inside the block without the type checks of typeguard.

    sqlacodegen imports inflect, where it checks 24 functions: for each of them it parses and compiles the whole module
    of 4,000 lines again, which takes two seconds. https://typeguard.readthedocs.io/en/latest/api.html
    """
    try:
        typeguard: Any = importlib.import_module("typeguard")  # of sqlacodegen; this project does not depend on it
    except ImportError:
        yield
        return
    checks = typeguard.typechecked
    typeguard.typechecked = lambda function: function
    try:
        yield
    finally:
        typeguard.typechecked = checks


def _as_reflected(metadata: MetaData, dialect: Dialect) -> MetaData:
    """Return a copy in which defaults are SQL text, as in a reflected schema: sqlacodegen knows no other."""
    copied = MetaData()
    for table in metadata.tables.values():
        for column in table.to_metadata(copied).columns:
            if isinstance(column.server_default, DefaultClause):
                column.server_default = DefaultClause(literal_text(default_sql(column.server_default, dialect)))
    return copied


def json_of(schema: SchemaDescription, changes: Sequence[Change] = ()) -> dict[str, object]:
    """Return a schema as plain data: its ``tables``, ``enums``, ``sequences`` and ``changes``."""
    tables = [
        {**asdict(each), "columns": [asdict(one) for one in each.columns.values()]} for each in schema.tables.values()
    ]
    return {
        "tables": tables,
        "enums": [asdict(each) for each in schema.enums.values()],
        "sequences": list(schema.sequences),
        "changes": [asdict(each) for each in changes],
    }
