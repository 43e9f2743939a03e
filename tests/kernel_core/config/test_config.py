"""The settings of an environment: ini, toml, memory."""

import io
import os

import pytest

from kernel_core.config import Config
from kernel_core.util.exc import CommandError


def ini(tmp_path, text):
    (tmp_path / "alembic.ini").write_text(text, encoding="utf-8")
    return Config(str(tmp_path / "alembic.ini"))


def test_options_come_from_the_ini_file_with_here_filled_in(tmp_path):
    config = ini(tmp_path, "[alembic]\nscript_location = %(here)s/m\nown = 7\n[other]\na = 1\n")
    assert config.get_main_option("script_location") == f"{tmp_path}/m"
    assert config.get_main_option("own") == "7"
    assert config.get_main_option("absent") is None
    assert config.get_main_option("absent", "x") == "x"
    assert config.get_section("other")["a"] == "1"
    assert config.get_section("none", {"d": 1}) == {"d": 1}
    assert config.get_section_option("other", "a") == "1"


def test_a_section_serves_sqlalchemy_engine_from_config(tmp_path):
    config = ini(tmp_path, "[alembic]\nsqlalchemy.url = sqlite://\nsqlalchemy.echo = false\n")
    section = config.get_section(config.config_ini_section)
    assert (section["sqlalchemy.url"], section["sqlalchemy.echo"]) == ("sqlite://", "false")


def test_another_section_may_be_the_main_one(tmp_path):
    (tmp_path / "a.ini").write_text("[alembic]\nx = 1\n[shop]\nx = 2\n")
    assert Config(str(tmp_path / "a.ini"), ini_section="shop").get_main_option("x") == "2"


def test_options_can_be_set_and_removed_in_memory():
    config = Config()
    config.set_main_option("script_location", "m")
    config.set_section_option("other", "a", "1")
    assert (config.get_main_option("script_location"), config.get_section_option("other", "a")) == ("m", "1")
    config.remove_main_option("script_location")
    assert config.get_main_option("script_location") is None


def test_a_percent_sign_is_explained_without_showing_the_value(tmp_path):
    config = ini(tmp_path, "[alembic]\nsqlalchemy.url = postgresql://u:p%40ss@h/d\n")
    with pytest.raises(CommandError, match=r"sqlalchemy\.url in .* contains a % .*write it as %%") as raised:
        config.get_main_option("sqlalchemy.url")
    assert "ss@h" not in str(raised.value)
    with pytest.raises(CommandError, match="must be written %%"):
        Config().set_main_option("x", "50%")


def test_a_file_that_is_not_an_ini_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"alembic\.ini cannot be read"):
        ini(tmp_path, "hello\n").get_main_option("x")


def test_pyproject_gives_real_types_and_the_ini_file_wins(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.alembic]\nscript_location = "%(here)s/m"\nversion_locations = ["%(here)s/a", "b"]\n'
        'recursive_version_locations = true\ntruncate_slug_length = 20\nboth = "toml"\n'
    )
    (tmp_path / "alembic.ini").write_text("[alembic]\nboth = ini\n")
    config = Config(str(tmp_path / "alembic.ini"), toml_file=tmp_path / "pyproject.toml")
    assert config.get_main_option("script_location") == f"{tmp_path}/m"
    assert config.get_version_locations_list() == [f"{tmp_path}/a", "b"]
    assert config.get_alembic_boolean_option("recursive_version_locations") is True
    assert (config.get_alembic_option("truncate_slug_length"), config.get_main_option("truncate_slug_length")) == (
        20,
        "20",
    )
    assert config.get_main_option("both") == "ini"


