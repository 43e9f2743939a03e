"""Read the tokens of a statement one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from ...util.sql import SQLDialect, Token, tokens

Name = tuple[str | None, str]
"""The schema, if it is named, and the name of a table."""

_PRIORITIES = ("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY")
_ORDERS = frozenset({"ORDER", "BETWEEN", "MIN", "MAX", "GREATEST", "LEAST"})


class Reader:
    """Reads tokens one after the other."""

    def __init__(self, sql: str, dialect: SQLDialect) -> None:
        self._sql, self.dialect = sql, dialect
        self.is_mysql = getattr(dialect, "name", dialect) in ("mysql", "mariadb")
        self.is_postgresql = getattr(dialect, "name", dialect) == "postgresql"
        self._tokens = [token for token in tokens(sql, dialect) if token.kind not in ("space", "comment")]
        self._place = 0

    @property
    def left(self) -> Sequence[Token]:
        """The tokens that are not read yet."""
        return self._tokens[self._place :]

    def takes(self, *words: str) -> bool:
        """Read these keywords if they are next, and return whether they were."""
        if [token.keyword for token in self._tokens[self._place : self._place + len(words)]] != list(words):
            return False
        self._place += len(words)
        return True

    def is_at(self, text: str) -> bool:
        """Return whether a sign is next."""
        return self._place < len(self._tokens) and self._tokens[self._place].text == text

    def name(self) -> str:
        """Read an identifier; PostgreSQL writes one without quotes in lower case."""
        token = self._tokens[self._place]
        self._place += 1
        return token.name.lower() if token.kind == "word" and self.is_postgresql else token.name

    def qualified(self) -> Name:
        """Read the name of a table, with its schema if it has one."""
        first = self.name()
        if self.is_at("."):
            self._place += 1
            return first, self.name()
        return None, first

    def parenthesised(self) -> list[str]:
        """Read a list in parentheses and return the texts between its commas; () where there is none."""
        if not self.is_at("("):
            return []
        depth, parts, start = 0, [], self._tokens[self._place].end
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            self._place += 1
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if (token.text == "," and depth == 1) or depth == 0:
                parts.append(self._sql[start : token.start].strip())
                start = token.end
            if depth == 0:
                break
        return parts

    def skip_priorities(self) -> None:
        """Read the words with which MariaDB says when to write, before the table of INSERT, REPLACE or UPDATE."""
        while any(map(self.takes, _PRIORITIES)):
            pass

    def skip_queries(self) -> None:
        """Read the queries after WITH."""
        self.takes("RECURSIVE")
        is_next = True
        while is_next:
            self.name()
            self.parenthesised()
            self.takes("AS")
            self.takes("NOT")
            self.takes("MATERIALIZED")
            self.parenthesised()
            is_next = self.skip_comma()

    def rest_of_action(self, *ends: str) -> str:
        """Read up to a comma outside of parentheses, the end, or one of these keywords; return the text."""
        depth, start, end = 0, None, 0
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            if depth == 0 and (token.text in (",", ";") or token.keyword in ends):
                break
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            start, end = token.start if start is None else start, token.end
            self._place += 1
        return "" if start is None else self._sql[start:end]

    def skip_comma(self) -> bool:
        """Read a comma and return whether there was one."""
        if self.is_at(","):
            self._place += 1
            return True
        return False


def compares_by_order(found: Sequence[Token]) -> bool:
    """Return whether a statement compares by an order, which an enum type defines otherwise than text."""
    return any(token.keyword in _ORDERS or token.text[:1] in ("<", ">") for token in found)
