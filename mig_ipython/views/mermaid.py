"""The graph of revisions in the Mermaid language, which JupyterLab and GitHub render themselves."""

from __future__ import annotations

from collections.abc import Sequence

from kernel_core.util.drawing import mermaid_literal

from .boxes import Box
from .revisions import Broken


def mermaid_of(boxes: Sequence[Box], broken: Sequence[Broken], *, horizontal: bool = False) -> str:
    """Return the source; heads are stadiums, the current revision has double sides, dependencies are dotted."""
    names = {box.entry.revision: f"n{number}" for number, box in enumerate(reversed(boxes))}
    lines = [f"flowchart {'LR' if horizontal else 'BT'}"]
    for box in reversed(boxes):
        opening, closing = ("([", "])") if box.entry.is_head else ("[[", "]]") if box.entry.is_current else ("[", "]")
        lines.append(f'    {names[box.entry.revision]}{opening}"{mermaid_literal(" · ".join(box.lines))}"{closing}')
    for box in boxes:
        child = names[box.entry.revision]
        lines += [f"    {names[parent]} --> {child}" for parent in box.follows]
        lines += [f"    {names[need]} -. depends on .-> {child}" for need in box.needs]
        lines += [f"    e{child}[…] --> {child}"] if box.earlier else []
    lines += [f'    b{number}>"{mermaid_literal(f"broken · {one}")}"]' for number, one in enumerate(broken)]
    return "\n".join(lines) + "\n"
