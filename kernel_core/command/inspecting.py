"""The commands that read revisions and databases and change nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..runtime.journal.state import JournalState
from ..script import Revision, Script, ScriptDirectory
from ..script.resolver import counts_from_database
from ..util.exc import FINISH_OR_UNDO, CommandError, DatabaseNotAtHead
from .environment import Config, run, scripts_of
from .printing import print_branches, print_current, print_heads, print_history, say, warn_of_broken

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from ..runtime.journal.table import Unfinished
    from ..runtime.migration import MigrationContext


class UnknownRevision(Revision):
    """A revision that a database is at, and that is in no readable file here."""

    __slots__ = ()
    path = ""

    @classmethod
    def verify_rev_id(cls, revision: str) -> None:
        """Accept whatever a version table holds."""

    @property
    def doc(self) -> str:
        """The text shown instead of a message."""
        return "in no file here that can be read"


def heads(config: Config, verbose: bool = False, resolve_dependencies: bool = False) -> tuple[Script, ...]:
    """Return and print the newest revision of each branch.

    ``resolve_dependencies`` leaves out those that another depends on, ``verbose`` prints the full log entry.
    """
    scripts = scripts_of(config)
    found = scripts.get_revisions(scripts.get_heads(consider_depends_on=resolve_dependencies))
    print_heads(config, found, verbose)
    warn_of_broken(config, scripts)
    return found


def branches(config: Config, verbose: bool = False) -> tuple[Script, ...]:
    """Return and print the revisions that have several children."""
    scripts = scripts_of(config)
    found = tuple(script for script in scripts.walk_revisions() if script.is_branch_point)
    print_branches(config, scripts, found, verbose)
    warn_of_broken(config, scripts)
    return found


def history(
    config: Config,
    rev_range: str | None = None,
    verbose: bool = False,
    indicate_current: bool = False,
    *,
    scripts: ScriptDirectory | None = None,
) -> list[Script]:
    """Return and print the revisions of ``a:b`` (by default all), newest first.

        history(config, "base:current")

    A range from base includes the dependencies of its revisions, one from ``branch@base`` only those of the branch.
    Relative steps beyond the last revision end there. The database is queried only for a range relative to its current
    revision. ``scripts`` are those of a database whose revisions were read before.
    """
    scripts = scripts or scripts_of(config)
    here = current_heads(config, scripts) if indicate_current and config.prints_results else ()
    found = _in_range(config, scripts, rev_range)
    print_history(config, found, verbose, here)
    warn_of_broken(config, scripts)
    return found


def _in_range(config: Config, scripts: ScriptDirectory, rev_range: str | None) -> list[Script]:
    if rev_range is None:
        return list(scripts.walk_revisions())
    if ":" not in rev_range:
        raise CommandError(f'"{rev_range}" is not a range. Write it as from:to, from: or :to.')
    scripts.also_see(rev_range)
    lower, upper = scripts.map.resolve_range(rev_range, heads_needed_for(config, scripts, rev_range), exact=False)
    if not upper:
        return []
    start = rev_range.partition(":")[0].strip()
    base = start if start.endswith("base") else "base"
    return list(scripts.iterate_revisions(upper, lower or base, inclusive=True))


def show(config: Config, rev: str) -> Script | tuple[Script, ...]:
    """Return a revision and print its log entry; a tuple where the name resolves to several.

    Raises ResolutionError, and CommandError for base, which is not a revision.
    """
    found = shown(config, rev)
    if not found:
        raise CommandError(f'"{rev}" means base, which is not a revision. Name one revision.')
    for script in found:
        say(config, script.log_entry)
    return found if len(found) > 1 else found[0]


def shown(config: Config, rev: str) -> tuple[Script, ...]:
    """Return all revisions that a name such as ``heads`` or ``current`` resolves to; () for base."""
    scripts = scripts_of(config)
    scripts.also_see(rev)
    return scripts.get_revisions(scripts.map.resolve(rev, heads_needed_for(config, scripts, rev)))


@dataclass(frozen=True, slots=True)
class DatabaseHeads:
    """The current revisions of one database: its masked URL, and the ids in its version table.

    ``journal`` says which revision is unfinished or runs now, and which applied files were edited since.
    """

    target: str
    heads: tuple[str, ...]
    journal: JournalState = field(default_factory=JournalState)

    @property
    def needed(self) -> tuple[str, ...]:
        """The revisions whose files the database needs: the current ones, and the one that is unfinished."""
        return (*self.heads, *([self.unfinished.revision] if self.unfinished is not None else []))

    @property
    def unfinished(self) -> Unfinished | None:
        """The revision of which only a part is committed, None if there is none."""
        return self.journal.unfinished

    def sentences(self) -> tuple[str, ...]:
        """Return what the journal says, with the commands that finish or undo an unfinished revision."""
        return self.journal.sentences(FINISH_OR_UNDO)


def heads_by_database(
    config: Config, scripts: ScriptDirectory | None = None, *, must_run: bool = True
) -> tuple[DatabaseHeads, ...]:
    """Return the current revisions of each database that ``env.py`` configures, in its order; writes nothing.

    Raises CommandError where it configures none, unless ``must_run`` is false.
    """
    found: list[DatabaseHeads] = []

    def plan(rev: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        found.append(DatabaseHeads(context.target, rev, context.journal_state()))
        return ()

    scripts = scripts or scripts_of(config)
    run(config, scripts, plan, must_run=must_run, dont_mutate=True)
    scripts.follow(name for place in found for name in place.needed)
    return tuple(found)


def current(config: Config, check_heads: bool = False, verbose: bool = False) -> tuple[Revision, ...]:
    """Return and print the current revisions of the database; one that is in no file is an `UnknownRevision`.

    ``check_heads`` raises DatabaseNotAtHead where one of the databases lacks a revision.
    """
    scripts = scripts_of(config)
    places = heads_by_database(config, scripts, must_run=check_heads)
    if check_heads:
        refuse_behind(scripts, places)
    print_current(config, [(place.target, known(scripts, place.heads)) for place in places], verbose)
    for place in places:
        if place.unfinished is not None:
            say(config, place.sentences()[0])
    return known(scripts, sorted({name for place in places for name in place.heads}))


def known(scripts: ScriptDirectory, names: Iterable[str]) -> tuple[Revision, ...]:
    """Return the scripts of those ids, an `UnknownRevision` for one that is in no file."""
    return tuple(
        scripts.get_revisions(name)[0] if name in scripts.map else UnknownRevision(name, None) for name in names
    )


def refuse_behind(scripts: ScriptDirectory, places: Iterable[DatabaseHeads]) -> None:
    """Raise DatabaseNotAtHead for the first database that is not at every head."""
    scripts.map.require_readable()
    newest = scripts.get_heads(consider_depends_on=True)
    for place in places:
        lost = scripts.map.lost(place.heads)
        if lost is not None:
            raise DatabaseNotAtHead(f"Database is not on all head revisions: {place.target}. {lost}")
        if set(place.heads) != set(newest):
            raise DatabaseNotAtHead(
                f"Database is not on all head revisions: {place.target} is at {', '.join(place.heads) or 'base'}, "
                f"the newest is {', '.join(newest) or 'base'}. Upgrade it: upgrade heads."
            )


def current_heads(config: Config, scripts: ScriptDirectory | None = None) -> tuple[str, ...]:
    """Return the ids in the version table of the database; writes nothing."""
    return tuple(sorted({name for place in heads_by_database(config, scripts) for name in place.heads}))


def heads_needed_for(config: Config, scripts: ScriptDirectory, text: str) -> tuple[str, ...] | None:
    """Return the current revisions of the database if ``text`` is relative to them; None if no query is needed."""
    return current_heads(config, scripts) if counts_from_database(text) else None
