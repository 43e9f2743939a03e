"""A constraint without a name is dropped by the one that the database gave it: the schema knows which one that is."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import operations, schema
from kernel_core.operations import Operations, ops
from kernel_core.operations.schema_state import SchemaState
from kernel_core.runtime.migration import MigrationContext
from kernel_core.schema.constraint_names import given_name
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import UnknownEffect
from tests.sampling import repeated, sampled

COLUMNS = "abcd"
Definitions = tuple[list[Any], list[Any], list[str]]


@pytest.fixture(
    params=[
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def connection(request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    engine = sa.create_engine(request.getfixturevalue(f"{request.param}_url"))
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


def plain(sql: str) -> str:
    return sql.translate(str.maketrans("", "", '`"() '))


def names_of(connection: sa.Connection, table: str) -> list[tuple[str, str]]:
    """Return name and kind of each constraint that the database has."""
    inspector = sa.inspect(connection)
    found = [(each["name"], "foreignkey") for each in inspector.get_foreign_keys(table)]
    found += [(each["name"], "unique") for each in inspector.get_unique_constraints(table)]
    return found + [(each["name"], "check") for each in inspector.get_check_constraints(table)]  # type: ignore[misc]


def reflected(connection: sa.Connection, table: str) -> Definitions:
    inspector = sa.inspect(connection)
    keys = inspector.get_foreign_keys(table)
    return (
        sorted((each["constrained_columns"], str(each["options"].get("ondelete"))) for each in keys),
        sorted(each["column_names"] for each in inspector.get_unique_constraints(table)),
        sorted(plain(each["sqltext"]) for each in inspector.get_check_constraints(table)),
    )


def computed(table: sa.Table) -> Definitions:
    of = {kind: [each for each in table.constraints if isinstance(each, kind)] for kind in KINDS}
    return (
        sorted((list(each.column_keys), str(each.ondelete)) for each in of[sa.ForeignKeyConstraint]),
        sorted([column.name for column in each.columns] for each in of[sa.UniqueConstraint]),
        sorted(plain(str(each.sqltext)) for each in of[sa.CheckConstraint]),
    )


KINDS: tuple[Any, ...] = (sa.ForeignKeyConstraint, sa.UniqueConstraint, sa.CheckConstraint)


class Run:
    """Operations that are run on a database; ``done`` are their copies."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection, self.done = connection, []  # type: ignore[var-annotated]
        self.op = Operations(MigrationContext.configure(connection))
        self(ops.CreateTableOp("p", [sa.Column("id", sa.Integer, primary_key=True)]))

    def __call__(self, operation: Any) -> None:
        copied = operations.from_json(json.loads(json.dumps(operation.to_json())))
        with self.connection.begin_nested() if self.connection.dialect.name == "postgresql" else nullcontext():
            self.op.invoke(operation)
        self.done.append(copied)

    def compare(self, table: str) -> None:
        """Check that the computed table has the constraints of the real one."""
        metadata = schema.apply(sa.MetaData(), self.done, self.connection.dialect)
        assert computed(metadata.tables[table]) == reflected(self.connection, table), [
            each.sentence() for each in self.done
        ]


def table(*items: Any) -> ops.CreateTableOp:
    columns = [sa.Column(name, sa.Integer) for name in COLUMNS]
    return ops.CreateTableOp("t", [sa.Column("id", sa.Integer, primary_key=True), *columns, *items])


def check(text: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(text)


def key(column: str, **options: Any) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["p.id"], **options)


SEVERAL = {
    "checks of one column": lambda: [check("a > 1"), check("a > 2"), check("a > 3")],
    "checks of no column": lambda: [check("1 > 0"), check("2 > 0"), check("a < b")],
    "foreign keys": lambda: [key("a"), key("a", ondelete="CASCADE"), key("b")],
    "uniques": lambda: [sa.UniqueConstraint("a", "b"), sa.UniqueConstraint("a"), sa.UniqueConstraint("b", "a")],
    "a named one has the next name": lambda: [
        check("a > 1"),
        sa.CheckConstraint("a > 2", name="t_a_check1"),
        check("a > 3"),
    ],
}


@pytest.mark.parametrize("what", SEVERAL)
def test_one_of_several_unnamed_constraints_is_dropped(what: str, connection: sa.Connection) -> None:
    run = Run(connection)
    run(table(*SEVERAL[what]()))
    name, kind = names_of(connection, "t")[1]
    run(ops.DropConstraintOp(name, "t", kind))
    run.compare("t")
    for name, kind in names_of(connection, "t"):
        run(ops.DropConstraintOp(name, "t", kind))
        run.compare("t")


def test_a_name_that_another_table_has_gets_a_number(connection: sa.Connection) -> None:
    run = Run(connection)
    run(ops.CreateTableOp("t_a", [sa.Column("b", sa.Integer, unique=True)]))
    run(table(sa.UniqueConstraint("a", "b"), sa.UniqueConstraint("c")))
    run(ops.DropTableOp("t_a"))
    run(ops.CreateUniqueConstraintOp(None, "t", ["a", "b", "c"]))
    for name, kind in names_of(connection, "t"):
        run(ops.DropConstraintOp(name, "t", kind))
        run.compare("t")


