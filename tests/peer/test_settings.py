"""What a configuration answers beside an installed Alembic: ini and toml files in their usual and unusual ways."""

from __future__ import annotations

import importlib
import tomllib
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.peer
pytest.importorskip("alembic", reason="the yardstick is not installed (extra peer)")

REASONS: dict[str, str] = tomllib.loads(Path(__file__).with_name("differences.toml").read_text())["settings"]
FIRST = "[alembic]\nscript_location = m\n"
TABLE = '[tool.alembic]\nscript_location = "m"\n'

CASES: dict[str, tuple[str, str]] = {
    "lists as of old": (FIRST + "version_locations = a b, c\nprepend_sys_path = . x:y\n", ""),
    "old separator os": (FIRST + "version_path_separator = os\nversion_locations = a:b\nprepend_sys_path = . x:y\n", ""),
    "old separator space": (FIRST + "version_path_separator = space\nversion_locations = a b\nprepend_sys_path = .:y\n", ""),
    "old separator ;": (FIRST + "version_path_separator = ;\nversion_locations = a;b c\n", ""),
    "old separator newline": (FIRST + "version_path_separator = newline\nversion_locations =\n  a\n  b c\n", ""),
    "old separator unknown": (FIRST + "version_path_separator = |\nversion_locations = a|b\n", ""),
    "separator os": (FIRST + "path_separator = os\nversion_locations = a:b c\nprepend_sys_path = .:y z\n", ""),
    "separator ;": (FIRST + "path_separator = ;\nversion_locations = a;b c\nprepend_sys_path = .;y z\n", ""),
    "separator :": (FIRST + "path_separator = :\nversion_locations = a:b\n", ""),
    "separator newline": (FIRST + "path_separator = newline\nversion_locations =\n  a\n  b c\n", ""),
    "separator space": (FIRST + "path_separator = space\nversion_locations = a b\n  c\n", ""),
    "separator unknown": (FIRST + "path_separator = |\nversion_locations = a|b\n", ""),
    "both separators": (FIRST + "path_separator = os\nversion_path_separator = space\nversion_locations = a:b c\n", ""),
    "an empty list": (FIRST + "path_separator = os\nversion_locations =\n", ""),
    "holes in a list": (FIRST + "path_separator = os\nversion_locations = a::b:\n", ""),
    "lists in toml": ("", TABLE + 'version_locations = ["a", "b c"]\nprepend_sys_path = ["."]\n'),
    "here in toml": ("", TABLE + 'version_locations = ["%(here)s/a"]\nprepend_sys_path = ["%(here)s"]\n'),
    "types in toml": ("", TABLE + "sourceless = true\nrecursive_version_locations = false\ntruncate_slug_length = 12\n"),
    "ini before toml": (FIRST + "timezone = Europe/Paris\n", TABLE + 'timezone = "UTC"\nversion_locations = ["q"]\n'),
    "true": (FIRST + "sourceless = true\nrevision_environment = false\n", ""),
    "yes": (FIRST + "sourceless = yes\n", ""),
    "maybe": (FIRST + "sourceless = maybe\n", ""),
    "percent signs": (FIRST + "file_template = %%(year)d_%%(rev)s\nmy.key = 100%%\n", ""),
    "a lone percent sign": (FIRST + "my.key = 100%\n", ""),
    "another section": (FIRST + "[other]\na = b\n", ""),
    "defaults": ("[DEFAULT]\nfoo = bar\n" + FIRST + "x = %(foo)s in %(here)s\n", ""),
    "hooks": (FIRST + "[post_write_hooks]\nhooks = a, b\na.type = exec\na.executable = x\na.options = -l 3\nb.type = module\n", ""),
    "no hooks": (FIRST + "[post_write_hooks]\nhooks =\n", ""),
    "hooks in toml": ("", TABLE + '[[tool.alembic.post_write_hooks]]\nname = "a"\ntype = "exec"\noptions = "REVISION_SCRIPT_FILENAME"\n'),
}  # fmt: skip

OPTIONS = ("script_location", "timezone", "x", "my.key", "truncate_slug_length", "file_template", "nothing")
FLAGS = ("sourceless", "recursive_version_locations", "revision_environment")

NAMED = {
    ("yes", "flag sourceless"): "more words for true",
    ("maybe", "flag sourceless"): "a flag that is neither is refused",
    ("lists in toml", "script_location"): "main options of either file",
    ("here in toml", "script_location"): "main options of either file",
    ("types in toml", "script_location"): "main options of either file",
    ("types in toml", "truncate_slug_length"): "main options of either file",
    ("hooks in toml", "script_location"): "main options of either file",
}


def answers(engine: str, folder: Path, ini: str, toml: str) -> dict[str, Any]:
    """Each question with its answer, "refused" where there is none."""
    folder.mkdir(exist_ok=True)
    (folder / "alembic.ini").write_text(ini or "[alembic]\n")
    (folder / "pyproject.toml").write_text(toml)
    config_of = importlib.import_module(f"{engine}.config").Config
    config = config_of(str(folder / "alembic.ini"), toml_file=str(folder / "pyproject.toml"))
    questions: dict[str, Callable[[], Any]] = {name: lambda name=name: config.get_main_option(name) for name in OPTIONS}
    questions |= {f"flag {name}": lambda name=name: config.get_alembic_boolean_option(name) for name in FLAGS}
    questions |= {
        "number": lambda: config.get_alembic_option("truncate_slug_length", "none"),
        "version_locations": config.get_version_locations_list,
        "prepend_sys_path": config.get_prepend_sys_paths_list,
        "hooks": lambda: [hook_of(each) for each in config.get_hooks_list()],
        "section": lambda: config.get_section("other"),
        "section with default": lambda: config.get_section("none", {"a": "1"}),
        "option": lambda: config.get_section_option("alembic", "timezone", "none"),
    }
    found = {}
    for name, question in questions.items():
        try:
            found[name] = question()
        except Exception:  # noqa: BLE001 - how it is refused is each one's own
            found[name] = "refused"
    return found


def hook_of(hook: Mapping[str, str]) -> dict[str, str]:
    """A hook without the key of its name, which is each one's own."""
    return {key: value for key, value in hook.items() if key not in ("name", "_hook_name")}


@pytest.mark.parametrize("case", CASES)
def test_a_setting_reads_as_in_alembic_or_differs_in_a_named_way(tmp_path, case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, ours = (answers(engine, tmp_path / "one", *CASES[case]) for engine in ("alembic", "kernel_core"))
    differing = {name for name in theirs if theirs[name] != ours[name]}
    named = {name for where, name in NAMED if where == case}
    assert differing == named, {name: (theirs[name], ours[name]) for name in differing ^ named}


def test_each_difference_is_argued():
    assert set(NAMED.values()) == set(REASONS)
