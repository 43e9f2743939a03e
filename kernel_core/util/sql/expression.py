"""Whether SQL is one expression: it can be inserted into a statement without affecting the rest of it."""

from __future__ import annotations

import re

from ..exc import CommandError, shortened
from .grammar import Grammar, SQLDialect, grammar_of
from .lexer import Token, lex, tokens

_STATEMENTS = re.compile(
    "ALTER|BACKUP|CREATE|DELETE|DROP|EXEC|EXECUTE|GRANT|INSERT|MERGE|SELECT|TRUNCATE|UPDATE", re.IGNORECASE
)
_OPENING = {")": "(", "]": "[", "}": "{"}
_QUOTES = {"mysql": "'\"`", "sqlite": "'\"`"}


def expression_fault(sql: str, dialect: SQLDialect, *, alone: bool = False) -> str:
    """Return why ``sql`` is not one expression; empty where it is.

    ``alone`` says that no parentheses are around it, so that a comma would begin the next action of an ALTER TABLE, and
    on SQL Server a word such as DROP the next statement.

    >>> expression_fault("ARRAY[1, 2]", "postgresql", alone=True), expression_fault("1, 2", "postgresql", alone=True)
    ('', 'a comma stands outside parentheses')
    """
    grammar = grammar_of(dialect)
    open_: list[str] = []
    before, mismatch = "", ""
    for token in lex(sql, grammar):
        if token.kind == "sign":
            fault = _fault_of_sign(token.text, open_, grammar, alone)
            if fault == _MISMATCH:
                mismatch, fault = fault, ""
            if fault:
                return fault
        elif token.kind == "comment":
            fault = _wrong_comment(token.text, token.end == len(sql), grammar)
            if fault:
                return fault
        elif alone and not open_ and grammar.name == "mssql" and before != "ON" and _STATEMENTS.fullmatch(token.text):
            return f"{token.text} begins another statement"
        if token.kind != "space":
            before = token.text.upper()
    return mismatch or (_MISMATCH if open_ else "")


def refuse_loose_sql(text: str, dialect: SQLDialect, what: str = "SQL", *, alone: bool = False) -> None:
    """Raise CommandError for SQL that would affect the rest of the statement; for ``alone`` see `expression_fault`."""
    reason = expression_fault(text, dialect, alone=alone)
    if reason:
        raise CommandError(f"This {what} is not one expression, {reason}: {shortened(text.strip())}. Correct it.")


_MISMATCH = "parentheses do not match"


def _fault_of_sign(sign: str, open_: list[str], grammar: Grammar, alone: bool) -> str:
    """Return what is wrong with a sign; ``open_`` are the parentheses that are open, and is kept up to date."""
    if sign in _QUOTES.get(grammar.name, "'\""):
        return "a quote is not closed"
    if sign == ";":
        return "a semicolon stands outside quotes"
    if sign in "([{":
        open_.append(sign)
    elif sign in _OPENING:
        if not open_ or open_.pop() != _OPENING[sign]:
            return _MISMATCH
    elif sign == "," and alone and not open_:
        return "a comma stands outside parentheses"
    return ""


def _wrong_comment(words: str, is_last: bool, grammar: Grammar) -> str:
    """Return what is wrong with a comment: databases do not agree where it ends, or it includes what follows."""
    if words.startswith("/*"):
        inside = words[2:-2]
        closed = words.endswith("*/") and len(words) >= 4
        unclear = not closed or "/*" in inside or inside.startswith(("!", "M!"))
        return "a comment is not closed, holds another one or is run by MySQL" if unclear else ""
    return "a comment takes the rest of the statement along" if is_last or "\r" in words else ""


def is_enclosed(sql: str, dialect: SQLDialect) -> bool:
    """Return whether parentheses are around the whole of an expression.

    >>> is_enclosed("(a) + (b)", "sqlite"), is_enclosed("((a) + (b))", "sqlite")
    (False, True)
    """
    found = tokens(sql, dialect)
    return len(found) > 1 and found[0].text == "(" and _closes_last(found)


def _closes_last(found: list[Token]) -> bool:
    depth = 0
    for place, token in enumerate(found):
        if token.kind == "sign":
            depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            return place == len(found) - 1
    return False


