"""Folders with a broken file: everything else is listed, and the file and its line are named."""

from __future__ import annotations

import io
import os
import re
import socket
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_core import command
from kernel_core.config import CommandLine, Config
from kernel_core.script import ScriptDirectory
from kernel_core.script.steps import upgrade_steps
from kernel_core.util.exc import CommandError

BODY = "\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"


def text(content: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(content)


def data(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content)


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def head(**names: str) -> Callable[[Path], None]:
    """A file with those assignments, the first on line 1; what is left out is not written."""
    return text("".join(f"{name} = {value}\n" for name, value in names.items()) + BODY)


def several(*rows: tuple[str, str, str]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        for number, (revision, down, depends) in enumerate(rows):
            target = path if not number else path.with_name(f"x{number}.py")
            target.write_text(f"revision = '{revision}'\ndown_revision = {down}\ndepends_on = {depends}\n{BODY}")

    return write


def bound(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


CONFLICT = "<<<<<<< HEAD\n{}=======\n{}>>>>>>> theirs\n"
FOLDERS: dict[str, tuple[Callable[[Path], None], int | None, str]] = {
    "text that does not end": (text("revision = 'x\n" + BODY), 1, "not valid Python"),
    "bracket that does not end": (text("import os\nrevision = ('x'\n" + BODY), 2, "not valid Python"),
    "docstring that does not end": (text('"""x\n\nrevision = "x"\n' + BODY), None, "not valid Python"),
    "signature": (text("revision = 'x'\n\ndef upgrade(:\n    pass\n"), 3, "not valid Python"),
    "indentation": (text("revision = 'x'\n\ndef upgrade():\npass\n"), 4, "not valid Python"),
    "tabs and spaces": (text("revision = 'x'\n\ndef upgrade():\n        a = 1\n\tb = 2\n"), 5, "not valid Python"),
    "return outside": (text("revision = 'x'\n\ndef upgrade(): pass\n\nreturn\n"), 5, "not valid Python"),
    "future": (text("from __future__ import braces\nrevision = 'x'\n" + BODY), 1, "not valid Python"),
    "empty": (text(""), None, "is empty"),
    "blank": (text(" \n\t\n\n"), None, "is empty"),
    "NUL in the head": (data(b"import os\nrevision = 'x\0'\n"), 2, "NUL"),
    "NUL in the body": (data(b"revision = 'x'\n\ndef upgrade():\n    a = '\0'\n"), 4, "NUL"),
    "latin-1": (data("revision = 'x'\n# café\n".encode("latin-1")), 2, "not UTF-8"),
    "UTF-16": (data("revision = 'x'\n".encode("utf-16")), 1, "NUL"),
    "UTF-16 without a mark": (data("revision = 'x'\n".encode("utf-16-le")), 1, "NUL"),
    "unknown encoding": (data(b"# coding: klingon\nrevision = 'x'\n"), 1, "encoding"),
    "two encodings": (data(b"\xef\xbb\xbf# coding: latin-1\nrevision = 'x'\n"), 1, "encoding"),
    "binary": (data(b"\x7fELF\x02\x01\x01\xff\xfe" * 50), 1, "not UTF-8"),
    "directory": (Path.mkdir, None, "directory"),
    "link to nowhere": (link("nowhere"), None, "cannot be read"),
    "link to itself": (link("x.py"), None, "cannot be read"),
    "link to a directory": (link("."), None, "directory"),
    "link to a device": (link("/dev/zero"), None, "not a regular file"),
    "pipe": (os.mkfifo, None, "not a regular file"),
    "socket": (bound, None, "cannot be read"),
    "no id": (head(down_revision="None"), None, "assigns no revision id"),
    "only functions": (text(BODY), None, "assigns no revision id"),
    "id computed": (head(down_revision="None", revision="make()"), 2, "computed"),
    "id put together": (text("revision = 'x'\nrevision += 'y'\n" + BODY), 2, "computed"),
    "parent computed": (head(revision="'x'", down_revision="other.revision"), 2, "computed"),
    "labels computed": (head(revision="'x'", branch_labels="[n for n in y]"), 2, "computed"),
    "dependency computed": (head(revision="'x'", down_revision="None", depends_on="f'{a}'"), 3, "computed"),
    "number as id": (head(revision="7"), 1, "must be a string"),
    "empty id": (head(revision="''"), 1, "must be a string"),
    "id with a sign": (head(revision="'a@b'"), 1, "contains @"),
    "id with a colon": (head(revision="'a:b'"), 1, "contains :"),
    "symbol as id": (head(revision="'base'"), 1, "name of a symbol"),
    "number as parent": (head(revision="'x'", down_revision="('g1', 7)"), 2, "must be None, a string"),
    "dict as dependency": (head(revision="'x'", depends_on="{'a': 1}"), 2, "must be None, a string"),
    "too deep": (text("revision = " + "(" * 300 + BODY), 1, "not valid Python"),
    "conflict in the head": (text(CONFLICT.format("revision = 'x'\n", "revision = 'y'\n") + BODY), 1, "not valid Python"),
    "conflict in the body": (text("revision = 'x'\n\ndef upgrade():\n" + CONFLICT.format("    pass\n", "    0\n")), 4, "not valid Python"),
    "id used twice": (head(revision="'g2'", down_revision="'g1'"), 1, "taken by"),
    "missing parent": (head(revision="'x'", down_revision="'lost'"), 2, "needs revision lost"),
    "missing dependency": (head(revision="'x'", down_revision="None", depends_on="'lost'"), 3, "needs revision lost"),
    "parent of itself": (several(("x", "'x'", "None")), 2, "Cycle of down_revision"),
    "cycle of two": (several(("x", "'y'", "None"), ("y", "'x'", "None")), 2, "Cycle of down_revision"),
    "cycle of three": (several(("x", "'z'", "None"), ("y", "'x'", "None"), ("z", "'y'", "None")), 2, "Cycle of down_revision"),
    "depends on itself": (several(("x", "None", "'x'")), 3, "Cycle of depends_on"),
    "cycle of dependencies": (several(("x", "None", "'y'"), ("y", "None", "'x'")), 3, "Cycle of depends_on"),
    "label used twice": (head(revision="'x'", branch_labels="'good'"), 2, 'branch label "good"'),
}  # fmt: skip


@pytest.fixture(params=FOLDERS)
def broken(request, folder, put) -> tuple[Config, int | None, str]:
    """An environment with three good revisions and one fault, in x.py."""
    put("g1", labels="good")
    put("g2", "g1")
    put("g3", "g2")
    make, line, reason = FOLDERS[request.param]
    # The name sorts behind g1_x.py.
    make(folder / "versions" / "x.py")
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(folder))
    return config, line, reason


def ids(scripts) -> list[str]:
    return [script.revision for script in scripts]


def graph(config: Config) -> dict[str, frozenset[str]]:
    return {script.revision: script.nextrev for script in command.history(config)}


def printed(config: Config) -> str:
    command_line = CommandLine()
    command_line.run_cmd(config, command_line.parser.parse_args(["history"]))
    return config.stdout.getvalue()


COMMANDS: dict[str, Callable[[Config], object]] = {
    "heads": lambda config: "g3" in ids(command.heads(config)),
    "history": lambda config: (
        [name for name in ids(command.history(config)) if name.startswith("g")] == ["g3", "g2", "g1"]
    ),
    "range": lambda config: ids(command.history(config, "g1:g3")) == ["g3", "g2", "g1"],
    "branches": lambda config: not [name for name in ids(command.branches(config)) if name.startswith("g")],
    "show": lambda config: command.show(config, "g2").doc == "About g2",
    "graph": lambda config: graph(config)["g2"] == {"g3"},
    "printed": lambda config: all(f"g{number}" in printed(config) for number in (1, 2, 3)),
}


def test_there_are_enough_cases():
    assert len(FOLDERS) >= 40
    assert len(COMMANDS) >= 6


def test_everything_else_is_listed_with_a_warning(broken):
    config, _, _ = broken
    scripts = ScriptDirectory.from_config(config)
    is_wrong_in_lists = bool(scripts.unreadable or scripts.misplaced)  # a body that does not compile is not read there
    for name, ask in COMMANDS.items():
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            assert ask(config), name
        said = any(re.match("cannot be read: |broken: ", str(each.message)) for each in warned)
        assert said == (is_wrong_in_lists and name not in ("show", "printed")), name


def test_the_file_and_its_line_are_named(broken, folder):
    config, line, reason = broken
    found = ScriptDirectory.from_config(config).broken
    mine = [error for error in found if error.path == str(folder / "versions" / "x.py")]
    assert mine, found
    assert any(reason in error.reason for error in mine)
    if line is not None:
        assert line in [error.line for error in mine]
    assert not [error for error in found if os.path.basename(error.path).startswith("g")]


def test_only_a_plan_that_needs_it_is_refused(broken):
    config, _, reason = broken
    revisions = ScriptDirectory.from_config(config).map
    if "taken by" in reason:
        with pytest.raises(CommandError, match="is in 2 files"):
            upgrade_steps(revisions, set(), "g3")
        return
    assert [step.revision_id for step in upgrade_steps(revisions, set(), "g3")] == ["g1", "g2", "g3"]
    if "x" in revisions and "branch label" not in reason:
        with pytest.raises(CommandError):
            upgrade_steps(revisions, set(), "x")
