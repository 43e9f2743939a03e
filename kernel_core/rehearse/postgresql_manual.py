"""Locks of PostgreSQL statements that cannot run in a transaction, so that their locks cannot be read afterwards.

https://www.postgresql.org/docs/current/explicit-locking.html, and the page of each statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..util.sql import Token, tokens

_OTHER_CHANGES = "ShareUpdateExclusiveLock"
_ALL = "AccessExclusiveLock"
_OPTIONS = frozenset({"FULL", "FREEZE", "VERBOSE", "ANALYZE", "CONCURRENTLY", "IF", "EXISTS", "ONLY"})


def locks_outside_of_transactions(sql: str) -> Iterator[tuple[str, str]]:
    """Yield (mode, name) for the tables and indexes that a statement names; none for one that is not known.

    >>> list(locks_outside_of_transactions("CREATE INDEX CONCURRENTLY ix ON sales.orders (paid)"))
    [('ShareUpdateExclusiveLock', 'sales.orders')]
    """
    words = list(tokens(sql, "postgresql"))
    keywords = [word.keyword for word in words]
    match keywords[:2]:
        case ["CREATE", _] if "ON" in keywords:
            yield from ((_OTHER_CHANGES, name) for name in _names(words[keywords.index("ON") + 1 :])[:1])
        case ["DROP", "INDEX"]:
            for name in _names(words[2:]):
                yield from ((_OTHER_CHANGES, name), (_ALL, name))
        case ["REINDEX", *_]:
            named = next((place for place, word in enumerate(keywords) if word in ("TABLE", "INDEX")), None)
            yield from ((_OTHER_CHANGES, name) for name in (_names(words[named + 1 :]) if named is not None else []))
        case ["VACUUM", *_]:
            modes = (_ALL, "ShareLock") if "FULL" in keywords else (_OTHER_CHANGES,)
            yield from ((mode, name) for name in _names(_after_options(words[1:])) for mode in modes)
        case ["ALTER", "TABLE"] if "DETACH" in keywords and "PARTITION" in keywords:
            parent, part = _names(words[2:])[:1], _names(words[keywords.index("PARTITION") + 1 :])[:1]
            yield from ((mode, name) for name in parent for mode in ("AccessShareLock", _OTHER_CHANGES))
            yield from ((mode, name) for name in part for mode in (_OTHER_CHANGES, _ALL))


def _after_options(words: Sequence[Token]) -> Sequence[Token]:
    """Return the words after options in parentheses."""
    if words and words[0].text == "(":
        end = next((place for place, word in enumerate(words) if word.text == ")"), len(words))
        return words[end + 1 :]
    return words


def _names(words: Sequence[Token]) -> list[str]:
    """Return the names at the beginning of some words, separated by commas, without the schema public."""
    found, parts = list[str](), list[str]()
    for word in words:
        if not parts and word.kind == "word" and word.keyword in _OPTIONS:
            continue
        if word.text == ".":
            continue
        if word.text == "," and parts:
            found.append(_shown(parts))
            parts = []
        elif word.kind in ("word", "name") and (not parts or words[words.index(word) - 1].text == "."):
            parts.append(word.name)
        else:
            break
    return [*found, *([_shown(parts)] if parts else [])]


def _shown(parts: Sequence[str]) -> str:
    return ".".join(part for part in parts if part != "public")
