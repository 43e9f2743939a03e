"""Locate random places of random histories, without drift and with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from adoptions import environment, pointed
from random_heads import History, drift

from kernel_core import command
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import SchemaDeviates


@dataclass
class Result:
    """How often each outcome was seen, and what is wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def located(seed: int, fresh: Callable[[], str], folder: Path, places: int = 4, length: int = 14) -> Result:
    """Locate ``places`` random places of random history ``seed``; ``fresh()`` returns the URL of an empty database."""
    random, found = Random(seed), Result()
    environment(folder, fresh())
    history = History(seed, folder / "migrations" / "versions")
    history.grow(length)
    for _ in range(places):
        url = fresh()
        heads = _heads(random, folder, history.revisions)
        command.upgrade(pointed(folder, url), heads)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM alembic_version")
        _without_drift(found, pointed(folder, url), heads)
        tables = [each for each in sa.inspect(engine).get_table_names() if not each.startswith("alembic")]
        if tables:
            _with_drift(found, pointed(folder, url), heads, engine, drift(random, tables, engine.dialect.name))
    return found


def _heads(random: Random, folder: Path, revisions: list[str]) -> list[str]:
    """Return a random place: one revision, or two that are on branches."""
    scripts = ScriptDirectory(str(folder / "migrations"))
    chosen = random.sample(revisions, random.choice((1, 1, 2)))
    graph = scripts.map.whole
    return sorted(scripts.map.name_of(node) for node in graph.topmost(graph.up(scripts.map.nodes(chosen))))


def _without_drift(found: Result, config: object, heads: list[str]) -> None:
    [place] = command.locate(config)
    found.counts["without drift"] += 1
    if tuple(heads) not in place.fitting_heads:
        found.wrong.append(f"{heads}, but {place.sentences()}")
    elif place.is_certain:
        found.counts["exact"] += 1
    else:
        found.counts["ambiguous"] += 1
        if len(place.fitting_heads) < 2 and not place.best.incomplete:
            found.wrong.append(f"{heads}: neither certain nor ambiguous: {place.verdict}")


def _with_drift(found: Result, config: object, heads: list[str], engine: sa.Engine, statements: list[str]) -> None:
    applied = 0
    for statement in statements:
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(statement)
            applied += 1
        except sa.exc.DBAPIError:
            continue  # the table was renamed by the statement before
    if not applied:
        return
    found.counts["drift"] += 1
    [place] = command.locate(config)
    right = place.candidate_at(heads)
    assert right is not None
    if right is place.best or (right.distance, right.deviations) == (place.best.distance, place.best.deviations):
        found.counts["right one first"] += 1
    else:
        found.counts["other first"] += 1
        found.others.append(f"{heads} after {statements}: {place.sentences()}")
    with pytest.raises(SchemaDeviates, match="Nothing was stamped"):
        command.locate(config, stamp=True)
    with engine.connect() as connection:
        if connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar_one():
            found.wrong.append("stamped over drift")