def test_a_broken_pyproject_is_named(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.alembic\n")
    with pytest.raises(CommandError, match=r"pyproject\.toml cannot be read"):
        Config(toml_file=tmp_path / "pyproject.toml").get_main_option("x")


@pytest.mark.parametrize(
    ("separator", "text", "expected"),
    [
        ("os", os.pathsep.join(["a", "b c"]), ["a", "b c"]),
        ("space", "a b", ["a", "b"]),
        ("newline", "a\n  b c", ["a", "b c"]),
        (";", "a;b", ["a", "b"]),
        (None, "a, b c", ["a", "b", "c"]),
    ],
)
def test_lists_of_paths_are_split_by_the_configured_separator(tmp_path, separator, text, expected):
    config = Config()
    config.set_main_option("version_locations", text)
    if separator:
        config.set_main_option("path_separator", separator)
        assert config.get_version_locations_list() == expected
    else:
        with pytest.warns(DeprecationWarning, match="Set path_separator"):
            assert config.get_version_locations_list() == expected


def test_an_unknown_separator_is_refused():
    config = Config()
    config.set_main_option("version_locations", "a|b")
    config.set_main_option("path_separator", "|")
    with pytest.raises(CommandError, match="must be one of: os, space, newline"):
        config.get_version_locations_list()


def test_attributes_are_the_configurations_own():
    shared = {"connection": 1}
    one, two = Config(attributes=shared), Config()
    one.attributes["x"] = 2
    assert (shared, two.attributes) == ({"connection": 1}, {})


def test_print_stdout_writes_to_the_configured_stream_and_masks_secrets():
    out = io.StringIO()
    Config(stdout=out).print_stdout("%s at %s", "here", "postgresql://u:hidden1@h/d")
    assert out.getvalue() == "here at postgresql://u:***@h/d\n"


def test_a_url_that_was_read_is_masked_afterwards(tmp_path):
    ini(tmp_path, "[alembic]\nsqlalchemy.url = postgresql://u:topsecret9@h/d\n").get_main_option("sqlalchemy.url")
    out = io.StringIO()
    Config(stdout=out).print_stdout("the driver says topsecret9")
    assert out.getvalue() == "the driver says ***\n"


def both(tmp_path, ini_text, toml_text):
    (tmp_path / "alembic.ini").write_text(ini_text)
    (tmp_path / "pyproject.toml").write_text(toml_text)
    return Config(str(tmp_path / "alembic.ini"), toml_file=tmp_path / "pyproject.toml")


def test_a_setting_is_taken_from_the_first_source_that_has_it(tmp_path):
    config = both(
        tmp_path,
        "[DEFAULT]\na = default\nb = default\n[alembic]\na = ini\n",
        '[tool.alembic]\na = "toml"\nb = "toml"\nc = "toml"\nd = "toml"\n',
    )
    config.set_main_option("d", "memory")
    assert [config.get_main_option(name) for name in "abcd"] == ["ini", "default", "toml", "memory"]
    assert [config.get_alembic_option(name) for name in "abcd"] == ["ini", "default", "toml", "memory"]


@pytest.mark.parametrize(
    ("ini_text", "toml_text", "message"),
    [
        ("[alembic]\nsourceless = perhaps\n", "", r"sourceless in .*alembic\.ini \[alembic\] is 'perhaps'; write true"),
        ("", "[tool.alembic]\nsourceless = 3\n", r"sourceless in .*pyproject\.toml \[tool\.alembic\] is 3"),
    ],
)
def test_an_option_that_is_neither_true_nor_false_names_its_file_and_key(tmp_path, ini_text, toml_text, message):
    with pytest.raises(CommandError, match=message):
        both(tmp_path, ini_text, toml_text).get_alembic_boolean_option("sourceless")


def test_an_invalid_list_names_its_file_and_key(tmp_path):
    config = both(tmp_path, "[alembic]\n", "[tool.alembic]\nversion_locations = 3\nprepend_sys_path = [1]\n")
    with pytest.raises(
        CommandError, match=r"version_locations in .*pyproject\.toml \[tool\.alembic\] is 3; write a list"
    ):
        config.get_version_locations_list()
    with pytest.raises(CommandError, match=r"prepend_sys_path in .*pyproject\.toml"):
        config.get_prepend_sys_paths_list()
    config = both(tmp_path, "[alembic]\nversion_locations = a|b\npath_separator = |\n", "")
    with pytest.raises(CommandError, match=r"path_separator in .*alembic\.ini \[alembic\] is '\|'"):
        config.get_version_locations_list()


def test_hooks_are_listed_in_order_with_their_options(tmp_path):
    config = both(
        tmp_path,
        "[alembic]\n[post_write_hooks]\nhooks = a, b\nb.type = exec\nb.options = x\na.type = module\nab.type = no\n",
        '[[tool.alembic.post_write_hooks]]\nname = "c"\ntype = "exec"\ncwd = "%(here)s"\n',
    )
    assert config.get_hooks_list() == [
        {"name": "a", "_hook_name": "a", "type": "module"},
        {"name": "b", "_hook_name": "b", "type": "exec", "options": "x"},
    ]
    config = both(tmp_path, "[alembic]\n", (tmp_path / "pyproject.toml").read_text())
    assert config.get_hooks_list() == [{"name": "c", "_hook_name": "c", "type": "exec", "cwd": str(tmp_path)}]
    config = both(tmp_path, "", '[[tool.alembic.post_write_hooks]]\ntype = "exec"\n')
    with pytest.raises(CommandError, match=r"post_write_hooks in .*pyproject\.toml must be tables"):
        config.get_hooks_list()


def test_the_path_is_restored_after_a_command(project, tmp_path):
    import sys

    from kernel_core import command

    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "only_here_7.py").write_text("x = 1\n")
    project.env(lambda text: "import only_here_7\n" + text)
    config = project.config()
    config.set_main_option("prepend_sys_path", str(tmp_path / "lib"))
    before = list(sys.path)
    for _ in range(2):
        command.current(config)
        assert sys.path == before
    sys.path.append(str(tmp_path / "lib"))
    try:
        command.current(config)
        assert sys.path == [*before, str(tmp_path / "lib")]
    finally:
        sys.path[:] = before
        sys.modules.pop("only_here_7", None)


