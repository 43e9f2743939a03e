# Written by tests/stubs/generate.py; do not edit.
from .ddl import DefaultImpl
from .runtime.migration import MigrationContext, Statement
from .runtime.report import RunReport
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from sqlalchemy import Connection, MetaData, URL
from typing import Any, Literal, TextIO

def begin_transaction() -> AbstractContextManager[None]:
    """Wrap the run: ``with context.begin_transaction(): context.run_migrations()``."""

def configure(
    connection: Connection | None = None,
    url: str | URL | None = None,
    dialect_name: str | None = None,
    dialect_opts: Mapping[str, object] | None = None,
    transactional_ddl: bool | None = None,
    transaction_per_migration: bool = True,
    output_buffer: TextIO | None = None,
    starting_rev: str | None = None,
    tag: str | None = None,
    template_args: Mapping[str, object] | None = None,
    render_as_batch: bool = False,
    target_metadata: MetaData | Sequence[MetaData] | None = None,
    include_name: Callable[..., bool] | None = None,
    include_object: Callable[..., bool] | None = None,
    include_schemas: bool = False,
    process_revision_directives: Callable[..., None] | None = None,
    compare_type: bool | Callable[..., bool | None] = True,
    compare_server_default: bool | Callable[..., bool | None] = False,
    render_item: Callable[..., str | Literal[False]] | None = None,
    literal_binds: bool = False,
    upgrade_token: str = "upgrades",
    downgrade_token: str = "downgrades",
    alembic_module_prefix: str = "op.",
    sqlalchemy_module_prefix: str = "sa.",
    user_module_prefix: str | None = None,
    on_version_apply: Callable[..., None] | Iterable[Callable[..., None]] | None = None,
    autogenerate_plugins: Sequence[str] | None = None,
    **kw: Any,
) -> None:
    """Set the database to run on, and the options of the run.

        context.configure(connection=connection, target_metadata=Base.metadata)

    One of ``connection``, ``url``, ``dialect_name`` is needed (the last two only offline). By default every
    revision has its own transaction; ``transaction_per_migration=False`` makes it one for the run. Offline
    values are always literal, with or without ``literal_binds``. Other keywords are passed to the context and the
    dialect unchanged: ``version_table``, ``version_table_schema``, ``version_table_pk``, ``output_encoding``,
    ``mssql_batch_separator``, ``oracle_batch_separator``, or third-party ones.

    Raises CommandError if no database is named, or a hook is not a function.
    """

def execute(sql: Statement, execution_options: Mapping[str, object] | None = None) -> None:
    """Run a statement, or print it offline."""

def get_bind() -> Any:
    """Return the connection; offline one that prints what it executes."""

def get_context() -> MigrationContext:
    """Return the MigrationContext; raises CommandError before `configure`."""

def get_head_revision() -> str | tuple[str, ...] | None:
    """Return the id of the one head; raises MultipleHeads."""

def get_head_revisions() -> str | tuple[str, ...] | None:
    """Return the ids of all heads."""

def get_impl() -> DefaultImpl:
    """Return the dialect's DefaultImpl."""

def get_revision_argument() -> str | tuple[str, ...] | None:
    """Return the id that the run leads to, None for base; relative ones such as ``+1`` as they were written."""

def get_starting_revision_argument() -> str | tuple[str, ...] | None:
    """Return the id that an offline run starts from (``from:to``), None if none was given."""

def get_tag_argument() -> str | None:
    """Return the value of ``--tag``."""

def get_x_argument(as_dictionary: bool = False) -> list[str] | dict[str, str]:
    """Return the values of ``-x``, as a list or, split at the first ``=``, as a dictionary."""

def is_offline_mode() -> bool:
    """Return whether SQL is printed instead of run."""

def is_transactional_ddl() -> bool:
    """Return whether a rollback undoes changes of tables; call `configure` before."""

report: RunReport

def requires_connection() -> bool:
    """Return whether a connection is needed: True unless offline."""

def run_migrations(**kw: object) -> None:
    """Run the command on the configured database; ``kw`` is passed to each ``upgrade()``."""

def static_output(text: str) -> None:
    """Print a text into the offline script."""
