"""The drive of JupyterLite: its files as programs expect them, so that a SQLite database on it is safe.

The drive gives each open file a copy of the content and stores that copy when the file is closed. Of two connections to
one database the one that is closed last would undo what the other committed, and a commit would be lost if the page is
closed before the connection is. ``drive.js`` lets open files of one path share one content, which is stored at each
commit.
"""

from __future__ import annotations

import os

MOUNT = "/drive"
SOURCE = os.path.join(os.path.dirname(__file__), "drive.js")


def share_open_files(mount: str = MOUNT) -> bool:
    """Let open files of one path share their content; return whether the drive was changed by this call.

    False where no drive of JupyterLite is mounted, and where it was changed before. Call it in a browser only.
    """
    import pyodide_js
    from pyodide.code import run_js

    with open(SOURCE, encoding="utf-8") as stream:
        change = run_js(stream.read())
    return bool(change(pyodide_js.FS, mount))
