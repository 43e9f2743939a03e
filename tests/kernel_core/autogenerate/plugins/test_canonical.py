"""Storing expressions to read their canonical spelling: errors are isolated, nothing is left, refusals are reported."""

import uuid

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import produce_migrations
from kernel_core.autogenerate.databases.mariadb import stored_expressions

HOSTILE = ["a > 1) --", "a > (1", "a > 1); DROP TABLE t0; --", "nobody_knows(a)", "'$mig0$' = '$mig1$' || a || '\\''"]
servers = pytest.mark.parametrize(
    "server",
    [pytest.param("postgresql", marks=pytest.mark.postgresql), pytest.param("mariadb", marks=pytest.mark.mariadb)],
)


def schema(*conditions, tables=2):
    metadata = sa.MetaData()
    for number in range(tables):
        checks = [sa.CheckConstraint(words, name=f"ck{number}_{place}") for place, words in enumerate(conditions)]
        columns = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer)]
        columns.append(sa.Column("Mixed `b` \"c\" 'd' %", sa.String(20)))
        sa.Table(f"t{number}", metadata, *columns, *checks)
    return metadata


@pytest.fixture
def server_migration(server, request):
    return request.getfixturevalue(f"{server}_migration")


@servers
@pytest.mark.parametrize("bad", HOSTILE)
def test_an_invalid_expression_does_not_affect_the_others(server_migration, bad):
    server_migration.create(schema("a IN (1, 2)", "a > 5"))
    after = schema("a IN (1, 2)", "a != 5 AND a IN (1, 2)")
    after.tables["t0"].append_constraint(sa.CheckConstraint(bad.replace(":", r"\:"), name="bad"))
    found = server_migration.found(after)
    others = [each for each in found if " bad " not in each]
    assert others == [
        line
        for number in (0, 1)
        for line in (
            f"Drop check ck{number}_1 of t{number}",
            f"Create check ck{number}_1 on t{number}: a != 5 AND a IN (1, 2)",
        )
    ]
    assert server_migration.connection.exec_driver_sql("SELECT count(*) FROM t0").scalar() == 0


@servers
def test_an_open_transaction_stays_open_with_its_changes(server_migration):
    server_migration.create(schema("a IN (1, 2)"))
    connection, after = server_migration.connection, schema("a IN (1, 3)")
    context = server_migration.script(after) and server_migration.context
    connection.exec_driver_sql("INSERT INTO t0 (id, a) VALUES (1, 1)")
    assert len(list(produce_migrations(context, after).upgrade_ops.leaves())) == 4
    assert connection.in_transaction()
    assert connection.exec_driver_sql("SELECT count(*) FROM t0").scalar() == 1
    connection.rollback()
    assert connection.exec_driver_sql("SELECT count(*) FROM t0").scalar() == 0


@pytest.mark.mariadb
@pytest.mark.parametrize("bad", HOSTILE)
def test_without_compound_statements_each_expression_is_stored_by_itself(mariadb_migration, bad, monkeypatch):
    mariadb_migration.create(schema("a IN (1, 2)", "a > 5"))
    monkeypatch.setattr(mariadb_migration.connection.dialect, "driver", "without_nextset")
    mariadb_migration.statements.clear()
    after = schema("a IN (1, 2)", "a != 5")
    after.tables["t0"].append_constraint(sa.CheckConstraint(bad.replace(":", r"\:"), name="bad"))
    found = [each for each in mariadb_migration.found(after) if " bad " not in each]
    assert [each for each in found if each.startswith("Drop")] == ["Drop check ck0_1 of t0", "Drop check ck1_1 of t1"]
    assert not any("BEGIN NOT ATOMIC" in each for each in mariadb_migration.statements)


@pytest.fixture
def reader(server, server_migration, request):
    """Return migrations of a user who may read only table ``t1`` and the catalog."""
    migration, name = server_migration, f"mig_reader_{uuid.uuid4().hex[:8]}"
    migration.create(schema("a IN (1, 2)"))
    url = migration.connection.engine.url.set(username=name, password="x")
    database = url.database
    made = {
        "postgresql": [
            f"CREATE ROLE {name} LOGIN PASSWORD 'x'",
            f"GRANT USAGE ON SCHEMA public TO {name}",
            f"GRANT SELECT ON t1 TO {name}",
        ],
        "mariadb": [
            f"CREATE USER {name} IDENTIFIED BY 'x'",
            f"GRANT SELECT ON {database}.t1 TO {name}",
            f"GRANT INSERT, CREATE TEMPORARY TABLES ON {database}.* TO {name}",
        ],
    }
    dropped = {"postgresql": f"DROP OWNED BY {name}; DROP ROLE {name}", "mariadb": f"DROP USER {name}"}
    for statement in made[server]:
        migration.connection.exec_driver_sql(statement)
    migration.connection.commit()
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield type(migration)(connection)
    migration.connection.rollback()
    migration.connection.exec_driver_sql(dropped[server])
    migration.connection.commit()


@servers
def test_a_table_without_privileges_is_reported_and_the_others_are_compared(reader):
    with pytest.warns(UserWarning, match=r'What "t0" checks.* refuses a temporary table.*GRANT SELECT') as said:
        found = reader.found(schema("a IN (1, 3)"))
    assert len([each for each in said if "GRANT SELECT" in str(each.message)]) == 1
    assert found == ["Drop check ck1_0 of t1", "Create check ck1_0 on t1: a IN (1, 3)"]


@pytest.mark.mariadb
def test_an_interrupt_while_expressions_are_stored_one_by_one_stays_one(mariadb_migration, monkeypatch):
    """As on MySQL. SQLAlchemy invalidates the connection then, so that the copy of the table cannot be dropped."""
    monkeypatch.setattr(stored_expressions, "_PROGRAMMABLE", ())
    mariadb_migration.create(schema("a IN (1, 2)"))

    def interrupt(_connection, _cursor, statement, *_):
        if statement.startswith("SHOW CREATE TABLE"):
            raise KeyboardInterrupt

    sa.event.listen(mariadb_migration.connection, "after_cursor_execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        mariadb_migration.found(schema("a IN (1, 3)"))
