"""A real JupyterLab and a real Chromium, for tests that do what a person does."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, expect, sync_playwright

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT = 180  # seconds that a server, a kernel, a cell or an expectation of the page may take
expect.set_options(timeout=WAIT * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("browser")


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab; ``folder`` is what its file browser shows."""

    address: str
    token: str
    folder: Path
    settings: Path

    def url(self, notebook: str) -> str:
        """Where ``notebook`` opens in a fresh workspace."""
        workspace = secrets.token_hex(4)
        return f"{self.address}/lab/workspaces/{workspace}/tree/{notebook}?token={self.token}"

    def classic(self, notebook: str) -> str:
        """Where ``notebook`` opens in Notebook 7."""
        return f"{self.address}/notebooks/{notebook}?token={self.token}"

    def theme(self, name: str) -> None:
        """Choose ``JupyterLab Light`` or ``JupyterLab Dark`` for pages opened from now on."""
        self._set("@jupyterlab/apputils-extension/themes", {"theme": name})

    def _set(self, plugin: str, values: dict[str, object]) -> None:
        path = self.settings / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


class OpenNotebook:
    """A notebook in the browser: find its cells, run them, read what they show."""

    def __init__(self, page: Page) -> None:
        self.page, self.errors = page, list[str]()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.cells = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell")
        self.cells.first.wait_for(timeout=WAIT * 1000)
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=WAIT * 1000)

    def _note(self, message: ConsoleMessage) -> None:
        looks_for_language_servers = "/lsp/status?" in message.location["url"]  # JupyterLab does; there need be none
        if message.type == "error" and not looks_for_language_servers:
            self.errors.append(f"{message.text} {message.location['url']}")

    def cell(self, text: str) -> Locator:
        """The first cell whose source or output holds ``text``."""
        return self.cells.filter(has_text=text).first

    def run(self, cell: Locator) -> Locator:
        """Run a code cell, wait until it is done, and give its outputs."""
        before = self.prompt(cell)
        for _ in range(5):  # a page that is still busy opening may swallow a key
            cell.locator(".cm-content").first.click()
            self.page.keyboard.press("Control+Enter")
            if self._leaves(cell, before, seconds=8):
                break
        if self.prompt(cell) == before or not self._leaves(cell, "[*]:", seconds=WAIT):
            raise TimeoutError(f"The cell did not finish in {WAIT} s: {cell.inner_text()[:200]}")
        return cell.locator(".jp-Cell-outputArea")

    def run_until(self, text: str) -> Locator:
        """Run every code cell up to and including the first that holds ``text``; give the outputs of that one."""
        for position in range(self.cells.count()):
            cell = self.cells.nth(position)
            if "jp-CodeCell" not in (cell.get_attribute("class") or ""):
                continue
            outputs = self.run(cell)
            if text in cell.locator(".cm-content").inner_text():
                return outputs
        raise LookupError(f"No code cell holds {text!r}.")

    def _leaves(self, cell: Locator, prompt: str, seconds: float) -> bool:
        """Whether the cell's prompt becomes another one in time."""
        deadline = time.monotonic() + seconds
        while self.prompt(cell) == prompt and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
        return self.prompt(cell) != prompt

    @staticmethod
    def prompt(cell: Locator) -> str:
        """What stands to the left of the cell: ``[ ]:``, ``[*]:`` or ``[7]:``."""
        return cell.locator(".jp-InputArea-prompt").inner_text().strip()


def _write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of code cells for a Python kernel."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A separate JupyterLab: its folder, settings and port; nothing of the user's is read or written."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("lab")
    lab = Lab(f"http://127.0.0.1:{_free_port()}", secrets.token_hex(16), folder, home / "settings")
    lab._set("@jupyterlab/notebook-extension/tracker", {"windowingMode": "none"})  # every cell is in the page
    lab._set("@jupyterlab/apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False})
    _without_others(home)
    log = home / "jupyter.log"
    with log.open("w") as output:
        server = subprocess.Popen(_command(lab), env=_environment(home), stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_for(lab, server, log)
            yield lab
        finally:
            server.terminate()
            server.wait(timeout=WAIT)


def _without_others(home: Path) -> None:
    """Leave out front-end plugins that other packages install: their errors would appear in our console."""
    others = ("jupysql-plugin", "@jupyterlite/pyodide-kernel-extension")
    config = home / "config" / "labconfig" / "page_config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"disabledExtensions": dict.fromkeys(others, True)}))


def _command(lab: Lab) -> list[str]:
    port = lab.address.rpartition(":")[2]
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={lab.token}"),
        *(f"--ServerApp.root_dir={lab.folder}", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
    ]


def _environment(home: Path) -> dict[str, str]:
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return os.environ | {name: str(home / folder) for name, folder in own.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(lab: Lab, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{lab.address}/api/status?token={lab.token}"):
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, the one of the system."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        reason = "No Chromium is installed (Debian: apt-get install chromium)."
        pytest.fail(reason) if os.environ.get("MIG_TEST_NO_SKIP") == "1" else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Open an empty page; where the test fails, a picture of it is left in ``.browser/``."""
    pages: list[Page] = []

    def opened(**options: Any) -> Page:
        pages.append(browser.new_page(**{"viewport": {"width": 1280, "height": 1000}} | options))
        return pages[-1]

    failed_before = request.session.testsfailed
    yield opened
    for number, page in enumerate(pages):
        if request.session.testsfailed > failed_before or getattr(request.node, "failed", False):
            with contextlib.suppress(Error):
                page.screenshot(path=f".browser/{request.node.name}-{number}.png")
        page.close()


@pytest.fixture
def open_notebook(lab: Lab, new_page: Callable[..., Page]) -> Callable[..., OpenNotebook]:
    """Open a notebook of ``lab.folder`` in a new page."""

    def opened(name: str, **options: Any) -> OpenNotebook:
        page = new_page(**options)
        page.goto(lab.url(name))
        return OpenNotebook(page)

    return opened


@pytest.fixture(scope="session")
def write_notebook() -> Callable[..., None]:
    """What writes a notebook of code cells: its path, then the cells."""
    return _write_notebook


@pytest.fixture
def notebook_of(
    lab: Lab, open_notebook: Callable[..., OpenNotebook], request: pytest.FixtureRequest
) -> Callable[..., OpenNotebook]:
    """Open a new notebook of these cells, in a separate folder; its first cell loads the extension."""

    def made(*cells: str, **options: Any) -> OpenNotebook:
        name = request.node.name  # of its parameters, a name that is cut has a checksum
        folder = re.sub(r"\W+", "-", name if len(name) <= 60 else f"{name[:50]}-{zlib.crc32(name.encode()):x}")
        _write_notebook(
            lab.folder / folder / "notebook.ipynb", "%load_ext mig_ipython\nimport sqlalchemy as sa", *cells
        )
        return open_notebook(f"{folder}/notebook.ipynb", **options)

    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Let fixtures know that their test failed."""
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report
