"""Projects with a published add-on (extra ``addons``), each run in its documented main use by three kinds of Python.

- ``without Alembic``: it is not installed, neither as a module nor as package metadata; this engine serves the name.
- ``beside Alembic``: it is installed, and this engine hides it.
- ``Alembic``: the yardstick; what a test asserts must be true of Alembic itself.

None of them is in the quick run: a test starts about ten programs.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from sampling import sampled

import kernel_core
from kernel_core.config.aliased import aliased_environment

KINDS = ("without Alembic", "beside Alembic", "Alembic")
HOME = os.path.dirname(os.path.dirname(kernel_core.__file__))
URL_OF_INI = "driver://user:pass@localhost/dbname"  # what `alembic init` writes


class Project:
    """A folder, and the Python that runs programs in it."""

    def __init__(self, kind: str, python: str, folder: Path) -> None:
        self.kind, self.python, self.folder = kind, python, folder
        self.variables = {**os.environ, "PYTHONPATH": HOME, "PYTHONWARNINGS": "ignore", "DATABASE_URL": self.url}
        if kind != "Alembic":
            self.variables = aliased_environment(self.variables)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/project.db"

    def use(self, url: str) -> None:
        """Connect the project to another database."""
        self.variables["DATABASE_URL"] = url

    def write(self, **files: str) -> None:
        """Write modules: ``models="..."`` is ``models.py``."""
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text)

    def run(self, *words: str, code: int = 0) -> str:
        """Run ``python *words`` in the folder and return what it printed."""
        done = subprocess.run(
            [self.python, *words], cwd=self.folder, env=self.variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def alembic(self, *words: str, code: int = 0) -> str:
        """Run ``alembic *words``."""
        return self.run("-m", "alembic", *words, code=code)

    def init(
        self, *lines: str, metadata: str = "models.metadata", options: str = "", template: str = "generic"
    ) -> None:
        """Run ``alembic init``; add lines to the top of ``env.py``, and name the models, the URL and options in it."""
        self.alembic("init", "--template", template, "migrations")
        env = self.folder / "migrations" / "env.py"
        text = env.read_text().replace("\ntarget_metadata = ", f"\ntarget_metadata = {metadata} or ", 1)
        if options:
            start = "context.configure(" if self.kind == "Alembic" else "    return {\n"
            each = options if self.kind == "Alembic" else f"        **dict({options}),\n"
            text = text.replace(start, start + each + (", " if self.kind == "Alembic" else ""))
        future = '"""' if text.startswith('"""') else ""
        head, _, tail = text.partition('"""\n') if future else ("", "", text)
        env.write_text(f"{head}{future}\n" + "\n".join(lines) + "\n" + tail)
        ini = self.folder / "alembic.ini"
        ini.write_text(ini.read_text().replace(URL_OF_INI, self.variables["DATABASE_URL"]))

    def revise(self, message: str, id: str) -> str:
        """Run ``alembic revision --autogenerate`` and return the source of the new version file."""
        self.alembic("revision", "--autogenerate", "-m", message, "--rev-id", id)
        return self.source(id)

    def source(self, id: str) -> str:
        """Return the source of a version file."""
        (path,) = (self.folder / "migrations" / "versions").glob(f"*{id}*.py")
        return path.read_text()


@pytest.fixture(scope="session")
def python_without_alembic(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python that has the installed packages but Alembic."""
    home = tmp_path_factory.mktemp("without_alembic")
    venv.create(home, symlinks=True)
    variables = {"base": str(home), "platbase": str(home)}
    site = Path(sysconfig.get_path("purelib", "venv", variables))
    for folder in (Path(each) for each in sys.path if each.endswith("site-packages")):
        for path in folder.iterdir():
            is_alembic = path.name == "alembic" or path.name.startswith("alembic-")
            if not is_alembic and path.suffix != ".pth" and not (site / path.name).exists():
                (site / path.name).symlink_to(path)
    return str(home / "bin" / "python")


@pytest.fixture(params=sampled(KINDS, 0))
def project(request: pytest.FixtureRequest, tmp_path: Path, python_without_alembic: str) -> Project:
    """An empty project, for each kind of Python."""
    kind = request.param
    if kind != KINDS[0] and importlib.util.find_spec("alembic") is None:
        pytest.skip("the yardstick is not installed (extra peer)")
    return Project(kind, python_without_alembic if kind == KINDS[0] else sys.executable, tmp_path)


@pytest.fixture
def needs() -> Callable[[str], None]:
    """Skip where an add-on is not installed; importing it here would change Alembic for the other tests."""

    def skip(*packages: str) -> None:
        for package in packages:
            if importlib.util.find_spec(package) is None:
                pytest.skip(f"{package} is not installed (extra addons)")

    return skip
