"""Read the code that a database stores, and which tables a statement writes to in consequence of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..clone.mariadb import ELSEWHERE

Query = Callable[[str], Iterable[tuple[object, ...]]]
"""Runs a query on the connection of the statement and returns the rows."""


@dataclass(frozen=True, slots=True)
class Routine:
    """A function or procedure; ``trusted`` is False for a language in which it may do anything."""

    name: str
    body: str
    language: str = "sql"
    trusted: bool = True


@dataclass(slots=True)
class Catalog:
    """Stored code, by names in lower case without a schema.

    ``elsewhere`` are tables whose rows are not in the clone, with the reason. ``fired`` are for each table the texts
    of its triggers, rules, defaults and checks, ``follows`` the tables that are written to with it, ``views`` the
    definitions.
    """

    routines: dict[str, list[Routine]] = field(default_factory=lambda: defaultdict(list))
    elsewhere: dict[str, str] = field(default_factory=dict)
    fired: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    follows: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    views: dict[str, str] = field(default_factory=dict)


_USER = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'"
_ROUTINES = f"""
SELECT p.proname, coalesce(nullif(p.prosrc, ''), pg_get_functiondef(p.oid)), l.lanname,
  l.lanpltrusted OR l.lanname = 'sql'
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {_USER} AND p.prokind IN ('f', 'p') AND NOT EXISTS (
  SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
"""
_FOREIGN = "SELECT c.relname FROM pg_class c {relations} AND c.relkind = 'f'"
_FIRED = """
SELECT c.relname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
{relations} AND NOT t.tgisinternal AND t.tgenabled <> 'D'
UNION ALL SELECT c.relname, pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
{relations} AND r.rulename <> '_RETURN'
UNION ALL SELECT c.relname, pg_get_expr(f.adbin, f.adrelid) FROM pg_attrdef f JOIN pg_class c ON c.oid = f.adrelid
{relations}
UNION ALL SELECT c.relname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
{relations} AND k.contype = 'c'
"""
_FOLLOWS = """
SELECT c.relname, o.relname FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhparent JOIN pg_class o ON o.oid = i.inhrelid
{relations}
UNION ALL SELECT c.relname, o.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid
JOIN pg_class o ON o.oid = k.conrelid {relations} AND k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd')
OR k.confupdtype IN ('c', 'n', 'd'))
"""
_VIEWS = """
SELECT c.relname, coalesce(string_agg(quote_ident(o.relname), ', '), '')
  || CASE WHEN bool_or(d.refclassid = 'pg_proc'::regclass)
  THEN '; ' || pg_get_viewdef(c.oid) ELSE '' END
