"""The environment of a command: its configuration, its scripts, and running its ``env.py``."""

from __future__ import annotations

import glob
import io
import os
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from ..runtime.report import RunReport
from ..script import ScriptDirectory
from ..script.steps import StampStep, Step
from ..util.exc import CommandError, EnvironmentMissing
from ..util.folders import shown_path
from ..util.interrupts import free_frames, interrupt_behind, none_lost
from ..util.messaging import warn

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from ..runtime.migration import MigrationContext

Names = str | Sequence[str]
Plan = Callable[[tuple[str, ...], "MigrationContext"], Sequence[Step | StampStep]]


class Config(Protocol):
    """The part of `config.Config` that the commands use; the class itself is in a layer above."""

    config_file_name: str | None
    config_ini_section: str
    toml_file_name: str | None
    output_buffer: TextIO | None
    prints_results: bool
    cmd_opts: Namespace | None
    attributes: dict[str, Any]

    @property
    def messaging_opts(self) -> Mapping[str, object]: ...
    def print_stdout(self, text: str, *arg: object) -> None: ...
    def get_template_directory(self) -> str: ...
    def get_main_option(self, name: str, default: str | None = None) -> str | None: ...
    def get_alembic_option(self, name: str) -> object: ...
    def set_main_option(self, name: str, value: str) -> None: ...
    def get_alembic_boolean_option(self, name: str) -> bool: ...


def scripts_of(config: Config) -> ScriptDirectory:
    """Return the environment that ``config`` names; EnvironmentMissing, with the command that makes one, if none."""
    if not config.get_alembic_option("script_location"):
        name = config.config_file_name
        if name is None or os.path.exists(name):
            section = f" [{config.config_ini_section}]" if name else ""
            where = f"{name or 'The configuration'}{section} names no environment (script_location)."
        else:
            where = f"There is no {name}, so there is no environment here."
        base = os.path.basename(name or "")
        others = [*sorted(glob.glob(f"*/{base}")), f"../{base}", f"../../{base}"] if name else []
        others = [other for other in others if os.path.isfile(other)]
        nearby = next((other for other in others if os.path.realpath(other) != os.path.realpath(name or "")), None)
        remedy = f"There is one in a folder: mig -c {nearby} ..." if nearby else "Make one: mig init migrations"
        raise EnvironmentMissing(f"{where} {remedy}", os.getcwd())
    try:
        scripts = ScriptDirectory.from_config(config)
        scripts.require_environment()
        return scripts
    except EnvironmentMissing as error:
        raise EnvironmentMissing(f"{error} That is: mig init {_new_folder(error.directory)}", error.directory) from None


def _new_folder(named: str | None) -> str:
    """Return a folder in which an environment can be created: the one that is named, unless it has files or is one."""
    if not named or os.path.isfile(named):
        return "migrations"
    folder = os.path.relpath(named)
    return os.path.join(folder, "migrations") if os.path.isdir(named) and os.listdir(named) else folder


def _starts_a_loop(scripts: ScriptDirectory) -> bool:
    """Return whether ``env.py`` uses asyncio, whose own handler of interrupts cancels the task that runs."""
    try:
        with open(scripts.env_py_location, encoding="utf-8", errors="replace") as stream:
            return "asyncio" in stream.read()
    except OSError:
        return False  # running it reports what is wrong


@contextmanager
def _without_new_files(creates: bool | Callable[[], bool]) -> Iterator[None]:
    """Read an empty database in place of a SQLite file that does not exist, unless ``creates``, and log that."""
    from ..util.logs import Log  # noqa: PLC0415 - heads and history don't log
    from ..util.missing_files import without_new_files  # noqa: PLC0415 - it needs SQLAlchemy

    with without_new_files(creates) as missing:
        try:
            yield
        finally:
            for path in missing.paths:
                Log("runtime.migration").info(
                    "%s does not exist yet: an empty database was read instead", shown_path(path)
                )


def run(
    config: Config,
    scripts: ScriptDirectory,
    plan: Plan,
    *,
    sql: bool = False,
    must_run: bool = False,
    creates: bool | Callable[[], bool] = True,
    **opts: Any,
) -> RunReport:
    """Run ``env.py`` with ``plan`` and return the report.

    An ``env.py`` may decide not to call ``run_migrations()``: then a warning is shown. CommandError is raised with
    ``must_run``, where the command would have nothing to report, and with the attribute ``must_run`` of ``config``.
    A SQLite file that does not exist is created where ``creates`` is true: an empty database would be changed. The
    attribute ``on_target`` of ``config``, a function of a MigrationContext, may refuse each target before its plan.
    """
    from ..runtime.environment import EnvironmentContext  # noqa: PLC0415 - it needs SQLAlchemy; heads and history don't
    from ..runtime.interrupts import deferred_while_closing  # noqa: PLC0415

    has_run, on_target = False, config.attributes.get("on_target")

    def noting_plan(rev: tuple[str, ...], context: MigrationContext) -> Sequence[Step | StampStep]:
        nonlocal has_run
        has_run = True
        if on_target is not None:
            on_target(context)
        scripts.follow(rev)
        return plan(rev, context)

    buffer = io.StringIO() if sql else None
    environment = EnvironmentContext(config, scripts, fn=noting_plan, as_sql=sql, output_buffer=buffer, **opts)
    try:
        closing = nullcontext() if _starts_a_loop(scripts) else deferred_while_closing()
        with _without_new_files(False if opts.get("dont_mutate") else creates), none_lost(), closing, environment:
            if not opts.get("dont_mutate"):
                scripts.run_computed()
            scripts.run_env()
    except BaseException as error:
        interrupt = interrupt_behind(error)
        if interrupt is None:
            raise
        free_frames(interrupt)
        raise interrupt  # noqa: B904 - the error followed it
    if not has_run:
        text = f"{scripts.env_py_location} ended without context.run_migrations(); no revision was run."
        if must_run or config.attributes.get("must_run"):
            raise CommandError(text)
        warn(text, stacklevel=3)
    report = environment.report
    if buffer is None:
        return report
    return replace(report, sql=buffer.getvalue())
