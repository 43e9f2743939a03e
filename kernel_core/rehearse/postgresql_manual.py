"""Locks of PostgreSQL statements that cannot run in a transaction, so that their locks cannot be read afterwards.

https://www.postgresql.org/docs/current/explicit-locking.html, and the page of each statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..util.sql import Token, tokens

_OTHER_CHANGES = "ShareUpdateExclusiveLock"
_WRITES = "ShareLock"
_ALL = "AccessExclusiveLock"
_OPTIONS = frozenset({"FULL", "FREEZE", "VERBOSE", "ANALYZE", "CONCURRENTLY", "IF", "EXISTS", "ONLY"})
_OFF = frozenset({"off", "false", "0"})


@dataclass(frozen=True, slots=True)
class ManualLocks:
    """The modes in which a statement locks tables and their indexes.

    ``name`` is a table, or an index for itself and its table; "" means all tables: of ``schema`` if that is
    given, and only those that were clustered before if ``clustered`` is set. ``partitions`` are further modes for the
    partitions of a named table or index.
    """

    name: str
    tables: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    with_partitions: bool = False
    partitions: tuple[str, ...] = ()
    schema: str = ""
    clustered: bool = False


def locks_outside_of_transactions(sql: str) -> Iterator[ManualLocks]:
    """Yield the locks of a statement by what it names; none for one that is not known.

    >>> [(each.tables, each.name) for each in locks_outside_of_transactions("VACUUM FULL sales.orders")]
    [(('AccessExclusiveLock', 'ShareLock'), 'sales.orders')]
    """
    words = [word for word in tokens(sql, "postgresql") if word.kind not in ("space", "comment") and word.text != ";"]
    keywords = [word.keyword for word in words]
    match keywords[:2]:
        case ["CREATE", _] if "ON" in keywords:
            named = _names(words[keywords.index("ON") + 1 :])[:1]
            yield from (ManualLocks(name, (_OTHER_CHANGES,)) for name in named)
        case ["DROP", "INDEX"]:
            yield from (ManualLocks(name, (_OTHER_CHANGES,), (_OTHER_CHANGES, _ALL)) for name in _names(words[2:]))
        case ["REINDEX", *_]:
            yield from _of_reindex(words, keywords)
        case ["VACUUM", *_]:
            options, rest = _options(words[1:])
            is_full = options["FULL"] not in _OFF if "FULL" in options else "FULL" in keywords[1:2]
            tables, indexes = ((_ALL, _WRITES), (_ALL,)) if is_full else ((_OTHER_CHANGES,), ())
            for name in _names(rest) or [""]:
                if name:
                    yield ManualLocks(name, ("AccessShareLock",))  # to list the partitions
                yield ManualLocks(name, tables, indexes, with_partitions=True)
        case ["CLUSTER", *_]:
            name = next(iter(_names(_options(words[1:])[1])), "")
            yield ManualLocks(name, (_ALL, _WRITES), (_ALL,), with_partitions=True, clustered=not name)
        case ["ALTER", "TABLE"] if "DETACH" in keywords and "PARTITION" in keywords:
            parent, part = _names(words[2:])[:1], _names(words[keywords.index("PARTITION") + 1 :])[:1]
            yield from (ManualLocks(name, ("AccessShareLock", _OTHER_CHANGES)) for name in parent)
            yield from (ManualLocks(name, (_OTHER_CHANGES, _ALL)) for name in part)


def _of_reindex(words: Sequence[Token], keywords: Sequence[str]) -> Iterator[ManualLocks]:
    kinds = ("INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM")
    place = next((place for place, word in enumerate(keywords) if word in kinds), None)
    if place is None or keywords[place] == "SYSTEM":  # the catalogs are not reported
        return
    options = _options(words[1:place])[0]
    is_concurrent = "CONCURRENTLY" in keywords and options.get("CONCURRENTLY") not in _OFF
    tables, indexes = ((_OTHER_CHANGES,), (_OTHER_CHANGES,)) if is_concurrent else ((_WRITES,), (_ALL,))
    named = next(iter(_names(words[place + 1 :])), "")
    if keywords[place] in ("INDEX", "TABLE"):
        # the partitions are listed under this lock, also by CONCURRENTLY
        yield ManualLocks(named, tables, indexes, with_partitions=True, partitions=(_WRITES,))
    else:
        schema = named if keywords[place] == "SCHEMA" else ""
        yield ManualLocks("", tables, indexes, schema=schema)


def _options(words: Sequence[Token]) -> tuple[dict[str, str], Sequence[Token]]:
    """Return the values of options in parentheses by their keywords, and the words after them."""
    if not words or words[0].text != "(":
        return {}, words
    end = next((place for place, word in enumerate(words) if word.text == ")"), len(words))
    found: dict[str, str] = {}
    for place, word in enumerate(words[1:end], 1):
        if words[place - 1].text in ("(", ","):
            value = words[place + 1].text if place + 1 < end and words[place + 1].text != "," else ""
            found[word.keyword] = value.strip("'").lower()
    return found, words[end + 1 :]


def _names(words: Sequence[Token]) -> list[str]:
    """Return the names at the beginning of some words, separated by commas, without the schema public.

    A list in parentheses after a name has columns.
    """
    found, parts, depth = list[str](), list[str](), 0
    for place, word in enumerate(words):
        if word.text in ("(", ")"):
            if not parts:
                break
            depth += 1 if word.text == "(" else -1
        elif depth or word.text == "." or (not parts and word.kind == "word" and word.keyword in _OPTIONS):
            continue
        elif word.text == "," and parts:
            found.append(_shown(parts))
            parts = []
        elif word.kind in ("word", "name") and (not parts or words[place - 1].text == "."):
            parts.append(word.name)
        else:
            break
    return [*found, *([_shown(parts)] if parts else [])]


def _shown(parts: Sequence[str]) -> str:
    return ".".join(part for part in parts if part != "public")
