"""The queries of PostgreSQL's system catalogs, each for all tables of the schemas.

https://www.postgresql.org/docs/current/catalogs.html. Values of the type ``"char"`` and ``name`` are cast to text,
because drivers return them differently; ``{spaces}`` is the condition on ``n`` and ``c``.
"""

from __future__ import annotations

COLUMNS = """
SELECT CAST(c.oid AS bigint), CAST(n.nspname AS text), CAST(c.relname AS text), CAST(c.relkind AS text),
       pg_table_is_visible(c.oid), about.description,
       c.reloptions || ARRAY(SELECT 'toast.' || option FROM unnest(toast.reloptions) option),
       a.attnum, CAST(a.attname AS text), format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid), CAST(a.attgenerated AS text), CAST(a.attidentity AS text), note.description,
       CASE WHEN a.attcollation <> t.typcollation THEN CAST(coll.collname AS text) END,
       CASE WHEN a.attcollation <> t.typcollation AND NOT pg_collation_is_visible(coll.oid)
            THEN CAST(collspace.nspname AS text) END,
       CAST(link.deptype AS text), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle, s.seqcache,
       a.attislocal, CAST(c.relpersistence AS text), CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
       CASE WHEN am.amname <> 'heap' THEN CAST(am.amname AS text) END, CAST(space.spcname AS text),
       CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
       CASE WHEN c.relkind IN ('r', 'p') AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid) THEN ARRAY(
            SELECT ARRAY[CAST(pn.nspname AS text), CAST(p.relname AS text), CAST(pg_table_is_visible(p.oid) AS text)]
            FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
            WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) END,
       a.attstattarget, CASE WHEN a.attstorage <> t.typstorage THEN CAST(a.attstorage AS text) END,
       {compression}, a.attoptions,
       CAST(owned.relname AS text), format_type(s.seqtypid, NULL)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
LEFT JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation coll ON coll.oid = a.attcollation
LEFT JOIN pg_namespace collspace ON collspace.oid = coll.collnamespace
LEFT JOIN pg_description about
       ON about.objoid = c.oid AND about.objsubid = 0 AND about.classoid = CAST('pg_class' AS regclass)
LEFT JOIN pg_description note
       ON note.objoid = c.oid AND note.objsubid = a.attnum AND note.classoid = CAST('pg_class' AS regclass)
LEFT JOIN (pg_depend link JOIN pg_sequence s ON s.seqrelid = link.objid JOIN pg_class owned ON owned.oid = link.objid)
       ON link.refobjid = c.oid AND link.refobjsubid = a.attnum AND link.deptype IN ('a', 'i')
      AND link.refclassid = CAST('pg_class' AS regclass) AND link.classid = CAST('pg_class' AS regclass)
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_tablespace space ON space.oid = c.reltablespace
LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid AND toast.reloptions IS NOT NULL
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND {spaces}
ORDER BY c.oid, a.attnum, link.deptype DESC"""

CONSTRAINTS = """
SELECT CAST(con.conrelid AS bigint), CAST(con.conname AS text), CAST(con.contype AS text),
       con.condeferrable, con.condeferred, con.convalidated, con.connoinherit, note.description,
       CAST(con.conkey AS text), CAST(con.conindid AS bigint),
       CASE con.contype WHEN 'c' THEN pg_get_expr(con.conbin, con.conrelid, true)
                        WHEN 'x' THEN pg_get_constraintdef(con.oid, true) END,
       CAST(refspace.nspname AS text), CAST(ref.relname AS text), pg_table_is_visible(ref.oid),
       CASE con.contype WHEN 'f' THEN ARRAY(
            SELECT CAST(a.attname AS text) FROM unnest(con.confkey) WITH ORDINALITY AS k(number, place)
            JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.number ORDER BY k.place) END,
       CAST(con.confupdtype AS text), CAST(con.confdeltype AS text), CAST(con.confmatchtype AS text),
       con.conislocal AND con.conparentid = 0,
       CASE WHEN NOT con.convalidated OR con.connoinherit AND con.contype = 'c' OR {delete_columns} IS NOT NULL
                 OR c.relispartition AND con.conislocal AND con.conparentid = 0
            THEN pg_get_constraintdef(con.oid) END
FROM pg_constraint con
JOIN pg_class c ON c.oid = con.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class ref ON ref.oid = con.confrelid
LEFT JOIN pg_namespace refspace ON refspace.oid = ref.relnamespace
LEFT JOIN pg_description note
       ON note.objoid = con.oid AND note.objsubid = 0 AND note.classoid = CAST('pg_constraint' AS regclass)
WHERE con.contype IN ('c', 'f', 'p', 'u', 'x') AND c.relpersistence <> 't' AND {spaces}
ORDER BY con.conrelid, con.conname"""

