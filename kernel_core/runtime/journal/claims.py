"""What is true of the catalog after a DDL statement, read from its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...util.sql import SQLDialect, Token, grammar_of, split_commas, tokens

Effect = Literal["repeatable", "exists", "gone"]

# fmt: off
_REPEATABLE = frozenset(
    {"COMMENT", "GRANT", "REVOKE", "ANALYZE", "VACUUM", "REINDEX", "OPTIMIZE", "REFRESH", "CLUSTER"}
)
_QUALIFIERS = frozenset(
    {
        "UNIQUE", "FULLTEXT", "SPATIAL", "CONCURRENTLY", "ONLY", "TEMPORARY", "TEMP", "UNLOGGED", "MATERIALIZED",
        "VIRTUAL", "RECURSIVE", "AGGREGATE", "CONSTRAINT", "PUBLIC",
    }
)
_KINDS = frozenset(
    {
        "TABLE", "INDEX", "VIEW", "SEQUENCE", "SCHEMA", "DATABASE", "TYPE", "DOMAIN", "TRIGGER", "FUNCTION",
        "PROCEDURE", "EXTENSION",
    }
)
_CONSTRAINT_WORDS = frozenset({"CONSTRAINT", "CHECK", "FOREIGN", "PRIMARY", "UNIQUE", "EXCLUDE", "PERIOD"})
_INDEX_WORDS = frozenset({"INDEX", "KEY", "FULLTEXT", "SPATIAL"})
_SETS_A_VALUE = frozenset({"MODIFY", "ALTER", "COMMENT", "ENGINE", "VALIDATE", "OWNER", "SET", "AUTO_INCREMENT"})

# fmt: on


@dataclass(frozen=True, slots=True)
class Claim:
    """What is true after a statement: an object of this ``kind`` exists, or is gone, or repeating it changes nothing.

    ``table`` is that of a column, constraint, index or trigger. A statement with IF EXISTS, IF NOT EXISTS or OR REPLACE
    is repeatable, and ``is_conditional``: what it did depends on what was there before.
    """

    effect: Effect
    kind: str = ""
    name: str = ""
    schema: str | None = None
    table: str = ""
    is_conditional: bool = False


_CONDITIONAL = Claim("repeatable", is_conditional=True)


def claim_of(sql: str, dialect: SQLDialect) -> Claim | None:
    """Return what is true after a statement, None if it is of a kind that is not known here.

    >>> claim_of("ALTER TABLE a.t ADD COLUMN c INTEGER", "postgresql")
    Claim(effect='exists', kind='COLUMN', name='c', schema='a', table='t')
    """
    return _Reader(tokens(sql, dialect), grammar_of(dialect).name).claim()


def is_repeatable(sql: str, dialect: SQLDialect) -> bool:
    """Return whether a statement may be executed again, so that nothing shows whether it was executed."""
    claim = claim_of(sql, dialect)
    return claim is not None and claim.effect == "repeatable"


class _Reader:
    """Reads the beginning of a DDL statement, token by token."""

    def __init__(self, found: Sequence[Token], dialect: str) -> None:
        self._found, self._dialect, self._place = found, dialect, 0
        self._is_conditional = False

    def claim(self) -> Claim | None:
        verb = self._word()
        if verb in _REPEATABLE:
            return Claim("repeatable")
        if verb == "RENAME" and self._take("TABLE"):
            return self._renamed_table()
        if verb not in ("CREATE", "DROP", "ALTER"):
            return None
        if self._take("OR"):
            return _CONDITIONAL
        while self._peek() in _QUALIFIERS:
            self._word()
        kind = self._word()
        if kind not in _KINDS:
            return None
        self._skip_conditions()
        if self._is_conditional and verb != "ALTER":
            return _CONDITIONAL
        if verb == "ALTER":
            return self._altered(kind)
        return self._object("exists" if verb == "CREATE" else "gone", kind)

    def _object(self, effect: Effect, kind: str) -> Claim:
        schema, name = self._name()
        table = ""
        if kind in ("INDEX", "TRIGGER"):
            while self._place < len(self._found) and self._peek() not in ("ON", "("):
                self._word()
            if self._take("ON"):
                self._take("ONLY")
                table_schema, table = self._name()
                schema = schema or table_schema
        return Claim(effect, kind, name, schema, table)

    def _altered(self, kind: str) -> Claim | None:
        schema, name = self._name()
        action = self._word()
        if action == "RENAME" and self._peek() in ("TO", "AS"):
            self._word()
            return Claim("exists", kind, self._name()[1], schema)
        if kind == "TYPE":
            return self._enum_value(schema, name) if action == "ADD" and self._take("VALUE") else None
        if kind != "TABLE":
            return Claim("repeatable") if action in _SETS_A_VALUE else None
        actions = list(split_commas(self._found[self._place - 1 :]))
        return _first([_Reader(each, self._dialect).table_action(schema, name) for each in actions])

    def table_action(self, schema: str | None, table: str) -> Claim | None:
        """Read one action of an ALTER TABLE."""
        action = self._word()
        if action in _SETS_A_VALUE:
            return Claim("repeatable")
        if action in ("ADD", "DROP"):
            return self._part("exists" if action == "ADD" else "gone", schema, table)
        if action == "RENAME":
            kind = {"INDEX": "INDEX", "KEY": "INDEX", "CONSTRAINT": "CONSTRAINT"}.get(self._peek(), "COLUMN")
            self._take("INDEX", "KEY", "COLUMN", "CONSTRAINT")
            self._name()
            return Claim("exists", kind, self._name()[1], schema, table) if self._take("TO") else None
        if action == "CHANGE":
            self._take("COLUMN")
            old, new = self._name()[1], self._name()[1]
            return Claim("repeatable") if old == new else Claim("exists", "COLUMN", new, schema, table)
        return None

    def _part(self, effect: Effect, schema: str | None, table: str) -> Claim | None:
        """Read what ADD or DROP names: a column, a constraint or an index."""
        word, kind = self._peek(), "COLUMN"
        if word in _CONSTRAINT_WORDS or word in _INDEX_WORDS:
            kind = "CONSTRAINT" if word in _CONSTRAINT_WORDS else "INDEX"
            self._word()
            is_key = self._take("KEY", "INDEX")
            if word in ("PRIMARY", "PERIOD") or (word in ("CHECK", "FOREIGN") and self._peek() == "("):
                return Claim(effect, "PRIMARY KEY", "", schema, table) if word == "PRIMARY" else None
            kind = "INDEX" if word == "UNIQUE" and is_key else kind
        else:
            self._take("COLUMN")
        self._skip_conditions()
        if self._is_conditional:
            return _CONDITIONAL
        return None if self._peek() == "(" else Claim(effect, kind, self._name()[1], schema, table)

    def _enum_value(self, schema: str | None, name: str) -> Claim:
        self._skip_conditions()
        return _CONDITIONAL if self._is_conditional else Claim("exists", "VALUE", self._name()[1], schema, name)

    def _renamed_table(self) -> Claim | None:
        self._name()
        if not self._take("TO"):
            return None
        schema, name = self._name()
        return Claim("exists", "TABLE", name, schema)

    # ---- tokens -------------------------------------------------------------------------------------------------

    def _peek(self) -> str:
        if self._place >= len(self._found):
            return ""
        token = self._found[self._place]
        return token.keyword or (token.text if token.kind == "sign" else "")

    def _word(self) -> str:
        word = self._peek()
        self._place += 1
        return word

    def _take(self, *words: str) -> bool:
        taken = self._peek() in words
        self._place += taken
        return taken

    def _skip_conditions(self) -> None:
        self._take("CONCURRENTLY")
        if self._take("IF"):
            self._is_conditional = True
            self._take("NOT")
            self._take("EXISTS")
        self._take("ONLY")

    def _name(self) -> tuple[str | None, str]:
        """Read a name; return its schema, if it is qualified, and its last part."""
        parts = [self._part_of_name()]
        while self._take("."):
            parts.append(self._part_of_name())
        return (parts[-2] if len(parts) > 1 else None), parts[-1]

    def _part_of_name(self) -> str:
        if self._place >= len(self._found):
            return ""
        token = self._found[self._place]
        self._place += 1
        return token.name.lower() if token.kind == "word" and self._dialect == "postgresql" else token.name


def _first(claims: Sequence[Claim | None]) -> Claim | None:
    """Return the claim by which several actions are found executed or not; None if no single one does."""
    known = [claim for claim in claims if claim is not None]
    if len(known) < len(claims):
        return None
    for claim in known:
        same = [each for each in known if (each.kind, each.name) == (claim.kind, claim.name)]
        if claim.effect != "repeatable" and len(same) == 1:
            return claim
    return known[0] if all(claim.effect == "repeatable" for claim in known) else None
