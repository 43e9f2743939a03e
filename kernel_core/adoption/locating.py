"""Find the revision whose schema a database has, or the nearest one.

Every place of the history is estimated table by table (`distances`); the nearest are compared by autogenerate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from sqlalchemy import MetaData

from ..runtime.migration import MigrationContext
from ..schema import metadata_of
from ..schema.reading import comparing, database_of, differences, reflected
from ..script import ScriptDirectory
from .candidate import Candidate, Located
from .confirmed import Effect, confirmed_statements
from .deviations import deviations, distance
from .distances import Distances
from .scratch_states import Scratch, ScratchStates
from .states import History, PlaceState

SLACK = 2
"""How much farther than the nearest a place may seem and still be compared: an estimate may be wrong by so much."""
LEAST_COMPARED, MOST_COMPARED = 4, 24
"""How many different schemas are compared."""


@dataclass(slots=True)
class _Schema:
    """Places that have one schema, and its estimated distance.

    ``one_sided`` is the number of tables that one side lacks, or has with other columns: a schema with more of them
    than one that fits does not fit.
    """

    places: list[PlaceState]
    distance: int
    one_sided: int = 0


def locate(
    context: MigrationContext,
    scripts: ScriptDirectory,
    *,
    may_run: bool = True,
    most: int = MOST_COMPARED,
    scratch: Scratch | None = None,
) -> Located:
    """Return which revisions the schema of a database fits, nearest first; writes nothing.

        locate(MigrationContext.configure(connection), ScriptDirectory("migrations")).verdict

    The operations of the version files are read; a function that its source does not show wholly is run with an ``op``
    that only records, unless ``may_run`` is false. All schemas that some revision names are compared. At most ``most``
    different schemas are compared in full, nearest first. ``scratch`` gives an empty database, on which revisions that
    can still not be followed are run, with those before them: ``partial(scratch_database, url)``. Raises BrokenScript
    where a version file cannot be read.
    """
    scripts.map.require_readable()
    with _scratch_states(context, scripts, scratch) as states:
        history = _history(context, scripts, may_run=may_run, scratch=states)
        places = list(history.places())
    schemas = _schemas_of(places) - {context.dialect.default_schema_name}
    found = comparing(context, MetaData(), schemas)
    groups = _grouped(places, Distances(database_of(found)))
    candidates = sorted(_compared(context, groups, schemas, most), key=_rank)
    stamped = () if context.as_sql else context.get_current_heads()
    use = None if states is None else states.use
    return Located(
        context.target, tuple(sorted(stamped)), tuple(candidates), len(places), history.is_partial, scratch=use
    )


def compare_at(
    context: MigrationContext, scripts: ScriptDirectory, heads: Sequence[str], *, scratch: Scratch | None = None
) -> Candidate:
    """Compare a database with the schema of one place in the history; writes nothing. ``scratch`` is as in `locate`."""
    with _scratch_states(context, scripts, scratch) as states:
        place = _history(context, scripts, scratch=states).at(heads)
    schemas = _schemas_of([place]) - {context.dialect.default_schema_name}
    return _candidate(context, _Schema([place], 0), schemas)


def _history(
    context: MigrationContext, scripts: ScriptDirectory, *, may_run: bool = True, scratch: ScratchStates | None = None
) -> History:
    """Return the history in the dialect of the database, with the naming convention of the models."""
    models = context.opts.get("target_metadata")
    first = models[0] if isinstance(models, list | tuple) and models else models
    start = MetaData(naming_convention=first.naming_convention) if isinstance(first, MetaData) else None
    return History(scripts, context.dialect, may_run, _confirmed(context), scratch, start=start)


def _scratch_states(
    context: MigrationContext, scripts: ScriptDirectory, scratch: Scratch | None
) -> AbstractContextManager[ScratchStates | None]:
    return nullcontext() if scratch is None else ScratchStates(scripts, context, scratch)


def _schemas_of(places: Iterable[PlaceState]) -> set[str | None]:
    """Return the schemas of all tables, enum types and sequences at some places, and the default one."""
    found: set[str | None] = {None}
    for place in places:
        found.update(schema for schema, _ in (*place.state.tables, *place.state.enums, *place.state.sequences))
    return found


def _confirmed(context: MigrationContext) -> Mapping[str, Effect]:
    database = database_of(comparing(context, MetaData()))
    return confirmed_statements(database, reflected(database))


def _rank(candidate: Candidate) -> tuple[int, bool, int]:
    """Return the sort key: the distance; where it is equal and not 0, places with unknown parts are first."""
    unknown = len(candidate.incomplete)
    return candidate.distance, candidate.deviations is None, -unknown if candidate.distance else unknown


def _grouped(places: Iterable[PlaceState], distances: Distances) -> list[_Schema]:
    """Return the different schemas in the order of the history, with the estimated distance of each."""
    known: dict[int, _Schema] = {}
    for place in places:
        before = place.before
        if before is None:
            known[id(place)] = _Schema([place], distances.of_nothing, distances.tables)
            continue
        group = known[id(before)]
        if _has_schema_of(place, before):
            group.places.append(place)
            known[id(place)] = group
            continue
        total, one_sided = group.distance, group.one_sided
        for each in place.touched:
            total += distances.of_place(each, place.state) - distances.of_place(each, before.state)
            one_sided += distances.lacks_names(each, place.state) - distances.lacks_names(each, before.state)
        known[id(place)] = _Schema([place], total, one_sided)
    return list({id(group): group for group in known.values()}.values())


def _has_schema_of(place: PlaceState, before: PlaceState) -> bool:
    """Return whether a revision changed nothing that a schema has, as far as it could be followed."""
    return (
        not place.touched
        and place.incomplete == before.incomplete
        and place.state.enums == before.state.enums
        and place.state.sequences == before.state.sequences
        and place.state.schemas == before.state.schemas
    )


def _compared(
    context: MigrationContext, groups: Sequence[_Schema], schemas: Iterable[str | None], most: int
) -> Iterator[Candidate]:
    """Yield a candidate for each schema: compared where it seems near, estimated elsewhere."""
    ordered = sorted(groups, key=lambda group: group.distance)
    nearest: int | None = None
    compared, fits_with = 0, len(ordered) + max((group.one_sided for group in ordered), default=0)
    for group in ordered:
        place = group.places[0]
        same = tuple(each.heads for each in group.places)
        is_near = nearest is None or compared < LEAST_COMPARED or group.distance <= nearest + SLACK
        if not is_near or compared >= most or group.one_sided > fits_with:
            yield Candidate(place.heads, max(1, group.distance), None, place.incomplete, same)
            continue
        found = _candidate(context, group, set(schemas))
        yield found
        compared += 1
        if found.fits:  # what hooks of env.py leave out is one-sided everywhere
            fits_with = min(fits_with, group.one_sided)
        nearest = group.distance if nearest is None or found.fits else min(nearest, group.distance)


def _candidate(context: MigrationContext, group: _Schema, schemas: set[str | None]) -> Candidate:
    """Compare a schema in full."""
    place = group.places[0]
    compared = differences(context, metadata_of(place.state), schemas)
    sentences = (*deviations(compared.operations), *compared.warnings)
    same = tuple(each.heads for each in group.places)
    return Candidate(
        place.heads, distance(compared.operations) + len(compared.warnings), sentences, place.incomplete, same
    )
