from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_core.script.graph import Graph, find_cycle


@st.composite
def parents(draw, size: int = 14) -> list[tuple[int, ...]]:
    """Random parents, each with a lower number than its child."""
    count = draw(st.integers(0, size))
    return [tuple(draw(st.sets(st.integers(0, node - 1), max_size=3))) if node else () for node in range(count)]


@given(parents())
def test_an_order_has_all_nodes_and_parents_first(above):
    order = Graph(above).order(range(len(above)))
    assert sorted(order) == list(range(len(above)))
    assert all(order.index(parent) < order.index(node) for node in order for parent in above[node])


@given(parents())
def test_generations_grow_from_parent_to_child(above):
    graph = Graph(above)
    assert all(
        graph.generation[parent] < graph.generation[node] for node in range(len(above)) for parent in above[node]
    )


@given(parents(), st.data())
def test_the_topmost_are_those_that_no_other_one_implies(above, data):
    graph = Graph(above)
    nodes = data.draw(st.sets(st.sampled_from(range(len(above))))) if above else set()
    expected = {node for node in nodes if not any(node in graph.up({other}) for other in nodes - {node})}
    assert graph.topmost(nodes) == expected


@given(parents())
def test_a_graph_without_forward_edges_has_no_cycle(above):
    assert find_cycle(above) == []


def test_a_cycle_is_found_without_what_leads_to_it():
    assert sorted(find_cycle([(), (3, 0), (1,), (2,), (3,)])) == [1, 2, 3]
    assert find_cycle([(0,)]) == [0]


def test_a_line_of_descent_is_not_interrupted():
    assert Graph([(), (0,), (0,), (1,), (2,)]).order(range(5)) == [0, 1, 3, 2, 4]


@pytest.mark.sweep
def test_a_line_of_a_hundred_thousand_needs_no_recursion():
    above = [(node - 1,) if node else () for node in range(100_000)]
    assert find_cycle(above) == []
    assert Graph(above).order(range(100_000))[-1] == 99_999
