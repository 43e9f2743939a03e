"""Compiled wheels: with node a copy with bytecode, without it the wheel as it is."""

from __future__ import annotations

import os
import stat
import zipfile

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.lab.site.bytecode import with_bytecode
from mig_ipython.lab.site.wheels import write_empty_wheel


@pytest.fixture
def wheel(tmp_path):
    return write_empty_wheel("jedi", str(tmp_path))


def program(tmp_path, monkeypatch, text):
    """A program ``node`` in place of the real one, which takes seconds to load pyodide."""
    path = tmp_path / "bin" / "node"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")


def test_without_node_the_wheels_are_taken_as_they_are(tmp_path, monkeypatch, wheel):
    monkeypatch.setenv("PATH", "")
    assert with_bytecode([wheel], str(tmp_path / "cache"), str(tmp_path)) == [wheel]


def test_a_copy_is_made_once_and_keeps_its_name(tmp_path, monkeypatch, wheel):
    program(tmp_path, monkeypatch, 'echo run >> "$2/runs"; cp "$3" "$4"')
    for _ in range(2):
        (copy,) = with_bytecode([wheel], str(tmp_path / "cache"), str(tmp_path))
    assert os.path.basename(copy) == os.path.basename(wheel)
    assert copy != wheel
    with zipfile.ZipFile(copy) as content:
        assert content.testzip() is None
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_failure_of_node_is_shown(tmp_path, monkeypatch, wheel):
    program(tmp_path, monkeypatch, "echo no such module >&2; exit 1")
    with pytest.raises(CommandError, match=r"node cannot compile the wheels with .*no such module"):
        with_bytecode([wheel], str(tmp_path / "cache"), str(tmp_path))
    assert not list((tmp_path / "cache").rglob("*.whl"))
