"""Rights that the user has on a copy and lacks on the database itself: a statement can run there and be refused here.

A copy belongs to the user who makes it. What is found is named in the report; it is not a reason to run nothing.
https://www.postgresql.org/docs/current/ddl-priv.html, https://mariadb.com/kb/en/grant/
"""

from __future__ import annotations

from sqlalchemy import Connection

from ...util.counts import listed

_OF_OTHERS = """
SELECT (CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END) || c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname !~ '^(pg_|information_schema$)'
  AND NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1
"""
_WITHOUT_CREATE = """
SELECT nspname FROM pg_namespace
WHERE nspname !~ '^(pg_|information_schema$)' AND NOT has_schema_privilege(oid, 'CREATE') ORDER BY 1
"""

_NEEDED = ("ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "UPDATE")
_GRANTED = """
SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = {user}
UNION SELECT privilege_type FROM information_schema.schema_privileges
WHERE grantee = {user} AND %s LIKE table_schema
"""
_USER = "CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')"


def missing_on_postgresql(live: Connection) -> tuple[str, ...]:
    """Return sentences about tables of other owners, and schemas in which the user may create nothing."""
    user = live.exec_driver_sql("SELECT current_user").scalar_one()
    owned, schemas = (live.exec_driver_sql(sql).scalars().all() for sql in (_OF_OTHERS, _WITHOUT_CREATE))
    found = []
    if owned:
        found.append(f"{user} does not own {listed(owned, 5)}; a change that only the owner may make is refused there")
    if schemas:
        found.append(f"{user} may create nothing in schema {listed(schemas, 5)}")
    return tuple(f"not rehearsed: rights: {each}" for each in found)


def missing_on_mariadb(server: Connection, database: str) -> tuple[str, ...]:
    """Return a sentence about the privileges that the user has on no more than single tables, or by a role."""
    granted = set(server.exec_driver_sql(_GRANTED.format(user=_USER), (database,)).scalars())
    lacking = [each for each in _NEEDED if each not in granted]
    if not lacking:
        return ()
    user = server.exec_driver_sql("SELECT CURRENT_USER()").scalar_one()
    found = f"{user} has no {listed(lacking)} on the database as a whole; what needs one can be refused there"
    return (f"not rehearsed: rights: {found}",)
