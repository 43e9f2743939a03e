"""Whether text that becomes part of a statement stays that part: names, expressions, lines of a script.

The lexical rules are those of the databases' manuals: which quotes there are, what a backslash does, how comments end.
"""

from __future__ import annotations

import functools
import re
import warnings
from typing import Any

from .exc import CommandError, CutName

_DOUBLE, _BACKTICK = r'"(?:[^"]|"")*+"', "`(?:[^`]|``)*+`"
_ESCAPED = {quote: rf"{quote}(?:[^{quote}\\]|{quote}{quote}|\\.)*+{quote}" for quote in "'\""}
_QUOTES: dict[str, tuple[str, ...]] = {
    "sqlite": (_DOUBLE, _BACKTICK, r"\[[^\]]*+\]"),
    "postgresql": (rf"(?<!\w)[eE]{_ESCAPED[chr(39)]}", _DOUBLE, r"(?<![\w$])\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"),
    "mysql": (_BACKTICK,),
    "mssql": (_DOUBLE, r"\[(?:[^\]]|\]\])*+\]"),
    "oracle": (r"(?<!\w)[nN]?[qQ]'(?:\[.*?\]|\{.*?\}|\(.*?\)|<.*?>|(?P<mark>[^\s\[{(<]).*?(?P=mark))'", _DOUBLE),
}
_QUOTES["mariadb"] = _QUOTES["mysql"]
_MYSQL = ("mysql", "mariadb")
_STATEMENTS = re.compile(
    "ALTER|BACKUP|CREATE|DELETE|DROP|EXEC|EXECUTE|GRANT|INSERT|MERGE|SELECT|TRUNCATE|UPDATE", re.IGNORECASE
)


def shortened(text: str, length: int = 60) -> str:
    """Return ``text`` as an error names it: on one line, and not too long."""
    return repr(text if len(text) <= length else f"{text[: length - 1]}…")


_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")


def without_parameters(sql: str) -> str:
    r"""Return SQL for ``text()``: each colon that would start a parameter there is escaped.

    >>> print(without_parameters("a::int + :b"))
    a::int + \:b
    """
    return _PARAMETER.sub(r"\\:", sql)


def refuse_nul(text: str) -> None:
    """Raise CommandError for text with a NUL, which drivers cut off there or refuse in words of their own."""
    place = text.find("\0")
    if place >= 0:
        around = shortened(text[max(0, place - 30) : place + 30])
        raise CommandError(f"A statement holds a NUL character, around {around}. Take it out of that name or text.")


def warn_of_cut_name(name: str, dialect: Any) -> None:
    """Warn with CutName of a name that PostgreSQL cuts in silence: the statement is about the name that is left.

    It is no error, because a name is cut the same way each time, so that histories with such names run and go on to.
    Names of indexes and constraints are not cut by the server: SQLAlchemy shortens those that a convention made, and
    refuses the others. https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
    """
    cut = stored_name(name, dialect)
    if cut != name:
        warnings.warn(
            f"The name {shortened(name)} has {len(name.encode('utf-8', 'replace'))} bytes; PostgreSQL keeps "
            f"{dialect.max_identifier_length} and makes {cut!r} of it. Say it that way in your models too, so that "
            "everybody finds it.",
            CutName,
            stacklevel=2,
        )


def stored_name(name: str, dialect: Any) -> str:
    """Return what a database makes of a name: PostgreSQL keeps as many whole characters as fit into 63 bytes."""
    limit = dialect.max_identifier_length
    if dialect.name != "postgresql" or len(name) * 4 <= limit:
        return name
    stored = name.encode("utf-8", "replace")
    return name if len(stored) <= limit else stored[:limit].decode("utf-8", "ignore")


def refuse_loose_sql(text: str, dialect: Any, what: str = "SQL", *, alone: bool = False) -> None:
    """Raise CommandError for SQL that does not stay where it is put: it ends the statement, or the brackets around it.

    ``alone`` says that no brackets stand around it, so that a comma would begin the next action of an ALTER TABLE, and
    on SQL Server a word such as DROP the next statement.
    """
    depth, reason, before = 0, "", ""
    for match in _lexer(dialect.name, bool(getattr(dialect, "_backslash_escapes", False))).finditer(text):
        kind, words = match.lastgroup, match.group()
        if kind == "comment":
            reason = reason or _wrong_comment(words, match.end() == len(text))
        elif kind == "sign":
            depth += (words == "(") - (words == ")")
            if words in "'\"`" and not (words == "`" and dialect.name not in (*_MYSQL, "sqlite")):
                reason = reason or "a quote is not closed"
            elif words == ";":
                reason = reason or "a semicolon stands outside quotes"
            elif depth < 0 or (alone and words == "," and depth == 0):
                reason = reason or ("brackets do not match" if depth < 0 else "a comma stands outside brackets")
        elif alone and depth == 0 and dialect.name == "mssql" and _STATEMENTS.fullmatch(words) and before != "ON":
            reason = reason or f"{words} begins another statement"
        if not words.isspace():
            before = words.upper()
    reason = reason or ("brackets do not match" if depth else "")
    if reason:
        raise CommandError(f"This {what} is not one expression, {reason}: {shortened(text.strip())}. Correct it.")


def _wrong_comment(words: str, is_last: bool) -> str:
    """Return what is wrong with a comment: databases do not agree where it ends, or it takes what follows along."""
    if words.startswith("/*"):
        inside = words[2:-2]
        closed = words.endswith("*/") and len(words) >= 4
        unclear = not closed or "/*" in inside or inside.startswith(("!", "M!"))
        return "a comment is not closed, holds another one or is run by MySQL" if unclear else ""
    return "a comment takes the rest of the statement along" if is_last or "\r" in words else ""


_QUOTING = re.compile("['\"`\\[$#]|--|/[*]")


def tabs_as_spaces(text: str, dialect: Any) -> str:
    """Return a statement with four spaces for each tab that stands outside quotes and comments."""
    if "\t" not in text:
        return text
    if _QUOTING.search(text) is None:
        return text.replace("\t", "    ")
    lexer = _lexer(dialect.name, bool(getattr(dialect, "_backslash_escapes", False)))
    return lexer.sub(lambda match: "    " if match.group() == "\t" else match.group(), text)


@functools.cache
def _lexer(dialect_name: str, backslash: bool) -> re.Pattern[str]:
    """Return the pattern whose matches are quoted pieces, comments, words and single signs."""
    mysql = dialect_name in _MYSQL
    quotes = list(_QUOTES.get(dialect_name, (_DOUBLE,)))
    quotes.append(_ESCAPED["'"] if backslash else r"'(?:[^']|'')*+'")
    if mysql:
        quotes.append(_ESCAPED['"'] if backslash else _DOUBLE)
    line = r"--(?=[\s\x00-\x1f]|\Z)[^\n]*|\#[^\n]*" if mysql else r"--[^\n]*"
    return re.compile(
        rf"(?P<quoted>{'|'.join(quotes)})|(?P<comment>{line}|/\*.*?(?:\*/|\Z))|(?P<word>[^\W\d]\w*)|(?P<sign>.)",
        re.DOTALL,
    )