def test_quiet_silences_print_stdout():
    import argparse

    out = io.StringIO()
    Config(stdout=out, cmd_opts=argparse.Namespace(quiet=True)).print_stdout("hello")
    assert out.getvalue() == ""


def without_section(tmp_path):
    (tmp_path / "other.ini").write_text("[other]\na = 1\n")
    return Config(str(tmp_path / "other.ini"))


def without_file(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return Config(str(tmp_path / "missing.ini"), toml_file=tmp_path / "pyproject.toml")


@pytest.mark.parametrize(
    ("make", "said"), [(without_file, r"missing\.ini does not exist"), (without_section, r"other\.ini has no section")]
)
def test_an_option_of_a_missing_file_or_section_is_refused_as_by_alembic(tmp_path, make, said):
    config = make(tmp_path)
    for ask in (config.get_main_option, lambda name, default=None: config.get_section_option("own", name, default)):
        for default in (None, "x"):
            with pytest.raises(CommandError, match=said):
                ask("sqlalchemy.url", default)
    assert config.get_section("alembic") is None
    assert config.get_section("alembic", {}) == {}
    assert config.get_alembic_option("sqlalchemy.url") is None
    config.remove_main_option("sqlalchemy.url")
    config.set_main_option("sqlalchemy.url", "sqlite://")
    assert (config.get_main_option("sqlalchemy.url"), config.get_main_option("own")) == ("sqlite://", None)


def test_without_an_ini_file_that_was_named_or_with_toml_an_option_is_only_not_set(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.alembic]\nscript_location = 'm'\n")
    for config in (Config(), Config(str(tmp_path / "missing.ini"), toml_file=tmp_path / "pyproject.toml")):
        assert config.get_main_option("sqlalchemy.url") is None
