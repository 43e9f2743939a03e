"""A mistake is reported in one or two lines, stops the run, and shows no secret."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import remember
from mig_ipython.errors import MigError, user_errors


def test_a_command_error_becomes_one_line_and_the_rest_comes_on_tb(notebook):
    notebook.fail("%mig_close nobody")
    notebook.run("%tb")
    assert "Traceback" in notebook.printed
    assert "CommandError" in notebook.printed


def test_an_unknown_option_names_the_nearest(notebook):
    shown = notebook.fail("%mig_upgrade --sqll")
    assert "--sqll" in shown
    assert "The nearest is --sql." in shown


def test_an_unknown_verb_names_the_nearest(notebook):
    assert "The nearest is upgrade" in notebook.fail("%mig upgrad")


def test_an_open_quote_is_reported(notebook):
    assert "quote" in notebook.fail("%mig_autogenerate -m 'it")


def test_a_bug_keeps_its_traceback_without_secrets():
    remember("swordfish77")

    def broken():
        with user_errors():
            raise ValueError("the password is swordfish77")

    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        broken()
    shown = "\n".join(caught.value._render_traceback_())
    assert "Traceback" in shown
    assert "the password is swordfish77" not in str(caught.value)


@pytest.mark.parametrize("error", [KeyError, MigError, CommandError])
def test_an_interrupt_is_shown_though_an_error_took_its_place(error):
    def stopped():
        try:
            raise KeyboardInterrupt
        finally:
            raise error("a lock that is not held")

    with pytest.raises(KeyboardInterrupt) as caught, user_errors():
        stopped()
    assert caught.value._render_traceback_() == ["KeyboardInterrupt: Stopped."]


class Interrupted:
    """What is interrupted where Python cannot raise it."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("python_handles_interrupts")
def test_an_interrupt_that_python_cannot_raise_where_it_comes_is_shown():
    with pytest.raises(KeyboardInterrupt) as caught, user_errors():
        Interrupted()
    assert caught.value._render_traceback_() == ["KeyboardInterrupt: Stopped."]


def test_a_mig_error_keeps_its_cause():
    with pytest.raises(MigError) as caught, user_errors():
        raise CommandError("no")
    assert isinstance(caught.value.__cause__, CommandError)


@pytest.mark.sweep
def test_an_error_stops_the_cells_after_it_in_nbclient(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("%load_ext mig_ipython"),
            nbformat.v4.new_code_cell("%mig_connect nonsense://ada:swordfish88@host/db"),
            nbformat.v4.new_code_cell("print('went on')"),
        ]
    )
    with pytest.raises(CellExecutionError):
        NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    (error,) = book.cells[1].outputs
    assert error["ename"] == "MigError"
    assert "swordfish88" not in str(error)
    assert len(error["traceback"]) == 1
    assert not book.cells[2].outputs


def test_an_error_in_a_cell_of_models_shows_the_lines_of_that_cell_and_none_of_ours(ready):
    result = ready.shell.run_cell("%%mig_models Base\nvalue = 0\n1 / value")
    shown = ready.capsys.readouterr().out
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert "1 / value" in shown
    assert "The models are as they were" in shown
    assert "mig_ipython" not in shown