def renamed_in(sql: str, old: str, new: str, dialect: SQLDialect) -> str:
    """Return SQL in which a column has another name, quoted where it was; texts, functions and casts stay.

    >>> renamed_in("age > 1 AND age(born) <> 'age'", "age", "years", "postgresql")
    "years > 1 AND age(born) <> 'age'"
    """
    grammar = grammar_of(dialect)
    found, parts, done = tokens(sql, grammar), list[str](), 0
    for place, token in enumerate(found):
        if not _is_name(token, old, grammar) or _is_no_column(found, place):
            continue
        is_plain = token.kind == "word" and re.fullmatch(r"[^\W\d]\w*", new)
        quoted = grammar.quote + new.replace(grammar.quote, grammar.quote * 2) + grammar.quote
        parts += [sql[done : token.start], new if is_plain else quoted]
        done = token.end
    return "".join((*parts, sql[done:]))


def names_column(sql: str, name: str, dialect: SQLDialect) -> bool:
    """Return whether an expression names a column."""
    grammar = grammar_of(dialect)
    found = tokens(sql, grammar)
    return any(_is_name(token, name, grammar) and not _is_no_column(found, at) for at, token in enumerate(found))


def _is_name(token: Token, name: str, grammar: Grammar) -> bool:
    if token.kind == "name":
        return token.name == name or (grammar.folds_quoted and token.name.lower() == name.lower())
    if token.kind != "word":
        return False
    return token.text == name or (token.text.lower() == name.lower() and (grammar.folds_quoted or name.islower()))


def _is_no_column(found: list[Token], place: int) -> bool:
    """Return whether a name is that of a function, a type of a cast, or a table."""
    after = found[place + 1].text if place + 1 < len(found) else ""
    before = found[place - 1].text if place else ""
    return (after in ("(", ".") and (after == "." or found[place].kind == "word")) or before == "::"


_QUOTING = ("'", '"', "`", "[", "$", "#", "--", "/*")


def tabs_as_spaces(text: str, dialect: SQLDialect) -> str:
    """Return a statement with four spaces for each tab outside quotes and comments."""
    if "\t" not in text:
        return text
    for mark in _QUOTING:  # each is found faster than by one pattern for all
        if mark in text:
            break
    else:
        return text.replace("\t", "    ")
    return "".join(
        token.text.replace("\t", "    ") if token.kind == "space" else token.text for token in lex(text, dialect)
    )


_CONDITIONS = frozenset({"AND", "AT", "BETWEEN", "COLLATE", "ESCAPE", "ILIKE", "IN"})
_CONDITIONS |= {"IS", "ISNULL", "LIKE", "NOT", "NOTNULL", "OR", "SIMILAR"}
"""Words that PostgreSQL does not take behind DEFAULT outside parentheses (manual, SELECT's ``b_expr``)."""


def default_expression(sql: str, dialect: SQLDialect) -> str:
    """Return a server default as it may be put behind DEFAULT: in parentheses where the database wants them.

    >>> default_expression("1 + 2", "sqlite"), default_expression("NOT false", "postgresql")
    ('(1 + 2)', '(NOT false)')
    >>> default_expression("-5", "sqlite"), default_expression("1 + 2", "postgresql")
    ('-5', '1 + 2')
    """
    grammar = grammar_of(dialect)
    if grammar.name not in ("sqlite", "postgresql", "mysql"):
        return sql
    found = tokens(sql, grammar)
    if not found or _is_simple(found) or (found[0].text == "(" and _closes_last(found)):
        return sql
    outer = _outside_parentheses(found)
    words = {token.keyword for token in outer}
    if grammar.name == "postgresql":
        return f"({sql})" if words & _CONDITIONS else sql
    if grammar.name == "mysql":
        has_operator = any(token.kind == "operator" for token in outer) or words & (_CONDITIONS | {"CASE", "INTERVAL"})
        return f"({sql})" if has_operator and "UPDATE" not in words else sql
    return f"({sql})"


def is_literal(sql: str, dialect: SQLDialect) -> bool:
    r"""Return whether SQL is one literal: a text, a number with a sign or not, NULL, TRUE or FALSE.

    >>> is_literal("-5", "mysql"), is_literal(r"N'it\'s'", "mysql"), is_literal("now()", "mysql")
    (True, True, False)
    """
    found = tokens(sql, dialect)
    is_word = len(found) == 1 and found[0].kind == "word"
    return _is_simple(found) and (not is_word or found[0].keyword in ("NULL", "TRUE", "FALSE"))


def _is_simple(found: list[Token]) -> bool:
    """Return whether it is one literal, number or word, with a sign or not."""
    if len(found) == 2 and found[0].text in ("-", "+"):
        return found[1].kind == "number"
    return len(found) == 1


def _outside_parentheses(found: list[Token]) -> list[Token]:
    depth, outer = 0, list[Token]()
    for token in found:
        if token.kind == "sign":
            depth += (token.text in "([{") - (token.text in ")]}")
        if depth == 0:
            outer.append(token)
    return outer
