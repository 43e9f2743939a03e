"""The panel's style: the theme's colours, readable ones where there is no theme."""

from __future__ import annotations

CSS = """
.mig-review{color:var(--jp-ui-font-color1,inherit);font-family:var(--jp-ui-font-family,system-ui,sans-serif);
 border:1px solid var(--jp-border-color2,rgba(128,128,128,.35));border-radius:6px;padding:10px 12px;overflow:hidden;
 background:var(--jp-layout-color1,transparent);
 --mig-line:var(--jp-border-color2,rgba(128,128,128,.35));--mig-soft:var(--jp-layout-color2,rgba(128,128,128,.12));
 --mig-dim:var(--jp-ui-font-color2,inherit);--mig-bad:var(--jp-error-color1,#c62828);
 --mig-focus:var(--jp-brand-color1,#1976d2)}
.mig-review .widget-html,.mig-review .widget-html-content{line-height:1.45;height:auto;min-height:0;margin:0}
.mig-review .widget-html-content{font-size:var(--jp-ui-font-size1,13px)}
.mig-review .widget-vbox,.mig-review .widget-hbox{overflow:visible}
.mig-review h3{font-size:15px;font-weight:600;margin:0;color:inherit}
.mig-review p{margin:2px 0}
.mig-review code,.mig-review pre,.mig-review textarea{font-family:var(--jp-code-font-family,ui-monospace,monospace);
 font-size:var(--jp-code-font-size,12px)}
.mig-review h3 code{font-size:14px;background:var(--mig-soft);border-radius:3px;padding:0 3px}
.mig-review .mig-dim{color:var(--mig-dim)}
.mig-review .mig-note{font-weight:600}
.mig-review .mig-bad,.mig-review .mig-warn{color:var(--mig-bad);font-weight:600}
.mig-review :is(button,input,select,textarea,summary):focus-visible{
 outline:2px solid var(--mig-focus);outline-offset:1px}
.mig-review .jupyter-button{border-radius:4px;border:1px solid var(--mig-line);width:auto;padding:0 10px}
.mig-review .jupyter-button.mod-primary{border-color:transparent}
.mig-review .mig-bar{flex-flow:row wrap;align-items:center;gap:4px 6px;margin-top:6px}
.mig-review .mig-bar .widget-text{flex:1 1 150px;width:auto;min-width:120px}
.mig-review .mig-bar .widget-dropdown{flex:0 1 170px;width:auto;min-width:110px}
.mig-review .mig-body{flex-flow:row wrap;align-items:stretch;margin:8px 0;
 border:1px solid var(--mig-line);border-radius:4px}
.mig-review .mig-list{flex:3 1 380px;min-width:0;max-height:430px;overflow:hidden auto;padding:4px;display:grid;
 grid-template-columns:max-content minmax(0,1fr);align-content:start;
 grid-auto-rows:max-content;column-gap:2px;width:auto; border-right:1px solid var(--mig-line);margin-right:-1px}
.mig-review .mig-list>.mig-table{grid-column:1/-1}
.mig-review .mig-list>.mig-table .widget-html-content{font-weight:600;padding:5px 4px 2px;overflow-wrap:anywhere}
.mig-review .mig-list>.widget-checkbox{width:auto;margin:0;height:28px;align-self:start}
.mig-review .mig-list .widget-label-basic{display:flex;gap:5px;justify-content:flex-end;min-width:44px;height:28px;
 line-height:28px;align-items:center;padding-left:2px}
.mig-review .mig-list .widget-label-basic input{margin:0;align-self:center}
.mig-review .mig-list .widget-label-basic span{order:-1;line-height:28px;color:var(--mig-dim);
 width:3ch;overflow:hidden;white-space:pre;text-overflow:clip;font-variant-numeric:tabular-nums}
.mig-review .mig-row.jupyter-button{justify-content:flex-start;text-align:left;height:auto;min-height:28px;margin:0;
 padding:4px 8px;line-height:1.35;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid transparent;
 border-left-width:3px;border-radius:3px;background:transparent;color:inherit;box-shadow:none;width:100%;
 display:block;text-indent:-1.15em;padding-left:1.6em;overflow:visible;text-overflow:clip}
.mig-review .mig-row.jupyter-button:hover{background:var(--mig-soft)}
.mig-review .mig-row.mig-chosen{background:var(--mig-soft);border-color:var(--mig-line);
 border-left-color:var(--mig-focus);font-weight:600}
.mig-review .mig-row.mig-refused{color:var(--mig-dim);font-style:italic}
.mig-review .mig-row.mig-hurts{border-right:3px double var(--mig-bad)}
.mig-review .mig-row.mig-wrong{border-right:3px solid var(--mig-bad)}
.mig-review .mig-detail{flex:4 1 400px;min-width:0;width:auto;padding:8px 12px;border-left:1px solid var(--mig-line)}
.mig-review .mig-detail h4{margin:0;font-size:14px;font-weight:600;overflow-wrap:anywhere;color:inherit}
.mig-review .mig-field{margin-top:5px}
.mig-review .mig-field .widget-inline-hbox{width:100%;margin:0}
.mig-review .mig-field>:is(.widget-text,.widget-dropdown){height:28px}
.mig-review .mig-field .widget-html:has(>.widget-html-content:empty){display:none}
.mig-review .mig-field .widget-label{width:124px;min-width:124px;text-align:left;white-space:normal;line-height:1.2}
.mig-review .mig-field.mig-has-error :is(input,textarea,select){border:2px solid var(--mig-bad)}
.mig-review .mig-field .mig-bad{margin:1px 0 3px 128px}
.mig-review .widget-tab{margin-top:8px}
.mig-review .widget-tab .widget-tab-contents{padding:0;border-color:var(--mig-line);background:transparent}
.mig-review pre.mig-code{margin:0;padding:8px 10px;max-height:240px;overflow:auto;white-space:pre-wrap;line-height:1.45;
 overflow-wrap:break-word;word-break:normal;
 background:var(--mig-soft);color:inherit}
.mig-review details.mig-script{margin-top:4px}
.mig-review .jupyter-widget-Collapse-header,.mig-review .lm-Collapse-header{background:transparent;color:inherit;
 border:none;padding:4px 0}
.mig-review .jupyter-widget-Collapse-contents,.mig-review .lm-Collapse-contents{
 background:transparent;border:none;padding:2px 0}
.mig-review .mig-foot{border-top:1px solid var(--mig-line);padding-top:6px;margin-top:2px}
.mig-review .mig-ask{border:2px solid var(--mig-bad);border-radius:4px;padding:6px 10px;margin-top:6px}
.mig-review .mig-status .widget-html-content{min-height:1.5em;padding-top:5px}
.mig-review .mig-status p{display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden;
 overflow-wrap:break-word;word-break:normal;white-space:pre-line;margin:0}
""".strip()
