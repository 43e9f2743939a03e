"""New tables of a proposal: the columns of the models are not copied before they are read, and never changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import compare_metadata, produce_migrations
from kernel_core.operations.ops import CreateTableOp
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