FROM pg_class c JOIN pg_rewrite r ON r.ev_class = c.oid
JOIN pg_depend d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass
LEFT JOIN pg_class o ON o.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass AND o.oid <> c.oid
{relations} AND c.relkind = 'v' GROUP BY c.oid, c.relname
"""
"""The relations that a view reads, and where it calls functions its query; to read that takes a lock on all of them."""
_DDL_TRIGGERS = "SELECT p.proname FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid WHERE e.evtenabled <> 'D'"

DDL = "a definition"
"""The name under which `Catalog.fired` has what fires at statements that change a definition."""


def of_postgresql(query: Query) -> Catalog:
    """Read the catalog of PostgreSQL: the tables too only where some code or table could reach outside."""
    found = Catalog()
    for name, body, language, trusted in query(_ROUTINES):
        found.routines[str(name).lower()].append(Routine(str(name), str(body), str(language), bool(trusted)))
    _read_foreign(found, query, "")
    if not found.routines and not found.elsewhere:
        return found
    _read_relations(found, query, "")
    for (name,) in query(_DDL_TRIGGERS):
        found.fired[DDL].append(f"CALL {name}()")
    return found


def read_again(found: Catalog, query: Query, names: Iterable[str]) -> None:
    """Read what PostgreSQL has of tables of these names, in lower case, and of those written to in consequence.

    They are the names in statements about tables, which change nothing of others: a default is inherited. A table that
    is renamed is in the definitions of others, so that all is to be read.
    """
    waiting, several = set(names), set[str]()
    while waiting:
        several |= waiting
        waiting = set().union(*(found.follows.get(name, ()) for name in waiting)) - several
    for known in (found.elsewhere, found.fired, found.follows, found.views):
        for name in several & known.keys():
            del known[name]
    for others in found.follows.values():
        others.difference_update(several)
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in sorted(several))
    _read_foreign(found, query, listed)
    _read_relations(found, query, listed)


def _read_foreign(found: Catalog, query: Query, listed: str) -> None:
    for (name,) in query(_FOREIGN.format(relations=_relations(listed))):
        found.elsewhere[str(name).lower()] = f"{name} is a foreign table"


def _read_relations(found: Catalog, query: Query, listed: str) -> None:
    """Read what fires at a table, what is written to with it, and views; of those that are listed, or of all."""
    for name, text in query(_FIRED.format(relations=_relations(listed))):
        found.fired[str(name).lower()].append(str(text))
    for name, other in query(_FOLLOWS.format(relations=_relations(listed, "c", "o"))):
        found.follows[str(name).lower()].add(str(other).lower())
    for name, text in query(_VIEWS.format(relations=_relations(listed))):
        found.views[str(name).lower()] = str(text or "")


def _relations(listed: str, *tables: str) -> str:
    """Return the SQL that restricts a query to relations of users, and to the names that are listed, if any are."""
    named = " OR ".join(f"lower({table}.relname) IN ({listed})" for table in tables or ("c",))
    return f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_USER}{f' AND ({named})' if listed else ''}"


def of_mariadb(query: Query) -> Catalog:
    """Read the routines, triggers and views of a MariaDB database, and tables whose rows are elsewhere."""
    found = Catalog()
    routines = (
        "SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema = database()"
    )
    for name, body in query(routines):
        found.routines[str(name).lower()].append(Routine(str(name), str(body or "")))
    _read_tables(found, query, "")
    return found


def read_again_on_mariadb(found: Catalog, query: Query, names: Iterable[str]) -> None:
    """Read what MariaDB has of tables of these names, in lower case.

    They are the names in statements about tables: one that is dropped has no triggers any longer, and a new one may
    have the engine of another. A table that is renamed takes its triggers with it; the texts of others keep its name.
    """
    several = sorted(names)
    for known in (found.elsewhere, found.fired, found.views):
        for name in several:
            known.pop(name, None)
    # in hexadecimal digits, as a backslash in a text depends on the sql_mode
    _read_tables(found, query, ", ".join(f"_utf8mb4 X'{name.encode().hex()}'" for name in several))


def _read_tables(found: Catalog, query: Query, listed: str) -> None:
    """Read triggers, views, and tables whose rows are elsewhere; of the tables that are listed, or of all."""
    triggers = (
        "SELECT event_object_table, action_statement FROM information_schema.triggers WHERE trigger_schema = database()"
    )
    for name, text in query(f"{triggers}{_and_listed('event_object_table', listed)}"):
        found.fired[str(name).lower()].append(str(text))
    views = "SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = database()"
    for name, text in query(f"{views}{_and_listed('table_name', listed)}"):
        found.views[str(name).lower()] = str(text)
    engines = ", ".join(f"'{each}'" for each in sorted(ELSEWHERE))
    tables = (
        "SELECT table_name, engine FROM information_schema.tables WHERE table_schema = database() "
        f"AND engine IN ({engines})"
    )
    for name, engine in query(f"{tables}{_and_listed('table_name', listed)}"):
        found.elsewhere[str(name).lower()] = f"the engine of {name} is {engine}"


def _and_listed(column: str, listed: str) -> str:
    return f" AND lower({column}) IN ({listed})" if listed else ""
