"""What the SQL of each database looks like: its quotes, comments, operators, and how tightly these bind.

Sources: https://sqlite.org/lang_expr.html and https://sqlite.org/lang_keywords.html;
https://www.postgresql.org/docs/current/sql-syntax-lexical.html; https://mariadb.com/kb/en/operator-precedence/ and
https://mariadb.com/kb/en/string-literals/; "Transact-SQL constants" and "Operator precedence" of SQL Server's manual.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

_STANDARD = r"'(?:[^']|'')*+'"
_ESCAPED = {quote: rf"{quote}(?:[^{quote}\\]|{quote}{quote}|\\.)*+{quote}" for quote in "'\""}
_DOUBLE, _BACKTICK, _BRACKET = r'"(?:[^"]|"")*+"', r"`(?:[^`]|``)*+`", r"\[[^\]]*+\]"
_NAMES: Mapping[str, tuple[str, ...]] = {
    "sqlite": (_DOUBLE, _BACKTICK, _BRACKET),
    "postgresql": (rf"(?<![\w$])[uU]&{_DOUBLE}", _DOUBLE),
    "mysql": (_BACKTICK,),
    "mssql": (_DOUBLE, r"\[(?:[^\]]|\]\])*+\]"),
}
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "sqlite": (rf"(?:(?<![\w$])[xX])?{_STANDARD}",),
    "postgresql": (
        rf"(?<![\w$])[eE]{_ESCAPED[chr(39)]}",
        rf"(?:(?<![\w$])(?:[bBnNxX]|[uU]&))?{_STANDARD}",
        r"(?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$",
    ),
    "oracle": (
        r"(?<![\w$])[nN]?[qQ]'(?:\[.*?\]|\{.*?\}|\(.*?\)|<.*?>|(?P<mark>[^\s\[{(<]).*?(?P=mark))'",
        rf"(?:(?<![\w$])[nN])?{_STANDARD}",
    ),
    "mssql": (rf"(?:(?<![\w$])[nN])?{_STANDARD}",),
}
_STARTS = {
    "sqlite": "-/'\"`[xX",
    "postgresql": "-/'\"$eEbBnNxXuU",
    "mysql": "-/#'\"`nNxXbB",
    "mssql": "-/'\"[nN",
    "oracle": "-/'\"nNqQ",
}
"""The characters that quoted pieces and comments begin with."""
_LINE = r"--[^\n]*"
_MYSQL_LINE = r"--(?=[\s\x00-\x1f]|\Z)[^\n]*|\#[^\n]*"
_BLOCK = r"/\*.*?(?:\*/|\Z)"
_NUMBER = r"(?:\d[\d_]*(?:\.[\d_]*)?|(?<![\w.)\]])\.\d+)(?:[eE][+-]?\d+)?\w*"
_WORDS = {"mysql": r"@{0,2}[^\W\d][\w$]*", "mssql": r"[@\#]{0,2}[^\W\d][\w$@\#]*"}
_OPERATORS: Mapping[str, str] = {
    # An operator of several characters ends in + or - only if it has one of ~ ! @ # % ^ & | ` ? as well.
    "postgresql": r"::|:=|=>|(?:(?!--|/\*)[-+*/<>=])*[~!@\#%^&|`?](?:(?!--|/\*)[-+*/<>=~!@\#%^&|`?])*"
    r"|(?:(?!--|/\*)[-+*/<>=])*(?:(?!--|/\*)[*/<>=])|[-+]",
    "sqlite": r"->>|->|\|\||<=|>=|<>|!=|==|<<|>>|[-+*/%<>=~&|]",
    "mysql": r"->>|->|<=>|<=|>=|<>|!=|<<|>>|&&|\|\||:=|[-+*/%<>=~&|^!]",
    "default": r"::|:=|<=|>=|<>|!=|!<|!>|\^=|\|\||[-+*/%<>=~&|^!]",
}

_COMPARED = dict.fromkeys(("=", "==", "<", ">", "<=", ">=", "<>", "!="), "compare")
_LIKE = ("like", "not like", "in", "not in", "between", "not between", "escape")
_SHARED = {"or": "or", "and": "and", "not": "not", ":=": "assign"} | _COMPARED
_ARITHMETIC = {"*": "times", "/": "times", "%": "times", "+": "plus", "-": "plus"}


@dataclass(frozen=True, slots=True)
class Precedence:
    """How tightly the operators of a database bind; a larger number binds more tightly.

    ``left`` are the levels at which ``a o b o c`` means ``(a o b) o c``; at the others nothing is assumed.
    """

    binary: Mapping[str, int]
    unary: Mapping[str, int]
    left: frozenset[int]
    other: int | None
    """The level of an operator that is not listed; None where such an operator is not known."""

    @property
    def predicate(self) -> int:
        """The tightest level of a condition: what is between BETWEEN and its AND binds more tightly."""
        return max(self.binary[word] for word in ("between", "=", "<", "like", "is"))


def _precedence(levels: str, words: Mapping[str, str], unary: Mapping[str, str], other: str = "") -> Precedence:
    """Return the table for level names, loosest first; a name that ends in ``*`` is left-associative."""
    names = levels.split()
    place = {name.rstrip("*"): number for number, name in enumerate(names, 1)}
    left = frozenset(number for number, name in enumerate(names, 1) if name.endswith("*"))
    return Precedence(
        {word: place[level] for word, level in words.items()},
        {word: place[level] for word, level in unary.items()},
        left,
        place.get(other),
    )


_IS = dict.fromkeys(("is", "is not", "is distinct from", "is not distinct from", "isnull", "notnull", "not null"), "is")
_SIGNS = {"-": "sign", "+": "sign", "~": "sign", "not": "not"}
_PRECEDENCE: Mapping[str, Precedence] = {
    "postgresql": _precedence(
        "assign or* and* not is compare like other* plus* times* power* zone* collate* sign cast*",
        _SHARED
        | _IS
        | dict.fromkeys((*_LIKE, "ilike", "not ilike", "similar to", "not similar to"), "like")
        | _ARITHMETIC
        | {"^": "power", "at time zone": "zone", "collate": "collate", "::": "cast", "operator": "other"},
        {"-": "sign", "+": "sign", "not": "not"},
        "other",
    ),
    "sqlite": _precedence(
        "assign or* and* not compare escape order* bits* plus* times* concat* collate* sign",
        _SHARED
        | dict.fromkeys(_LIKE[:-1], "compare")
        | dict.fromkeys(_IS, "compare")
        | dict.fromkeys(("glob", "regexp", "match", "not glob", "not regexp", "not match"), "compare")
        | dict.fromkeys(("=", "==", "<>", "!="), "compare")
        | dict.fromkeys(("<", ">", "<=", ">="), "order")
        | _ARITHMETIC
        | dict.fromkeys(("&", "|", "<<", ">>"), "bits")
        | {"||": "concat", "->": "concat", "->>": "concat", "collate": "collate", "escape": "escape"},
        _SIGNS,
    ),
    "mysql": _precedence(  # without ||, which is OR or concatenates, by sql_mode
        "assign or* xor* and* not between compare bitor* bitand* shift* plus* times* power sign collate arrow*",
        _SHARED
        | dict.fromkeys(_IS, "compare")
        | dict.fromkeys(("like", "not like", "in", "not in", "escape", "regexp", "not regexp"), "compare")
        | dict.fromkeys(("rlike", "not rlike", "sounds like", "<=>"), "compare")
        | {
            "between": "between",
            "not between": "between",
            "xor": "xor",
            "&&": "and",
        }  # || is OR or concatenates, by sql_mode
        | _ARITHMETIC
        | {"div": "times", "mod": "times", "|": "bitor", "&": "bitand", "<<": "shift", ">>": "shift", "^": "power"}
        | {"collate": "collate", "->": "arrow", "->>": "arrow"},
        _SIGNS | {"!": "sign"},
    ),
    "default": _precedence(
        "assign or* and* not compare plus* times* sign",
        _SHARED | dict.fromkeys(_LIKE, "compare") | dict.fromkeys(_IS, "compare") | _ARITHMETIC,
        _SIGNS,
    ),
}
_FOLDS_QUOTED = frozenset({"sqlite", "mysql"})
_QUOTE = {"mysql": "`"}


@dataclass(frozen=True, eq=False)
class Grammar:
    """The SQL of one database; `grammar_of` returns one object for each.

    ``backslash`` says that a backslash escapes in every text, ``ansi_quotes`` that ``"`` quotes names on MySQL.
    """

    name: str
    backslash: bool = False
    ansi_quotes: bool = False

    def _quoted(self, starts: str) -> str:
        """Return the pattern of quoted names, texts and comments, in groups of these names.

        It is tried only where one of the characters of ``starts`` is, which saves more than half of the time.
        """
        texts = list(_TEXTS.get(self.name, (_STANDARD,)))
        names = list(_NAMES.get(self.name, (_DOUBLE,)))
        if self.backslash:
            texts = [*texts[:-1], _ESCAPED["'"]] if self.name != "postgresql" else [_ESCAPED["'"], *texts]
        if self.name == "mysql":
            prefix = r"(?:(?<![\w$])[nNxXbB])?"
            texts = [prefix + (_ESCAPED["'"] if self.backslash else _STANDARD)]
            if self.ansi_quotes:
                names.append(_DOUBLE)
            else:
                texts.append(_ESCAPED['"'] if self.backslash else _DOUBLE)
        line = _MYSQL_LINE if self.name == "mysql" else _LINE
        groups = rf"(?P<comment>{line}|{_BLOCK})|(?P<text>{'|'.join(texts)})|(?P<name>{'|'.join(names)})"
        return rf"(?=[{re.escape(starts)}])(?:{groups})"

    @functools.cached_property
    def lexer(self) -> re.Pattern[str]:
        """The pattern whose matches are the tokens, each in the group of its kind."""
        word = _WORDS.get(self.name, r"[^\W\d][\w$]*")
        parameter = r"|(?<![\w$])\$\d+" if self.name == "postgresql" else ""
        operator = _OPERATORS.get(self.name, _OPERATORS["default"])
        return re.compile(
            rf"(?P<space>\s+)|{self._quoted(self._starts)}|(?P<word>{word}{parameter})|(?P<number>{_NUMBER})"
            rf"|(?P<operator>{operator})|(?P<sign>.)",
            re.DOTALL,
        )

    @functools.cached_property
    def marks(self) -> re.Pattern[str]:
        """The pattern of what matters to a list: quoted pieces, comments, parentheses, commas."""
        # A prefix such as x'' and n'' does not change where a text ends, but E'' of PostgreSQL and Q'' of Oracle do.
        symbols = "".join(start for start in self._starts if not start.isalpha())
        starts = self._starts if self.name in ("postgresql", "oracle") else symbols
        return re.compile(rf"{self._quoted(starts)}|(?P<sign>[(),\[\]{{}}])", re.DOTALL)

    @property
    def _starts(self) -> str:
        return _STARTS.get(self.name, "-/'\"")

    @property
    def nests_comments(self) -> bool:
        """Whether a comment may hold another one."""
        return self.name in ("postgresql", "mssql")

    @property
    def folds_quoted(self) -> bool:
        """Whether a quoted name is the same in any case."""
        return self.name in _FOLDS_QUOTED

    @property
    def quote(self) -> str:
        """The mark around a quoted name."""
        return '"' if self.ansi_quotes else _QUOTE.get(self.name, '"')

    @property
    def precedence(self) -> Precedence:
        """How tightly the operators bind."""
        return _PRECEDENCE.get(self.name, _PRECEDENCE["default"])


STANDARD = Grammar("default")
"""What databases of which nothing is known are taken to have: the SQL standard's."""


class NamedDialect(Protocol):
    """A SQLAlchemy dialect, or a `Grammar`."""

    @property
    def name(self) -> str:
        """Name of the database."""


SQLDialect = NamedDialect | str
"""A SQLAlchemy dialect, a grammar, or the name of a database."""


def grammar_of(dialect: SQLDialect) -> Grammar:
    """Return the grammar of a SQLAlchemy dialect, or of a database by its name.

    >>> grammar_of("mariadb").name
    'mysql'
    """
    if isinstance(dialect, Grammar):
        return dialect
    if isinstance(dialect, str):
        return _grammar(dialect, dialect in ("mysql", "mariadb"), False)
    backslash = bool(getattr(dialect, "_backslash_escapes", False))
    if dialect.name == "postgresql" and getattr(dialect, "server_version_info", None) is None:
        backslash = False  # SQLAlchemy 2.0 asks the server for standard_conforming_strings, and assumes off before
    return _grammar(dialect.name, backslash, bool(getattr(dialect, "_server_ansiquotes", False)))


@functools.cache
def _grammar(name: str, backslash: bool, ansi_quotes: bool) -> Grammar:
    name = {"mariadb": "mysql"}.get(name, name)
    return Grammar(name, backslash, ansi_quotes and name == "mysql")
