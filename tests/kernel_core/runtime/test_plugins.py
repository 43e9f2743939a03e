"""Plugins: registered, found, chosen by patterns."""

from types import ModuleType

import pytest

import kernel_core.autogenerate  # makes the built-in plugins
from kernel_core.runtime import plugins
from kernel_core.runtime.environment import EnvironmentContext
from kernel_core.runtime.plugins import Plugin, chosen_plugins
from kernel_core.util.exc import CommandError

BUILT_IN = ["schemas", "tables", "types", "constraints", "defaults", "comments"]


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """Leave the plugins of the process as they were."""
    monkeypatch.setattr(plugins, "_plugins", dict(plugins._plugins))
    monkeypatch.setattr(plugins, "_loaded", set(plugins._loaded))


def chosen(*patterns):
    return [plugin.name.rpartition(".")[2] for plugin in chosen_plugins(patterns)]


def module_of(setup=None):
    module = ModuleType("an_addon")
    if setup is not None:
        module.setup = setup
    return module


def test_the_built_in_plugins_are_the_default():
    assert [plugin.name for plugin in chosen_plugins(None)] == [f"kernel_core.autogenerate.{name}" for name in BUILT_IN]
    assert chosen("alembic.autogenerate.*") == chosen("kernel_core.autogenerate.*") == BUILT_IN


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ((), []),
        (("alembic.autogenerate.tables",), ["tables"]),
        (("alembic.*.tables", "kernel_core.autogenerate.types"), ["tables", "types"]),
        (("*.tables",), ["tables"]),
        (("~alembic.autogenerate.comments",), []),
        (("~alembic.autogenerate.comments", "alembic.autogenerate.*"), BUILT_IN[:-1]),
        (
            ("alembic.autogenerate.*", "~kernel_core.*.t*".replace("t*", "tables")),
            [n for n in BUILT_IN if n != "tables"],
        ),
        (("alembic.autogenerate.*", "~nobody.*"), BUILT_IN),
        (("alembic.autogenerate.*", "alembic.autogenerate.*"), BUILT_IN),
    ],
)
def test_patterns_include_and_exclude(patterns, names):
    assert chosen(*patterns) == names


@pytest.mark.parametrize("pattern", ["", ".", "a b", "~", "alembic.a*.schemas", "!alembic.autogenerate.comments", "**"])
def test_an_invalid_pattern_is_refused(pattern):
    with pytest.raises(CommandError, match=r"is not a plugin name\. Write a name"):
        chosen(pattern)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(CommandError, match=r"Unknown plugin 'nobody'. .*kernel_core.autogenerate.comments"):
        chosen("nobody")


def test_one_text_instead_of_a_list_is_refused():
    with pytest.raises(CommandError, match=r"write \['alembic.\*'\]"):
        chosen_plugins("alembic.*")


def test_a_module_with_a_setup_becomes_a_plugin():
    def setup(plugin):
        plugin.add_autogenerate_comparator(print, "schema", "views", qualifier="sqlite")

    Plugin.setup_plugin_from_module(module_of(setup), "my.views")
    (plugin,) = chosen_plugins(["my.*"])
    assert [(each.target, each.element, each.qualifier) for each in plugin.comparators] == [
        ("schema", "views", "sqlite")
    ]
    assert "views" not in chosen("alembic.autogenerate.*")
    Plugin.setup_plugin_from_module(module_of(setup), "my.views")
    assert len(chosen_plugins(["my.*"])) == 1, "env.py runs again in the same kernel"


def test_a_name_that_is_taken_is_refused():
    Plugin("my.own")
    with pytest.raises(CommandError, match=r"There is a plugin 'my\.own' already"):
        Plugin("my.own")


def test_a_module_without_a_setup_is_refused_and_a_setup_that_fails_leaves_nothing():
    with pytest.raises(CommandError, match=r"has no function setup\(plugin\)"):
        Plugin.setup_plugin_from_module(module_of(), "my.own")
    with pytest.raises(ZeroDivisionError):
        Plugin.setup_plugin_from_module(module_of(lambda plugin: 1 / 0), "my.own")
    with pytest.raises(CommandError, match="Unknown plugin"):
        chosen("my.own")


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Install a module as an entry point."""

    def install(source, group="alembic.plugins"):
        (tmp_path / "addon_under_test.py").write_text(source)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(__import__("sys").modules, "addon_under_test", raising=False)
        metadata = tmp_path / "addon_under_test-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: addon-under-test\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[{group}]\naddon.views = addon_under_test\n")

    yield install
    __import__("sys").modules.pop("addon_under_test", None)


@pytest.mark.parametrize("group", ["alembic.plugins", "kernel_core.plugins"])
def test_an_installed_add_on_that_imports_alembic_gets_this_engine(installed, group):
    installed(
        "from alembic.runtime.plugins import Plugin\n"
        "from alembic.util import DispatchPriority, PriorityDispatchResult\n"
        "from alembic.autogenerate.api import AutogenContext\n"
        "from alembic.autogenerate import comparators\n"
        "from alembic.operations import Operations, MigrateOperation, ops\n"
        "def setup(plugin):\n"
        "    assert isinstance(plugin, Plugin)\n"
        "    plugin.add_autogenerate_comparator(print, 'schema', priority=DispatchPriority.LAST)\n",
        group,
    )
    with EnvironmentContext(None, None):
        pass
    assert chosen("addon.*") == ["views"]


def test_an_add_on_that_fails_is_named_with_a_remedy(installed):
    installed("import nothing_of_that_name")
    with pytest.raises(CommandError, match=r"'addon.views' of addon-under-test cannot be loaded: No module named"):
        plugins.load_installed()
    assert kernel_core.autogenerate
