"""The one style sheet of every view: the theme's colours where there is a theme, readable ones where there is none.

A class that is said twice or three times outweighs what JupyterLab says of every output.
"""

LIGHT = "--mig-key:#00695c;--mig-str:#9c2b16;--mig-num:#1a52b5;--mig-com:#5c6166;--mig-bad:#b3261e"
DARK = "--mig-key:#7fd4c1;--mig-str:#f2a58e;--mig-num:#9ec1ff;--mig-com:#a9aeb4;--mig-bad:#ff9d94"
"""The colours of sources and of warnings, readable on a light and on a dark ground."""

CSS = f'.mig-view{{{LIGHT}}}:is([data-jp-theme-light="false"],.vscode-dark,.vscode-high-contrast) .mig-view{{{DARK}}}'
CSS += "".join(
    line.strip()
    for line in """
.mig-view{
  color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));
  font-family:var(--jp-ui-font-family,system-ui,sans-serif);
  font-size:var(--jp-ui-font-size1,13px);
  line-height:1.5;
  max-width:100%}
.mig-view table{
  border-collapse:collapse;
  margin:.4em 0}
.mig-view caption{
  caption-side:top;
  text-align:left;
  padding:.2em 0;
  color:var(--jp-ui-font-color2,inherit)}
.mig-view th,.mig-view td{
  text-align:left;
  vertical-align:top;
  padding:.2em .8em .2em 0;
  border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.35))}
.mig-view pre,.mig-view code,.mig-view .mig-sign{
  font-family:var(--jp-code-font-family,ui-monospace,monospace);
  font-size:var(--jp-code-font-size,12px)}
.mig-view .mig-key{
  color:var(--mig-key)}
.mig-view .mig-str{
  color:var(--mig-str)}
.mig-view .mig-num{
  color:var(--mig-num)}
.mig-view .mig-com{
  color:var(--mig-com);
  font-style:italic}
.mig-view.mig-view.mig-view pre{
  background:rgba(128,128,128,.12);
  color:inherit;
  padding:.5em .7em;
  margin:.3em 0;
  overflow-x:auto;
  white-space:pre;
  word-break:normal}
.mig-view.mig-view pre code{
  padding:0;
  background:none;
  white-space:inherit}
.mig-view.mig-view td code{
  padding:0;
  background:none}
.mig-view.mig-view h4{
  margin:.7em 0 .2em;
  font-size:1em;
  font-weight:600}
.mig-view p{
  margin:.3em 0}
.mig-view ol,.mig-view ul{
  margin:.2em 0;
  padding-left:2.2em}
.mig-view summary{
  cursor:pointer;
  color:var(--jp-ui-font-color2,inherit)}
.mig-view .mig-lead{
  font-weight:600}
.mig-view .mig-where{
  color:var(--jp-ui-font-color2,inherit)}
.mig-view .mig-warn{
  font-weight:600;
  color:var(--mig-bad)}
.mig-view .mig-lead code{
  font-weight:inherit}
.mig-view .mig-hint{
  padding-left:2.7em}
.mig-view .mig-sign{
  display:inline-block;
  width:1.2em;
  font-weight:700}
.mig-view .mig-graph{
  max-width:none;
  height:auto}
""".splitlines()
)

_AS_TEXT = '.jp-OutputArea-child .mig-view[aria-label$=", as text"]'

_LOST = ".jp-OutputArea-child:has(>.jupyter-widgets):not(:has(>.jupyter-widgets>*))"
_DISCONNECTED = ".jp-OutputArea-child:has(.mig-review.jupyter-widgets-disconnected)"
_LIVE = ".jp-OutputArea-child:has(.mig-review:not(.jupyter-widgets-disconnected))"

PANEL_OR_TEXT_CSS = (
    f"{_LOST}:has(+{_AS_TEXT}),{_DISCONNECTED}:has(+{_AS_TEXT}),"
    f'{_LIVE}+.jp-OutputArea-child:has(.mig-view[aria-label$=", as text"]){{display:none}}'
    f".mig-ended{{display:none}}:is({_LOST},{_DISCONNECTED})+.jp-OutputArea-child .mig-ended{{display:block}}"
)
"""Shows one of the two, in JupyterLab and Notebook: the panel while its kernel lives, else its text.

Hidden is what they make of a panel whose kernel is gone: "model not found", or controls that do nothing.
"""

_MIGRATION = '.jp-OutputArea-child .mig-view[aria-label="Migration"]'

LOST_PANEL_CSS = f"{_LOST}:has(+{_MIGRATION}),{_DISCONNECTED}:has(+{_MIGRATION}){{display:none}}"
"""Hides the panel above a migration whose kernel is gone: it has only a button, and the migration is below."""

_PAGE_LIGHT = "--mig-ground:#fff;--mig-text:#1f1f1f;--mig-dim:#595959;--mig-line:#d5d8dc;--mig-invert:0"
_PAGE_DARK = "--mig-ground:#1c1d1f;--mig-text:#ececec;--mig-dim:#b4b8bd;--mig-line:#45484d;--mig-invert:1"

PAGE_CSS = (
    f":root{{color-scheme:light dark;{_PAGE_LIGHT}}}"
    f"@media(prefers-color-scheme:dark){{:root{{{_PAGE_DARK}}}body .mig-view{{{DARK}}}}}"
    "body{margin:0;background:var(--mig-ground);color:var(--mig-text);font-family:system-ui,sans-serif;"
    "--jp-ui-font-color1:var(--mig-text);--jp-ui-font-color2:var(--mig-dim);--jp-border-color2:var(--mig-line);"
    "--jp-ui-font-size1:15px;--jp-code-font-size:13px}"
    "main{max-width:60em;margin:0 auto;padding:2em 1.5em 4em}"
    "h1{font-size:1.6em;font-weight:600;margin:0 0 .8em}"
    "h2{font-size:1.2em;font-weight:600;margin:2em 0 .6em}"
    "body .mig-view table{width:100%}"
    "body .mig-view details{border:1px solid var(--mig-line);border-radius:8px;margin:.7em 0;padding:.2em .9em}"
    "body .mig-view summary{padding:.45em 0;color:inherit}"
    "body .mig-view img{max-width:100%;filter:invert(var(--mig-invert)) hue-rotate(calc(var(--mig-invert)*180deg))}"
    "@media print{body .mig-view details{break-inside:avoid}}"
)
"""The style of a standalone page: light or dark as the reader's system is."""