@pytest.mark.slow
def test_names_follow_a_rename_of_the_table_where_they_do(connection: sa.Connection) -> None:
    run = Run(connection)
    run(
        table(
            key("a"), key("b"), check("a > 1"), check("b > 1"), sa.UniqueConstraint("c", "d"), sa.UniqueConstraint("d")
        )
    )
    run(ops.RenameTableOp("t", "u"))
    run(ops.CreateForeignKeyOp(None, "u", "p", ["c"], ["id"]))
    for name, kind in names_of(connection, "u"):
        run(ops.DropConstraintOp(name, "u", kind))
        run.compare("u")


def test_a_unique_constraint_of_mysql_is_dropped_as_an_index(mariadb_url: str) -> None:
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection:
        run = Run(connection)
        run(table(sa.UniqueConstraint("a"), sa.UniqueConstraint("a", "b")))
        run(ops.DropIndexOp("a_2", "t"))
        run.compare("t")
    engine.dispose()


def change(random_: random.Random, run: Run, name: str | None) -> Any:
    kind = random_.choice(["unique", "check", "foreign key", "drop", "drop", "drop"])
    one, other = random_.sample(COLUMNS, 2)
    if kind == "unique":
        return ops.CreateUniqueConstraintOp(name, "t", [one, other][: random_.randint(1, 2)])
    if kind == "check":
        return ops.CreateCheckConstraintOp(name, "t", random_.choice([f"{one} > 0", f"{one} > 7", f"{one} < {other}"]))
    if kind == "foreign key":
        return ops.CreateForeignKeyOp(name, "t", "p", [one], ["id"], ondelete=random_.choice([None, "CASCADE"]))
    names = names_of(run.connection, "t")
    if not names:
        return None
    dropped, dropped_kind = random_.choice(names)
    return ops.DropConstraintOp(dropped, "t", dropped_kind)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(repeated(40)))
def test_random_unnamed_constraints_are_right_or_not_known(seed: int, connection: sa.Connection) -> None:
    random_ = random.Random(seed)
    run = Run(connection)
    choices = [
        lambda: check("a > 0"),
        lambda: check("b < c"),
        lambda: key("a"),
        lambda: key("b"),
        lambda: sa.UniqueConstraint("a", "b"),
        lambda: sa.UniqueConstraint("c"),
    ]
    run(table(*[make() for make in random_.sample(choices, random_.randint(1, 5))]))
    for number in range(random_.randint(2, 8)):
        operation = change(random_, run, None if random_.random() < 0.8 else f"n{number}")
        try:
            if operation is not None:
                run(operation)
        except sa.exc.DBAPIError:
            continue  # an index that a foreign key needs
    try:
        run.compare("t")
    except UnknownEffect:
        assert connection.dialect.name == "mysql"


def random_table(seed: int) -> ops.CreateTableOp:
    """Return a table with constraints without a name, also in the definitions of columns, in any order."""
    random_ = random.Random(seed)
    constraints: list[Any] = []
    for _ in range(random_.randint(1, 5)):
        one, other = random_.sample(COLUMNS, 2)
        conditions = [f"{one} > 0", f"{one} > 7", f"{one} < {other}"]
        made = {
            "unique": lambda one=one, other=other: sa.UniqueConstraint(one, *[other][: random_.randint(0, 1)]),
            "key": lambda one=one: key(one, ondelete=random_.choice([None, "CASCADE"])),
            "check": lambda conditions=conditions: check(random_.choice(conditions)),
            "named": lambda one=one, other=other: sa.UniqueConstraint(
                one, other, name=random_.choice(["t_a_key", "a", "b_2", "n1"])
            ),
        }
        constraints.append(made[random_.choice(["unique", "key", "check", "unique", "key", "check", "named"])]())
    columns = []
    for name in COLUMNS:
        own: list[Any] = [sa.ForeignKey("p.id")] if random_.random() < 0.25 else []
        own += [check(f"{name} < 99")] if random_.random() < 0.2 else []
        columns.append(sa.Column(name, sa.Integer, *own, unique=random_.random() < 0.3 or None))
    items = [sa.Column("id", sa.Integer, primary_key=True), *columns, *constraints]
    random_.shuffle(items)
    return ops.CreateTableOp("t", items)


def known_names(created: ops.CreateTableOp, connection: sa.Connection) -> dict[str, object]:
    state = SchemaState(connection.dialect)
    created.apply_to(state)
    found: dict[str, object] = {}
    for each in state.tables[None, "t"].constraints:
        if each.constraint_type == "check" and connection.dialect.name == "mysql" and given_name(each) in COLUMNS:
            continue  # SQLAlchemy does not reflect the CHECKs of columns there
        if each.constraint_type != "primary":
            found[given_name(each)] = definition(each.to_constraint())
    return found


