"""New tables of a proposal: the columns of the models are not copied before they are read, and never changed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
import sqlalchemy as sa
from random_models import random_models
from sqlalchemy.dialects import registry

from kernel_core.autogenerate import compare_metadata, produce_migrations, render_python_code
from kernel_core.autogenerate.compare.copies import items_to_write, table_alone
from kernel_core.operations.ops import CreateTableOp, UpgradeOps
from kernel_core.runtime.migration import MigrationContext


@pytest.fixture
def context(sqlite_url: str) -> Iterator[MigrationContext]:
    engine = sa.create_engine(sqlite_url)
    with engine.connect() as connection:
        yield MigrationContext.configure(connection)
    engine.dispose()


def models() -> sa.MetaData:
    metadata = sa.MetaData(naming_convention={"pk": "pk_%(table_name)s"})
    sa.Table(
        "pets",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.ForeignKey("people.id"), index=True),
        comment="c",
        info={"a": 1},
    )
    sa.Table("people", metadata, sa.Column("id", sa.Integer, primary_key=True))
    return metadata


def created(context: MigrationContext, metadata: sa.MetaData) -> CreateTableOp:
    upgrade = produce_migrations(context, metadata).upgrade_ops
    assert upgrade is not None
    return next(each for each in upgrade.ops if isinstance(each, CreateTableOp) and each.table_name == "pets")


def test_comparing_copies_no_column(context: MigrationContext, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = models()
    copies: list[str] = []
    copy = sa.Column._copy

    def counted(self: sa.Column[object]) -> sa.Column[object]:
        copies.append(self.name)
        return copy(self)

    monkeypatch.setattr(sa.Column, "_copy", counted)
    operation = created(context, metadata)
    assert copies == []
    assert len(operation.columns) == 4
    assert copies == ["id", "owner"]
    assert operation.columns is operation.columns


def test_the_columns_of_the_operation_are_not_those_of_the_models(context: MigrationContext) -> None:
    metadata = models()
    operation = created(context, metadata)
    columns = [item for item in operation.columns if isinstance(item, sa.Column)]
    columns[0].name = "changed"
    assert metadata.tables["pets"].c.keys() == ["id", "owner"]
    assert metadata.tables["pets"].c.id.name == "id"
    assert [item.name for item in operation.columns if isinstance(item, sa.PrimaryKeyConstraint)] == ["pk_pets"]
    assert (operation.comment, operation.info) == ("c", {"a": 1})


def test_columns_can_be_replaced_before_they_are_read(context: MigrationContext) -> None:
    operation = created(context, models())
    operation.columns = [sa.Column("only", sa.Integer)]
    assert operation.to_table().c.keys() == ["only"]
    assert operation.sentence() == "Create table pets with 1 column"


def test_the_table_of_a_difference_is_complete(context: MigrationContext) -> None:
    differences = compare_metadata(context, models())
    kinds = [difference[0] for difference in differences]
    assert kinds == ["add_table", "add_table", "add_index"]
    pets = differences[1][1]
    assert isinstance(pets, sa.Table)
    assert (pets.name, pets.c.keys(), len(pets.foreign_keys)) == ("pets", ["id", "owner"], 1)


def test_code_is_written_without_a_copy(context: MigrationContext, monkeypatch: pytest.MonkeyPatch) -> None:
    operation = created(context, models())
    monkeypatch.setattr(sa.Column, "_copy", lambda *_: pytest.fail("a column is copied"))
    code = render_python_code(UpgradeOps([operation]))
    assert 'sa.ForeignKeyConstraint(["owner"], ["people.id"])' in code
    assert 'sa.PrimaryKeyConstraint("id", name=op.f("pk_pets"))' in code


def test_a_hook_gets_the_copies(context: MigrationContext) -> None:
    metadata, given = models(), []

    def render_item(type_: str, item: object, autogen_context: object) -> bool:
        given.append(item)
        return False

    render_python_code(UpgradeOps([created(context, metadata)]), render_item=render_item)
    table = metadata.tables["pets"]
    assert [each for each in given if isinstance(each, sa.Column)]
    assert not [each for each in given if any(each is own for own in (*table.columns, *table.constraints))]


CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
}


def new_tables(seed: int, dialect: str) -> list[sa.Table]:
    """Return random tables; those of odd seeds have a naming convention."""
    found = random_models(seed, dialect, schemas=(None, "other") if seed % 3 == 0 else (None,))
    if seed % 2 == 0:
        return list(found.tables.values())
    named = sa.MetaData(naming_convention=CONVENTION)
    return [table.to_metadata(named) for table in found.sorted_tables]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql"])
def test_code_written_from_the_models_is_that_of_the_copies(dialect: str) -> None:
    known = registry.load(dialect)()
    context = MigrationContext.configure(dialect=known, opts={"as_sql": True})
    tables = [table for seed in range(40) for table in new_tables(seed, dialect)]
    direct = 0
    for table in tables:
        of_model, of_copies = (
            CreateTableOp.from_model(table, partial(table_alone, table, known), partial(items_to_write, table, known))
            for _ in range(2)
        )
        assert of_copies.columns
        codes = [render_python_code(UpgradeOps([each]), migration_context=context) for each in (of_model, of_copies)]
        assert codes[0] == codes[1]
        direct += items_to_write(table, known) is not None
    assert direct > len(tables) / 4, "too few are written directly to show anything"


ODD = {
    "another class of columns": lambda: [sa.Column("a", sa.Integer), Own("b", sa.Integer)],
    "a key with use_alter": lambda: [
        sa.Column("a", sa.Integer, sa.ForeignKey("people.id", use_alter=True, name="fk_a"))
    ],
    "checks": lambda: [
        a := sa.Column("a", sa.Integer),
        sa.CheckConstraint("a > 0", name="ck_a"),
        sa.CheckConstraint(a > 1, name="b"),
        sa.CheckConstraint(sa.and_(a.is_not(None), a < 9)),
        sa.CheckConstraint("a % 2 = 0"),
    ],
    "a constraint of another class": lambda: [sa.Column("a", sa.Integer), OwnUnique("a", name="uq_a")],
    "a type that copies itself": lambda: [sa.Column("a", OwnType(3))],
    "a key of a column": lambda: [sa.Column("a", sa.Integer, key="b", primary_key=True), sa.UniqueConstraint("b")],
    "types that listen": lambda: [
        sa.Column("a", sa.Enum("x", name="e")),
        sa.Column("b", sa.Boolean),
    ],
    "options": lambda: [
        sa.Column("a", sa.Integer, sqlite_on_conflict_not_null="FAIL", comment="it's", server_default=sa.text("1")),
        sa.Column("c", sa.Integer, sa.Computed("a + 1"), system=True),
        sa.UniqueConstraint("a", name="uq", deferrable=True, initially="DEFERRED", sqlite_on_conflict="FAIL"),
    ],
}


class Own(sa.Column):
    """A column of another class, whose copies have a comment."""

    inherit_cache = True

    def _copy(self, **kw):
        copied = super()._copy(**kw)
        copied.comment = "copied"
        return copied


class OwnType(sa.types.TypeDecorator):
    """A type whose copies are longer."""

    impl = sa.String
    cache_ok = True

    def copy(self, **_):
        return OwnType(self.impl.length + 1)


class OwnUnique(sa.UniqueConstraint):
    """A unique constraint of another class."""


@pytest.mark.parametrize("items", ODD.values(), ids=ODD)
def test_code_of_odd_tables_is_that_of_the_copies(context: MigrationContext, items) -> None:
    metadata = models()
    metadata.naming_convention = {**CONVENTION, "ck": "ck_%(table_name)s_%(column_0_name)s"}
    sa.Table("pets", metadata, *items(), schema="s")
    codes = []
    for reads in (False, True):
        operations = produce_migrations(context, metadata).upgrade_ops
        assert operations is not None
        if reads:
            assert all(each.columns for each in operations.ops if isinstance(each, CreateTableOp))
        codes.append(render_python_code(operations))
    assert codes[0] == codes[1]
