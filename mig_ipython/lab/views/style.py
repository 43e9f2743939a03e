"""The style of the workshop's views: a bar at the left, beside a sign and a word that say the same."""

from __future__ import annotations

from collections.abc import Iterable

from ...views.html import Html, page, tag

_LIGHT = "--lab-yes:#1b6e3c;--lab-no:#a33a10;--lab-open:#5c6166"
_DARK = "--lab-yes:#7fd6a0;--lab-no:#ffb08f;--lab-open:#a9aeb4"
_IS_DARK = ':is([data-jp-theme-light="false"],.vscode-dark,.vscode-high-contrast)'

CSS = f".mig-lab{{{_LIGHT}}}{_IS_DARK} .mig-lab{{{_DARK}}}" + "".join(
    line.strip()
    for line in """
.mig-lab{
  border-left:4px solid var(--lab-open);
  padding:.1em 0 .1em .9em;
  margin:.2em 0;
  max-width:60em}
.mig-lab.mig-lab-yes{
  border-color:var(--lab-yes)}
.mig-lab.mig-lab-no{
  border-color:var(--lab-no)}
.mig-lab .mig-sign{
  width:1.5em}
.mig-lab .mig-yes{
  color:var(--lab-yes)}
.mig-lab .mig-no{
  color:var(--lab-no)}
.mig-lab .mig-lab-hint{
  background:rgba(128,128,128,.12);
  padding:.5em .8em;
  border-radius:4px}
.mig-lab .mig-lab-bar{
  display:flex;
  max-width:28em;
  height:.8em;
  border:1px solid currentColor;
  border-radius:3px;
  overflow:hidden}
.mig-lab .mig-lab-bar span{
  background:currentColor}
.mig-lab .mig-where code{
  white-space:nowrap}
.mig-lab ul.mig-lab-checks{
  list-style:none;
  padding-left:0}
.mig-lab ul.mig-lab-checks li{
  display:flex}
.mig-lab ul.mig-lab-checks .mig-sign{
  flex:none}
""".splitlines()
)


SIGNS = {"yes": "✓", "no": "✗", "": "○"}
"""The sign of a kind of result: solved, not solved, open."""


def box(*children: object, kind: str = "", label: str) -> Html:
    """Return a view with a bar at its left; ``kind`` is ``yes``, ``no`` or "" (open)."""
    classes = f"mig-lab mig-lab-{kind}" if kind else "mig-lab"
    return page(tag("style", Html(CSS)), tag("div", *children, class_=classes), label=label)


def check_list(checks: Iterable[tuple[str, object]]) -> Html:
    """Return a list of sentences, each after the sign of its kind; "" where there are none."""
    items = [tag("li", sign(kind), tag("span", sentence)) for kind, sentence in checks]
    return tag("ul", *items, class_="mig-lab-checks", style="list-style:none;padding-left:0") if items else Html()


def sign(kind: str) -> Html:
    """Return the sign of a result; the words beside it say the same."""
    return tag("span", SIGNS[kind], class_=f"mig-sign mig-{kind or 'open'}")


def state_of(passed: bool, tries: int, claimed: bool = False) -> str:
    """Return sign and word of an exercise; ``claimed``: it is recorded as solved, and its snapshot does not pass."""
    if passed:
        return f"{SIGNS['yes']} solved"
    return "? not verified" if claimed else f"{SIGNS['no']} tried" if tries else f"{SIGNS['']} open"
