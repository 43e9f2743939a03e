"""A name that a command would have put into the notebook: the error names the command."""

from __future__ import annotations

import pytest

SENTENCE = "no lesson was started in this kernel. Run the first cell of the notebook again"


def shown(notebook, cell: str) -> str:
    """Run a cell that fails; return what IPython shows of it."""
    result = notebook.shell.run_cell(cell)
    assert isinstance(result.error_in_exec, NameError)
    return str(notebook.capsys.readouterr().out)


@pytest.mark.parametrize("cell", ['desk.show("airlines")', "def rows():\n    return desk\n\nrows()"])
def test_the_desk_before_a_lesson_was_started_is_explained_below_the_traceback(notebook, cell):
    text = shown(notebook, cell)
    assert SENTENCE in text.splitlines()[-1]
    assert "NameError: name 'desk' is not defined" in text


def test_another_name_is_shown_as_before(notebook):
    text = shown(notebook, "other")
    assert "name 'other' is not defined" in text
    assert SENTENCE not in text


def test_a_handler_of_the_user_stays(notebook):
    def own(shell, kind, error, traceback, tb_offset=None) -> None:
        handled.append(error.name)

    handled: list[str] = []

    notebook.run("%unload_ext mig_ipython")
    assert notebook.shell.custom_exceptions == ()
    notebook.shell.set_custom_exc((NameError,), own)
    for command in ("load_ext", "reload_ext", "unload_ext"):
        notebook.shell.run_line_magic(command, "mig_ipython")
        assert SENTENCE not in shown(notebook, "desk")
    assert handled == ["desk"] * 3
    notebook.shell.set_custom_exc((), None)
