"""SQLite: keys and CHECKs of dropped columns, columns of empty tables, conversions to numbers, commits of batches."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import BatchError, UnsupportedOperation

KEYED = "CREATE TABLE t (id INTEGER NOT NULL, a VARCHAR(9), PRIMARY KEY (id))"
PAIR = "CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER, CONSTRAINT pk PRIMARY KEY (a, b))"
FLAG = sa.Boolean(create_constraint=True, name="kk")
CONVENTION = {"ck": "ck_%(table_name)s_%(constraint_name)s"}


def again(*args: Any, **kw: Any) -> Callable[[Any], None]:
    def change(batch: Any) -> None:
        batch.drop_column("id")
        batch.add_column(sa.Column(*args, **kw))

    return change


def moved_key(batch: Any) -> None:
    batch.drop_constraint("pk", type_="primary")
    batch.create_primary_key("pk2", ["c"])


# What is done to a table, and the words of the new one.
BATCHES: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "the key column": (KEYED, lambda b: b.drop_column("id"), "(a VARCHAR(9))"),
    "the key column, in another case": (KEYED, lambda b: b.drop_column("ID"), "(a VARCHAR(9))"),
    "the key column, and a key of its name": (
        KEYED,
        again("id", sa.Integer, primary_key=True),
        "(a VARCHAR(9), id INTEGER NOT NULL PRIMARY KEY)",
    ),
    "the key column, and a plain one of its name": (KEYED, again("id", sa.Integer), "(a VARCHAR(9), id INTEGER)"),
    "one column of two in a key": (
        PAIR,
        lambda b: b.drop_column("a"),
        "(b INTEGER, c INTEGER, CONSTRAINT pk PRIMARY KEY (b))",
    ),
    "both columns of a key": (PAIR, lambda b: (b.drop_column("a"), b.drop_column("b")), "(c INTEGER)"),
    "a key in place of another": (
        PAIR,
        moved_key,
        "(a INTEGER, b INTEGER, c INTEGER, CONSTRAINT pk2 PRIMARY KEY (c))",
    ),
    "a key that replaces the old one": (
        KEYED,
        lambda b: b.create_primary_key("pk", ["a"]),
        "(id INTEGER NOT NULL, a VARCHAR(9), CONSTRAINT pk PRIMARY KEY (a))",
    ),
    "a flag with its named CHECK": (
        "CREATE TABLE t (id INTEGER, x BOOLEAN, CONSTRAINT kk CHECK (x IN (0, 1)))",
        lambda b: b.drop_column("x", existing_type=FLAG),
        "(id INTEGER)",
    ),
    "a flag with its named CHECK, the type not given": (
        "CREATE TABLE t (id INTEGER, x BOOLEAN, CONSTRAINT kk CHECK (x IN (0, 1)))",
        lambda b: b.drop_column("x"),
        "(id INTEGER)",
    ),
    "a flag with an unnamed CHECK": (
        "CREATE TABLE t (id INTEGER, x BOOLEAN, CHECK (x IN (0, 1)))",
        lambda b: b.drop_column("x"),
        "(id INTEGER)",
    ),
    "a list of values by convention": (
        "CREATE TABLE t (id INTEGER, x VARCHAR(1), CONSTRAINT ck_t_x CHECK (x IN ('a', 'b')))",
        lambda b: b.drop_column(
            "x", existing_type=sa.Enum("a", "b", name="x", native_enum=False, create_constraint=True)
        ),
        "(id INTEGER)",
    ),
    "a CHECK over two columns that both go": (
        "CREATE TABLE t (id INTEGER, x INTEGER, y INTEGER, CHECK (x > y))",
        lambda b: (b.drop_column("x"), b.drop_column("y")),
        "(id INTEGER)",
    ),
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 't.db'}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


def table(connection: sa.Connection) -> str:
    """The stored SQL of ``t`` from its parenthesis on, without white space."""
    sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 't'").scalar_one()
    return " ".join(sql[sql.index("(") :].split()).replace("( ", "(").replace(" )", ")")


@pytest.mark.parametrize("what", BATCHES)
def test_the_keys_and_checks_of_a_dropped_column_are_dropped(what: str, connection: sa.Connection) -> None:
    sql, change, expected = BATCHES[what]
    connection.exec_driver_sql(sql)
    op = Operations(MigrationContext.configure(connection))
    with op.batch_alter_table("t", naming_convention=CONVENTION) as batch:
        change(batch)
    assert table(connection) == expected


def test_a_check_over_another_column_too_is_dropped_by_name_alone(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE t (x INTEGER, y INTEGER, CONSTRAINT ck CHECK (x > y))")
    op = Operations(MigrationContext.configure(connection))
    with pytest.raises(BatchError, match=r"part of ck\. Drop that first"), op.batch_alter_table("t") as batch:
        batch.drop_column("x")
    with op.batch_alter_table("t") as batch:
        batch.drop_constraint("ck", type_="check")
        batch.drop_column("x")
    assert table(connection) == "(y INTEGER)"


COLUMNS: dict[str, Callable[[], sa.Column[Any]]] = {
    "not null": lambda: sa.Column("c", sa.Integer, nullable=False),
    "not null, its default NULL": lambda: sa.Column("c", sa.Integer, nullable=False, server_default=sa.text("NULL")),
    "stored": lambda: sa.Column("c", sa.Integer, sa.Computed("id * 2", persisted=True)),
}


@pytest.mark.parametrize("in_a_batch", [True, False])
@pytest.mark.parametrize("what", COLUMNS)
def test_any_column_is_added_to_a_table_without_rows(what: str, in_a_batch: bool, connection: sa.Connection) -> None:
    def add(op: Operations) -> None:
        if in_a_batch:
            with op.batch_alter_table("t") as batch:
                batch.add_column(COLUMNS[what]())
        else:
            op.add_column("t", COLUMNS[what]())

    connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    op = Operations(MigrationContext.configure(connection))
    add(op)
    assert "c INTEGER" in table(connection)
    connection.exec_driver_sql("ALTER TABLE t DROP COLUMN c" if what != "stored" else "DROP TABLE t")
    if not in_a_batch:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with pytest.raises(UnsupportedOperation, match="batch_alter_table"):
            add(op)


@pytest.mark.parametrize(
    "constraint", [sa.CheckConstraint("x > 5"), sa.UniqueConstraint("x"), sa.CheckConstraint("X>5")]
)
def test_table_args_that_repeat_an_unnamed_constraint_add_none(constraint: Any, connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE t (id INTEGER, x INTEGER UNIQUE, CHECK (x > 5))")
    for number in range(2):
        op = Operations(MigrationContext.configure(connection))
        copied = constraint._copy() if isinstance(constraint, sa.CheckConstraint) else sa.UniqueConstraint("x")
        with op.batch_alter_table("t", recreate="always", table_args=[copied]) as batch:
            batch.add_column(sa.Column(f"c{number}", sa.Integer))
    assert table(connection) == "(id INTEGER, x INTEGER UNIQUE, c0 INTEGER, c1 INTEGER, CHECK (x > 5))"


@pytest.mark.parametrize(
    ("values", "type_", "warned"),
    [
        (["d1", "8.5", "22"], sa.Integer(), "2 values"),
        (["d1", "8.5", "22"], sa.Numeric(5, 2), "1 value "),
        (["7", "8", None], sa.Integer(), ""),
        (["7.5", "8.25"], sa.Float(), ""),
    ],
)
def test_texts_that_are_not_numbers_are_kept_and_warned_of(
    values: list[Any], type_: Any, warned: str, connection: sa.Connection
) -> None:
    connection.exec_driver_sql("CREATE TABLE t (a VARCHAR(9))")
    for value in values:
        connection.exec_driver_sql("INSERT INTO t VALUES (?)", (value,))
    connection.commit()
    op = Operations(MigrationContext.configure(connection))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with op.batch_alter_table("t") as batch:
            batch.alter_column("a", type_=type_, existing_type=sa.String(9))
    assert [str(each.message)[: len(warned)] for each in caught] == ([warned] if warned else [])
    assert [str(row[0]) for row in connection.exec_driver_sql("SELECT a FROM t").all()] == [str(v) for v in values]


@pytest.mark.parametrize("foreign_keys", ["ON", "OFF"])
@pytest.mark.parametrize("recreate", ["auto", "always"])
def test_a_batch_outside_of_a_transaction_is_committed(recreate: Any, foreign_keys: str, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 't.db'}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INTEGER, b INTEGER)")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA foreign_keys = {foreign_keys}")
        connection.commit()
        op = Operations(MigrationContext.configure(connection))
        with op.batch_alter_table("t", recreate=recreate) as batch:
            batch.drop_column("b")
        assert not connection.in_transaction()
        with pytest.raises(sa.exc.CompileError), op.batch_alter_table("t", recreate=recreate) as batch:
            batch.add_column(sa.Column("c", sa.types.NullType()))
        assert not connection.in_transaction()
    with engine.connect() as connection:
        assert table(connection) == "(a INTEGER)"


def test_a_batch_in_a_transaction_is_not_committed(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 't.db'}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INTEGER, b INTEGER)")
        op = Operations(MigrationContext.configure(connection))
        with op.batch_alter_table("t") as batch:
            batch.drop_column("b")
        assert connection.in_transaction()
