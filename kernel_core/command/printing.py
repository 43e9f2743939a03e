"""What the functions of `command` print, in the form that programs written for Alembic read.

With ``config.prints_results = False`` nothing is printed: ``mig`` and notebooks show the returned values instead.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence

from ..script import Revision, Script, ScriptDirectory
from ..util.messaging import msg, warn
from .environment import Config


def print_history(config: Config, scripts: Iterable[Script], verbose: bool, here: Collection[str] = ()) -> None:
    """Print revisions with their parents, those in ``here`` marked as current."""
    for script in scripts:
        mark = " (current)" if script.revision in here else ""
        if verbose:
            say(config, script.log_entry.replace("\n", f"{mark}\n", 1))
        else:
            text = script.cmd_format(False, include_branches=True, include_parents=True)
            say(config, f"{text}{mark}, {script.doc}")


def print_heads(config: Config, scripts: Iterable[Revision], verbose: bool) -> None:
    """Print revisions, each by its id and labels."""
    for script in scripts:
        if isinstance(script, Script):
            say(config, script.cmd_format(verbose, include_branches=True, tree_indicators=False))
        else:
            say(config, f"{script.revision} ({script.doc})")


def print_branches(config: Config, scripts: ScriptDirectory, points: Iterable[Script], verbose: bool) -> None:
    """Print the branch points, with the children of each."""
    for point in points:
        lines = [point.cmd_format(verbose, include_branches=True)]
        for child in scripts.get_revisions(sorted(point.nextrev)):
            text = child.cmd_format(False, include_branches=True, include_doc=verbose, tree_indicators=False)
            lines.append(f"   -> {text}")
        say(config, "\n".join(lines) + "\n")


def print_current(config: Config, places: Iterable[tuple[str, Sequence[Revision]]], verbose: bool) -> None:
    """Print the revisions of each database, with ``verbose`` under its masked URL."""
    for target, revisions in places:
        if verbose:
            say(config, f"Current revision(s) for {target}:")
        for revision in revisions:
            if isinstance(revision, Script):
                say(config, revision.cmd_format(verbose))
            else:
                say(config, f"{revision.revision} ({revision.doc})")


def warn_of_broken(config: Config, scripts: ScriptDirectory) -> None:
    """Warn of each version file that a printed list does not have, and of each whose place in it is wrong."""
    if _prints(config):
        for error in scripts.unreadable:
            warn(f"cannot be read: {error}", stacklevel=3)
        for error in scripts.misplaced:
            warn(f"broken: {error}", stacklevel=3)


def print_files(config: Config, paths: Iterable[str]) -> None:
    """Print the files that were written, on the standard output of the process."""
    for path in paths:
        if _prints(config):
            msg(f"Generating {path} ...  done", quiet=bool(config.messaging_opts["quiet"]))


def print_sql(config: Config, sql: str) -> None:
    """Write the SQL of an offline run to ``output_buffer``, else to the standard output of the process."""
    if config.output_buffer is not None:
        config.output_buffer.write(sql)
    elif _prints(config):
        sys.stdout.write(sql)


def say(config: Config, text: str) -> None:
    """Print a text through ``config.print_stdout``."""
    if _prints(config):
        config.print_stdout("%s", text)


def _prints(config: Config) -> bool:
    return bool(getattr(config, "prints_results", True))
