"""The definition of a table of PostgreSQL: what a new table gets again, and what a copy would lose.

The system catalogs are described in https://www.postgresql.org/docs/current/catalogs.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection, RowMapping
from sqlalchemy.sql.compiler import IdentifierPreparer

from ...util.sql import grammar_of, string_literal
from ...util.sqla_compat import qualified_name
from ..recreate import Clause, TableDefinition
from ..recreate.definition import Kind

_TABLE = """
    SELECT c.oid, c.relkind = 'p' OR c.relispartition AS partitioned, c.relpersistence::text,
        c.reltablespace <> 0 AS elsewhere, c.relreplident::text, c.relhassubclass, c.relrowsecurity AS secured,
        array_to_string(c.reloptions, ', ') AS options,
        EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid) AS inherits,
        CASE WHEN pg_get_userbyid(c.relowner) <> current_user THEN quote_ident(pg_get_userbyid(c.relowner)) END AS owner
    FROM pg_class c WHERE c.oid = to_regclass(:name)"""
_CONSTRAINTS = """
    SELECT k.conname AS name, k.contype::text AS kind, pg_get_constraintdef(k.oid) AS words,
        obj_description(k.oid, 'pg_constraint') AS comment,
        ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, place)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.place) AS columns
    FROM pg_constraint k WHERE k.conrelid = :oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
    ORDER BY k.contype = 'f', k.contype <> 'p', k.conname"""
_INDEXES = """
    SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS words, obj_description(c.oid, 'pg_class') AS comment,
        i.indisclustered AS clustered, c.reltablespace <> 0 AS elsewhere,
        ARRAY(SELECT DISTINCT a.attname::text FROM pg_depend d
            JOIN pg_attribute a ON a.attrelid = :oid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = :oid) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = :oid AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND conrelid = :oid
        AND contype IN ('p', 'u', 'x')) ORDER BY c.relname"""
_TRIGGERS = """
    SELECT quote_ident(tgname) AS name, pg_get_triggerdef(oid) AS words, tgenabled::text AS enabled
    FROM pg_trigger WHERE tgrelid = :oid AND NOT tgisinternal ORDER BY tgname"""
_REFERRING = """
    SELECT quote_ident(conname) AS name, conrelid::regclass::text AS place, pg_get_constraintdef(k.oid) AS words,
        ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = :oid AND attnum = ANY (k.confkey)) AS columns
    FROM pg_constraint k WHERE confrelid = :oid AND conrelid <> :oid AND contype = 'f' AND conparentid = 0"""
_GRANTS = """
    SELECT CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS role,
        string_agg(privilege_type, ', ') AS privileges, is_grantable AS further
    FROM pg_class c, aclexplode(c.relacl) WHERE c.oid = :oid AND grantee <> c.relowner GROUP BY grantee, is_grantable"""
_DEPENDENT = """
    SELECT CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || c.oid::regclass AS what
        FROM pg_depend d
        JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = :oid AND c.oid <> :oid
    UNION SELECT 'rule ' || rulename FROM pg_rewrite WHERE ev_class = :oid
    UNION SELECT 'policy ' || polname FROM pg_policy WHERE polrelid = :oid
    UNION SELECT 'statistics ' || stxname FROM pg_statistic_ext WHERE stxrelid = :oid
    UNION SELECT 'its place in publication ' || pubname FROM pg_publication_rel r
        JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = :oid
    UNION SELECT 'the settings of column ' || a.attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = :oid AND a.attnum > 0 AND NOT a.attisdropped
        AND (array_to_string(a.attoptions, ',') ~ 'n_distinct' OR a.attacl IS NOT NULL
        OR coalesce(a.attstattarget, -1) >= 0 OR a.attstorage <> t.typstorage
        OR a.attcompression::text <> '')
    ORDER BY 1"""
_KINDS: Mapping[str, Kind] = {"p": "PRIMARY KEY", "u": "UNIQUE", "f": "FOREIGN KEY", "c": "CHECK", "x": "EXCLUDE"}
_FIRES = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def table_definition(
    connection: Connection, quote: IdentifierPreparer, table_name: str, schema: str | None
) -> TableDefinition:
    """Return the definition of an existing table."""
    place = qualified_name(table_name, schema, quote)
    table = connection.execute(text(_TABLE), {"name": place}).mappings().one()
    return _Catalog(connection, quote, schema, place, table).definition()


@dataclass(frozen=True, slots=True)
class _Catalog:
    """Reads the system catalogs for one table; ``table`` is its row of `_TABLE`, ``place`` its qualified name."""

    connection: Connection
    quote: IdentifierPreparer
    schema: str | None
    place: str
    table: RowMapping

    def definition(self) -> TableDefinition:
        """Return the definition of the table."""
        indexes, referring = self._rows(_INDEXES), self._rows(_REFERRING)
        elsewhere = [f"the tablespace of index {row['name']}" for row in indexes if row["elsewhere"]]
        dependent = [str(row["what"]) for row in self._rows(_DEPENDENT)]
        return TableDefinition(
            clauses=[*self._constraints(), *map(self._index, indexes)],
            prefix="UNLOGGED " if self.table["relpersistence"] == "u" else "",
            before=[f"ALTER TABLE {row['place']} DROP CONSTRAINT {row['name']}" for row in referring],
            after=[
                *(f"ALTER TABLE {row['place']} ADD CONSTRAINT {row['name']} {row['words']}" for row in referring),
                *self._triggers(),
                *self._rights(),
            ],
            lost=[*_not_copied(self.table), *dependent, *elsewhere],
            referred={
                column: f"foreign key {row['name']} of table {row['place']}"
                for row in referring
                for column in row["columns"]
            },
        )

    def _rows(self, query: str) -> Sequence[RowMapping]:
        return self.connection.execute(text(query), {"oid": self.table["oid"]}).mappings().all()

    def _constraints(self) -> Iterator[Clause]:
        for row in self._rows(_CONSTRAINTS):
            name = self.quote.quote(row["name"])
            comment = _comment(f"CONSTRAINT {name} ON {self.place}", row["comment"])
            sql = f"CONSTRAINT {name} {row['words']}"
            yield Clause(row["name"], _KINDS[row["kind"]], tuple(row["columns"]), sql, then=comment)

    def _index(self, row: RowMapping) -> Clause:
        name = self.quote.quote(row["name"])
        then = _comment(f"INDEX {qualified_name(row['name'], self.schema, self.quote)}", row["comment"])
        if row["clustered"]:
            then = (*then, f"ALTER TABLE {self.place} CLUSTER ON {name}")
        return Clause(row["name"], "INDEX", tuple(row["columns"]), row["words"], then=then)

    def _triggers(self) -> Iterator[str]:
        for row in self._rows(_TRIGGERS):
            yield row["words"]
            if row["enabled"] in _FIRES:
                yield f"ALTER TABLE {self.place} {_FIRES[row['enabled']]} TRIGGER {row['name']}"

    def _rights(self) -> Iterator[str]:
        """Yield the statements that set storage parameters, privileges and the owner."""
        if self.table["options"]:
            yield f"ALTER TABLE {self.place} SET ({self.table['options']})"
        for row in self._rows(_GRANTS):
            further = " WITH GRANT OPTION" if row["further"] else ""
            yield f"GRANT {row['privileges']} ON {self.place} TO {row['role']}{further}"
        # Last, because only the owner of a table may change it.
        if self.table["owner"]:
            yield f"ALTER TABLE {self.place} OWNER TO {self.table['owner']}"


def _comment(what: str, words: str | None) -> tuple[str, ...]:
    return (f"COMMENT ON {what} IS {string_literal(words, grammar_of('postgresql'))}",) if words else ()


def _not_copied(table: RowMapping) -> Iterator[str]:
    """Yield the properties of a table that a new one with the same columns would not have."""
    if table["partitioned"]:
        yield "its partitions"
    elif table["inherits"] or table["relhassubclass"]:
        yield "its inheritance"
    if table["relpersistence"] == "t":
        yield "its life for one session only"
    if table["elsewhere"]:
        yield "its tablespace"
    if table["secured"]:
        yield "its row security"
    if table["relreplident"] != "d":
        yield "its replica identity"
