"""The one style sheet of every view: the theme's colours where there is a theme, readable ones where there is none.

A class that is said twice or three times outweighs what JupyterLab says of every output.
"""

CSS = "".join(
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
  color:var(--jp-error-color1,#d32f2f)}
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

DEAD_PANEL_CSS = (
    ".jp-OutputArea-child:has(>.jupyter-widgets):not(:has(>.jupyter-widgets>*))"
    ':has(+.jp-OutputArea-child .mig-view[aria-label$=", as text"]){display:none}'
)
"""Hides what JupyterLab says of a panel whose kernel is gone ("model not found"): the same stands below it as text."""