INDEXES = """
SELECT CAST(i.indrelid AS bigint), CAST(i.indexrelid AS bigint), CAST(ic.relname AS text), i.indisunique,
       i.indisprimary, i.indisvalid, CAST(am.amname AS text), CAST(i.indkey AS text), i.indnkeyatts,
       CAST(i.indoption AS text), ic.reloptions, pg_get_expr(i.indpred, i.indrelid), {nulls_not_distinct},
       CASE WHEN i.indexprs IS NOT NULL THEN ARRAY(
            SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnkeyatts) k ORDER BY k) END,
       CASE WHEN CAST(i.indclass AS oid[]) && ARRAY(SELECT oid FROM pg_opclass WHERE NOT opcdefault) THEN ARRAY(
            SELECT CASE WHEN o.opcdefault THEN NULL ELSE CAST(o.opcname AS text) END
            FROM unnest(CAST(i.indclass AS oid[])) WITH ORDINALITY AS k(oid, place)
            JOIN pg_opclass o ON o.oid = k.oid ORDER BY k.place) END,
       CASE WHEN i.indexprs IS NOT NULL
                 OR CAST(i.indclass AS oid[]) && ARRAY(SELECT oid FROM pg_opclass WHERE NOT opcdefault)
                 OR EXISTS (
                    SELECT 1 FROM unnest(CAST(i.indcollation AS oid[]), CAST(i.indkey AS int2[])) AS k(coll, number)
                    WHERE k.coll <> 0 AND k.coll <> (SELECT a.attcollation FROM pg_attribute a
                                                     WHERE a.attrelid = i.indrelid AND a.attnum = k.number))
                 OR EXISTS (SELECT 1 FROM pg_attribute ia WHERE ia.attrelid = ic.oid AND ia.attoptions IS NOT NULL)
            THEN pg_get_indexdef(i.indexrelid, 0, true) END,
       ic.relispartition, CAST(space.spcname AS text), note.description,
       CASE WHEN i.indexprs IS NOT NULL THEN ARRAY(
            SELECT ARRAY[CAST(ia.attnum AS int), CAST(ia.attstattarget AS int)]
            FROM pg_attribute ia WHERE ia.attrelid = ic.oid AND ia.attstattarget >= 0 ORDER BY ia.attnum) END,
       i.indisclustered
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_am am ON am.oid = ic.relam
LEFT JOIN pg_tablespace space ON space.oid = ic.reltablespace
LEFT JOIN pg_description note
       ON note.objoid = ic.oid AND note.objsubid = 0 AND note.classoid = CAST('pg_class' AS regclass)
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND {spaces}
ORDER BY i.indrelid, ic.relname"""

TYPES = """
SELECT CAST(t.typtype AS text), CAST(n.nspname AS text), CAST(t.typname AS text) AS name, pg_type_is_visible(t.oid),
       ARRAY(SELECT CAST(e.enumlabel AS text) FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
       CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END, NOT t.typnotnull, t.typdefault,
       CASE WHEN t.typcollation <> base.typcollation THEN CAST(coll.collname AS text) END,
       CASE WHEN t.typcollation <> base.typcollation AND NOT pg_collation_is_visible(coll.oid)
            THEN CAST(collspace.nspname AS text) END,
       ARRAY(SELECT CAST(con.conname AS text) FROM pg_constraint con
             WHERE con.contypid = t.oid AND con.contype = 'c' ORDER BY con.conname),
       ARRAY(SELECT pg_get_constraintdef(con.oid, true) FROM pg_constraint con
             WHERE con.contypid = t.oid AND con.contype = 'c' ORDER BY con.conname)
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type base ON base.oid = t.typbasetype
LEFT JOIN pg_collation coll ON coll.oid = t.typcollation
LEFT JOIN pg_namespace collspace ON collspace.oid = coll.collnamespace
WHERE t.typtype IN ('d', 'e') AND n.nspname <> 'information_schema'
ORDER BY 2, 3"""
