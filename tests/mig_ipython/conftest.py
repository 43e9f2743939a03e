"""A real IPython shell in an empty folder, with the extension loaded."""

from __future__ import annotations

import atexit
import base64
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import html5lib
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from mig_ipython.session import session_of
from mig_ipython.workspace.reloading.source_files import source_files

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))
"""


class Notebook:
    """Cells, one after the other."""

    def __init__(self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell, self.capsys = shell, capsys
        self.printed = ""

    def run(self, cell: str) -> Any:
        """Run a cell that must not fail; return what it ends with."""
        result = self.shell.run_cell(cell)
        self.printed = self.capsys.readouterr().out
        if result.error_before_exec or result.error_in_exec:
            raise AssertionError(f"{cell}\n{self.printed}") from (result.error_before_exec or result.error_in_exec)
        return result.result

    def declare(self, *lines: str) -> None:
        """Run the cell of the models; ``lines`` are added at the end of its class ``User``."""
        self.run(MODELS + "".join(f"    {line}\n" for line in lines))

    def fail(self, cell: str) -> str:
        """Run a cell that must fail in one or two lines without a traceback; return what is shown."""
        result = self.shell.run_cell(cell)
        shown = self.capsys.readouterr().out.strip()
        assert result.error_in_exec is not None, f"{cell} went through"
        assert type(result.error_in_exec).__name__ == "MigError", shown
        assert "Traceback" not in shown
        assert len(shown.splitlines()) <= 2, shown
        return shown

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.shell.user_ns[name] = value


@pytest.fixture(scope="session", autouse=True)
def _tests_are_no_project() -> None:
    """Leave the modules that are imported by now out of the project's: each command looks for changes of its files."""
    source_files._last = sys.modules.copy()


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Notebook]:
    """A shell whose working folder is empty, with ``%load_ext mig_ipython`` done."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.colors = "nocolor"
    shell.run_line_magic("load_ext", "mig_ipython")
    yield Notebook(shell, capsys)
    shell.run_line_magic("unload_ext", "mig_ipython")
    InteractiveShell.clear_instance()
    _release(shell)


def _release(shell: InteractiveShell) -> None:
    """Let go of a shell: thousands of kept objects slow down each collection of garbage in the tests that follow.

    Each shell keeps the ``__main__`` of the one before it, IPython resets all of them at exit, and the modules of
    ``env.py`` refer to the shell's session.
    """
    shell.restore_sys_module_state()
    atexit.unregister(shell.atexit_operations)
    for name in [name for name in sys.modules if name.startswith("_mig_")]:
        del sys.modules[name]


@pytest.fixture
def ready(notebook: Notebook) -> Notebook:
    """A notebook that is connected, has an environment and models."""
    notebook.run("%mig_connect sqlite:///dev.db")
    notebook.run("%mig_init migrations")
    notebook.declare()
    return notebook


@pytest.fixture(scope="session")
def first_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the version file and the database of the first `migrated` notebook are kept for those after it."""
    return tmp_path_factory.mktemp("migrated")


@pytest.fixture
def migrated(ready: Notebook, tmp_path: Path, first_files: Path) -> Notebook:
    """A notebook whose first revision is written and applied, by a notebook before it."""
    versions = tmp_path / "migrations" / "versions"
    if not any(first_files.iterdir()):
        _migrate(ready)
        for path in (next(versions.glob("a1*.py")), tmp_path / "dev.db"):
            shutil.copy(path, first_files)
        session_of(ready.shell).forget_files()  # as in each notebook after this one
    else:
        shutil.copy(next(first_files.glob("a1*.py")), versions)
        shutil.copy(first_files / "dev.db", tmp_path)
    return ready


@pytest.fixture
def migrated_here(ready: Notebook) -> Notebook:
    """A notebook that has itself written and applied the first revision: ``%mig_undo`` knows of it."""
    _migrate(ready)
    return ready


def _migrate(notebook: Notebook) -> None:
    notebook.run("%mig_autogenerate Base -m 'Add users' --id a1 --write")
    notebook.run("%mig_upgrade")


@pytest.fixture
def models() -> str:
    """The cell of the models."""
    return MODELS


