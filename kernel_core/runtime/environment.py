"""`EnvironmentContext`, which ``env.py`` uses as ``context``: a command on the database that ``env.py`` configures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Any, Literal, TextIO

from sqlalchemy import URL, Connection, FetchedValue, MetaData
from sqlalchemy.sql.schema import SchemaItem

from ..ddl import DefaultImpl
from ..operations.containers import MigrationScript
from ..script import ScriptDirectory
from ..script.resolver import counts_from_database
from ..script.rev_ids import split_targets
from ..util.exc import CommandError
from ..util.folders import working_in
from ..util.missing_files import without_new_files
from ..util.proxy import Current
from ..util.sqla_compat import AnyColumn, AnyType
from .migration import MigrationContext, Statement
from .plugins import load_installed
from .report import RunReport
from .settings import Settings
from .step_info import callbacks_of

NameFilterType = str
NameFilterParentNames = MutableMapping[str, str | None]
IncludeNameFn = Callable[[str | None, NameFilterType, NameFilterParentNames], bool]
IncludeObjectFn = Callable[[SchemaItem, str | None, NameFilterType, bool, SchemaItem | None], bool]
CompareType = Callable[[MigrationContext, AnyColumn, AnyColumn, AnyType, AnyType], bool | None]
CompareServerDefault = Callable[
    [MigrationContext, AnyColumn, AnyColumn, str | None, FetchedValue | None, str | None], bool | None
]
RenderItemFn = Callable[[str, Any, Any], str | Literal[False]]
ProcessRevisionDirectiveFn = Callable[
    [MigrationContext, str | Iterable[str | None] | Iterable[str], list[MigrationScript]], None
]
OnVersionApplyFn = Callable[..., None]
"""Types of the functions that ``env.py`` may pass to `configure`."""

current_environment: Current[EnvironmentContext] = Current("current_environment")
"""The EnvironmentContext behind `kernel_core.context`."""


class EnvironmentContext:
    """One command that runs ``env.py``.

        with EnvironmentContext(config, script, fn=plan, destination_rev="head"):
            script.run_env()

    ``fn(heads, migration_context)`` is the plan: it returns the steps to run. ``as_sql`` prints instead of running,
    ``starting_rev`` is the revision to start from; ``dont_mutate`` refuses every step, and reads an empty database in
    place of a SQLite file that does not exist. Other keywords are in ``get_context().opts``.
    """

    def __init__(self, config: Settings, script: ScriptDirectory, **kw: Any) -> None:
        self.config = config
        self.script = script
        self.context_opts: dict[str, Any] = kw
        self.contexts: list[MigrationContext] = []
        self._entered: ExitStack | None = None

    def __enter__(self) -> EnvironmentContext:
        load_installed()
        with ExitStack() as entered:
            entered.enter_context(_at_root(self.config, getattr(self.script, "root", None)))
            if self.context_opts.get("dont_mutate"):
                entered.enter_context(without_new_files())
            entered.enter_context(current_environment.installed(self))
            self._entered = entered.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        entered, self._entered = self._entered, None
        if entered is not None:
            entered.__exit__(kind, error, trace)

    # ---- the command --------------------------------------------------------------------------------------------

    def is_offline_mode(self) -> bool:
        """Return whether SQL is printed instead of run."""
        return bool(self.context_opts.get("as_sql", False))

    def requires_connection(self) -> bool:
        """Return whether a connection is needed: True unless offline."""
        return not self.is_offline_mode()

    def is_transactional_ddl(self) -> bool:
        """Return whether a rollback undoes changes of tables; call `configure` before."""
        return self.get_impl().transactional_ddl

    def get_head_revision(self) -> str | tuple[str, ...] | None:
        """Return the id of the one head; raises MultipleHeads."""
        return self.script.as_revision_number("head")

    def get_head_revisions(self) -> str | tuple[str, ...] | None:
        """Return the ids of all heads."""
        return self.script.as_revision_number("heads")

    def get_starting_revision_argument(self) -> str | tuple[str, ...] | None:
        """Return the id that an offline run starts from (``from:to``), None if none was given."""
        if "starting_rev" in self.context_opts or self.contexts:
            opts = self.contexts[-1].opts if self.contexts else self.context_opts
            return self.script.as_revision_number(opts.get("starting_rev"))
        raise CommandError("The starting revision is not known before context.configure(); call that first.")

    def get_revision_argument(self) -> str | tuple[str, ...] | None:
        """Return the id that the run leads to, None for base; relative ones such as ``+1`` as they were written."""
        target = self.context_opts.get("destination_rev")
        if isinstance(target, str) and any(map(counts_from_database, split_targets(target))):
            return target
        return self.script.as_revision_number(target)

    def get_tag_argument(self) -> str | None:
        """Return the value of ``--tag``."""
        tag: str | None = self.context_opts.get("tag")
        return tag

    def get_x_argument(self, as_dictionary: bool = False) -> list[str] | dict[str, str]:
        """Return the values of ``-x``, as a list or, split at the first ``=``, as a dictionary."""
        given: list[str] = list(getattr(self.config.cmd_opts, "x", None) or ())
        if not as_dictionary:
            return given
        return {name: value for name, _, value in (each.partition("=") for each in given)}

    # ---- called by env.py ---------------------------------------------------------------------------------------

    def configure(
        self,
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
        upgrade_token: str = "upgrades",  # noqa: S107 - a slot of the template
        downgrade_token: str = "downgrades",  # noqa: S107
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
        given = {name: value for name, value in locals().items() if name not in ("self", "kw", *_PLACES)}
        self._configure(connection, url, dialect_name, dialect_opts, {**given, **kw})

    def _configure(
        self,
        connection: Connection | None,
        url: str | URL | None,
        dialect_name: str | None,
        dialect_opts: Mapping[str, object] | None,
        given: MutableMapping[str, Any],
    ) -> None:
        given["on_version_apply"] = callbacks_of(given.get("on_version_apply"))
        _refuse_non_functions(given)
        opts = {"script": self.script, "config": self.config, **self.context_opts}
        for name in ("starting_rev", "tag", "transactional_ddl", "output_buffer"):
            if given.get(name) is None:
                given.pop(name, None)
        template_args = {**(opts.get("template_args") or {}), **(given.pop("template_args", None) or {})}
        opts.update(given)
        opts["template_args"] = template_args
        opts.setdefault("output_buffer", getattr(self.config, "output_buffer", None))
        context = MigrationContext.configure(
            connection,
            url=url,
            dialect_name=dialect_name,
            dialect_opts=dialect_opts,
            environment_context=self,
            opts=opts,
        )
        self.contexts.append(context)

    def run_migrations(self, **kw: object) -> None:
        """Run the command on the configured database; ``kw`` is passed to each ``upgrade()``."""
        self.get_context().run_migrations(**kw)

    def execute(self, sql: Statement, execution_options: Mapping[str, object] | None = None) -> None:
        """Run a statement, or print it offline."""
        self.get_context().execute(sql, execution_options)

    def static_output(self, text: str) -> None:
        """Print a text into the offline script."""
        self.get_impl().static_output(text)

    def begin_transaction(self) -> AbstractContextManager[None]:
        """Wrap the run: ``with context.begin_transaction(): context.run_migrations()``."""
        return self.get_context().begin_transaction()

    def get_context(self) -> MigrationContext:
        """Return the MigrationContext; raises CommandError before `configure`."""
        if not self.contexts:
            raise CommandError("No database is configured yet: env.py must call context.configure() first.")
        return self.contexts[-1]

    def get_bind(self) -> Any:
        """Return the connection; offline one that prints what it executes."""
        return self.get_context().bind

    def get_impl(self) -> DefaultImpl:
        """Return the dialect's DefaultImpl."""
        return self.get_context().impl

    # ---- results ------------------------------------------------------------------------------------------------

    @property
    def report(self) -> RunReport:
        """What the runs did, summed up where ``env.py`` configured several databases."""
        reports = [context.report for context in self.contexts if context.has_run]
        return sum(reports[1:], reports[0]) if reports else RunReport()


@contextmanager
def _at_root(config: Settings, root: str | None) -> Iterator[None]:
    """Work in the folder ``root`` inside the block, where the files of ``config`` stay valid."""
    if root is None or os.path.realpath(root) == os.path.realpath(os.getcwd()):
        yield
        return
    names = {name: getattr(config, name, None) for name in ("config_file_name", "toml_file_name")}
    for name, path in names.items():
        if path is not None:
            setattr(config, name, os.path.abspath(path))
    try:
        with working_in(root):
            yield
    finally:
        for name, path in names.items():
            if path is not None:
                setattr(config, name, path)


_PLACES = ("connection", "url", "dialect_name", "dialect_opts")
_HOOKS = ("include_name", "include_object", "process_revision_directives", "render_item")


def _refuse_non_functions(given: Mapping[str, Any]) -> None:
    """Raise CommandError if an option that takes a function is something else."""
    hooks = [(name, given.get(name)) for name in _HOOKS]
    hooks += [("on_version_apply", each) for each in given["on_version_apply"]]
    for name, hook in hooks:
        if hook is not None and not callable(hook):
            raise CommandError(f"{name}= in context.configure() takes a function, not {hook!r}.")
