"""A statement that would change the server, another database or a file does not run in a rehearsal."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import CommandError

SHARED = {
    "postgresql": (
        "SELECT datname, datacl::text FROM pg_database WHERE datname !~ 'mig_' OR datname = current_database()",
        "SELECT rolname, rolconfig::text FROM pg_roles",
        "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members",
        (
            "SELECT objoid::bigint, description FROM pg_shdescription WHERE objoid IN "
            "(SELECT oid FROM pg_database WHERE datname !~ 'mig_' OR datname = current_database())"
        ),
        (
            "SELECT setdatabase::bigint, setconfig::text FROM pg_db_role_setting WHERE setdatabase IN "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        ),
        "SELECT relname, relowner::regrole::text, relacl::text FROM pg_class WHERE relname = 't'",
        "SELECT count(*), 1 FROM pg_prepared_xacts",
    ),
    "mariadb": (
        "SELECT user, host FROM mysql.user",
        "SELECT user, CONCAT(host, db) FROM mysql.db WHERE db NOT LIKE 'mig_rehearsal%%'",
        "SELECT user, CONCAT(db, table_name) FROM mysql.tables_priv",
        (
            "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata "
            "WHERE schema_name = database()"
        ),
        "SELECT @@GLOBAL.interactive_timeout, @@GLOBAL.sql_mode",
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_name LIKE 'moved%%'",
    ),
}
"""What belongs to the server, or to the database itself but not to its tables."""

REFUSED = {
    "postgresql": (
        "CREATE ROLE mig_proof_role",
        "GRANT pg_monitor TO pg_read_all_data",
        "REVOKE pg_monitor FROM pg_read_all_data",
        "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
        "GRANT CREATE ON TABLESPACE pg_default TO PUBLIC",
        "GRANT SET ON PARAMETER work_mem TO PUBLIC",
        "COMMENT ON DATABASE postgres IS 'x'",
        "COMMENT ON ROLE pg_monitor IS 'x'",
        "COMMENT ON TABLESPACE pg_default IS 'x'",
        "REASSIGN OWNED BY pg_monitor TO pg_read_all_data",
        "DROP OWNED BY pg_monitor",
        "ALTER DATABASE postgres SET work_mem = '5MB'",
        "ALTER ROLE pg_monitor SET work_mem = '5MB'",
        "ALTER SYSTEM SET work_mem = '5MB'",
        "COPY t TO '/tmp/mig_proof_written'",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "PREPARE TRANSACTION 'mig_proof'",
        "SELECT 1; CREATE ROLE mig_proof_role",
        "DO $$ BEGIN CREATE ROLE mig_proof_role; END $$",
        (
            "DO $x$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mig_proof_role') THEN "
            "CREATE ROLE mig_proof_role LOGIN; END IF; END $x$"
        ),
        "DO 'BEGIN EXECUTE ''CREATE ROLE mig_proof_role''; END'",
        "DO $$ BEGIN EXECUTE 'COMMENT ON DATABASE {live} IS ''x'''; END $$",
        "SELECT lo_export(5, '/tmp/mig_proof_written')",
        "SELECT pg_reload_conf()",
        "SELECT pg_create_physical_replication_slot('mig_proof')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{live}' AND pid <> pg_backend_pid()",
    ),
    "mariadb": (
        "CREATE USER mig_proof_user",
        "GRANT SELECT ON t TO root@localhost",
        "GRANT SELECT ON *.* TO root@localhost",
        "REVOKE SELECT ON {live}.t FROM root@localhost",
        "SET GLOBAL interactive_timeout = 28801",
        "SET @@GLOBAL.interactive_timeout = 28801",
        "SET @@global.interactive_timeout = 28801",
        "SET PASSWORD FOR nobody = ''",
        "FLUSH TABLES",
        "RENAME USER nobody TO somebody",
        "ALTER DATABASE mysql CHARACTER SET latin1",
        "RENAME TABLE t TO mysql.moved",
        "DELETE FROM mysql.db WHERE db = 'mig_proof'",
        "UPDATE mysql.db SET host = host WHERE db = 'mig_proof'",
        "ALTER TABLE t RENAME TO mysql.moved",
        "SELECT 1 INTO OUTFILE '/tmp/mig_proof_written'",
        "BEGIN NOT ATOMIC CREATE USER mig_proof_user; END",
        "EXECUTE IMMEDIATE 'CREATE USER mig_proof_user'",
        "EXECUTE IMMEDIATE 'UPDATE {live}.t SET id = 5'",
        "PREPARE s FROM 'UPDATE {live}.t SET id = 5'",
        "BEGIN NOT ATOMIC EXECUTE IMMEDIATE 'UPDATE {live}.t SET id = 5'; END",
        "SET @x = 'UPDATE {live}.t SET id = 5'",
        "INSERT mysql.db (host) SELECT 'x' FROM t WHERE id > 9",
        "INSERT IGNORE mysql.db (host) SELECT 'x' FROM t WHERE id > 9",
        "REPLACE mysql.db (host) SELECT 'x' FROM t WHERE id > 9",
        "UPDATE IGNORE mysql.db SET host = host WHERE db = 'mig_proof'",
        "UPDATE t, mysql.db SET t.id = 5 WHERE db.db = 'mig_proof'",
        "LOCK TABLES t WRITE, mysql.db WRITE",
        "CALL mysql.mig_proof()",
        "DROP TABLE IF EXISTS mig_proof, mysql.mig_proof",
        "CREATE PROCEDURE mysql.mig_proof() SELECT 1",
    ),
}
ALLOWED = {
    "postgresql": (
        "GRANT CONNECT ON DATABASE {live} TO PUBLIC",
        "REVOKE ALL ON DATABASE {live} FROM PUBLIC",
        'GRANT TEMPORARY ON DATABASE "{live}" TO pg_monitor WITH GRANT OPTION',
        "COMMENT ON DATABASE {live} IS 'x'",
        "ALTER DATABASE {live} SET work_mem = '5MB'",
        "SELECT 1; ALTER DATABASE {live} SET work_mem = '5MB'",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET work_mem = ''5MB''', current_database()); END $$",
        "GRANT SELECT ON t TO PUBLIC",
        "GRANT USAGE ON SCHEMA public TO pg_monitor",
        "REVOKE SELECT (id) ON TABLE t FROM PUBLIC",
        "COMMENT ON TABLE t IS 'the role of a database'",
        "ALTER TABLE t ADD role text DEFAULT 'CREATE ROLE x'",
        "INSERT INTO t VALUES (7) ON CONFLICT DO NOTHING",
        "DO $$ BEGIN UPDATE t SET id = 5; END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM t'",
        "CREATE SCHEMA moved",
        (
            "CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; "
            "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'nobody')"
        ),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid < 0",
        "SELECT pg_notify('channel', 'text'), pg_advisory_xact_lock(5)",
    ),
    "mariadb": (
        "ALTER DATABASE {live} CHARACTER SET latin1",
        "ALTER SCHEMA {live} CHARACTER SET latin1",
        "ALTER DATABASE CHARACTER SET latin1",
        "SET SESSION sql_mode = ''",
        "SET @x = 5",
        "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE t.id = 2",
        "RENAME TABLE t TO moved",
        "RENAME TABLE {live}.t TO {live}.moved",
        "INSERT INTO t SELECT 8 FROM information_schema.schemata WHERE schema_name = 'mysql'",
        "INSERT INTO t SELECT 9 FROM mysql.db WHERE db = 'mig_proof'",
        "INSERT INTO t SELECT mysql.id + 10 FROM t AS mysql",
        "INSERT INTO t SELECT 9 FROM t AS a, information_schema.schemata WHERE schema_name = 'mysql'",
        "INSERT INTO t SELECT EXTRACT(YEAR FROM sys.x) FROM (SELECT NOW() AS x) AS sys",
    ),
}
OUTSIDE = {"REINDEX DATABASE {live}", "REINDEX (VERBOSE) DATABASE CONCURRENTLY {live}", "REINDEX SYSTEM {live}"}


def shared(project, kind: str) -> list[list[tuple]]:
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with engine.connect() as live:
        return [sorted(map(repr, live.exec_driver_sql(query))) for query in SHARED[kind]]


def rehearsed(project, kind: str, sql: str, body: str = "op.execute({!r})"):
    """Rehearse a statement; what belongs to the server must be as it was."""
    live = str(sa.make_url(project.url).database)
    project.run("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    text = sql.replace("{live}", live).replace("%%", "%")
    project.write("a1", None, body.format(text))
    before = shared(project, kind)
    try:
        return command.rehearse(project.config(), "head", and_back=False)
    finally:
        assert shared(project, kind) == before


def cases(several: dict[str, tuple[str, ...]]):
    return [(kind, sql) for kind, statements in several.items() for sql in statements]


@pytest.mark.sweep
@pytest.mark.parametrize(("kind", "sql"), cases(REFUSED))
def test_what_leaves_the_clone_is_refused(request, kind, sql):
    with pytest.raises(CommandError, match="which was not cloned"):
        rehearsed(request.getfixturevalue(f"{kind}_project"), kind, sql)


@pytest.mark.sweep
@pytest.mark.parametrize(("kind", "sql"), cases(ALLOWED))
def test_what_stays_inside_runs_on_the_clone_alone(request, kind, sql):
    (found,) = rehearsed(request.getfixturevalue(f"{kind}_project"), kind, sql)
    assert found.is_clean, found.blockers


@pytest.mark.sweep
@pytest.mark.parametrize("sql", sorted(OUTSIDE))
def test_the_name_of_the_database_is_that_of_the_clone_outside_of_transactions_too(postgresql_project, sql):
    body = "with op.get_context().autocommit_block():\n    op.execute({!r})"
    (found,) = rehearsed(postgresql_project, "postgresql", sql, body)
    assert found.is_clean, found.blockers