# ---- hostile text ----------------------------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert('canary')</script>",
    "</script><script>canary()</script>",
    "<img src=x onerror=canary()>",
    '"><img src=x onerror=canary()>',
    "'><svg onload=canary()>",
    "<svg><script>canary()</script></svg>",
    "<svg/onload=canary()>",
    "<iframe src='javascript:canary()'></iframe>",
    "<iframe srcdoc='<script>canary()</script>'>",
    "<object data='data:text/html,canary'></object>",
    "<embed src='data:image/svg+xml,canary'>",
    "<a href='javascript:canary()'>canary</a>",
    "<a href='data:text/html;base64,Y2FuYXJ5'>canary</a>",
    "<form action=//canary.test><input name=canary autofocus onfocus=canary()>",
    "<button onclick=canary()>canary</button>",
    "<details open ontoggle=canary()>canary",
    "<video><source onerror=canary()></video>",
    "<audio src=x onerror=canary()>",
    "<body onload=canary()>",
    "<base href='//canary.test/'>",
    "<meta http-equiv=refresh content='0;url=//canary.test'>",
    "<link rel=stylesheet href=//canary.test/x.css>",
    "<style>@import '//canary.test/x.css';</style>",
    "</style><script>canary()</script>",
    "</textarea><script>canary()</script>",
    "</title><script>canary()</script>",
    "</pre></code><script>canary()</script>",
    "</td></tr></table><script>canary()</script>",
    "<!-- canary --><script>canary()</script><!--",
    "--><script>canary()</script>",
    "<![CDATA[<script>canary()</script>]]>",
    "<math><mtext><table><mglyph><style><img src=x onerror=canary()>",
    "<template><script>canary()</script></template>",
    "<plaintext>canary",
    "<noscript><p title='</noscript><img src=x onerror=canary()>'>",
    '" onmouseover="canary()" x="',
    "' onmouseover='canary()' x='",
    "` onmouseover=canary() x=`",
    "&lt;script&gt;canary()&lt;/script&gt;",
    "&#60;script&#62;canary()&#60;/script&#62;",
    "\\u003cscript\\u003ecanary()\\u003c/script\\u003e",
    "<scr\u0000ipt>canary()</scr\u0000ipt>",
    "<<b>canary</b>>",
    '<TABLE><TR><TD HREF="javascript:canary()">canary</TD></TR></TABLE>',
    "javascript:canary()",
    "{{7*7}}${7*7}<%= canary %>",
    "$(canary) `canary` \\(canary\\) $$canary$$",
    "[canary](javascript:canary()) ![x](//canary.test/x.png)",
    'click n1 "javascript:canary()"\n%%{init: {"securityLevel": "loose"}}%%',
    'canary" URL="javascript:canary()" x="',
    "canary\\N\\G\\E\\T\\l",
    "\u202e<script>yranac()</script>canary",
)
"""Each holds the word canary, so that a test can see that it was shown."""

ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        "html head body div p span h3 h4 b s ul ol li pre code br table caption thead tbody tr th td details summary "
        "img style meta title progress",
    )
)
ATTRIBUTES = frozenset(
    re.findall(
        r"[\w-]+",
        "class style role title alt src open scope tabindex lang charset value max aria-label aria-live aria-level",
    )
)
DRAWN = frozenset(re.findall(r"\w+", "svg g title polygon polyline path ellipse text"))


def active(text: str) -> list[str]:
    """Return what is active in a piece of HTML, or could become so: anything that our views do not need."""
    document = html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=False)
    return list(_active(document))


def _active(document: ET.Element) -> Iterator[str]:
    for node in document.iter():
        if not isinstance(node.tag, str):
            yield f"a comment: {node.text}"
            continue
        if node.tag not in ELEMENTS:
            yield f"<{node.tag}>"
        for name, value in node.attrib.items():
            if name not in ATTRIBUTES:
                yield f"<{node.tag} {name}={value!r}>"
            if name == "style" and re.search(r"url|expression|@|<", value):
                yield f"style={value!r}"
        if node.tag == "style" and re.search(r"@import|url\(|expression|canary", node.text or ""):
            yield f"style: {node.text}"
        if node.tag == "img":
            yield from drawn(node.attrib.get("src", ""))


def drawn(source: str) -> Iterator[str]:
    """Return what is active in a picture of a data URL."""
    kind, _, data = source.partition(",")
    if kind != "data:image/svg+xml;base64":
        yield f"<img src={source[:60]!r}>"
        return
    for node in ET.fromstring(base64.b64decode(data)).iter():
        name = node.tag.rpartition("}")[2]
        if name not in DRAWN:
            yield f"<{name}> in the drawing"
        yield from (f"{name} {key}={value!r} in the drawing" for key, value in node.attrib.items() if _acts(key, value))


def _acts(name: str, value: str) -> bool:
    return name.rpartition("}")[2] == "href" or name.startswith("on") or "javascript:" in value


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """Texts that would do something if they were taken for HTML."""
    return HOSTILE


@pytest.fixture(params=[pytest.param(3, id="a third"), pytest.param(1, id="all", marks=pytest.mark.sweep)])
def some_hostile(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """A third of `hostile` in the quick run, and all of them in full."""
    return HOSTILE[:: request.param]


@pytest.fixture(scope="session")
def active_nodes():
    """What finds active nodes: a function of HTML that returns them in words."""
    return active
