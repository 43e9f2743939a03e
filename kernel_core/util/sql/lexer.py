"""Split SQL into tokens, without losing a character, and find lists and parentheses among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .grammar import Grammar, SQLDialect, grammar_of

_CLOSING = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    """A piece of SQL and its place.

    ``kind`` is ``name`` (a quoted identifier), ``text`` (a string literal), ``word``, ``number``, ``operator``,
    ``space``, ``comment`` or ``sign`` (everything else: parentheses, comma, point, a quote that is not closed).
    """

    kind: str
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The unquoted word in upper case; empty for everything else."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The identifier, without its quotes."""
        if self.kind == "name" or (self.kind == "text" and self.text[:1] in "'\""):
            return unquoted(self.text)
        return self.text


def unquoted(text: str) -> str:
    """Return the value of a quoted identifier or string, where a doubled quote is the only escape."""
    if text[:2] in ("U&", "u&"):
        return _without_unicode_escapes(unquoted(text[2:]))
    mark = text[-1]
    return text[1:-1].replace(mark * 2, mark)


def in_quotes(name: str) -> str:
    """Return a name as SQLite, PostgreSQL and standard SQL need it, whatever is in it; `unquoted` is the inverse.

    >>> in_quotes('6" pipe')
    '"6"" pipe"'
    """
    return '"' + name.replace('"', '""') + '"'


def in_backticks(name: str) -> str:
    """Return a name as MariaDB and MySQL need it, whatever is in it; `unquoted` is the inverse."""
    return "`" + name.replace("`", "``") + "`"


def _without_unicode_escapes(text: str) -> str:
    return re.sub(
        r"\\(?:\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4})|(\\))",
        lambda match: match[3] or chr(int(match[1] or match[2], 16)),
        text,
    )


def lex(sql: str, dialect: SQLDialect) -> Iterator[Token]:
    """Yield all tokens of ``sql``, space and comments too: joined, they are ``sql`` again.

    ``dialect`` is a SQLAlchemy dialect, its name, or a `Grammar`.
    """
    grammar = grammar_of(dialect)
    if grammar.nests_comments and "/*" in sql:
        yield from _lex_nested(sql, grammar)
        return
    for match in grammar.lexer.finditer(sql):
        yield Token(match.lastgroup or "", match.group(), match.start(), match.end())


def _lex_nested(sql: str, grammar: Grammar) -> Iterator[Token]:
    """Yield the tokens where a comment may hold others."""
    place = 0
    while place < len(sql):
        match = grammar.lexer.match(sql, place)
        assert match is not None, "the last alternative takes any character"
        token = Token(match.lastgroup or "", match.group(), match.start(), match.end())
        if token.kind == "comment" and token.text.startswith("/*"):
            end = _end_of_comment(sql, place)
            token = Token("comment", sql[place:end], place, end)
        yield token
        place = token.end


def _end_of_comment(sql: str, start: int) -> int:
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(sql, start):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(sql)


_SPACE = frozenset({"space", "comment"})


def tokens(sql: str, dialect: SQLDialect) -> list[Token]:
    """Return the tokens of ``sql`` without space and comments."""
    grammar = grammar_of(dialect)
    if grammar.nests_comments and "/*" in sql:
        return [token for token in _lex_nested(sql, grammar) if token.kind not in _SPACE]
    new = tuple.__new__  # half the time of Token(...), and this is the place where it counts
    return [
        new(Token, (kind, match.group(), match.start(), match.end()))
        for match in grammar.lexer.finditer(sql)
        if (kind := match.lastgroup or "") not in _SPACE
    ]


def likely_grammar(sql: str) -> Grammar:
    """Return the grammar to read SQL with where its database is not known: MySQL's for backticks, else PostgreSQL's.

    >>> likely_grammar("DROP TABLE `a b`").name, likely_grammar("SELECT '`'").name
    ('mysql', 'postgresql')
    """
    has_backticks = "`" in sql and any(
        token.kind == "operator" and "`" in token.text for token in lex(sql, "postgresql")
    )
    return grammar_of("mysql" if has_backticks else "postgresql")


def split_commas(found: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the runs between the commas outside every parenthesis, bracket and brace."""
    depth, run = 0, list[Token]()
    for token in found:
        if token.kind == "sign":
            depth += (token.text in "([{") - (token.text in ")]}")
        if token.text == "," and depth == 0:
            yield run
            run = []
        else:
            run.append(token)
    if run:
        yield run


def split_list(sql: str, dialect: SQLDialect) -> list[str]:
    """Return the items of a list of SQL, cut at its commas.

    >>> split_list("a, f(b, c), ARRAY[1, 2], 'x,y'", "postgresql")
    ['a', 'f(b, c)', 'ARRAY[1, 2]', "'x,y'"]
    """
    return [sql[run[0].start : run[-1].end] if run else "" for run in split_commas(tokens(sql, dialect))]


def closing(found: Sequence[Token], opening: int) -> int:
    """Return the place of the parenthesis that closes the one at ``opening``; ValueError where none does."""
    depth = 0
    for place in range(opening, len(found)):
        depth += (found[place].text == "(") - (found[place].text == ")")
        if depth == 0:
            return place
    raise ValueError("a parenthesis is not closed")


def mentions(found: Iterable[Token], name: str) -> bool:
    """Return whether an identifier of that name occurs, in any case and any quotes."""
    return any(token.kind in ("name", "word") and token.name.lower() == name.lower() for token in found)


class Body(NamedTuple):
    """A statement with one list in parentheses: what is before it, its items, and what is behind it.

    ``head`` ends with the opening parenthesis, ``tail`` begins behind the closing one.
    """

    head: str
    items: list[str]
    tail: str


def body(sql: str, dialect: SQLDialect) -> Body:
    """Return a ``CREATE TABLE t (a, b) c`` cut at its outermost list. Reads marks only, which is fast on long text.

    >>> body("CREATE TABLE t (a INT, b NUMERIC(10, 2)) STRICT", "sqlite")
    Body(head='CREATE TABLE t (', items=['a INT', ' b NUMERIC(10, 2)'], tail=' STRICT')
    """
    depth, begin, head, items = 0, 0, "", list[str]()
    for mark in grammar_of(dialect).marks.finditer(sql):
        word = mark.group()
        if word == "(":
            depth += 1
            if depth == 1:
                head, begin = sql[: mark.end()], mark.end()
        elif word == ")":
            depth -= 1
        if (word == "," and depth == 1) or (word == ")" and depth == 0):
            items.append(sql[begin : mark.start()])
            begin = mark.end()
        if word == ")" and depth == 0:
            break
    return Body(head, items, sql[begin:])
