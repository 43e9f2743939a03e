"""What the extension needs where Python runs in a browser (pyodide, as in JupyterLite)."""

from __future__ import annotations

import sys

IN_BROWSER = sys.platform == "emscripten"
