"""The effect of CREATE TABLE on a schema, known without a Table: the same as that of the Table."""

from __future__ import annotations

import random
import re
import warnings

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.schema import CreateTable

from kernel_core.operations.add_constraint import AddConstraintOp
from kernel_core.operations.ops import CreateTableOp
from kernel_core.recording.recorder import Recorder
from kernel_core.schema.metadata import metadata_of, state_of
from kernel_core.util.sqla_compat import copy_column, copy_plain_column, plain_shape
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


def shown(state):
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
    metadata = metadata_of(state)
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
                found.append(shown(state))
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


def test_the_copy_of_a_plain_column_is_that_of_sqlalchemy() -> None:
    columns = [
        each
        for seed in range(60)
        for each in operation(seed).columns
        if isinstance(each, sa.Column) and plain_shape(each)
    ]
    columns += [
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, index=False, doc="of the table")
    ]
    columns += [sa.Column("n", sa.Numeric(5, 2), nullable=each, info={"a": 1}) for each in (True, False)]
    columns += [sa.Column("b", sa.Boolean())]  # its type belongs to one column, so it is copied
    assert len(columns) > 60
    for column in columns:
        direct, usual = (
            {name: value for name, value in vars(copy(column)).items() if name not in ("dispatch", "dialect_options")}
            for copy in (copy_plain_column, copy_column)
        )
        for made in (direct, usual):  # these are other objects each time
            made["type"], made["_creation_order"] = (repr(made["type"]), made["type"] is column.type), 0
            made["server_default"] = repr(getattr(made["server_default"], "arg", None))
        assert direct == usual


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


KEYS = {
    "marked": lambda: [("a", True), ("b", True)],
    "only the second is marked": lambda: [("a", False), ("b", True)],
    "none": lambda: [("a", False), ("b", False)],
    "listed": lambda: [("a", False), ("b", False), sa.PrimaryKeyConstraint("a", "b")],
    "in another order": lambda: [("a", False), ("b", False), sa.PrimaryKeyConstraint("b", "a")],
    "named": lambda: [("a", False), ("b", False), sa.PrimaryKeyConstraint("a", "b", name="pk_t")],
    "with a unique constraint": lambda: [("a", True), ("b", False), sa.UniqueConstraint("b", name="uq_t")],
}


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect(), mysql.dialect()], ids=lambda d: d.name)
@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("items", KEYS.values(), ids=KEYS)
def test_a_primary_key_is_that_of_the_table(items, convention, dialect) -> None:
    def made():
        columns = [
            sa.Column(each[0], sa.Integer(), primary_key=each[1]) if isinstance(each, tuple) else each
            for each in items()
        ]
        return CreateTableOp("t", columns)

    state = state_of(None if convention is None else sa.MetaData(naming_convention=convention), dialect)
    made().apply_to(state)
    (found,), usual = metadata_of(state).tables.values(), made().to_table(state.context)
    assert str(CreateTable(found).compile(dialect=dialect)) == str(CreateTable(usual).compile(dialect=dialect))
    assert described(found) == described(usual)


def described(table):
    """Return the name, the columns and the autoincrement column of a primary key, and what it does to the columns."""
    key, numbered = table.primary_key, table.autoincrement_column
    columns = [(each.name, each.nullable, each.primary_key) for each in table.columns]
    return key.name, key.columns.keys(), getattr(numbered, "name", None), columns
