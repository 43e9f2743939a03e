"""The order in which tables are dropped, and the memory that is free once it is known."""

import gc
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from kernel_core.autogenerate import compare_metadata
from kernel_core.autogenerate.compare import populate_upgrade_ops
from kernel_core.autogenerate.compare.dropped import depth_first
from kernel_core.autogenerate.context import AutogenContext
from kernel_core.autogenerate.databases.catalog import ColumnInfo, TableInfo
from kernel_core.operations.containers import UpgradeOps

NAMES = [(None, letter) for letter in "abcdef"]
NEEDS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4))


def by_definition(keys, needed):
    """Return the order as a function that calls itself finds it: a key comes after all that it needs."""
    found: dict[Any, None] = {}
    begun: set[Any] = set()

    def place(key):
        if key in keys and key not in begun:
            begun.add(key)
            for other in needed(key):
                place(other)
            found[key] = None

    for key in keys:
        place(key)
    return list(found)


@given(st.lists(st.sampled_from(NAMES), unique=True), NEEDS)
def test_the_order_is_that_of_its_definition_also_in_circles(keys, needs):
    in_order = depth_first(keys, lambda key: needs.get(key, []))
    assert in_order == by_definition(keys, lambda key: needs.get(key, []))
    assert sorted(in_order) == sorted(keys)


def test_a_long_chain_of_tables_has_an_order():
    chain = [(None, str(number)) for number in range(5_000)]
    assert depth_first(chain, lambda key: chain[int(key[1]) + 1 :][:1]) == chain[::-1]


def model():
    metadata = sa.MetaData()
    sa.Table("parent", metadata, sa.Column("id", sa.Integer, primary_key=True))
    child = sa.Table("child", metadata, sa.Column("id", sa.Integer, primary_key=True))
    child.append_column(sa.Column("p", sa.ForeignKey("parent.id")))
    return metadata


def number_of_facts():
    return sum(isinstance(each, (ColumnInfo, TableInfo)) for each in gc.get_objects())


@pytest.mark.parametrize("wanted", [model(), sa.MetaData()], ids=["nothing differs", "all tables are dropped"])
def test_no_fact_about_the_database_is_kept_after_a_comparison(connection, make_context, wanted):
    model().create_all(connection)
    gc.collect()
    before = number_of_facts()
    gc.disable()
    try:
        compare_metadata(make_context(connection), wanted)
        assert number_of_facts() == before
    finally:
        gc.enable()


def test_the_facts_about_equal_tables_are_freed_with_the_comparison_of_tables(connection, make_context):
    """They are not kept until the operations are complete: only tables that differ are needed for renames."""
    model().create_all(connection)
    wanted = model()
    wanted.tables["child"].append_column(sa.Column("added", sa.Integer))
    context = AutogenContext(make_context(connection), wanted)
    assert list(populate_upgrade_ops(context, UpgradeOps())) == [(None, "child")]
