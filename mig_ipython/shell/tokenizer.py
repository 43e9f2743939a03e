"""Split a typed line into words: quotes, a trailing comment, and the notebook's variables."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Callable, Mapping
from typing import NamedTuple

from kernel_core.util.exc import CommandError


class Word(str):
    """A word of a line, with its variables replaced by their values.

    ``typed`` is the word as it is in the cell, ``literal`` the same with ``***`` for each variable. ``value`` is the
    object itself where the whole word is one variable (``$engine``), otherwise the text.
    """

    __slots__ = ("literal", "typed", "value")
    typed: str
    literal: str
    value: object

    @classmethod
    def of(cls, text: str, typed: str, literal: str, value: object) -> Word:
        """Return the word ``text``."""
        word = cls(text)
        word.typed, word.literal, word.value = typed, literal, value
        return word


class TypedLine(NamedTuple):
    """The words of a line, and the semicolon that ends it.

    ``ending`` is `SILENT` where nothing is displayed or returned, `KEPT` where the result is returned for the variable
    that it is assigned to. ``end`` is the position of the semicolon or of the comment.
    """

    words: list[Word]
    ending: str
    end: int


SILENT, KEPT = ";", ";;"


def read_line(line: str, names: Mapping[str, object] | None, *, windows: bool = os.name == "nt") -> TypedLine:
    r"""Return the words of a line, as a shell would split it.

    ``$name``, ``$name.attribute`` and ``{expression}`` are replaced by their values in ``names``; an undefined one
    stays as typed, and so does ``$name`` between single quotes (IPython's rule). ``$$name`` and ``{{name}}`` are
    the escaped forms; where ``names`` is None, nothing is replaced. A value is never split. A word that begins
    with ``#`` starts a comment.

    A backslash is an ordinary character, so that ``C:\data`` is a path; outside Windows it escapes a blank, a quote,
    ``#``, ``$`` and ``{``. Raises CommandError for an unclosed quote.

    >>> read_line("head $n 'a # b' # note", {"n": 1}).words
    ['head', '1', 'a # b']
    """
    reader = _Reader(line, names, _ESCAPED_ON_WINDOWS if windows else _ESCAPED)
    reader.read()
    return TypedLine(reader.words, reader.ending, reader.place)


_ESCAPED = {"": " \t'\"#${", '"': '"${', "'": ""}
_ESCAPED_ON_WINDOWS = {"": '"', '"': '"', "'": ""}
"""What a backslash escapes: outside quotes, and in each kind of quotes."""

_NAME = re.compile(r"\$(\$?)([^\W\d]\w*(?:\.[^\W\d]\w*)*)")
_LITERAL_BRACES = re.compile(r"\{(\{.*?\})\}")
_CONVERSION = re.compile(r"!([rsa])\s*$")
_CONVERSIONS: Mapping[str, Callable[[object], str]] = {"": str, "s": str, "r": repr, "a": ascii}
_UNKNOWN = object()


class _Reader:
    """Reads a line from left to right; ``quote`` is the open quote, ``begin`` where the current word began."""

    def __init__(self, line: str, names: Mapping[str, object] | None, escaped: Mapping[str, str]) -> None:
        self.line, self.names, self.escaped = line, names, escaped
        self.words: list[Word] = []
        self.ending = ""
        self.place, self.begin, self.quote = 0, -1, ""
        self.text: list[str] = []
        self.literal: list[str] = []
        self.value: object = _UNKNOWN

    def read(self) -> None:
        while self.place < len(self.line) and not self._ends():
            self._step(self.line[self.place])
        if self.quote:
            raise CommandError(
                "The line cannot be read: no closing quotation. Close the quote, or use the other kind of quotes."
            )
        self._end_word()

    def _ends(self) -> bool:
        """Return whether a comment, or the semicolon that silences the output, begins here."""
        rest = self.line[self.place :]
        if self.quote or (self.begin >= 0 and rest[0] == "#"):
            return False
        ending = re.fullmatch(r"(;;?)\s*(?:#.*)?", rest, re.DOTALL)
        self.ending = ending[1] if ending else ""
        return bool(ending) or rest[0] == "#"

    def _step(self, character: str) -> None:
        if not self.quote and character.isspace():
            self._end_word()
            self.place += 1
            return
        if self.begin < 0:
            self.begin = self.place
        if character == "\\" and self._escapes():
            self._take(self.line[self.place + 1], 2)
        elif character in "\"'" and self.quote in ("", character):
            self.quote = "" if self.quote else character
            self.place += 1
        elif not self._take_reference():
            self._take(character, 1)

    def _escapes(self) -> bool:
        r"""Return whether the backslash here escapes the next character.

        The last quote of a line closes what it ends, so that ``"C:\data\"`` is a whole word.
        """
        following = self.line[self.place + 1 : self.place + 2]
        if not following or following not in self.escaped[self.quote]:
            return False
        return following != '"' or not self.quote or '"' in self.line[self.place + 2 :]

    def _take(self, text: str, length: int) -> None:
        self.text.append(text)
        self.literal.append(text)
        self.place += length

    def _take_reference(self) -> bool:
        """Take the variable or the expression that begins here; return whether there is one."""
        place = self.place
        if self.names is None:
            return False
        if escaped := _LITERAL_BRACES.match(self.line, place):
            self._take(escaped[1], len(escaped[0]))
            return True
        name = _NAME.match(self.line, place) if self.quote != "'" else None
        if name and name[1]:
            self._take(name[0][1:], len(name[0]))
            return True
        if name:
            end, expression = name.end(), name[2]
        elif (found := _braced(self.line, place)) is not None:
            end, expression = found
        else:
            return False
        value = _value(expression, self.names)
        if value is _UNKNOWN:
            self._take(self.line[place:end], end - place)
            return True
        if self.begin == place and not self.quote:
            self.value = value
        self.text.append(str(value))
        self.literal.append("***")
        self.place = end
        return True

    def _end_word(self) -> None:
        if self.begin >= 0:
            typed, literal, text = self.line[self.begin : self.place], "".join(self.literal), "".join(self.text)
            is_value = self.value is not _UNKNOWN and len(self.text) == 1 and typed[-1] not in "\"'"
            value = self.value if is_value else text
            several = value if isinstance(value, list | tuple) else (value,)
            self.words += [Word.of(str(one), typed, literal, one) for one in several]
        self.text, self.literal = [], []
        self.begin, self.value = -1, _UNKNOWN


def _braced(line: str, place: int) -> tuple[int, str] | None:
    """Return the end and the text of the expression in braces that begins at ``place``; None where there is none."""
    if line[place] != "{":
        return None
    end = line.find("}", place)
    while end >= 0:
        expression = line[place + 1 : end]
        if _parsed(_CONVERSION.sub("", expression)) is not None:
            return end + 1, expression
        end = line.find("}", end + 1)
    return None


def _parsed(expression: str) -> ast.Expression | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return None


def _value(expression: str, names: Mapping[str, object]) -> object:
    """Return the value of an expression; `_UNKNOWN` where a name is not in ``names``, or evaluating it fails."""
    conversion = _CONVERSION.search(expression)
    tree = _parsed(_CONVERSION.sub("", expression))
    if tree is None or (isinstance(tree.body, ast.Name) and tree.body.id not in names):
        return _UNKNOWN
    try:
        value = eval(compile(tree, "<line>", "eval"), dict(names))  # noqa: S307 - an expression of the user
    except Exception:  # noqa: BLE001 - the expression may raise anything; then it stays as typed
        return _UNKNOWN
    return _CONVERSIONS[conversion[1]](value) if conversion else value
