"""Operations to review."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, Text, text

from kernel_core.operations import ops
from kernel_core.operations.containers import UpgradeOps, grouped
from mig_ipython.review import Review


def operations() -> list:
    """Six changes: a new table with an index, and changes to a table that exists."""
    planes = Table("planes", MetaData(), Column("tailnum", String(8), primary_key=True), Column("year", Integer))
    return [
        ops.CreateTableOp.from_table(planes),
        ops.CreateIndexOp("ix_planes_year", "planes", ["year"], unique=True),
        ops.AddColumnOp("flights", Column("cancelled", Boolean, nullable=False, server_default=text("0"))),
        ops.AddColumnOp("flights", Column("carrier", String(2), nullable=False)),
        ops.CreateIndexOp("ix_flights_carrier", "flights", ["carrier"]),
        ops.DropColumnOp.from_column_and_tablename(None, "flights", Column("note", Text)),
    ]


@pytest.fixture
def make() -> Callable[..., Review]:
    """Make a review of some operations."""

    def review_of(*leaves, dialect="sqlite", **options) -> Review:
        return Review(UpgradeOps(grouped(leaves)), dialect=dialect, source="`Base`", target="sqlite dev.db", **options)

    return review_of


@pytest.fixture
def review(make) -> Review:
    """The six of `operations`."""
    return make(*operations())
