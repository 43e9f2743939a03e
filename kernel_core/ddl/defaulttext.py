"""Tell whether two server defaults are the same, as far as their SQL text says."""

from __future__ import annotations

import re

_PIECE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|::|\w+(?:\.\d+)?|\s+|.""", re.DOTALL)
_CAST = re.compile(r"(?:\s*::\s*(?:\"[^\"]+\"|[A-Za-z_][\w. ]*)(?:\([\d, ]*\))?(?:\[\])*)+$")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
_NOW = frozenset({"now()", "current_timestamp", "current_timestamp()", "transaction_timestamp()"})
_ON_UPDATE = "onupdate"  # MySQL's ON UPDATE, folded
_TRUTH = {"true": "1", "false": "0", "t": "1", "f": "0"}


def defaults_differ(inspected: str | None, rendered_metadata: str | None) -> bool:
    """Tell whether the default in the database is another one than the model's; both are SQL text, None is no default.

    Brackets round the whole, casts behind it, blanks and the case of words outside quotes don't count; a number counts
    the same with and without quotes.

    >>> defaults_differ("'new'::character varying", "'new'")
    False
    """
    if inspected is None or rendered_metadata is None:
        return (inspected is None) != (rendered_metadata is None)
    return inspected != rendered_metadata and normal_default(inspected) != normal_default(rendered_metadata)


def normal_default(text: str) -> str:
    """Return the one spelling that stands for all spellings of a default."""
    text = text.strip()
    while True:
        shorter = _without_cast(_without_brackets(text)).strip()
        if shorter == text:
            break
        text = shorter
    if text.startswith("'"):
        content = text[1:-1].replace("''", "'")
        if _NUMBER.fullmatch(content) and _is_one_literal(text):
            return _number(content)
        return text
    text = "".join(_folded(piece) for piece in _PIECE.findall(text))
    if _NUMBER.fullmatch(text):
        return _number(re.sub(r"^0+(?=\d)", "", text))  # MySQL shows the zeros of ZEROFILL
    moments = ["now()" if part in _NOW else part for part in text.split(_ON_UPDATE)]
    text = _ON_UPDATE.join(moments)
    return _TRUTH.get(text, text)


def _folded(piece: str) -> str:
    if piece[0] in "'\"":
        return piece
    return "" if piece.isspace() else piece.lower()


def _number(text: str) -> str:
    text = text.removeprefix("+")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _is_one_literal(text: str) -> bool:
    return re.fullmatch(r"'(?:[^']|'')*'", text) is not None


def _without_cast(text: str) -> str:
    """Take ``::type`` from the end, where it casts the whole text and not its last operand."""
    match = _CAST.search(text)
    if match is None:
        return text
    rest = text[: match.start()].rstrip()
    is_operand = _is_one_literal(rest) or _NUMBER.fullmatch(rest) or re.fullmatch(r"[\w.]+(\(\))?", rest)
    return rest if is_operand or _closes_at_the_end(rest) else text


def _without_brackets(text: str) -> str:
    while _closes_at_the_end(text):
        text = text[1:-1].strip()
    return text


def _closes_at_the_end(text: str) -> bool:
    """Tell whether the text is in brackets of which the first is closed by the last."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    position = 0
    for piece in _PIECE.findall(text):
        position += len(piece)
        depth += (piece == "(") - (piece == ")")
        if depth == 0:
            return position == len(text)
    return False
