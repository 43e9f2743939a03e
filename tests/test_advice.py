"""Commands, magics and options that messages advise exist in the program or the notebook that shows the message."""

import ast
import functools
import re
from pathlib import Path

import pytest
from advice import advice, of_notebook, of_program

from mig_ipython.errors import as_magics

ROOT = Path(__file__).parents[1]
NO_MESSAGES = (
    "recording/recorder.py",
    "config/usage.py",
    "config/program.py",
    "config/aliased.py",
    "views/style.py",
    "views/clock.py",
)
NOT_ADVISED = {
    "--snapshot",
    "--lock-wait-timeout",
    "--section",
    "--jp-error-color",
    "--mig-bad",
}  # of pg_dump, of a style sheet

SHOWN_BY = {
    "--autogenerate": ["mig revision"],
    "--branch": ["%mig_autogenerate"],
    "--by-running": ["mig locate", "mig schema", "%mig_locate", "%mig_schema"],
    "--check": ["mig merge", "%mig_merge"],
    "--despite-drift": ["mig locate", "%mig_locate"],
    "--downgrade": ["mig rehearse", "%mig_rehearse"],
    "--exclude": ["%mig_autogenerate", "%mig_diff", "%mig_check"],
    "--head": ["mig revision", "%mig_autogenerate"],
    "--html": ["%mig_export"],
    "--id": ["%mig_revision"],
    "--lock-timeout": [
        f"mig {verb}" for verb in ("upgrade", "downgrade", "stamp", "resume", "abandon", "locate", "adopt")
    ],
    "--models": ["mig schema", "%mig_schema"],
    "--name": ["%mig_open"],
    "--no-downgrade": ["%%migration"],
    "--no-drift": ["%mig_status"],
    "--no-run": ["mig merge", "mig squash", "%mig_merge", "%mig_squash"],
    "--only": ["%mig_autogenerate", "%mig_diff", "%mig_check"],
    "--operations-json": ["mig upgrade", "mig downgrade"],
    "--prune": ["mig squash", "%mig_squash"],
    "--purge": ["mig stamp", "%mig_stamp"],
    "--rebase": ["mig merge", "%mig_merge"],
    "--record": ["mig schema", "%mig_schema"],
    "--rehearse": ["%%migration"],
    "--reload": ["%mig_autogenerate", "%mig_diff", "%mig_check", "%mig_status"],
    "--run": ["mig merge", "%mig_merge"],
    "--sample": ["mig rehearse", "%mig_rehearse", "%%migration"],
    "--schema-only": ["mig rehearse", "%mig_rehearse", "%%migration"],
    "--show": ["mig squash", "%mig_squash"],
    "--splice": ["mig revision", "mig merge", "%mig_revision", "%mig_merge", "%mig_autogenerate", "%%migration"],
    "--sql": [
        "mig upgrade",
        "mig downgrade",
        "mig stamp",
        "mig revision",
        "%mig_upgrade",
        "%mig_downgrade",
        "%mig_stamp",
    ],
    "--stamp": ["mig locate", "%mig_locate"],
    "--statement-lock-timeout": ["mig upgrade", "mig downgrade"],
    "--template": ["mig init", "%mig_init"],
    "--up": ["%%migration"],
    "--version-path": ["mig revision", "mig adopt", "%mig_revision", "%mig_autogenerate", "%%migration", "%mig_adopt"],
    "--write": ["%%migration", "%mig_autogenerate", "%mig_adopt"],
    "--yes": ["%mig_export", "%mig_upgrade", "%mig_downgrade", "%%migration"],
}
"""Options that a message advises without a command -> the commands that may show such a message."""


@functools.cache
def messages(package: str) -> list[tuple[str, str]]:
    """(file, text) for each text of a package that is not a docstring and may advise something; values are left out."""
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if place.endswith(NO_MESSAGES) or "/lab/" in place or "/review/style" in place:
            continue
        source = path.read_text(encoding="utf-8")
        if not re.search(r"--[a-z]|mig[ _]|%%migration", source):
            continue
        nodes = list(ast.walk(ast.parse(source)))
        parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        parts |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "" for part in node.values)
                found.append((place, text))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                found.append((place, node.value))
    return found


def unknown(text: str, known) -> list[str]:
    """What a text advises with the name of a command, and that does not exist."""
    return [
        f"{command} {option}"
        for command, option in advice(text)
        if command and not (command in known and (not option or option in known[command]))
    ]


@pytest.mark.slow
def test_commands_and_their_options_exist_where_a_message_names_them():
    wrong = [(place, each) for place, text in messages("kernel_core") for each in unknown(text, of_program())]
    wrong += [(place, each) for place, text in messages("mig_ipython") for each in unknown(text, of_notebook())]
    assert not wrong


@pytest.mark.slow
def test_the_notebook_shows_commands_of_the_program_as_magics():
    wrong = [
        (place, each)
        for place, text in messages("kernel_core")
        if not place.startswith("kernel_core/config/")  # what only the program prints
        for each in unknown(as_magics(text), of_notebook())
    ]
    assert not wrong


@pytest.mark.slow
def test_an_option_is_advised_only_by_commands_that_have_it():
    found = {
        option
        for package in ("kernel_core", "mig_ipython")
        for _, text in messages(package)
        if " " in text
        for command, option in advice(text)
        if option and not command
    }
    assert found - NOT_ADVISED == set(SHOWN_BY)
    known = {**of_program(), **of_notebook()}
    assert not [(name, option) for option, names in SHOWN_BY.items() for name in names if option not in known[name]]
