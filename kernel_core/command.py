"""A person's verbs, one function each. They return what came of it; printing is the caller's.

    config = Config("alembic.ini")
    command.upgrade(config, "head")       # a RunReport

What needs no database imports neither SQLAlchemy nor Mako: heads, history, show, branches.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TextIO

from .runtime.run import AppliedStep, RunEvent, RunReport
from .script import Revision, Script, ScriptDirectory
from .script.steps import StampStep, downgrade_steps, stamp_steps, upgrade_steps
from .script.write import new_id
from .util.exc import CommandError, EnvironmentMissing
from .util.files import write_new

__all__ = ["AppliedStep", "RunEvent", "RunReport", "UnknownRevision"]

Names = str | Sequence[str]
Plan = Callable[[tuple[str, ...], Any], Sequence[Any]]


class Config(Protocol):
    """What is asked of a `config.Config`, which lives a floor above."""

    config_file_name: str | None
    output_buffer: TextIO | None

    def get_template_directory(self) -> str: ...
    def get_main_option(self, name: str, default: str | None = None) -> str | None: ...
    def set_main_option(self, name: str, value: str) -> None: ...
    def get_alembic_boolean_option(self, name: str) -> bool: ...


class UnknownRevision(Revision):
    """A revision that a database stands at and that no readable file here has."""

    __slots__ = ()
    path = ""

    @property
    def doc(self) -> str:
        """What there is to say of it."""
        return "in no file here that can be read"


# ---- making an environment --------------------------------------------------------------------------------------


def init(
    config: Config, directory: str | os.PathLike[str], template: str = "generic", package: bool = False
) -> list[str]:
    """Make an environment in ``directory`` and, where ``config`` names an ini file that is not there yet, that file.

    Returns the paths made. Raises CommandError, and makes nothing, where the folder is not empty or the template is not
    known.
    """
    folder, source = os.path.abspath(directory), os.path.join(config.get_template_directory(), template)
    if not os.path.isdir(source):
        known = sorted(entry.name for entry in os.scandir(config.get_template_directory()) if entry.is_dir())
        raise CommandError(f"There is no template {template!r}. Choose one of: {', '.join(known)}.")
    if os.path.exists(folder) and (not os.path.isdir(folder) or os.listdir(folder)):
        raise CommandError(f"{folder} exists and is not empty; nothing was made. Choose another folder.")
    made: list[str] = []
    for name in sorted(os.listdir(source)):
        if name.endswith(".ini.mako"):
            _write_ini(config, os.path.join(source, name), folder, made)
        elif os.path.isfile(os.path.join(source, name)):
            made.append(_written(os.path.join(folder, name), _text(os.path.join(source, name))))
    os.makedirs(os.path.join(folder, "versions"), exist_ok=True)
    packages = (folder, os.path.join(folder, "versions")) if package else ()
    made += [_written(os.path.join(parent, "__init__.py"), "") for parent in packages]
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return made


def _write_ini(config: Config, template: str, folder: str, made: list[str]) -> None:
    """Write the ini file unless it is there, or ``config`` lives in memory only."""
    from mako.template import Template  # type: ignore[import-untyped]  # noqa: PLC0415 - only init needs it here

    path = config.config_file_name
    if path is None or os.path.exists(path):
        return
    home = os.path.dirname(os.path.abspath(path))
    inside = folder == home or folder.startswith(home + os.sep)
    location = "%(here)s/" + os.path.relpath(folder, home).replace(os.sep, "/").replace("%", "%%") if inside else folder
    text = Template(_text(template)).render_unicode(  # noqa: S702 - it makes an ini file, not HTML
        script_location=location if inside else location.replace("%", "%%")
    )
    made.append(_written(path, text))


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def _written(path: str, text: str) -> str:
    write_new(path, text)
    return path


# ---- looking ----------------------------------------------------------------------------------------------------


def scripts_of(config: Config) -> ScriptDirectory:
    """Return the environment that ``config`` names; raises EnvironmentMissing, which says how to make one."""
    if not config.get_main_option("script_location"):
        name = config.config_file_name
        if name is None or os.path.exists(name):
            where = f"{name or 'The configuration'} names no environment (script_location)."
        else:
            where = f"There is no {name}, so no environment is known here."
        raise EnvironmentMissing(f"{where} Make one: mig init migrations", os.getcwd())
    try:
        return ScriptDirectory.from_config(config)
    except EnvironmentMissing as error:
        folder = os.path.relpath(error.directory) if error.directory else "migrations"
        raise EnvironmentMissing(f"{error} That is: mig init {folder}", error.directory) from None


def heads(config: Config, verbose: bool = False, resolve_dependencies: bool = False) -> tuple[Script, ...]:
    """Return the newest revision of each branch; ``resolve_dependencies`` leaves out those that another depends on."""
    scripts = scripts_of(config)
    return scripts.get_revisions(scripts.get_heads(consider_depends_on=resolve_dependencies))


def branches(config: Config, verbose: bool = False) -> tuple[Script, ...]:
    """Return the revisions from which several others go on."""
    return tuple(script for script in scripts_of(config).walk_revisions() if script.is_branch_point)


def history(
    config: Config, rev_range: str | None = None, verbose: bool = False, indicate_current: bool = False
) -> list[Script]:
    """Return the revisions of ``a:b`` (by default all), newest first.

        history(config, "base:current")

    Only a range that counts from where the database stands looks there.
    """
    scripts = scripts_of(config)
    if rev_range is None:
        return list(scripts.walk_revisions())
    if ":" not in rev_range:
        raise CommandError(f'"{rev_range}" is not a range. Write it as from:to, from: or :to.')
    lower, upper = scripts.map.resolve_range(rev_range, _current_for(config, scripts, rev_range))
    return list(scripts.iterate_revisions(upper, lower, inclusive=True)) if upper else []


def show(config: Config, rev: str) -> Script:
    """Return one revision; raises ResolutionError, and CommandError for base, which is none."""
    scripts = scripts_of(config)
    found = scripts.get_revisions(scripts.map.resolve(rev, _current_for(config, scripts, rev)))
    if len(found) != 1:
        names = ", ".join(script.revision for script in found) or "base, which is no revision"
        raise CommandError(f'"{rev}" stands for {names}. Name one revision.')
    return found[0]


def current(config: Config, verbose: bool = False) -> tuple[Revision, ...]:
    """Return the revisions at which the database stands; one that is in no file is an `UnknownRevision`."""
    scripts = scripts_of(config)
    return tuple(
        scripts.get_revisions(name)[0] if name in scripts.map else UnknownRevision(name, None)
        for name in current_heads(config, scripts)
    )


def current_heads(config: Config, scripts: ScriptDirectory | None = None) -> tuple[str, ...]:
    """Return the ids at which the database stands, as its version table has them; writes nothing."""
    found: set[str] = set()

    def plan(rev: tuple[str, ...], context: Any) -> tuple[()]:
        found.update(rev)
        return ()

    _run(config, scripts or scripts_of(config), plan, dont_mutate=True)
    return tuple(sorted(found))


def _current_for(config: Config, scripts: ScriptDirectory, text: str) -> tuple[str, ...] | None:
    """Return where the database stands, if ``text`` counts from there."""
    points = [part.rpartition("@")[2] for part in text.split(":")]
    if any(point.startswith(("current", "+", "-")) for point in points):
        return current_heads(config, scripts)
    return None


# ---- running ----------------------------------------------------------------------------------------------------


def upgrade(config: Config, revision: Names, sql: bool = False, tag: str | None = None) -> RunReport:
    """Bring the database up to ``revision``; with ``sql`` return the SQL instead, from ``a`` where it is ``a:b``.

    Raises UpgradeFailed where a revision fails, and what the plan refuses.
    """
    scripts = scripts_of(config)
    start, target = _ends(revision, sql)

    def plan(rev: tuple[str, ...], context: Any) -> Sequence[Any]:
        return upgrade_steps(scripts.map, frozenset(rev), target)

    return _run(config, scripts, plan, sql=sql, starting_rev=start, destination_rev=target, tag=tag)


def downgrade(config: Config, revision: Names, sql: bool = False, tag: str | None = None) -> RunReport:
    """Bring the database down to ``revision``; with ``sql`` it must be a range ``from:to``. Raises as `upgrade`."""
    scripts = scripts_of(config)
    start, target = _ends(revision, sql)
    if sql and start is None:
        raise CommandError("SQL for a downgrade needs both ends, as it asks no database: write from:to.")

    def plan(rev: tuple[str, ...], context: Any) -> Sequence[Any]:
        return downgrade_steps(scripts.map, frozenset(rev), target)

    return _run(config, scripts, plan, sql=sql, starting_rev=start, destination_rev=target, tag=tag)


def stamp(
    config: Config, revision: Names, sql: bool = False, tag: str | None = None, purge: bool = False
) -> RunReport:
    """Make the version table say ``revision`` and run nothing; ``purge`` forgets whatever it said before."""
    scripts = scripts_of(config)
    start, target = _ends(revision, sql)

    def plan(rev: tuple[str, ...], context: Any) -> Sequence[StampStep]:
        if not purge:
            return stamp_steps(scripts.map, frozenset(rev), target)
        wanted = frozenset(new for step in stamp_steps(scripts.map, frozenset(), target) for new in step.after)
        return () if wanted == frozenset(rev) else (StampStep(frozenset(rev), wanted),)

    return _run(config, scripts, plan, sql=sql, starting_rev=start, destination_rev=target, tag=tag)


def _ends(revision: Names, sql: bool) -> tuple[str | None, Names]:
    """Split ``from:to``, which only offline mode knows."""
    if not isinstance(revision, str) or ":" not in revision:
        return None, revision
    if not sql:
        raise CommandError(f'"{revision}" is a range; that is for --sql only. Name the revision to go to.')
    start, _, target = revision.partition(":")
    if not start or not target:
        raise CommandError(f'"{revision}" needs both ends: from:to.')
    return start, target


def _run(config: Config, scripts: ScriptDirectory, plan: Plan, *, sql: bool = False, **opts: Any) -> RunReport:
    """Run ``env.py`` with ``plan`` and return what came of it."""
    from .runtime.environment import EnvironmentContext  # noqa: PLC0415 - it needs SQLAlchemy; heads and history don't

    asked = False

    def noticed(rev: tuple[str, ...], context: Any) -> Sequence[Any]:
        nonlocal asked
        asked = True
        return plan(rev, context)

    buffer = io.StringIO() if sql else None
    with EnvironmentContext(config, scripts, fn=noticed, as_sql=sql, output_buffer=buffer, **opts) as environment:
        scripts.run_env()
    if not asked:
        raise CommandError(f"{scripts.env_py_location} ended without context.run_migrations(); nothing was done.")
    report = environment.report
    if buffer is None:
        return report
    text = buffer.getvalue()
    if config.output_buffer is not None:
        config.output_buffer.write(text)
    return RunReport(report.steps, report.before, report.after, text, report.target)


# ---- writing revisions ------------------------------------------------------------------------------------------


def revision(
    config: Config,
    message: str | None = None,
    autogenerate: bool = False,
    sql: bool = False,
    head: Names = "head",
    splice: bool = False,
    branch_label: Names | None = None,
    version_path: str | os.PathLike[str] | None = None,
    rev_id: str | None = None,
    depends_on: Names | None = None,
    process_revision_directives: Callable[..., None] | None = None,
) -> Script | list[Script] | None:
    """Write a version file; with ``autogenerate`` it holds what the models have and the database has not.

    Returns the script, a list where a hook asked for several, None where it asked for none.
    """
    if autogenerate and sql:
        raise CommandError("--autogenerate looks at the database and --sql must not: give one of them.")
    scripts = scripts_of(config)
    asked: dict[str, Any] = {
        "rev_id": rev_id or new_id(),
        "message": message,
        "head": head,
        "splice": splice,
        "branch_label": branch_label,
        "version_path": version_path,
        "depends_on": depends_on,
    }
    if not autogenerate and not config.get_alembic_boolean_option("revision_environment"):
        return _generate(scripts, asked, {"config": config})
    from .autogenerate import RevisionContext  # noqa: PLC0415 - a plain revision needs no SQLAlchemy

    proposal = RevisionContext(config, scripts, asked, process_revision_directives)

    def plan(rev: tuple[str, ...], context: Any) -> tuple[()]:
        if autogenerate:
            _refuse_old(scripts, rev)
            proposal.run_autogenerate(rev, context)
        else:
            proposal.run_no_autogenerate(rev, context)
        return ()

    _run(config, scripts, plan, sql=sql, template_args={"config": config}, dont_mutate=True)
    written = list(proposal.generate_scripts())
    return written[0] if len(written) == 1 else written or None


def _refuse_old(scripts: ScriptDirectory, rev: tuple[str, ...]) -> None:
    """Raise CommandError where the database is behind: what it lacks would be written a second time."""
    newest = scripts.get_heads(consider_depends_on=True)
    if set(rev) != set(newest):
        raise CommandError(
            f"The database stands at {', '.join(rev) or 'base'}, the newest revision is {', '.join(newest) or 'base'}: "
            "upgrade it first (upgrade heads), or its pending changes would be written again."
        )


def merge(
    config: Config,
    revisions: Names,
    message: str | None = None,
    branch_label: Names | None = None,
    rev_id: str | None = None,
    splice: bool = False,
) -> Script:
    """Write a version file that joins ``revisions`` (several, or ``heads``) into one line again."""
    scripts = scripts_of(config)
    parents = scripts.map.resolve(revisions)
    if len(parents) < 2:
        raise CommandError(f"There is nothing to merge: {', '.join(parents) or 'base'} stands alone.")
    asked = {"rev_id": rev_id, "message": message, "head": parents, "splice": splice, "branch_label": branch_label}
    return _generate(scripts, {**asked, "version_path": None, "depends_on": None}, {"config": config})


def _generate(scripts: ScriptDirectory, asked: dict[str, Any], values: dict[str, Any]) -> Script:
    return scripts.generate_revision(
        asked["rev_id"],
        asked["message"],
        head=asked["head"],
        splice=bool(asked["splice"]),
        branch_labels=asked["branch_label"],
        version_path=asked["version_path"],
        depends_on=asked["depends_on"],
        **values,
    )
