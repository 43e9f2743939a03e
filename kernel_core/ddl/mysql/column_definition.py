"""The parts of a column in SHOW CREATE TABLE, so that MODIFY can repeat those that do not change.

https://mariadb.com/kb/en/show-create-table/, https://mariadb.com/kb/en/create-table/#column-definitions
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...util.sql import lex

_TEXTS = re.compile(
    r"(?:(?:tiny|medium|long)?text|(?:national )?(?:var)?char|nvarchar|nchar|enum|set)\b", re.IGNORECASE
)
_CHARSET = re.compile(r"\b(?:CHARSET|CHARACTER SET|COLLATE|BINARY|ASCII|UNICODE|NATIONAL)\b", re.IGNORECASE)
_NUMBERS = re.compile(r"(?:(?:tiny|small|medium|big)?int|integer|float|double|real|decimal|numeric)\b", re.IGNORECASE)
_STARTS = frozenset({"CHARACTER", "CHARSET", "COLLATE", "NOT", "NULL", "DEFAULT", "ON", "AUTO_INCREMENT", "COMMENT"})
_STARTS |= {"GENERATED", "AS", "INVISIBLE", "CHECK", "WITHOUT", "WITH", "REF_SYSTEM_ID", "UNIQUE", "PRIMARY", "KEY"}


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """The parts of a column. ``further`` are those that SQLAlchemy lacks: INVISIBLE, CHECK, COMPRESSED."""

    type_text: str
    charset: str = ""
    generated: str | None = None
    nullable: bool = True
    default: str | None = None
    on_update: str | None = None
    auto_increment: bool = False
    comment: str | None = None
    further: tuple[str, ...] = ()

    def charset_for(self, new_type: str) -> str:
        """Return the character set and collation that a column keeps when its type becomes ``new_type``.

        Empty where the new type has its own or is not a string type, or where it differs in nothing else: then a change
        of the character set is what the user asks for.
        """
        if (
            not self.charset
            or _CHARSET.search(new_type)
            or not (_TEXTS.match(new_type) and _TEXTS.match(self.type_text))
        ):
            return ""
        same = "".join(new_type.split()).lower() == "".join(self.type_text.split()).lower()
        return "" if same else self.charset

    def keeps_auto_increment(self, new_type: str) -> bool:
        """Return whether the column has AUTO_INCREMENT and the new type allows it."""
        return self.auto_increment and _NUMBERS.match(new_type) is not None

    def further_for(self, new_type: str | None, before: str, after: str) -> list[str]:
        """Return the further parts that a column keeps, with its new name; the CHECK of JSON belongs to the type."""
        kept = self.further if new_type is None else [each for each in self.further if not _is_check_of_json(each)]
        return [_renamed(each, before, after) for each in kept]


def parse_column(sql: str) -> ColumnDefinition:
    """Parse a column of SHOW CREATE TABLE.

    >>> parse_column("`a` int(11) unsigned NOT NULL DEFAULT 5 COMMENT 'it''s'").default
    '5'
    """
    words = list(_words(sql))[1:]
    end = next((place for place, word in enumerate(words) if _starts(word)), len(words))
    found: dict[str, object] = {"type_text": " ".join(words[:end])}
    further: list[str] = []
    rest = words[end:]
    while rest:
        length = _read(rest, found, further)
        rest = rest[length:]
    return ColumnDefinition(further=tuple(further), **found)  # type: ignore[arg-type]


def _starts(word: str) -> bool:
    return word.upper() in _STARTS or word.startswith("/*")


def _read(words: Sequence[str], found: dict[str, object], further: list[str]) -> int:
    """Add the part that starts with the first word to ``found`` or ``further``; return its number of words."""
    word = words[0].upper()
    if word in ("CHARACTER", "CHARSET", "COLLATE"):
        length = 3 if word == "CHARACTER" else 2
        found["charset"] = f"{found.get('charset', '')} {' '.join(words[:length])}".strip()
    elif word in ("NOT", "NULL"):
        length = 2 if word == "NOT" else 1
        found["nullable"] = word == "NULL"
    elif word in ("DEFAULT", "COMMENT"):
        length = 2
        found[word.lower()] = words[1]
    elif word == "ON":
        length = 3
        found["on_update"] = words[2]
    elif word == "AUTO_INCREMENT":
        length = 1
        found["auto_increment"] = True
    elif word in ("GENERATED", "AS"):
        length = 4 if word == "GENERATED" else 2  # AS and its expression, or AS ROW START
        length += " ".join(words[length : length + 1]).upper() in ("VIRTUAL", "STORED", "PERSISTENT", "START", "END")
        found["generated"] = " ".join(words[:length])
    else:
        length = {"CHECK": 2, "WITHOUT": 3, "WITH": 3, "UNIQUE": 2, "PRIMARY": 2}.get(word, 1)
        further.append(" ".join(words[:length]))
    return length


def _words(sql: str) -> Iterator[str]:
    """Yield the words between white space, outside of quotes, comments and parentheses."""
    word, depth = "", 0
    for token in lex(sql, "mariadb"):
        if token.kind == "space" and depth == 0:
            if word:
                yield word
            word = ""
            continue
        depth += (token.text == "(") - (token.text == ")")
        word += token.text
    if word:
        yield word


def _is_check_of_json(words: str) -> bool:
    return words.upper().startswith("CHECK (JSON_VALID(")


def _renamed(words: str, before: str, after: str) -> str:
    old, new = (f"`{name.replace('`', '``')}`" for name in (before, after))
    return "".join(new if token.text == old else token.text for token in lex(words, "mariadb"))