def definition(constraint: Any) -> object:
    if isinstance(constraint, sa.CheckConstraint):
        return plain(str(constraint.sqltext))
    return ([str(column.name) for column in constraint.columns], getattr(constraint, "ondelete", None))


def real_names(connection: sa.Connection) -> dict[str, object]:
    inspector = sa.inspect(connection)
    found: dict[Any, object] = {
        each["name"]: (each["constrained_columns"], each["options"].get("ondelete"))
        for each in inspector.get_foreign_keys("t")
    }
    found |= {each["name"]: (each["column_names"], None) for each in inspector.get_unique_constraints("t")}
    return found | {each["name"]: plain(each["sqltext"]) for each in inspector.get_check_constraints("t")}


@pytest.mark.parametrize("block", sampled(range(repeated(20)), 1))
def test_the_names_in_a_random_table_are_known(block: int, connection: sa.Connection) -> None:
    run = Run(connection)
    for seed in range(block * 10, block * 10 + 10):
        copied = operations.from_json(json.loads(json.dumps(random_table(seed).to_json())))
        try:
            run(random_table(seed))
        except sa.exc.DBAPIError:
            continue  # two names are the same
        expected = real_names(connection)
        again = random_table(seed)
        again.to_table()
        assert known_names(random_table(seed), connection) == expected, seed
        assert known_names(again, connection) == expected, seed
        assert known_names(copied, connection) == expected, seed
        run(ops.DropTableOp("t"))
        run(copied)
        assert real_names(connection) == expected, seed
        run(ops.DropTableOp("t"))


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql", "default"])
def test_a_check_in_the_definition_of_a_column_is_known(dialect: str) -> None:
    column = sa.Column("a", sa.Integer, sa.CheckConstraint("a > 0", name="positive"), sa.CheckConstraint("a < 9"))
    known = (
        sa.engine.default.DefaultDialect()
        if dialect == "default"
        else sa.create_mock_engine(f"{dialect}://", print).dialect
    )  # type: ignore[arg-type]
    metadata = schema.apply(sa.MetaData(), [ops.CreateTableOp("t", [column])], known)
    assert computed(metadata.tables["t"])[2] == ["a<9", "a>0"]


IN_BATCH = """
op.create_table(
    "t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer), sa.Column("b", sa.Integer),
    sa.UniqueConstraint("a"), sa.UniqueConstraint("b"), sa.UniqueConstraint("a", "b"), sa.CheckConstraint("a > 0"),
    sa.CheckConstraint("b > 0"), sa.ForeignKeyConstraint(["a"], ["t.id"]), sa.ForeignKeyConstraint(["b"], ["t.id"]),
)
"""


@pytest.mark.parametrize(
    ("given", "name", "kind", "left"),
    [
        ("", "uq_t_b", "unique", "a ab"),
        ("", "uq_t_a_b", "unique", "a b"),
        (', naming_convention={"uq": "unique_%(table_name)s_%(column_0_name)s_%(column_1_name)s"}', "unique_t_a_b", "unique", "a b"),
        ("", "fk_t_b_t", "foreignkey", "a"),
        (', naming_convention={"fk": "key_%(column_0_name)s"}', "key_a", "foreignkey", "b"),
    ],
)  # fmt: skip
def test_a_batch_of_sqlite_drops_one_of_several(given: str, name: str, kind: str, left: str, project: Any) -> None:
    project.write("a", None, IN_BATCH.strip())
    project.write(
        "b",
        "a",
        f'with op.batch_alter_table("t"{given}) as batch:\n    batch.drop_constraint("{name}", type_="{kind}")',
    )
    dialect = sa.create_mock_engine("sqlite://", print).dialect  # type: ignore[arg-type]
    found = schema.at(ScriptDirectory(str(project.versions.parent)), "b", dialect=dialect)
    keys, uniques, _ = computed(found.metadata.tables["t"])
    assert found.complete
    shown = uniques if kind == "unique" else [columns for columns, _ in keys]
    assert sorted("".join(each) for each in shown) == left.split()


def test_what_cannot_be_known_is_incomplete_with_revision_and_line(project: Any) -> None:
    project.write("a", None, IN_BATCH.strip())
    project.write("b", "a", 'op.drop_constraint("some_name", "t", type_="unique")')
    found = schema.at(ScriptDirectory(str(project.versions.parent)), "b")
    (missing,) = found.incomplete
    assert (missing.revision, missing.reason) == ("b", "constraint some_name of table t is not known")
    assert missing.line > 0


def test_if_exists_does_not_hide_what_is_not_known() -> None:
    created = ops.CreateTableOp("t", [sa.Column("a", sa.Integer, unique=True), sa.Column("b", sa.Integer, unique=True)])
    with pytest.raises(UnknownEffect, match="constraint x of table t is not known"):
        schema.apply(sa.MetaData(), [created, ops.DropConstraintOp("x", "t", "unique", if_exists=True)])
