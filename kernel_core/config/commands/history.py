"""The commands of the program that show revisions: which there are, and where the database is."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Literal

from ... import command
from ...script import Revision, ScriptDirectory
from ...util.exc import CommandError
from ...util.folders import with_relative_paths
from ...util.messaging import warn
from ..configuration import Config
from ..output import as_json, brief, facts, line, made, marks_of, place_facts, state_of


def current(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show the current revisions of the database."""
    scripts = command.scripts_of(config)
    places = command.heads_by_database(config, scripts)
    if options.check_heads:
        command.refuse_behind(scripts, places)
    if options.json:
        return [as_json([each for place in places for each in place_facts(place, command.known(scripts, place.heads))])]
    lines: list[str] = []
    for place in places:
        lines += [f"{place.target}:"] if options.verbose or len(places) > 1 else []
        lines += [line(each, options) for each in command.known(scripts, place.heads)]
        lines += place.sentences()
    return lines + _lost(scripts, [name for place in places for name in place.heads])


def heads(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show the newest revision of each branch."""
    lines = _listed(command.heads(config, resolve_dependencies=options.resolve_dependencies), options)
    return lines + _beside(broken(config), options)


def history(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show revisions, newest first."""
    folder = command.scripts_of(config)
    places = command.heads_by_database(config, folder) if options.indicate_current else ()
    scripts = command.history(config, options.rev_range, scripts=folder)
    wrong = broken(config) + _lost(folder, {each for one in places for each in one.heads})
    if options.json:
        states = [state_of(places, each.revision) if options.indicate_current else {} for each in scripts]
        found = as_json([{**facts(each), **state} for each, state in zip(scripts, states, strict=True)])
        return [found, *_beside(wrong, options)]
    lines = [line(each, options, parents=True, marks=marks_of(places, each.revision)) for each in scripts]
    lines += [sentence for place in places for sentence in place.sentences()]
    return lines + wrong


def branches(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show the revisions at which branches begin."""
    scripts = command.scripts_of(config)
    found = command.branches(config)
    if options.json:
        return [*_listed(found, options), *_beside(broken(config), options)]
    lines: list[str] = []
    for each in found:
        lines.append(line(each, options))
        lines += [f"    -> {brief(child)}" for child in command.known(scripts, sorted(each.nextrev))]
    return lines + broken(config)


def show(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show all fields of a revision.

    With --json also its operations, as far as the file shows them: it is read, not run.
    """
    if options.json:
        found = command.show(config, options.revision)
        if isinstance(found, tuple):
            names = ", ".join(script.revision for script in found)
            raise CommandError(f'"{options.revision}" names several revisions: {names}. Name one.')
        sides: tuple[Literal["upgrade", "downgrade"], ...] = ("upgrade", "downgrade")
        return [as_json(facts(found) | {side: command.operations_of(config, found, side) for side in sides})]
    shown = command.show(config, options.revision)
    return [each.log_entry for each in (shown if isinstance(shown, tuple) else (shown,))]


def schema(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show the tables at a revision, or what differs between two.

    Each table with its columns, keys, indexes and comments; a sign marks what the revision added (+), dropped (-) or
    changed (~). A:B lists the changes from A to B. Version files are read; what cannot be read is named by revision and
    line.
    """
    found = command.schema(
        config,
        options.revision,
        may_run=options.record,
        by_running=options.by_running,
        only=options.only or (),
        exclude=options.exclude or (),
        folded=options.fold or (),
        columns=options.columns,
        changed_only=options.changed,
    )
    outputs = [name for name in ("json", "sql", "models", "dot", "mermaid") if getattr(options, name)]
    if len(outputs) > 1:
        raise CommandError(f"--{outputs[0]} and --{outputs[1]} are two outputs. Choose one.")
    if options.save:
        return made([found.save(options.save)], options)
    if options.json:
        return [as_json(found.json())]
    if outputs:
        written = getattr(found, outputs[0])
        return [(written() if callable(written) else str(written)).rstrip("\n")]
    return found.lines()


def _listed(revisions: Sequence[Revision], options: argparse.Namespace) -> list[str]:
    if options.json:
        return [as_json([facts(each) for each in revisions])]
    return [line(each, options) for each in revisions]


def _beside(lines: list[str], options: argparse.Namespace) -> list[str]:
    """Return lines to print below a list; beside JSON there are none, and each is a warning."""
    if not options.json:
        return lines
    for each in lines:
        warn(each)
    return []


def _lost(scripts: ScriptDirectory, current: Iterable[str]) -> list[str]:
    """Return a line about current revisions whose files are missing, none if all files exist."""
    lost = scripts.map.lost(current)
    return [] if lost is None else [str(lost)]


def broken(config: Config) -> list[str]:
    """Return a line about each version file that is missing in the graph, or whose place in it is wrong."""
    scripts = command.scripts_of(config)
    lines = [f"cannot be read: {error}" for error in scripts.unreadable]
    return [with_relative_paths(line) for line in [*lines, *(f"broken: {error}" for error in scripts.misplaced)]]
