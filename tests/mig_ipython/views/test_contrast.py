"""Each colour of the views and the panel can be read on each ground it is shown on, light and dark.

WCAG 2.2, 1.4.3: a contrast of 4.5 for text; 1.4.11: 3 for the lines that carry a meaning.
"""

from __future__ import annotations

import re

import pytest
from contrasts import contrast

from mig_ipython.lab.views import style as of_workshop
from mig_ipython.views import style as of_views
from mig_ipython.widgets.review import style as of_panel

GROUNDS = {"light": ["#ffffff"], "dark": ["#111111", "#212121", "#1f1f1f"]}
"""Of outputs: white in JupyterLab and VS Code; JupyterLab dark, its editors, VS Code dark."""
GREY = 0.12
"""How much grey lies over the ground of a source or a hint: rgba(128,128,128,.12)."""
SOURCE = ("key", "str", "num", "com")


def variables(css: str) -> dict[str, str]:
    """The colours of variables, as ``#rrggbb`` by their names without a prefix."""
    found = re.findall(r"--(?:mig|lab)-([a-z]+):(#[0-9a-f]{3,6})\b", css)
    return {
        name: colour if len(colour) == 7 else "#" + "".join(2 * each for each in colour[1:]) for name, colour in found
    }


def greyed(ground: str) -> str:
    return "#" + "".join(f"{round(GREY * 128 + (1 - GREY) * int(ground[at : at + 2], 16)):02x}" for at in (1, 3, 5))


def faint(colours: dict[str, str], pairs: list[tuple[str, str]], least: float = 4.5) -> dict[str, float]:
    """The pairs of a colour and a ground, names of variables or colours, that have less contrast."""
    found = {f"{one} on {other}": contrast(colours[one], colours.get(other, other)) for one, other in pairs}
    return {pair: round(value, 2) for pair, value in found.items() if value < least}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("style", [of_views, of_workshop], ids=["views", "workshop"])
def test_colours_of_an_output(theme, style):
    light, dark = ("_LIGHT", "_DARK") if style is of_workshop else ("LIGHT", "DARK")
    colours = variables(getattr(style, light if theme == "light" else dark))
    assert len(colours) >= 3
    grounds = [each for ground in GROUNDS[theme] for each in (ground, greyed(ground))]
    assert faint(colours, [(name, ground) for name in colours for ground in grounds]) == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_of_a_page(theme):
    colours = variables(of_views._PAGE_LIGHT if theme == "light" else of_views._PAGE_DARK)
    colours |= variables(of_views.LIGHT if theme == "light" else of_views.DARK)
    grounds = ("ground", greyed(colours["ground"]))
    assert faint(colours, [(name, ground) for name in ("text", "dim", "bad", *SOURCE) for ground in grounds]) == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_of_the_panel(theme):
    colours = variables(of_panel._LIGHT if theme == "light" else of_panel._DARK)
    texts = [(name, ground) for name in ("text", "dim", "bad", *SOURCE) for ground in ("ground", "soft")]
    texts += [(name, ground) for name in ("text", "dim", *SOURCE) for ground in ("chosen", "plus", "minus")]
    texts += [("onprimary", "primary"), ("ground", "bad")]
    assert faint(colours, texts) == {}
    assert (
        faint(colours, [(name, ground) for name in ("focus", "bad", "primary") for ground in ("ground", "soft")], 3)
        == {}
    )


@pytest.mark.parametrize("css", [of_views.CSS, of_workshop.CSS, of_panel.CSS], ids=["views", "workshop", "panel"])
def test_each_text_has_a_colour_that_is_measured_or_is_the_font_of_the_theme(css):
    known = (
        r"inherit|var\(--(mig|lab)-[a-z]+\)|var\(--jp-ui-font-color[012],(inherit|var\(--vscode-foreground,inherit\))\)"
    )
    found = set(re.findall(r"[;{]color:([^;}]+)", css))
    assert len(found) >= 2
    assert {each for each in found if not re.fullmatch(known, each)} == set()
