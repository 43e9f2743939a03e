"""Output of a terminal program."""

from __future__ import annotations

import pytest

from kernel_core.util.messaging import msg, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("\x9b2J\x07\x00\x7f", "\\x9b2J\\x07\\x00\\x7f"),
        ("safe\rEVIL", "safe\\rEVIL"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("one\ntwo\tthree\r\nfour", "one\ntwo\tthree\r\nfour"),
        ("größe\u200f 表 ✓ \u00a0", "größe\u200f 表 ✓ \u00a0"),
    ],
)
def test_control_characters_are_printed_as_escapes(text, shown, capsys):
    assert printable(text) == shown
    msg(text)
    assert capsys.readouterr().out.replace("\r\n", "\n") == f"{shown}\n".replace("\r\n", "\n")
