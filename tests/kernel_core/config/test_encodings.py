"""The output of the program on a console that cannot show every character."""

import contextlib
import io
import json

import pytest

DOC = "Überarbeitung №1 日本語 🙂"


@pytest.fixture
def console(mig, project):
    """Run the program on a console of an encoding; return exit code, output and errors."""
    path = project.folder / "migrations" / "versions" / "a1_x.py"
    path.write_text(
        f'"""{DOC}"""\nfrom kernel_core import op\nrevision = "a1"\ndown_revision = None\n'
        'def upgrade():\n    op.execute("SELECT \'größe\'")\ndef downgrade():\n    op.execute("SELECT 1")\n',
        encoding="utf-8",
    )

    def run(encoding, *arguments):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
        with contextlib.redirect_stdout(stream):
            code, _, errors = mig(*arguments)
        stream.flush()
        return code, stream.buffer.getvalue().decode(encoding), errors

    return run


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
@pytest.mark.costly
def test_every_command_prints_on_every_encoding(console, encoding):
    shown = DOC.encode(encoding, "replace").decode(encoding)
    for arguments in (("history", "-v"), ("heads",), ("show", "a1"), ("upgrade", "head"), ("current",)):
        code, out, errors = console(encoding, *arguments)
        assert (code, errors) == (0, ""), arguments
        assert shown in out, arguments
    code, out, _ = console(encoding, "history", "--json")
    assert json.loads(out)[0]["doc"] == DOC


def test_a_script_is_exact_or_refused(console):
    assert "SELECT 'größe';" in console("utf-8", "upgrade", "head", "--sql")[1]
    code, out, errors = console("cp1252", "upgrade", "head", "--sql")
    assert "SELECT 'größe';" in out
    assert (code, errors) == (0, "")
    code, out, errors = console("ascii", "upgrade", "head", "--sql")
    assert (code, out) == (255, "")
    assert errors == (
        "FAILED: The script contains '\\xf6', which the output's encoding ascii lacks. Nothing was written. "
        "Set PYTHONIOENCODING=utf-8 and run it again.\n"
    )
    assert console("ascii", "downgrade", "a1:base", "--sql")[0] == 0
