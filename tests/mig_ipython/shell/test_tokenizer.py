"""The words of a typed line: quotes, comments, variables, backslashes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.shell.tokenizer import KEPT, SILENT, read_line

NAMES = {
    "rev": "ae10",
    "n": -1,
    "text": "two words # and 'more'",
    "revs": ["ae10", "be11"],
    "d": {"rev": "ae10", "}": "brace"},
    "here": SimpleNamespace(url="sqlite:///dev.db"),
    "x": "EXPANDED",
    "größe": "9",
}

LINES = [
    ("", []),
    ("head", ["head"]),
    ("  head   -m 'a b' ", ["head", "-m", "a b"]),
    ("''", [""]),
    ('-m"fix"', ["-mfix"]),
    ("--only=users", ["--only=users"]),
    # comments
    ("# all", []),
    ("head # go", ["head"]),
    ("head  #go 'quote", ["head"]),
    ("head\t# go", ["head"]),
    ('-m "fix #12" # 12', ["-m", "fix #12"]),
    ("-m 'a # b'", ["-m", "a # b"]),
    ("http://h/p#part", ["http://h/p#part"]),
    ("postgresql://u@h/d#1 # c", ["postgresql://u@h/d#1"]),
    ('"a"#b', ["a#b"]),
    (r"\#12", ["#12"]),
    # variables
    ("$rev", ["ae10"]),
    ("{rev}", ["ae10"]),
    ("base:$rev", ["base:ae10"]),
    ("$rev:{rev}", ["ae10:ae10"]),
    ("$n", ["-1"]),
    ("{n - 1}", ["-2"]),
    ("$text", ["two words # and 'more'"]),
    ("-m $text --write", ["-m", "two words # and 'more'", "--write"]),
    ('"$rev and {x}"', ["ae10 and EXPANDED"]),
    ("'$rev and {x}'", ["$rev and EXPANDED"]),
    ("{d['rev']}", ["ae10"]),
    ('"{d["rev"]}"', ["ae10"]),
    ("{d['}']}", ["brace"]),
    ("{rev!r}", ["'ae10'"]),
    ("{len(rev)}", ["4"]),
    ("$here.url", ["sqlite:///dev.db"]),
    ("$größe", ["9"]),
    ("$revs", ["ae10", "be11"]),
    ("{revs[:1]}", ["ae10"]),
    ("x$revs", ["x['ae10', 'be11']"]),
    # as typed
    ("$nobody", ["$nobody"]),
    ("{nobody}", ["{nobody}"]),
    ("{nobody.x}", ["{nobody.x}"]),
    ("{1 / 0}", ["{1 / 0}"]),
    ("{id}", ["{id}"]),
    ("${rev}", ["$ae10"]),
    ("$$rev {{rev}}", ["$rev", "{rev}"]),
    ("-m 'costs $5, 100%'", ["-m", "costs $5, 100%"]),
    ('-m "costs $5"', ["-m", "costs $5"]),
    ('\'{"a": {"b": 1}}\'', ['{"a": {"b": 1}}']),
    ("{", ["{"]),
    ("a{}b", ["a{}b"]),
    (r"\$rev \{rev}", ["$rev", "{rev}"]),
    # backslashes
    (r"sqlite:///C:\data\my.db", [r"sqlite:///C:\data\my.db"]),
    (r'"sqlite:///C:\data\my.db"', [r"sqlite:///C:\data\my.db"]),
    (r"'C:\new folder\x'", [r"C:\new folder\x"]),
    (r'"C:\new folder" x', [r"C:\new folder", "x"]),
    (r"\\server\share", [r"\\server\share"]),
    ('"C:\\data\\"', ["C:\\data\\"]),
    (r'-m "say \"hi\""', ["-m", 'say "hi"']),
    (r"a\ b", ["a b"]),
    ("a\\", ["a\\"]),
]


@pytest.mark.parametrize(("line", "words"), LINES)
def test_a_line_is_split_into_words(line, words):
    assert read_line(line, NAMES, windows=False).words == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"C:\proj\ --template x", ["C:\\proj\\", "--template", "x"]),
        (r"C:\#dir\$x\{x}", [r"C:\#dir\EXPANDED\EXPANDED"]),
        (r"'C:\data\'", ["C:\\data\\"]),
        (r'"C:\my data\"', ["C:\\my data\\"]),
        (r'-m "say \"hi\""', ["-m", 'say "hi"']),
        (r"\\server\share\x.db # mine", [r"\\server\share\x.db"]),
    ],
)
def test_on_windows_a_backslash_escapes_nothing_but_a_double_quote(line, words):
    assert read_line(line, NAMES, windows=True).words == words


def test_without_names_everything_is_text():
    assert read_line("'$rev {rev}' $$rev {{rev}} # c", None).words == ["$rev {rev}", "$$rev", "{{rev}}"]


@pytest.mark.parametrize(
    ("line", "ending"),
    [
        ("head ;", SILENT),
        ("head;", SILENT),
        ("; # c", SILENT),
        ("head ;;", KEPT),
        ("head # c;", ""),
        ("'a;'", ""),
        ("a;b", ""),
    ],
)
def test_a_semicolon_ends_a_line(line, ending):
    assert read_line(line, {}).ending == ending


@pytest.mark.parametrize("line", ["it's", '"open', "x '"])
def test_an_unclosed_quote_is_named(line):
    with pytest.raises(CommandError, match="Close the quote"):
        read_line(line, {})


def test_a_word_knows_the_object_that_it_names_and_what_was_typed():
    (engine,) = read_line("$here", NAMES).words
    assert engine.value is NAMES["here"]
    assert (engine.typed, engine.literal) == ("$here", "***")
    (url,) = read_line("pg://u:$rev@h", NAMES).words
    assert (url, url.literal, url.value) == ("pg://u:ae10@h", "pg://u:***@h", "pg://u:ae10@h")
    (quoted,) = read_line('"$here"', NAMES).words
    assert quoted.value == str(NAMES["here"])
