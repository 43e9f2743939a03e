"""An entity-relationship diagram in the DOT language of graphviz, and in the Mermaid language.

The ends of a line are crow's feet: many or at most one row at the table of the key, one or at most one at the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import ceil, sqrt

from ..util.counts import counted
from ..util.drawing import INK, LINE, label, mermaid_literal, record_literal
from .changes import Sign
from .diagram import Box, Diagram, Line, Row
from .listing import WORDS

FILLS: Mapping[Sign | None, tuple[str, str, str]] = {
    "+": ("#d5ecd9", "#27884a", "filled,bold"),
    "-": ("#fde4e1", "#b3261e", "filled,dashed"),
    "~": ("#fff4d6", "#8a6100", "filled,bold"),
    None: ("#eef2f8", "#5f6368", "filled"),
}
"""(fill, border, style) of a box by its sign; the text is `INK`, legible on each fill."""

LABELLED = 30
"""The most lines that have a label: more labels would hide the diagram."""


def dot_of(diagram: Diagram) -> str:
    """Return the source for graphviz: a cluster for each schema, if there is more than one."""
    import graphviz  # noqa: PLC0415 - only needed to draw

    graph = graphviz.Digraph(
        "schema",
        graph_attr={
            "rankdir": "LR", "bgcolor": "transparent", "nodesep": "0.3", "ranksep": "0.8", "pad": "0.1",
            "fontname": _FONT, "fontsize": "11", "fontcolor": LINE,
        },
        node_attr={"fontname": _FONT, "fontsize": "10", "fontcolor": INK, "shape": "record", "margin": "0.08,0.04"},
        edge_attr={
            "color": LINE, "penwidth": "1.2", "dir": "both", "arrowsize": "0.8",
            "fontname": _FONT, "fontsize": "9", "fontcolor": LINE,
        },
    )  # fmt: skip
    names = {box.key: f"t{number}" for number, box in enumerate(diagram.boxes)}
    by_schema = sorted(diagram.boxes, key=lambda box: box.schema)
    several = len({box.schema for box in diagram.boxes if not box.is_folded}) > 1
    for number, (schema, group) in enumerate(groupby(by_schema, lambda box: box.schema)):
        boxes = list(group)
        if several and schema and not boxes[0].is_folded:
            with graph.subgraph(name=f"cluster{number}") as inner:
                inner.attr(label=label([f"schema {schema}"]), style="dashed", color=LINE)
                _add_boxes(inner, boxes, names)
        else:
            _add_boxes(graph, boxes, names)
    for line in diagram.lines:
        graph.edge(names[line.source], names[line.target], **_ends(line, labelled=len(diagram.lines) <= LABELLED))
    for one, other in _grid([names[box.key] for box in diagram.boxes if _is_alone(box, diagram.lines)]):
        graph.edge(one, other, style="invis")
    return str(graph.source)


_FONT = "Helvetica,Arial,sans-serif"


def _add_boxes(graph: object, boxes: Sequence[Box], names: Mapping[str, str]) -> None:
    for box in boxes:
        fill, border, style = FILLS[box.sign]
        look = {"fillcolor": fill, "color": border, "style": style}
        if box.is_folded:
            graph.node(names[box.key], label([_title(box)]), **look, shape="folder")  # type: ignore[attr-defined]
        else:
            graph.node(names[box.key], _record(box), **look)  # type: ignore[attr-defined]


def _title(box: Box) -> str:
    return f"{box.sign} {box.title} ({WORDS[box.sign]})" if box.sign else box.title


def _record(box: Box) -> str:
    """Return the label of a table: the title, and beneath it signs, names and types in columns of text.

    Where the graph goes from left to right, fields are one beneath the other, and those in braces side by side.
    """
    title = record_literal(_title(box))
    more = record_literal(f"… {counted(box.omitted, 'more column')}") + "\\l" if box.omitted else ""
    end = f"|{more}" if more else ""
    if not box.rows:
        return title + end
    marks = "".join(record_literal(_marks(row) or " ") + "\\l" for row in box.rows)
    names = "".join(record_literal(row.name) + "\\l" for row in box.rows)
    types = "".join(record_literal(row.type) + "\\l" for row in box.rows)
    return f"{title}|{{{marks}|{names}|{types}}}{end}"


def _marks(row: Row) -> str:
    return " ".join([*([f"{row.sign} {WORDS[row.sign]}"] if row.sign else []), *([row.marks] if row.marks else [])])


def _ends(line: Line, *, labelled: bool) -> dict[str, str]:
    """Return the attributes of an edge; its tail is at the table that has the foreign key."""
    many = "teeodot" if line.is_unique else "crowodot"
    found = {"arrowtail": many, "arrowhead": "teeodot" if line.is_nullable else "teetee"}
    words = ([f"{line.sign} {WORDS[line.sign]}"] if line.sign else []) + ([line.label] if labelled else [])
    if words:
        found["label"] = label([": ".join(words)])
    if line.sign:
        found |= {"color": FILLS[line.sign][1], "penwidth": "2", "style": "dashed" if line.sign == "-" else "solid"}
    return found


def _is_alone(box: Box, lines: Sequence[Line]) -> bool:
    return not any(line.source != line.target and box.key in (line.source, line.target) for line in lines)


def _grid(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield pairs that place boxes without lines in a grid; graphviz would put them all into one column."""
    width = ceil(sqrt(len(names))) if names else 1
    for position, name in enumerate(names):
        if (position + 1) % width and position + 1 < len(names):
            yield name, names[position + 1]


def mermaid_of(diagram: Diagram) -> str:
    """Return the source for mermaid; a name that mermaid does not take is an alias with the name as its text."""
    names = {box.key: f"t{number}" for number, box in enumerate(diagram.boxes)}
    lines = ["erDiagram"]
    for box in diagram.boxes:
        lines.append(f'    {names[box.key]}["{mermaid_literal(_title(box))}"] {{')
        lines += [f"        {_mermaid_row(row.type, row.name, row.marks, row.sign)}" for row in box.rows]
        lines += [f'        more columns "{box.omitted} more"'] if box.omitted else []
        lines.append("    }")
    for each in diagram.lines:
        many = "|o" if each.is_unique else "}o"
        one = "o|" if each.is_nullable else "||"
        words = f"{each.sign} {WORDS[each.sign]}: {each.label}" if each.sign else each.label
        lines.append(f'    {names[each.source]} {many}--{one} {names[each.target]} : "{mermaid_literal(words)}"')
    return "\n".join(lines) + "\n"


def _mermaid_row(type_: str, name: str, marks: str, sign: str) -> str:
    """Return an attribute: mermaid wants a type and a name of letters and digits, keys, and a comment.

    https://mermaid.js.org/syntax/entityRelationshipDiagram.html
    """
    keys = ", ".join({"PK": "PK", "FK": "FK", "U": "UK"}[each] for each in marks.split())
    safe_name, safe_type = _word(name), _word(type_.removesuffix(" null"))
    words = [f"{sign} {WORDS[sign]}"] if sign else []
    words += ["null"] if type_.endswith(" null") else []
    words += [name] if safe_name != name else []
    about = f' "{mermaid_literal(", ".join(words))}"' if words else ""
    return f"{safe_type} {safe_name}{f' {keys}' if keys else ''}{about}"


def _word(text: str) -> str:
    made = "".join(each if each.isascii() and (each.isalnum() or each in "_()") else "_" for each in text).strip("_")
    return made if made[:1].isalpha() else f"c_{made}"
