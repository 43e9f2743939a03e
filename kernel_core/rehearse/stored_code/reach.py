"""Follow what a statement sets off through functions, triggers, views and keys, as far as their text shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ...util.sql import Token
from ..clone.base import Clone
from ..guard import code_in, code_leaves, outside, refusal, statements_of
from .catalog import DDL, Catalog, Query, Routine, of_mariadb, of_postgresql, read_again, read_again_on_mariadb
from .reaching import called, is_made_at_run_time, reaches, takes_lock

_INTO = frozenset({"INTO", "UPDATE", "TRUNCATE", "COPY", "INSERT", "REPLACE", "TABLE"})
_BETWEEN = frozenset({"ONLY", "TABLE", "LOW_PRIORITY", "IGNORE", "DELAYED", "QUICK", "HIGH_PRIORITY", "IF", "EXISTS"})
_SQL = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "CALL", "TRUNCATE", "COPY", "WITH", "PERFORM", "REPLACE"}
)
_CHANGES_CODE = frozenset(
    {"FUNCTION", "PROCEDURE", "TRIGGER", "RULE", "VIEW", "FOREIGN", "EXTENSION", "ROUTINE", "ENGINE"}
    | {"DO", "EXECUTE", "CALL", "BEGIN"}
)
"""After a statement with one of these words the whole catalog is read again."""
_DEFINES = frozenset({"CREATE", "ALTER", "DROP"})


@dataclass(slots=True)
class StoredCode:
    """The stored code of one clone. `check` raises LeavesClone; ``notes`` are sentences about what is not seen."""

    clone: Clone
    notes: dict[str, None] = field(default_factory=dict)
    _catalog: Catalog | None = None
    _changed: set[str] = field(default_factory=set)
    """The names in statements about tables, since the catalog was read."""

    def check(self, sql: str, query: Query) -> None:
        """Refuse a statement that sets off code which changes what is outside of the clone."""
        if self.clone.kind == "sqlite":
            return
        statements = statements_of(sql, self.clone)
        if self._catalog is None:
            self._catalog = of_postgresql(query) if self.clone.kind == "postgresql" else of_mariadb(query)
        elif self._changed:
            reads = read_again if self.clone.kind == "postgresql" else read_again_on_mariadb
            reads(self._catalog, query, self._changed)
        self._changed.clear()
        walk = _Walk(self.clone, self._catalog)
        why = next(filter(None, (walk.why(words) for words in statements)), "")
        if why:
            raise refusal(sql, self.clone, why)
        self.notes.update(dict.fromkeys(walk.notes))
        keywords = {token.keyword for words in statements for token in words}
        has_code = bool(self._catalog.routines or self._catalog.elsewhere)
        is_about_table = has_code and not keywords.isdisjoint({"TABLE", "TABLES"})
        # a new name is in the definitions of views and rules of PostgreSQL too
        is_in_others = "RENAME" in keywords and self.clone.kind == "postgresql"
        if keywords & _CHANGES_CODE or (is_about_table and is_in_others):
            self._catalog = None
        elif is_about_table:
            named = (token for words in statements for token in words if token.kind in ("word", "name"))
            self._changed.update(token.name.lower() for token in named)


@dataclass(slots=True)
class _Walk:
    """One way through the catalog, from a statement; what was visited is not visited again."""

    clone: Clone
    catalog: Catalog
    notes: list[str] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def why(self, words: Sequence[Token]) -> str:
        """Return why a statement reaches outside of the clone, "" if nothing shows that it does."""
        if words[0].keyword in ("DO", "BEGIN", "EXECUTE", "PREPARE") and self._is_made_at_run_time(words):
            self.notes.append("not seen: SQL that a statement makes at run time and executes")
        if words[0].keyword in _DEFINES and self.catalog.fired.get(DDL):
            found = self._first(self._fired(DDL))
            if found:
                return found
        is_definition = words[0].keyword == "CREATE" and bool(
            {"FUNCTION", "PROCEDURE", "TRIGGER", "RULE", "EVENT"} & {token.keyword for token in words[:6]}
        )
        return "" if is_definition else self._first(self._reasons(words))

    def _is_made_at_run_time(self, words: Sequence[Token]) -> bool:
        inside = [each for token in words if token.kind == "text" for each in code_in(token, self.clone)]
        return any(is_made_at_run_time(each, self.clone) for each in (words, *inside))

    def _first(self, reasons: Iterator[str]) -> str:
        return next(filter(None, reasons), "")

    def _reasons(self, words: Sequence[Token]) -> Iterator[str]:
        """Yield why code reaches outside: by functions that it calls, tables that it writes to, code in its texts."""
        yield from self._reasons_of_calls(words)
        for name in _written(words, several=self.clone.kind == "mariadb"):
            yield self._written_to(name)
        for name in {token.name.lower() for token in words} & self.catalog.views.keys():
            yield self._read(name)
        for inside in (each for token in words if token.kind == "text" for each in code_in(token, self.clone)):
            if inside[0].keyword in _SQL or {"BEGIN", "PERFORM"} & {each.keyword for each in inside}:
                yield from self._reasons(inside)

    def _reasons_of_calls(self, words: Sequence[Token]) -> Iterator[str]:
        for place, name in called(words):
            if name in self.catalog.routines:
                yield from map(self._called, self.catalog.routines[name])
            elif reaches(words, place, name, self.clone):
                yield f"it calls {name}"
            elif self.clone.kind == "mariadb" and takes_lock(name):
                self.notes.append(
                    f"reaches outside: {name.upper()} takes a lock that all databases of the server share"
                )

    def _is_new(self, kind: str, name: str) -> bool:
        new = (kind, name) not in self._seen
        self._seen.add((kind, name))
        return new

    def _called(self, routine: Routine) -> str:
        if not self._is_new("routine", f"{routine.name} {routine.body}"):
            return ""
        if not routine.trusted:
            self.notes.append(f"not seen: what {routine.name} does, which is written in {routine.language}")
            return ""
        statements = statements_of(routine.body, self.clone)
        if any(is_made_at_run_time(words, self.clone) for words in statements):
            self.notes.append(f"not seen: SQL that {routine.name} makes at run time and executes")
        if any(code_leaves(words, self.clone, in_text=False) for words in statements):
            return f"{routine.name} does"
        why = self._first(each for words in statements for each in self._reasons(words))
        return f"it runs {routine.name}: {why}" if why else ""

    def _written_to(self, name: str) -> str:
        if not self._is_new("written", name):
            return ""
        if name in self.catalog.elsewhere:
            return self.catalog.elsewhere[name]
        if name in self.catalog.views:
            view = statements_of(self.catalog.views[name], self.clone)
            if self.clone.kind == "mariadb" and (
                other := next(filter(None, (outside(each, self.clone) for each in view)), "")
            ):
                return f"{name} is a view of the database {other}"
            inside = {token.name.lower() for words in view for token in words}
            known = {*self.catalog.elsewhere, *self.catalog.fired, *self.catalog.follows, *self.catalog.views}
            if why := self._first(self._written_to(each) for each in sorted(inside & known)):
                return f"{name} is a view: {why}"
        if why := self._first(self._fired(name)):
            return why
        return self._first(self._written_to(each) for each in sorted(self.catalog.follows.get(name, ())))

    def _fired(self, name: str) -> Iterator[str]:
        for text in self.catalog.fired.get(name, ()):
            for words in statements_of(text, self.clone):
                if self.clone.kind == "mariadb" and code_leaves(words, self.clone):
                    yield f"a trigger of {name} does"
                if is_made_at_run_time(words, self.clone):
                    self.notes.append(f"not seen: SQL that a trigger of {name} makes at run time and executes")
                yield from self._reasons(words)

    def _read(self, name: str) -> str:
        if not self._is_new("read", name):
            return ""
        texts = statements_of(self.catalog.views[name], self.clone)
        return self._first(each for words in texts for each in self._reasons(words))


def _written(words: Sequence[Token], *, several: bool) -> Iterator[str]:
    """Yield the names, in lower case, of the tables that code writes to: after INTO, UPDATE, DELETE FROM, TRUNCATE.

    With ``several``, an UPDATE or DELETE may write to each table that it joins, as on MariaDB.
    """
    first, depth = words[0].keyword, 0
    for place, token in enumerate(words):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.kind not in ("word", "name"):
            continue
        before = place - 1
        while before >= 1 and (words[before].text == "." or words[before].keyword in _BETWEEN):
            before -= 2 if words[before].text == "." else 1
        keyword = words[before].keyword if before >= 0 else ""
        is_deleted = keyword == "FROM" and before > 0 and words[before - 1].keyword == "DELETE"
        is_joined = (
            several and not depth and first in ("UPDATE", "DELETE") and words[before].text in ("JOIN", "FROM", ",")
        )
        if is_deleted or is_joined or keyword in _INTO or first == "TRUNCATE":
            yield token.name.lower()
