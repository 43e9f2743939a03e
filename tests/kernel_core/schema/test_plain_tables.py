"""The effect of CREATE TABLE on a schema, known without a Table: the same as that of the Table."""

from __future__ import annotations

import random
import re
import warnings

import pytest
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.schema import CreateTable

from kernel_core.operations.add_constraint import AddConstraintOp
from kernel_core.recording.recorder import Recorder
from kernel_core.schema.metadata import metadata_of, state_of
from tests.kernel_core.operations.test_direct_ddl import create_table
from tests.sampling import repeated

CONVENTIONS = [
    None,
    {"uq": "uq_%(table_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s"},
    {"pk": "pk_%(table_name)s"},
]


def operation(seed):
    """Return a random operation; called twice, it returns an equal one of other objects."""
    recorder = Recorder(DefaultDialect())
    recorder.makes_tables = False
    dice = random.Random(seed)
    create_table(recorder, dice, dice.choice([None, None, "s"]))
    (made,) = recorder.recorded
    return made


def added(state, made):
    state.add_table(made.to_table(state.context), constraint_of=AddConstraintOp.from_constraint)


def shown(state, *, moves):
    """Return all that a state knows of its table, and the statements of its MetaData."""
    (table,) = state.tables.values()
    shown = [repr((type(each).__name__, sorted(vars(each).items(), key=str))) for each in table.constraints]
    items = sorted(re.sub(" at 0x[0-9a-f]+", "", each) for each in shown)
    columns = [(repr(each), each.nullable, each.primary_key, each.table) for each in table.columns.values()]
    known = (
        table.name,
        table.schema,
        table.comment,
        table.prefixes,
        table.options,
        list(table.columns),
        items,
        columns,
    )
    metadata = metadata_of(state, moves=moves)
    # Constraints of one name are in a set, so that their order is not known.
    return known, [sorted(str(CreateTable(each)).split(",")) for each in metadata.tables.values()]


def results(seed):
    """Return the effect of one operation, found in both ways, and whether it needed no Table."""
    found, needed = [], True
    for is_whole in (True, False):
        convention = CONVENTIONS[seed % 3]
        state = state_of(None if convention is None else sa.MetaData(naming_convention=convention))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = operation(seed)
                needed = is_whole or made._plain_state(state) is None
                added(state, made) if is_whole else made.apply_to(state)
                found.append(shown(state, moves=seed % 2 == 0))
        except Exception as error:  # noqa: BLE001 - both ways have to fail alike
            # of several foreign keys without their table, SQLAlchemy names the first in a set
            found.append((type(error), "" if isinstance(error, sa.exc.NoReferencedTableError) else str(error)))
    return found, not needed


def differences(seeds):
    found = [(seed, *results(seed)) for seed in seeds]
    assert sum(direct for *_, direct in found) > len(found) / 25, "too few tables are plain to show anything"
    return [(seed, both) for seed, both, direct in found if direct and both[0] != both[1]]


def test_the_effect_is_that_of_the_table() -> None:
    assert differences(range(40)) == []


@pytest.mark.sweep
def test_the_effect_is_that_of_the_table_for_thousands_of_operations() -> None:
    assert differences(range(repeated(1500))) == []


def test_the_operation_stays_as_it_was() -> None:
    column = sa.Column("id", sa.Integer(), primary_key=True)
    recorder = Recorder(DefaultDialect())
    recorder.makes_tables = False
    recorder.create_table("t", column, sa.Column("name", sa.String(5)))
    for _ in range(2):
        state = state_of()
        recorder.recorded[0].apply_to(state)
        assert metadata_of(state).tables["t"].c.keys() == ["id", "name"]
    assert (column.table, column.primary_key) == (None, True)
