"""The first page of the site: the lessons as links. JupyterLite reads the empty element of its settings."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Sequence
from urllib.parse import quote

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Workshop: change a database schema</title>
<script id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{{}}</script>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 18px/1.5 system-ui, sans-serif; max-width: 40em; margin: 3em auto; padding: 0 1em; }}
ul {{ list-style: none; padding: 0; }}
li {{ margin: .5em 0; }}
</style>
<h1>Workshop: change a database schema</h1>
<p>Each lesson is a notebook that runs in this browser. Nothing is installed, and nothing that you type leaves this
computer. The first cell of a lesson takes some seconds, because Python is loaded.</p>
<ul>
{lessons}
</ul>
<p>Your work is kept in this browser, for this address, until you delete the site's data. To take a
notebook with you, or to hand it in, choose <em>Download</em> in the menu <em>File</em>.</p>
</html>
"""


def front_page(notebooks: Sequence[str]) -> str:
    """Return the page for the paths of notebooks: a link with the title of each."""
    items = [f'<li><a href="{_address(path)}">{html.escape(title_of(path))}</a></li>' for path in notebooks]
    return _PAGE.format(lessons="\n".join(items))


def title_of(path: str) -> str:
    """Return the first heading of a notebook; the file's name without a heading or if it cannot be read."""
    name = os.path.basename(path)
    try:
        with open(path, encoding="utf-8") as stream:
            cells = json.load(stream)["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    except (OSError, ValueError, KeyError, TypeError):
        return name
    heading = re.search(r"^#\s+(.+)$", "\n".join(texts), re.MULTILINE)
    return heading[1].strip() if heading else name


def _address(path: str) -> str:
    return html.escape(f"lab/index.html?path={quote(os.path.basename(path))}")
