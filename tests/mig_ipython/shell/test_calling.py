"""How a command is called: by its magic, by %mig, from Python; its help and its completions."""

from __future__ import annotations

import warnings


def test_every_command_has_help_with_usage_and_an_example(notebook):
    from mig_ipython.magics import find_commands
    from mig_ipython.shell.command_line import usage

    for command in find_commands().values():
        assert usage(command).startswith("usage: %"), command
        assert f"    {'%%' if command.is_cell else '%'}" in usage(command), command


def test_a_question_mark_shows_the_help(notebook):
    info = notebook.shell.object_inspect("%mig_upgrade")
    assert "usage: %mig_upgrade" in info["docstring"]


def test_help_prints_usage_and_runs_nothing(notebook):
    assert notebook.run("%mig_upgrade --help") is None
    assert "usage: %mig_upgrade" in notebook.printed


def test_mig_with_a_verb_runs_that_command(notebook):
    notebook.run("%mig connect sqlite:///dev.db")
    assert notebook.run("%mig connections").rows[0][0] == "dev (current)"


def test_the_python_api_runs_the_same_commands(notebook):
    notebook.run("from mig_ipython import mig")
    connection = notebook.run("mig.connect('sqlite:///dev.db', name='mine')")
    assert connection.name == "mine"
    assert notebook.run("mig.session.connection") is connection


def test_a_semicolon_silences(notebook):
    assert notebook.run("%mig_connections ;") is None


def test_completion_offers_verbs_options_and_connections(notebook):
    notebook.run("%mig_connect sqlite:///dev.db")
    complete = lambda text: notebook.shell.Completer.completions(text, len(text))  # noqa: E731
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "upgrade" in {one.text for one in complete("%mig up")}
        assert "--sql" in {one.text for one in complete("%mig_upgrade --s")}
        assert "dev" in {one.text for one in complete("%mig_close d")}


def test_mig_shown_alone_lists_what_it_can_do(notebook):
    notebook.run("from mig_ipython import mig")
    assert "upgrade()" in repr(notebook.run("mig"))


def test_a_call_with_wrong_arguments_is_reported_in_one_line(ready):
    result = ready.shell.run_cell("from mig_ipython import mig\nmig.upgrade(nonsense=1)")
    shown = ready.capsys.readouterr().out
    assert isinstance(result.error_in_exec, TypeError)
    assert shown.strip().startswith("WrongArguments: mig.upgrade() has no argument 'nonsense'; it has ")
    assert len(shown.strip().splitlines()) == 1


def test_an_option_without_its_value_reports_what_it_needs(ready):
    assert "--as needs NAME after it: the name of the connection." in ready.fail("%mig_connect --as")
    assert "--message needs MSG after it: " in ready.fail("%mig_autogenerate -m")


def test_an_option_that_excludes_another_is_passed_and_completed(ready):
    ready.run("from mig_ipython import mig")
    assert ready.run("mig.abandon()").text() == ready.run("mig.abandon(force=True)").text()
    refused = ready.shell.run_cell("mig.resume(executed=True, not_executed=True)").error_in_exec
    assert str(refused) == "mig.resume() takes only one of executed and not_executed."
    completed = ready.shell.Completer.completions
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "--executed" in {one.text for one in completed("%mig_resume --ex", 16)}
