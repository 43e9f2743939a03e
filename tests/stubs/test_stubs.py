"""The stubs agree with the registries, and mypy checks a version file with them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("generate", Path(__file__).with_name("generate.py"))
assert _spec
assert _spec.loader
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


@pytest.mark.sweep
def test_no_stub_is_stale() -> None:
    """In a separate process: another test may have registered a directive in this one."""
    command = [sys.executable, str(Path(generate.__file__)), "--check"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def test_every_directive_is_in_the_stub_of_op() -> None:
    names = [name for name in dir(generate.base.Operations) if not name.startswith("_")]
    text = (generate.ROOT / "kernel_core" / "op.pyi").read_text()
    assert len(names) >= 28
    assert [name for name in names if f"def {name}(" not in text] == []


def run_mypy(*arguments: str) -> str:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=generate.ROOT, check=False).stdout.strip()


@pytest.mark.sweep
def test_a_version_file_is_checked_by_the_stubs(tmp_path: Path) -> None:
    script = tmp_path / "version.py"
    script.write_text(
        "import sqlalchemy as sa\n"
        "from kernel_core import op\n"
        "def upgrade() -> None:\n"
        '    op.add_column("users", sa.Column("email", sa.String(120)))\n'
        '    with op.batch_alter_table("users") as batch_op:\n'
        '        batch_op.drop_column("nick")\n'
        "    op.add_column(5, 6)\n"
        "    op.no_such_directive()\n"
    )
    found = run_mypy(str(script)).splitlines()
    assert [line.split(":")[1] for line in found if ": error:" in line] == ["7", "7", "8"]


@pytest.mark.sweep
def test_the_module_behind_a_stub_is_checked_too() -> None:
    """With a stub beside it mypy reads the stub only, unless the file is named."""
    assert run_mypy("kernel_core/operations/base.py") == ""
