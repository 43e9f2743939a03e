"""Pages of a built site: open a notebook, run all of it, read what it shows."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

WAIT = 150
"""Seconds that a kernel may take to start, and a notebook to run."""


PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
"""The notebook that is in front."""


def build_offline(out: Path, cache: str, notebooks: Sequence[Path]) -> None:
    """Build a site of notebooks from downloads in the cache, with proxies that lead nowhere."""
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    offline = os.environ | nowhere | {name.lower(): value for name, value in nowhere.items()} | {"PIP_NO_INDEX": "1"}
    command = [sys.executable, "-m", "mig_ipython.lab", "site", str(out), "--cache", cache, "--notebooks"]
    subprocess.run([*command, *map(str, notebooks)], env=offline, check=True)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Write no line for each request."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a plain file server for a folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class SiteNotebook:
    """A notebook of the site in the browser; ``hosts`` are those of all requests so far."""

    def __init__(self, page: Page, address: str, name: str) -> None:
        self.page, self.hosts = page, set[str]()
        page.context.on("request", lambda request: self.hosts.add(urlsplit(request.url.removeprefix("blob:")).netloc))
        page.goto(f"{address}/lab/index.html?path={name}")
        self._wait_for_tab(name)
        self.wait_until_idle()

    def open_other(self, name: str) -> None:
        """Open another notebook from the list of files; it is in front then, and has a separate kernel."""
        self.page.locator(".jp-DirListing-item", has_text=name).dblclick()
        self._wait_for_tab(name)
        self.wait_until_idle()

    def _wait_for_tab(self, name: str) -> None:
        tab = self.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current", has_text=name)
        tab.wait_for(timeout=WAIT * 1000)

    def wait_for_cells(self) -> None:
        """Wait until the cells are shown."""
        self.page.locator(f"{PANEL} .jp-Cell").first.wait_for(timeout=WAIT * 1000)

    def wait_until_idle(self) -> None:
        """Wait for the cells and the kernel."""
        self.wait_for_cells()
        self.page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=WAIT * 1000)

    def run_all(self) -> None:
        """Run every cell, and wait until the last one is done."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self._wait_for_prompts()

    def restart_and_run_all(self) -> None:
        """Restart the kernel and run every cell, as the command of the menu does."""
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self.page.get_by_role("menuitem", name="Restart Kernel and Run All Cells").click()
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        self.page.wait_for_timeout(2000)
        self._wait_for_prompts()

    def _wait_for_prompts(self) -> None:
        started = "cells => cells.some(each => each.innerText.trim() !== '[ ]:')"
        done = "cells => cells.every(each => !['[*]:', '[ ]:'].includes(each.innerText.trim()))"
        prompts = f"[...document.querySelectorAll('{PANEL} .jp-CodeCell .jp-InputArea-prompt')]"
        for wanted in (started, done):
            self.page.wait_for_function(f"({wanted})({prompts})", timeout=WAIT * 1000)

    def outputs(self) -> list[str]:
        """The text below each code cell."""
        return self.page.locator(f"{PANEL} .jp-CodeCell .jp-Cell-outputArea").all_inner_texts()

    def broken_pictures(self) -> int:
        """How many pictures in the text are not shown."""
        pictures = f"[...document.querySelectorAll('{PANEL} .jp-MarkdownOutput img')]"
        return int(self.page.evaluate(f"{pictures}.filter(each => !each.naturalWidth).length"))

    def errors(self) -> list[str]:
        """The text of each output that is an error."""
        kinds = ("error", "stderr")
        shown = ", ".join(f"[data-mime-type='application/vnd.jupyter.{kind}']" for kind in kinds)
        return self.page.locator(shown).all_inner_texts()

    def save(self) -> None:
        """Save the notebook into the browser's storage."""
        self.page.locator(f"{PANEL} .jp-Cell").first.click()
        self.page.keyboard.press("Control+s")
        self.page.locator(".lm-TabBar-tab.jp-mod-current:not(.jp-mod-dirty)").first.wait_for(timeout=WAIT * 1000)
