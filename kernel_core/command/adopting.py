"""The command for a database without a history: adopt."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..script import Script, ScriptDirectory
from ..script.steps import StampStep
from ..script.write import new_id
from ..util.counts import counted
from ..util.exc import CommandError, NotAdopted
from ..util.folders import shown_path
from .environment import Config, run, scripts_of
from .printing import print_files, say

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from ..adoption import Baseline, ModelClasses
    from ..operations.containers import UpgradeOps
    from ..runtime.migration import MigrationContext


@dataclass(frozen=True, slots=True)
class Adopted:
    """A database that was adopted, or with ``path`` None would be.

    ``baseline`` has the operations and what stays outside; ``source`` is the text of the version file, ``models`` the
    model classes, where they were asked for. A path that is set says that the file was written, read again, compared
    with the database without any difference, and the database was marked with it. ``sql`` is what the baseline runs
    on an empty database.
    """

    target: str
    revision: str
    baseline: Baseline
    source: str
    sql: str = ""
    path: str | None = None
    models: ModelClasses | None = None

    def sentences(self) -> tuple[str, ...]:
        """Return what was done, what the baseline leaves out, and the differences that no operation removes."""
        tables = counted(len(self.baseline.metadata.tables), "table")
        lines = [f"{self.target}: a baseline of {tables}; nothing is written."]
        if self.path is not None:
            lines = [
                f"made {shown_path(self.path)}",
                f"{self.target}: marked as being at {self.revision}; {tables} compared with the file, no difference.",
            ]
        lines += self.models.sentences() if self.models is not None else ()
        if self.baseline.outside:
            lines.append(f"Outside of the baseline ({len(self.baseline.outside)}), create them by hand:")
            lines += [f"    {each}" for each in self.baseline.outside]
        return tuple(lines)


def adopt(
    config: Config,
    message: str = "baseline",
    *,
    rev_id: str | None = None,
    version_path: str | os.PathLike[str] | None = None,
    schemas: Collection[str] | None = None,
    preview: bool = False,
    models: str | os.PathLike[str] | None = None,
    change: Callable[[Baseline], UpgradeOps] | None = None,
) -> Adopted:
    """Write the revision that creates the tables a database has, mark the database with it, and return both.

        command.adopt(config).sentences()

    The database is only read, apart from its version table. File and stamp are written together: before the stamp the
    file is read again and its schema compared with the database; where they differ, or anything fails, the file is
    deleted. ``version_path`` is its folder, if there are several; ``schemas`` limits what is read; ``preview`` writes
    nothing; ``models`` is the file for model classes; ``change`` returns other operations for the baseline, for example
    those that a person has chosen.

    Raises NotAdopted for a database that has a revision already or no tables, and where the environment has revisions.
    """
    from ..adoption import sql_of  # noqa: PLC0415 - it needs SQLAlchemy

    scripts = scripts_of(config)
    with scripts.writing():
        scripts.reload()
        target, baseline, made = _read(config, scripts, schemas, _path_of_models(models, preview=preview))
        name = rev_id or new_id()
        operations = baseline.operations if change is None else change(baseline)
        place = None if version_path is None else os.fspath(version_path)
        proposed = baseline.proposed.only(operations).placed(name, message, version_path=place)
        source = _source(scripts, proposed)
        adopted = Adopted(target, name, baseline, source, sql_of(operations, baseline.dialect), models=made)
        if not preview:
            script = _write_and_stamp(config, scripts, proposed, made)
            adopted = replace(adopted, path=script.path)
    if adopted.path is not None:
        print_files(config, [adopted.path])
    for line in adopted.sentences()[adopted.path is not None :]:
        say(config, line)
    return adopted


def _read(
    config: Config, scripts: ScriptDirectory, schemas: Collection[str] | None, models: str | None
) -> tuple[str, Baseline, ModelClasses | None]:
    """Return the database, its baseline, its model classes; raises NotAdopted where there is nothing to adopt."""
    from ..adoption import baseline_of, model_classes  # noqa: PLC0415 - it needs SQLAlchemy
    from ..adoption import locate as located  # noqa: PLC0415

    found: list[tuple[str, Baseline, ModelClasses | None]] = []

    def plan(rev: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        if rev:
            raise NotAdopted(
                f"{context.target} is at {', '.join(rev)} already. Nothing was written. Compare it with the revisions: "
                "mig locate"
            )
        if scripts.map.ids:
            place = located(context, scripts)
            raise NotAdopted(
                f"The environment has revisions, and {context.target} none. {place.verdict} Nothing was written. "
                f"See the deviations: mig locate{'. Mark it: mig locate --stamp' if place.is_certain else ''}"
            )
        chosen = None if schemas is None else {None if each == _default(context) else each for each in schemas}
        baseline = baseline_of(context, chosen)
        if baseline.is_empty:
            raise NotAdopted(
                f"{context.target} has no tables, so there is nothing to adopt. Nothing was written. Declare models, "
                "and let autogenerate write the first revision."
            )
        made = None if models is None else model_classes(context, baseline, models)
        found.append((context.target, baseline, made))
        return ()

    scripts.map.require_readable()
    run(config, scripts, plan, must_run=True, dont_mutate=True)
    if len(found) > 1:
        names = ", ".join(target for target, *_ in found)
        raise NotAdopted(f"env.py migrates several databases: {names}. Adopt each of them in its own environment.")
    return found[0]


def _default(context: MigrationContext) -> str | None:
    return context.dialect.default_schema_name


def _source(scripts: ScriptDirectory, proposed: object) -> str:
    from ..autogenerate import Proposed, template_args  # noqa: PLC0415 - it needs SQLAlchemy
    from ..script.draft import RevisionRequest  # noqa: PLC0415

    assert isinstance(proposed, Proposed)
    script = proposed.scripts[0]
    request = RevisionRequest(
        str(script.rev_id),
        script.message,
        head=script.head,
        version_path=script.version_path,
        arguments=template_args(proposed),
    )
    return scripts.draft_revision(request)[1]


def _path_of_models(path: str | os.PathLike[str] | None, *, preview: bool) -> str | None:
    """Return the path as a text; raises NotAdopted where there is such a file."""
    if path is not None and os.path.lexists(path) and not preview:
        raise NotAdopted(f"{os.fspath(path)} exists already. Nothing was written. Name a new file for the models.")
    return None if path is None else os.fspath(path)


def _write_and_stamp(config: Config, scripts: ScriptDirectory, proposed: object, models: ModelClasses | None) -> Script:
    """Write the files and set the version table; where that fails, delete the files and raise."""
    from ..autogenerate import Proposed, write  # noqa: PLC0415 - it needs SQLAlchemy

    assert isinstance(proposed, Proposed)
    [script] = write(proposed, scripts)
    written = [script.path]
    try:
        if models is not None:
            models.write()
            written.append(models.path)
        scripts.reload()
        _stamp_verified(config, scripts, script.revision)
    except BaseException as error:
        _undo(config, scripts, script, written, error)
        raise
    return script


def _stamp_verified(config: Config, scripts: ScriptDirectory, revision: str) -> None:
    from ..adoption import compare_at  # noqa: PLC0415 - it needs SQLAlchemy

    def plan(rev: tuple[str, ...], context: MigrationContext) -> tuple[StampStep, ...]:
        if rev:
            raise NotAdopted(f"{context.target} was marked as being at {', '.join(rev)} meanwhile.")
        candidate = compare_at(context, scripts, (revision,))
        if not candidate.fits:
            listed = "; ".join((candidate.deviations or ())[:5])
            raise NotAdopted(f"The baseline would not describe {context.target}: {listed}.")
        return (StampStep(frozenset(), frozenset({revision})),)

    run(config, scripts, plan, must_run=True)


def _undo(
    config: Config, scripts: ScriptDirectory, script: Script, written: Sequence[str], error: BaseException
) -> None:
    """Delete the files unless the database is at the revision; the error gets a sentence about what is left."""
    heads: list[str] | None = None

    def plan(rev: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        nonlocal heads
        heads = [*(heads or ()), *rev]
        return ()

    with suppress(Exception):
        run(config, scripts, plan, dont_mutate=True)
    if heads is not None and script.revision in heads:
        _note(error, f"The database is at {script.revision}, and {shown_path(script.path)} stays.")
        return
    if heads is None:
        _note(
            error,
            f"{shown_path(script.path)} is written; whether the database is marked is not known. See mig current: "
            "if it is at no revision, mig locate --stamp marks it, or delete the file.",
        )
        return
    for path in written:
        with suppress(FileNotFoundError):
            os.remove(path)
    _note(error, "The database is not marked; the new files were deleted.")


def _note(error: BaseException, sentence: str) -> None:
    if isinstance(error, CommandError) and error.args:
        error.args = (f"{error.args[0]} {sentence}", *error.args[1:])
    else:
        error.add_note(sentence)
