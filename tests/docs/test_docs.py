"""The documentation agrees with the code: names, links, commands and examples."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from IPython.core.interactiveshell import InteractiveShell

from kernel_core import command, op
from kernel_core.config import CommandLine
from kernel_core.ddl.impl import DefaultImpl
from kernel_core.operations import BatchOperations, Operations, ops, registry
from kernel_core.runtime.environment import EnvironmentContext
from kernel_core.runtime.plugins import chosen_plugins
from mig_ipython.lab.cli import parser as lab_parser
from mig_ipython.magics import find_commands
from mig_ipython.shell.command_line import LineParser
from mig_ipython.shell.tokenizer import read_line
from mig_ipython.workspace.settings import Mig

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *ROOT.glob("*ING.md"), *sorted((ROOT / "docs").rglob("*.md"))]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
FENCE = re.compile(
    r"^( *)```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^\1```$", re.DOTALL | re.MULTILINE
)


@pytest.fixture(scope="module")
def generator() -> Iterator[ModuleType]:
    """The module that generates the reference."""
    sys.path.insert(0, str(ROOT / "docs"))
    yield importlib.import_module("reference_pages")
    sys.path.remove(str(ROOT / "docs"))


@pytest.fixture(scope="module")
def reference(generator: ModuleType) -> dict[str, str]:
    return generator.pages()  # type: ignore[no-any-return]


def blocks(page: Path, *kinds: str) -> list[re.Match[str]]:
    return [one for one in FENCE.finditer(page.read_text(encoding="utf-8")) if one["kind"] in kinds]


# ---- the reference ----------------------------------------------------------------------------------------------------


def test_every_magic_and_each_of_its_arguments_is_described(reference: dict[str, str]) -> None:
    parts = dict(
        re.findall(r"^## (%\S+)\n(.*?)(?=^## |\Z)", reference["reference/magics.md"], re.DOTALL | re.MULTILINE)
    )
    commands = {one.typed: one for one in find_commands().values()}
    assert set(parts) == set(commands)
    for name, one in commands.items():
        for action in LineParser(one).declared:
            for word in action.option_strings or [str(action.metavar or action.dest)]:
                assert word in ("-h", "--help") or word in parts[name], f"{name} {word}"


def test_every_setting_is_described(reference: dict[str, str]) -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", reference["reference/settings.md"], re.MULTILINE))
    assert listed == set(Mig.class_trait_names(config=True)) - {"config", "parent", "log"}


def test_every_command_of_the_program_and_each_of_its_options_is_described(
    generator: ModuleType, reference: dict[str, str]
) -> None:
    text = reference["reference/mig.md"]
    parts = dict(re.findall(r"^## mig (\S+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    commands = generator.program_commands()
    assert set(parts) == set(commands)
    assert len(parts) == 22
    for name, parser in commands.items():
        for action in parser._actions:
            words = action.option_strings or [str(action.metavar or action.dest)]
            assert all(word in parts[name] for word in words if word not in ("-h", "--help")), f"{name} {words}"
    for action in CommandLine().parser._actions:
        assert all(
            f"`{one}" in text or f", {one}" in text for one in action.option_strings if one not in ("-h", "--help")
        )


@pytest.mark.parametrize(
    ("page", "prefix", "names"),
    [
        ("op", "kernel_core.op", [name for name in dir(op) if name[0] != "_" and callable(getattr(op, name))]),
        ("context", "kernel_core.context", [name for name in vars(EnvironmentContext) if name[0] != "_"]),
        ("operations", "kernel_core.operations.ops", ops.__all__),
        ("command", "kernel_core.command", [*command.__all__]),
        ("autogenerate", "kernel_core.autogenerate", importlib.import_module("kernel_core.autogenerate").__all__),
        ("script", "kernel_core.script", importlib.import_module("kernel_core.script").__all__),
        ("config", "kernel_core.config", importlib.import_module("kernel_core.config").__all__),
    ],
)
def test_every_public_name_is_in_the_reference(
    reference: dict[str, str], page: str, prefix: str, names: list[str]
) -> None:
    everywhere = "\n".join(reference.values())
    package = None if page == "context" else importlib.import_module(prefix)
    for name in names:
        if not isinstance(getattr(package, name, None), ModuleType):
            assert re.search(rf"^::: (?:[\w.]+\.)?{name}$", everywhere, re.MULTILINE), f"{prefix}.{name}"
    assert f"::: {prefix}." in reference[f"reference/{page}.md"]


def test_every_plugin_is_described(reference: dict[str, str]) -> None:
    files = {one.stem for one in (ROOT / "kernel_core" / "autogenerate" / "plugins").glob("[a-z]*.py")}
    named = re.findall(r"^## kernel_core\.ext\.(\w+)$", reference["reference/plugins.md"], re.MULTILINE)
    assert set(named) == files
    assert not re.search(r"^## .*\n+(?=## )", reference["reference/plugins.md"], re.MULTILINE), (
        "a plugin without a text"
    )


def test_every_directive_in_the_reference_can_be_imported(reference: dict[str, str]) -> None:
    for name in re.findall(r"^::: (\S+)$", "\n".join(reference.values()), re.MULTILINE):
        module, _, attribute = name.rpartition(".")
        if module not in ("kernel_core.op", "kernel_core.context"):  # their names are those of the current object
            assert hasattr(importlib.import_module(module), attribute), name


def test_every_key_of_a_configuration_file_is_read_somewhere() -> None:
    text = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    code = "".join(one.read_text(encoding="utf-8") for one in (ROOT / "kernel_core").rglob("*.py"))
    for key in re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE):
        assert f'"{key}"' in code, key


# ---- the pages -------------------------------------------------------------------------------------------------------


def test_every_page_is_in_the_navigation(reference: dict[str, str]) -> None:
    listed = set(re.findall(r"[\w/]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    written = {str(one.relative_to(ROOT / "docs")) for one in (ROOT / "docs").rglob("*.md")}
    notebooks = {f"tutorial/{one.stem}.md" for one in (ROOT / "notebooks").glob("*.ipynb")}
    assert listed == written | set(reference) | notebooks


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_the_first_page_leads_to_every_guide(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [one.name for one in (ROOT / "docs/guides").glob("*.md") if f"guides/{one.name})" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.name)
def test_every_link_leads_somewhere(page: Path, reference: dict[str, str]) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#]+?)(?:#[\w-]+)?\)", text):
        if not re.match(r"https?://", target):
            path = (page.parent / target).resolve()
            name = str(path.relative_to(ROOT / "docs")) if path.is_relative_to(ROOT / "docs") else ""
            assert path.exists() or name in reference or name.startswith("tutorial/"), target


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for path in re.findall(
        r"`((?:kernel_core|mig_ipython|tests|docs|benchmarks|notebooks|binder|\.ci)/[\w./]*)`", text
    ):
        assert (ROOT / path).exists(), path


@pytest.mark.slow
def test_no_docstring_names_a_document_that_is_not_in_the_project() -> None:
    documents = {one.name for one in PAGES} | {"README.md"}
    for folder in ("kernel_core", "mig_ipython", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            named = re.findall(r"\b[\w-]+\.md\b|\bdesign/\w+|\bshared/\w+", path.read_text(encoding="utf-8"))
            assert set(named) <= documents, f"{path.relative_to(ROOT)}: {named}"


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.name)
def test_every_example_in_python_can_be_parsed(page: Path) -> None:
    for block in blocks(page, "python", "py"):
        lines = [line for line in block["text"].splitlines() if not re.match(r"\s*%", line)]
        ast.parse("\n".join(lines))


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.name)
def test_every_command_in_an_example_exists_with_its_options(page: Path) -> None:
    commands = {one.typed: one for one in find_commands().values()}
    commands |= {f"%%{one.magic}": one for one in find_commands().values() if one.takes_cell}
    text = page.read_text(encoding="utf-8")
    for typed in [*re.findall(r"^(%%?mig\S*.*)$", text, re.MULTILINE), *re.findall(r"`(%%?mig[^`]*)`", text)]:
        name, _, rest = typed.partition(" ")
        if name in commands and not re.search(r"FOLDER|REVISION|FILE|\.\.\.", rest):
            words, _, _ = read_line(rest, None)
            if words or name not in ("%mig_downgrade", "%mig_stamp", "%mig_revision", "%%migration"):
                LineParser(commands[name]).parse_args(words)
        assert name.rstrip("?") in {*commands, "%mig", "%mig_VERB", "%mig_tables"}, (
            typed
        )  # the last is the example of a recipe
    for typed in re.findall(
        r"^(?:\w+=\S+ )?mig (.*)$", "\n".join(one["text"] for one in blocks(page, "bash")), re.MULTILINE
    ):
        words = shlex.split(typed.partition(" > ")[0], comments=True)
        if words[0] == "lab":
            lab_parser("mig lab").parse_args(words[1:])
        elif words[0] != "--alias":
            CommandLine().parser.parse_args(words)


def test_the_layers_are_those_that_import_linter_checks() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    for package in ("kernel_core", "mig_ipython"):
        (layers,) = (one["layers"] for one in contracts if one.get("containers") == [package])
        table = text.partition(f"| `{package}` | what it holds |\n|---|---|\n")[2].partition("\n\n")[0]
        written = [re.findall(r"`(\w+)`", row.split(" | ")[0]) for row in table.splitlines()]
        checked = [[name for name in re.findall(r"\w+", layer) if exists(package, name)] for layer in layers]
        assert written == [names for names in checked if names]


def exists(package: str, name: str) -> bool:
    """Return whether a layer has files yet; the program's own ``__main__`` does not count."""
    return not name.startswith("__") and any((ROOT / package / file).exists() for file in (name, f"{name}.py"))


