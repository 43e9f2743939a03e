"""The entity-relationship diagram of 300 tables: seconds beside those that graphviz needs for its bare boxes and lines.

pytest benchmarks/test_diagram.py -s
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable

import graphviz
import pytest
import sqlalchemy as sa

from kernel_core import schema

TABLES, COLUMNS, LIMIT = 300, 15, 0.15


def tables() -> sa.MetaData:
    """Return tables of 15 columns, each with one to three foreign keys, most to a few central tables."""
    chance, metadata = random.Random(1), sa.MetaData()
    for number in range(TABLES):
        columns = [sa.Column(f"column_{place}", sa.String(40)) for place in range(COLUMNS)]
        sa.Table(f"table_{number}", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
        for place in range(chance.randint(1, 3) if number else 0):
            target = chance.randrange(min(number, 8) if chance.random() < 0.4 else number)
            table = metadata.tables[f"table_{number}"]
            table.append_column(sa.Column(f"ref_{place}", sa.Integer, sa.ForeignKey(f"table_{target}.id")))
    return metadata


def seconds(work: Callable[[], object]) -> float:
    """Return the least of three runs."""
    found = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def test_the_diagram_of_300_tables_costs_little_more_than_its_layout(compared: Callable[..., None]) -> None:
    if shutil.which("dot") is None:
        pytest.skip("the program dot is not installed")
    metadata = tables()
    found = schema.RevisionSchema("head", schema.SchemaAt("head", metadata))
    bare = graphviz.Digraph(graph_attr={"rankdir": "LR"}, node_attr={"shape": "box"})
    for line in found.diagram.lines:
        bare.edge(line.source, line.target)

    def drawn() -> None:
        from kernel_core.util.drawing import svg_of

        assert svg_of(schema.RevisionSchema("head", schema.SchemaAt("head", metadata)).dot)

    ours, layout = seconds(drawn), seconds(lambda: bare.pipe(format="svg"))
    compared("a diagram of 300 tables, beside its bare layout by graphviz", ours, layout, limit=LIMIT)
