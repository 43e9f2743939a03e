"""The style of the panel: variables of the theme, and colours that are legible on light and dark."""

from __future__ import annotations

from ...views.clock import CLOCK_CSS

_LIGHT = (
    "color-scheme:light;--mig-text:#1f1f1f;--mig-dim:#595959;--mig-bad:#b3261e;--mig-ground:#fff;--mig-soft:#f3f4f6;--mig-line:#d5d8dc;"
    "--mig-chosen:#e8f0fe;--mig-focus:#0b57d0;--mig-key:#00695c;--mig-str:#9c2b16;--mig-num:#1a52b5;--mig-com:#5c6166;"
    "--mig-plus:#e3f4e6;--mig-minus:#fbe9e7;--mig-primary:#0b57d0;--mig-onprimary:#fff"
)
_DARK = (
    "color-scheme:dark;--mig-text:#ececec;--mig-dim:#b4b8bd;--mig-bad:#ff9d94;--mig-ground:#1c1d1f;--mig-soft:#292b2e;--mig-line:#45484d;"
    "--mig-chosen:#26364d;--mig-focus:#8ab4f8;--mig-key:#7fd4c1;--mig-str:#f2a58e;--mig-num:#9ec1ff;--mig-com:#a9aeb4;"
    "--mig-plus:#1d3a25;--mig-minus:#43241f;--mig-primary:#8ab4f8;--mig-onprimary:#0b1b33"
)

