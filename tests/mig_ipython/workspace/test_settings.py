"""``%config Mig`` and ``[tool.mig]``."""

from __future__ import annotations

import pytest
from traitlets import TraitError


@pytest.fixture
def fresh(notebook):
    """A notebook with a new session, as after a restart of the kernel."""
    from mig_ipython.session import forget_session

    def begin(text: str):
        with open("pyproject.toml", "w", encoding="utf-8") as stream:
            stream.write(text)
        forget_session(notebook.shell)
        notebook.run("%reload_ext mig_ipython")
        return notebook

    return begin


def test_config_lists_every_setting_with_its_help(notebook):
    notebook.run("%config Mig")
    for name in ("Mig.target", "Mig.accept", "Mig.environment", "Mig.fold_above", "Mig.renames"):
        assert name in notebook.printed
    from mig_ipython.workspace.settings import Mig

    assert all(trait.help for trait in Mig.class_traits(config=True).values())


def test_the_target_of_the_configuration_decides_between_two(ready):
    ready.run("other = sa.MetaData()\nsa.Table('t', other, sa.Column('x', sa.Integer))")
    assert "2 candidates" in ready.fail("%mig_diff")
    ready.run("%config Mig.target = 'other'")
    diff = ready.run("%mig_diff")
    assert "`other` (1 table)" in repr(diff)
    assert "`Base` (1 table)" in repr(ready.run("%mig_diff Base"))
    ready.run("%config Mig.target = 'nobody'")
    assert "'nobody' is not defined in this notebook" in ready.fail("%mig_diff")


def test_settings_are_read_from_pyproject(fresh):
    notebook = fresh(
        "[tool.mig]\naccept = 'none'\ntarget = 'Base'\nexclude = ['tmp_*']\ndatabase = 'sqlite:///dev.db'\n"
    )
    assert repr(notebook.run("%mig_connect")) == "Connected to sqlite dev.db as 'dev'"
    notebook.run("%mig_init migrations")
    notebook.declare()
    notebook.run("sa.Table('tmp_x', Base.metadata, sa.Column('x', sa.Integer))")
    proposal = notebook.run("%mig_autogenerate -m x")
    assert [row.accepted for row in proposal.review.rows] == [False]
    assert len(notebook.run("%mig_diff")) == 1


