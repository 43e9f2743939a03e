"""HTML of all views, made here only: everything that is not `Html` is escaped, and every secret is masked."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Sequence

from kernel_core.util.secrets import redact

from .style import CSS, PANEL_OR_TEXT_CSS

_BLANK_LINE = re.compile(r"(?<=\n)([ \t]*)\n")
_EMPTY = frozenset({"br", "hr", "img", "input", "meta"})


class Html(str):
    """Text that is HTML: made by `tag` and the functions below, never from data."""

    __slots__ = ()


def esc(value: object) -> Html:
    """Escape ``value``; return HTML that shows it literally.

    >>> esc("<b>")
    '&lt;b&gt;'
    """
    return value if isinstance(value, Html) else Html(html.escape(redact(str(value)), quote=True))


def tag(name: str, *children: object, **attributes: object) -> Html:
    """Return an element; ``class_`` is ``class``, an attribute that is None or False is omitted, True has no value.

    >>> tag("p", "a < b", class_="mig-lead")
    '<p class="mig-lead">a &lt; b</p>'
    """
    written = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    if name in _EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{''.join(esc(child) for child in children)}</{name}>")


def join(parts: Iterable[object], between: object = "") -> Html:
    """Return the parts one after the other, each escaped."""
    return Html(esc(between).join(esc(part) for part in parts))


def page(*children: object, label: str = "") -> Html:
    """Return a complete, self-contained view with its style; a dollar sign does not start a formula.

    It has no blank lines, at which Markdown would end the element (``jupyter nbconvert --to markdown``).
    """
    style = Html(f"<style>{CSS}</style>")
    shown = Html(_BLANK_LINE.sub(r"\1&#10;", join(children)))
    classes = "mig-view mathjax_ignore tex2jax_ignore"
    return tag("div", style, shown, class_=classes, role="group" if label else None, aria_label=label or None)


def beneath_panel(summary: object, *children: object, what: str) -> Html:
    """Return the view that is shown instead of a panel after its kernel has ended."""
    ended = tag("p", f"The kernel of this {what.lower()} has ended. Run the cell again.", class_="mig-ended mig-where")
    return page(tag("style", Html(PANEL_OR_TEXT_CSS)), ended, details(summary, *children), label=f"{what}, as text")


def details(summary: object, *children: object, shown: bool = False) -> Html:
    """Return a ``<details>`` element."""
    return tag("details", tag("summary", summary), *children, open=shown)


def with_code(text: str) -> Html:
    """Return text in which the parts between backticks are code.

    >>> with_code("`Base` (<7> tables)")
    '<code>Base</code> (&lt;7&gt; tables)'
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return esc(text)
    return Html("".join(tag("code", part) if place % 2 else esc(part) for place, part in enumerate(parts)))


def table(headings: Sequence[object], rows: Iterable[Sequence[object]], caption: object = "") -> Html:
    """Return a table with a heading row.

    Each cell has its alignment as an attribute, because JupyterLab removes the style sheet of an untrusted notebook.
    """
    head = tag("thead", tag("tr", *(tag("th", heading, scope="col", style=_LEFT) for heading in headings)))
    body = tag("tbody", *(tag("tr", *(tag("td", cell, style=_LEFT) for cell in row)) for row in rows))
    return tag("table", tag("caption", caption) if caption else Html(), head, body)


def plain_list(items: Iterable[object], *, indented: bool = False) -> Html:
    """Return a list without bullets, for lines that begin with a sign of their own; ``indented`` beneath another line.

    Its style stands inline for the same reason as a table's.
    """
    style = f"list-style:none;padding-left:{'1.4em' if indented else '.4em'}"
    return tag("ul", *(tag("li", item) for item in items), style=style)


def picture(svg: str, described: str) -> Html:
    """Return a drawing of graphviz as an image: as wide as the page where it stays legible so, else it scrolls."""
    size = re.match(r'<svg width="(\d+)', svg)
    least = f"max-width:max(100%,{round(int(size[1]) * _PIXELS * _SMALLEST)}px)" if size else None
    data = base64.b64encode(redact(svg).encode()).decode()
    image = tag("img", src=f"data:image/svg+xml;base64,{data}", alt=described, class_="mig-graph", style=least)
    # the style stands inline, because a notebook that is not trusted loses its style sheet
    return tag("div", image, style="overflow:auto;max-height:56em;padding:4px 0", tabindex="0")


_PIXELS = 4 / 3
"""Pixels in a point, the unit of graphviz."""

_SMALLEST = 0.75
"""The smallest part of its size that a drawing is shown at: a text of 10 points has 10 pixels then."""

_LEFT = "text-align:left"


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{esc(value)}"'
