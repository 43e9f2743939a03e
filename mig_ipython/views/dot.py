"""The graph of revisions in the DOT language of graphviz."""

from __future__ import annotations

from collections.abc import Sequence

from kernel_core.util.drawing import INK, LINE, label

from .boxes import Box
from .revisions import Broken

APPLIED, CURRENT, PENDING = ("#dfeafb", "#2f62ad"), ("#d5ecd9", "#27884a"), ("#fff4d6", "#8a6100")
PLAIN, BROKEN = ("#eceef1", "#5f6368"), ("#fde4e1", "#b3261e")
"""(fill, border) of a box; its text is `INK`, which is legible on any background."""


def dot_of(boxes: Sequence[Box], broken: Sequence[Broken], *, horizontal: bool = False) -> str:
    """Return the source; oldest first, so that new revisions are added at the end."""
    import graphviz

    graph = graphviz.Digraph(
        "revisions",
        graph_attr={
            "rankdir": "LR" if horizontal else "BT",
            "bgcolor": "transparent",
            "nodesep": "0.3",
            "ranksep": "0.32",
            "pad": "0.1",
        },
        node_attr={
            "fontname": "Helvetica,Arial,sans-serif",
            "fontsize": "10.5",
            "fontcolor": INK,
            "shape": "box",
            "margin": "0.15,0.07",
        },
        edge_attr={"color": LINE, "arrowsize": "0.75", "penwidth": "1.3"},
    )
    names = {box.entry.revision: f"n{number}" for number, box in enumerate(reversed(boxes))}
    for box in reversed(boxes):
        graph.node(names[box.entry.revision], label(box.lines), **_look(box))
    for box in boxes:
        child = names[box.entry.revision]
        for parent in box.follows:
            graph.edge(names[parent], child)
        for need in box.needs:
            graph.edge(names[need], child, style="dashed", arrowhead="vee", constraint="false")
        if box.earlier:
            graph.node(f"e{child}", "…", **_coloured(PLAIN, "filled"), width="0.4", height="0.25")
            graph.edge(f"e{child}", child)
    for number, one in enumerate(broken):
        graph.node(f"b{number}", label(("broken", str(one))), shape="note", **_coloured(BROKEN, "filled,dashed"))
    return str(graph.source)


def _look(box: Box) -> dict[str, str]:
    """Return shape and border: heads are octagons, the current revision has a double border, pending ones a dashed.

    One of which only a part is committed has a thick one.
    """
    pending, current = box.entry.state == "pending", box.entry.is_current
    if box.folded:
        return _coloured(PENDING if pending else PLAIN, "filled,dotted")
    look = _coloured(
        CURRENT if current else PENDING if pending else APPLIED, "filled,dashed" if pending else "filled,rounded"
    )
    if box.entry.is_head:
        look |= {"shape": "octagon", "margin": "0.02,0", "style": "filled,dashed" if pending else "filled"}
    if box.entry.is_half:
        look |= _coloured(BROKEN, f"{look['style']},bold") | {"penwidth": "2.4"}
    if current:
        look |= {"peripheries": "2", "penwidth": "1.6"}
    return look


def _coloured(colours: tuple[str, str], style: str) -> dict[str, str]:
    return {"fillcolor": colours[0], "color": colours[1], "style": style}