def test_a_value_set_with_config_wins_over_the_file(fresh):
    notebook = fresh("[tool.mig]\naccept = 'none'\n")
    notebook.run("%config Mig.accept = 'all'")
    assert notebook.run("from mig_ipython import mig\nmig.session.settings.accept") == "all"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("accept = 'everything'", "accept = everything is not a valid value"),
        ("fold_above = 'many'", "fold_above = many is not a valid value"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(fresh, line, said):
    notebook = fresh(f"[tool.mig]\n{line}\n")
    shown = notebook.fail("%mig")
    assert said in shown
    assert "pyproject.toml" in shown


def test_an_unknown_setting_is_named_once_and_stops_no_command(fresh, monkeypatch):
    from io import StringIO

    monkeypatch.setattr("sys.stderr", printed := StringIO())
    notebook = fresh("[tool.mig]\nacept = 'all'\nnonsense = 1\ntarget = 'Base'\n")
    notebook.run("%mig")
    assert notebook.run("from mig_ipython import mig\nmig.session.settings.target") == "Base"
    notebook.run("%mig_connect sqlite:///dev.db")
    first, second = printed.getvalue().splitlines()
    assert (
        first == "pyproject.toml [tool.mig]: 'acept' is not a setting. The nearest is accept. %config Mig lists them."
    )
    assert second == "pyproject.toml [tool.mig]: 'nonsense' is not a setting. %config Mig lists them."


def test_a_password_is_no_setting(fresh):
    from mig_ipython.workspace.settings import Mig

    with pytest.raises(TraitError, match="No password belongs here") as caught:
        Mig().database = "postgresql://ada:swordfish91@db/x"
    assert "swordfish91" not in str(caught.value)
    notebook = fresh("[tool.mig]\ndatabase = 'postgresql://ada:swordfish92@db/x'\n")
    assert "swordfish92" not in notebook.fail("%mig")
    with pytest.raises(TraitError, match="No password belongs here") as caught:
        Mig().x_arguments = ["tenant=acme", "url=postgresql://ada:swordfish93@db/x"]
    assert "swordfish93" not in str(caught.value)
    notebook = fresh("[tool.mig]\nx_arguments = ['url=postgresql://ada:swordfish94@db/x']\n")
    assert "swordfish94" not in notebook.fail("%mig")


def test_the_environment_of_the_configuration_is_opened(ready):
    ready.run("%mig_init other")
    from mig_ipython.session import forget_session

    forget_session(ready.shell)
    ready.run("%mig_connect sqlite:///dev.db")
    assert "2 environments are here" in ready.fail("%mig_history")
    ready.run("%config Mig.environment = 'other'")
    assert "other" in repr(ready.run("%mig_history")) or ready.run("%mig").environment == "other"
    assert ready.run("%mig").environment == "other"


def test_unloading_takes_the_settings_away(notebook):
    notebook.run("%unload_ext mig_ipython")
    assert not [one for one in notebook.shell.configurables if type(one).__name__ == "Mig"]
    notebook.run("%load_ext mig_ipython\n%reload_ext mig_ipython")
    assert len([one for one in notebook.shell.configurables if type(one).__name__ == "Mig"]) == 1


def test_a_notebook_compares_beyond_alembic_and_each_comparison_has_a_switch(ready):
    from mig_ipython.proposals.scope import Scope

    assert Scope().plugins == ["alembic.autogenerate.*", "kernel_core.ext.*"]
    ready.run("%config Mig.beyond = ['*', '~checks']")
    settings = ready.run("from mig_ipython import mig\nmig.session.settings")
    assert Scope.of(settings).plugins == ["alembic.autogenerate.*", "kernel_core.ext.*", "~kernel_core.ext.checks"]
    ready.run("%config Mig.beyond = ['nobody']")
    assert "Unknown plugin 'kernel_core.ext.nobody'" in ready.fail("%mig_diff")


def test_settings_are_saved_for_good_and_the_rest_of_the_file_stays(fresh, tmp_path):
    rest = "# mine\n[project]\nname = 'x'   # keep me\n"
    notebook = fresh(f"{rest}\n[tool.mig]\naccept = 'none'\n\n[tool.other]\na = [1,\n  2]\n")
    notebook.run("%config Mig.target = 'Base quoted'\n%config Mig.exclude = ['tmp_*', 'é']\n%config Mig.panel = False")
    path = notebook.run("from mig_ipython import mig\nmig.session.settings.save()")
    text = (tmp_path / "pyproject.toml").read_text()
    assert path == str(tmp_path / "pyproject.toml")
    assert text.startswith(rest)
    assert "[tool.other]\na = [1,\n  2]\n" in text
    assert text.count("[tool.mig]") == 1
    again = fresh(text)
    settings = again.run("from mig_ipython import mig\nmig.session.settings")
    assert (settings.accept, settings.panel, settings.fold_above) == ("none", False, 300)
    assert settings.target == "Base quoted"
    assert settings.exclude == ["tmp_*", "é"]
    again.run("mig.session.settings.save()")
    assert (tmp_path / "pyproject.toml").read_text() == text


def test_settings_are_saved_where_there_is_no_file_yet(notebook, tmp_path):
    notebook.run("%config Mig.fold_above = 50")
    notebook.run("from mig_ipython import mig\nmig.session.settings.save()")
    assert (tmp_path / "pyproject.toml").read_text() == "[tool.mig]\nfold_above = 50\n"


def test_a_table_written_in_another_way_is_left_alone(fresh, tmp_path):
    text = "[tool]\nmig = { accept = 'none' }\n"
    notebook = fresh(text)
    notebook.run("from mig_ipython import mig\nsettings = mig.session.settings")
    result = notebook.shell.run_cell("settings.save()")
    assert "edit it by hand" in str(result.error_in_exec)
    assert (tmp_path / "pyproject.toml").read_text() == text


def test_a_text_that_looks_like_the_table_is_left_alone(fresh, tmp_path):
    text = '[project]\ndescription = """\n[tool.mig]\nis where the settings are\n[end]\n"""\n'
    notebook = fresh(text)
    notebook.run("%config Mig.fold_above = 50\nfrom mig_ipython import mig\nsettings = mig.session.settings")
    result = notebook.shell.run_cell("settings.save()")
    assert "edit it by hand" in str(result.error_in_exec)
    assert (tmp_path / "pyproject.toml").read_text() == text