def test_the_picture_is_drawn_from_its_source() -> None:
    source = (ROOT / "docs" / "architecture.dot").read_text(encoding="utf-8")
    picture = (ROOT / "docs" / "images" / "architecture.svg").read_text(encoding="utf-8")
    labels = [one for label in re.findall(r'label="([^"]+)"', source) for one in label.split("\\n")]
    assert labels
    assert [one for one in labels if f">{one}<" not in picture] == []


# ---- the guides are followed -----------------------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A shell in an empty folder; what a guide registers or imports is removed again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    before = [(kind, set(vars(kind))) for kind in (Operations, BatchOperations)]
    kinds = (registry._registered, registry._in_json, registry._names_in_json)
    registered = [dict(known) for known in kinds]
    dialects, plugins, modules = set(DefaultImpl._by_dialect), chosen_plugins(["*"]), set(sys.modules)
    shell = InteractiveShell.instance()
    yield shell
    if "mig_ipython" in shell.extension_manager.loaded:
        shell.extension_manager.unload_extension("mig_ipython")
    InteractiveShell.clear_instance()
    for kind, names in before:
        for name in set(vars(kind)) - names:
            delattr(kind, name)
    for known, first in zip(kinds, registered, strict=True):
        known.clear()
        known.update(first)
    for name in set(DefaultImpl._by_dialect) - dialects:
        del DefaultImpl._by_dialect[name]
    for plugin in set(chosen_plugins(["*"])) - set(plugins):
        plugin.remove()
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.parametrize("page", GUIDES, ids=lambda one: one.stem)
def test_a_guide_can_be_followed(page: Path, tmp_path: Path, shell: InteractiveShell) -> None:
    """Blocks of ``python`` and ``ipython`` are cells, in their order; one with a title is a file; ``py`` is a fragment."""
    shutil.copytree(ROOT / "notebooks" / "library", tmp_path / "library", ignore=shutil.ignore_patterns("*.db"))
    for block in blocks(page, "python", "ipython"):
        if block["title"]:
            Path(block["title"]).write_text(block["text"], encoding="utf-8")
        else:
            shell.run_cell(block["text"]).raise_error()