_RULES = """
{color:var(--mig-text);font-family:var(--jp-ui-font-family,system-ui,sans-serif);
 font-size:var(--jp-ui-font-size1,13px);line-height:1.45;border:1px solid var(--mig-line);border-radius:8px;
 padding:12px 14px;overflow:hidden;background:var(--mig-ground)}
 :is(.widget-html,.widget-html-content){line-height:1.45;height:auto;min-height:0;margin:0;color:inherit}
 .widget-html-content{font-size:var(--jp-ui-font-size1,13px)}
 :is(.widget-vbox,.widget-hbox){overflow:visible}
 h3{font-size:15px;font-weight:600;margin:0;color:inherit;overflow-wrap:anywhere}
 p{margin:2px 0}
 :is(code,pre,textarea){font-family:var(--jp-code-font-family,ui-monospace,monospace);
 font-size:var(--jp-code-font-size,12px);color:inherit}
 h3 code{font-size:14px;background:var(--mig-soft);border-radius:4px;padding:0 4px}
 .mig-dim{color:var(--mig-dim)}
 .mig-note{font-weight:600}
 :is(.mig-bad,.mig-warn){color:var(--mig-bad);font-weight:600}
 .widget-label{color:var(--mig-dim)}
 :is(input,select,textarea){color:var(--mig-text);background-color:var(--mig-ground);border:1px solid var(--mig-line);
 border-radius:4px}
 :is(input,textarea)::placeholder{color:var(--mig-dim);opacity:1}
 select{appearance:auto;text-overflow:ellipsis;background-image:none;padding-right:2px}
 option{color:var(--mig-text);background:var(--mig-ground)}
 :is(input,select,textarea):disabled{opacity:1;color:var(--mig-dim);background-color:var(--mig-soft)}
 :is(button,input,select,textarea,summary,pre,[tabindex="0"]):focus-visible{
 outline:2px solid var(--mig-focus)!important;outline-offset:1px}
 .jupyter-button{border-radius:5px;border:1px solid var(--mig-line);width:auto;padding:0 11px;margin:0;
 background:var(--mig-soft);color:var(--mig-text);box-shadow:none;height:28px;line-height:26px}
 .jupyter-button:focus{box-shadow:none}
 .jupyter-button:hover:enabled{border-color:var(--mig-focus);box-shadow:none}
 .jupyter-button.mod-primary{border-color:transparent;background:var(--mig-primary);color:var(--mig-onprimary);
 font-weight:600}
 .jupyter-button.mod-danger{border-color:transparent;background:var(--mig-bad);color:var(--mig-ground);font-weight:600;
 white-space:normal;height:auto;min-height:28px;line-height:1.4;padding:3px 11px}
 .jupyter-button:disabled{opacity:.5}
 .mig-bar{flex-flow:row wrap;align-items:center;gap:6px;margin-top:8px}
 .mig-bar>*{margin:0}
 .mig-bar .widget-text{flex:1 1 150px;width:auto;min-width:120px}
 .mig-bar .widget-text:has([type=number]){flex:none}
 .mig-bar .widget-checkbox .widget-label-basic{display:flex;align-items:center;gap:6px}
 .mig-bar .widget-checkbox input{margin:0;accent-color:var(--mig-primary)}
 .noUi-target{background:var(--mig-dim)}
 .noUi-handle{visibility:hidden}
 .noUi-touch-area{visibility:visible;border-radius:50%;background:var(--mig-primary)}
 .mig-quiet>.widget-label{position:absolute;width:1px;min-width:0;height:1px;margin:0;overflow:hidden;
 clip-path:inset(50%)}
 .mig-notice{border-left:3px solid var(--mig-bad);padding:2px 0 2px 10px}
 .mig-renames .mig-notice{border-left-color:var(--mig-focus)}
 .mig-body{flex-flow:row wrap;align-items:stretch;margin:10px 0 8px;border:1px solid var(--mig-line);
 border-radius:6px;overflow:hidden}
 .mig-body>*{border:1px solid var(--mig-line);border-width:1px 0 0 1px;margin:-1px 0 0 -1px}
 .mig-side{flex:3 1 360px;min-width:0;width:auto}
 .mig-steps{align-items:center;padding:6px 8px 2px;gap:6px}
 .mig-steps .widget-text{width:112px;margin:0}
 .mig-steps .widget-label{width:auto;min-width:0;margin-right:6px}
 .mig-steps input{text-align:right}
 .mig-side:has(>.mig-steps:not([style*="none"])) .mig-list{height:0;min-height:430px;max-height:none;flex:1 1 0}
 .mig-list{min-width:0;max-height:430px;overflow:hidden auto;padding:6px 4px;display:grid;width:auto;
 grid-template-columns:max-content minmax(0,1fr);align-content:start;grid-auto-rows:max-content;column-gap:4px}
 .mig-none{padding:0 12px 8px}
 .mig-block{display:contents}
 .mig-list .mig-table{grid-column:1/-1}
 .mig-more.jupyter-button{margin:6px 8px 8px;align-self:start;white-space:normal;height:auto;line-height:1.4;
 padding:4px 11px}
 .mig-list .mig-table .widget-html-content{font-weight:600;padding:7px 6px 2px;overflow-wrap:anywhere}
 .mig-list>.mig-block:first-child>.mig-table:first-child .widget-html-content{padding-top:1px}
 .mig-list .widget-checkbox{width:auto;margin:0;height:28px;align-self:start}
 .mig-list .widget-label-basic{display:flex;gap:5px;justify-content:flex-end;min-width:44px;height:28px;
 line-height:28px;align-items:center;padding-left:2px}
 .mig-list .widget-label-basic input{margin:0;align-self:center;accent-color:var(--mig-primary)}
 .mig-list .widget-label-basic span{order:-1;line-height:28px;color:var(--mig-dim);
 width:3ch;overflow:clip;white-space:pre;text-overflow:clip;font-variant-numeric:tabular-nums}
 .mig-row.jupyter-button{text-align:left;height:auto;min-height:28px;margin:0 2px 0 0;padding:4px 8px 4px 1.7em;
 line-height:1.4;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid transparent;border-left-width:3px;
 border-radius:4px;background:transparent;width:auto;display:block;text-indent:-1.15em;overflow:visible}
 .mig-row.jupyter-button:hover{background:var(--mig-soft);border-color:transparent}
 .mig-row.mig-chosen:is(*,:hover){background:var(--mig-chosen);border-left-color:var(--mig-focus)}
 .mig-block>:is(.mig-chosen,.widget-checkbox:has(+.mig-chosen)){position:sticky;top:0;bottom:0;z-index:1}
 .mig-block>.widget-checkbox:has(+.mig-chosen){background:var(--mig-ground)}
 .mig-row.mig-refused{color:var(--mig-dim);font-style:italic}
 .mig-row.mig-wrong{border-right:3px solid var(--mig-bad)}
 .mig-detail{flex:4 1 400px;min-width:0;width:auto;padding:10px 14px}
 .mig-detail h4{margin:0 0 2px;font-size:14px;font-weight:600;overflow-wrap:anywhere;color:inherit}
 .mig-field{margin-top:5px}
 .mig-field .widget-inline-hbox{width:100%;margin:0}
 .mig-field>.widget-text{height:28px}
 .mig-field .widget-html:has(>.widget-html-content:empty){display:none}
 .mig-field .widget-label{width:124px;min-width:124px;text-align:left;white-space:normal;line-height:1.2}
 .mig-field>.widget-toggle-buttons{display:flex;flex-flow:row nowrap;width:100%;margin:0;height:auto;overflow:visible}
 .mig-field>.widget-toggle-buttons>.widget-label{flex:none;height:26px;line-height:26px;margin-right:8px}
 .mig-field>.widget-toggle-buttons>div{display:flex;flex:1 1 0;flex-flow:row wrap;gap:4px;min-width:0}
 .widget-toggle-buttons .jupyter-button{height:26px;line-height:24px;padding:0 8px;font-size:12px}
 .widget-toggle-buttons .jupyter-button.mod-active{background:var(--mig-chosen);border-color:var(--mig-focus);
 color:var(--mig-text)}
 .widget-toggle-buttons .mod-active:before{content:"\\2713\\00a0"}
 .mig-has-error :is(input,textarea,select){border:2px solid var(--mig-bad)}
 .mig-field .mig-bad{margin:1px 0 3px 132px}
 .widget-tab{margin-top:10px}
 .widget-tab .widget-tab-contents{padding:0;border:none;background:transparent}
 .widget-tab>.lm-TabBar{border-bottom:1px solid var(--mig-line);overflow:visible}
 .widget-tab>.lm-TabBar .lm-TabBar-tab{flex:0 1 auto;min-width:0;padding:0 12px;background:transparent;border:none;
 border-bottom:2px solid transparent;color:var(--mig-dim);margin:0;top:1px;overflow:visible}
 .widget-tab>.lm-TabBar .lm-TabBar-tab:before{display:none}
 .widget-tab>.lm-TabBar .lm-mod-current{color:var(--mig-text);font-weight:600;border-bottom-color:var(--mig-focus)}
 pre.mig-code{margin:0;padding:8px 10px;max-height:260px;overflow:auto;white-space:pre-wrap;line-height:1.5;tab-size:4;
 overflow-wrap:break-word;word-break:normal;background:var(--mig-soft);border-radius:0 0 4px 4px}
 pre.mig-marked{border-radius:4px;max-height:360px}
 .mig-key{color:var(--mig-key)}
 .mig-str{color:var(--mig-str)}
 .mig-num{color:var(--mig-num)}
 .mig-com{color:var(--mig-com);font-style:italic}
 .mig-plus{background:var(--mig-plus)}
 .mig-minus{background:var(--mig-minus);text-decoration:line-through}
 .mig-minus .mig-gutter{text-decoration:none;display:inline-block;white-space:pre}
 .mig-gutter{user-select:none;font-weight:700}
 .mig-fold.jupyter-button{background:transparent;border-color:transparent;padding:0 8px 0 0;color:var(--mig-dim)}
 .mig-fold.jupyter-button:hover:enabled{border-color:transparent;color:var(--mig-text)}
 .mig-foot{padding-top:2px}
 .mig-foot>.widget-html p{margin:3px 0 3px 132px;overflow-wrap:anywhere}
 .mig-ask{border:2px solid var(--mig-bad);border-radius:6px;padding:8px 12px;margin-top:8px}
 .mig-ask ul{margin:2px 0;padding-left:1.6em}
 .mig-status .widget-html-content{min-height:1.45em;padding-top:8px}
.mig-ask{border:2px solid var(--mig-bad)}
.mig-brief .mig-status:has(p:empty) .widget-html-content{min-height:0;padding:0}
 .mig-status p{display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden;
 overflow-wrap:break-word;word-break:normal;white-space:pre-line;margin:0}
"""


_ENDED = (
    ".mig-review.jupyter-widgets-disconnected>*{display:none!important}"
    ".mig-review .jupyter-widgets-disconnected::before{content:none}"
    ".mig-review.jupyter-widgets-disconnected::before{"
    'content:"The kernel of this panel has ended. Run the cell again.";font:inherit;color:var(--mig-dim)}'
)
"""Style of a panel whose kernel has ended: one sentence, no buttons, no icon."""


def _scoped(rules: str) -> str:
    """Return the rules restricted to the panel; in ``_RULES`` each rule starts a new line after one space."""
    lines: list[str] = []
    for line in rules.strip().splitlines():
        begins = not lines or lines[-1].endswith("}")
        lines.append(f".mig-review{line}" if begins else line)
    return "".join(lines)


CSS = (
    f".mig-review{{{_LIGHT}}}"
    f':is([data-jp-theme-light="false"],.vscode-dark,.vscode-high-contrast) .mig-review{{{_DARK}}}'
    f"{_scoped(_RULES)}{CLOCK_CSS}{_ENDED}"
)
