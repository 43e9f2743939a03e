"""What a plan counts: rows that are lost, and rows that make it fail, beside what really happens when it runs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core.operations import Operations
from kernel_core.operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    BulkInsertOp,
    CreateCheckConstraintOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateTableOp,
    CreateUniqueConstraintOp,
    DropColumnOp,
    DropTableOp,
    ExecuteSQLOp,
    RenameTableOp,
)
from kernel_core.runtime.migration import MigrationContext
from mig_ipython.running.data_checks.findings import check_rows

TABLES = """
CREATE TABLE parents (id INTEGER NOT NULL PRIMARY KEY, kind INTEGER NOT NULL, UNIQUE (id, kind));
CREATE TABLE people (id INTEGER NOT NULL, name VARCHAR(40), email VARCHAR(40), parent INTEGER, kind INTEGER,
 age INTEGER, big BIGINT, price NUMERIC(12, 4), code VARCHAR(20), born TIMESTAMP NULL, bare INTEGER);
CREATE TABLE empty_one (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40), parent INTEGER);
INSERT INTO parents VALUES (1, 1), (2, 2);
INSERT INTO people VALUES (1, 'Ada', 'a@x', 1, 1, 30, 1, 1.2345, '12', '2020-01-01 10:30:00', NULL);
INSERT INTO people VALUES (2, 'Bob', 'a@x', 9, 1, -1, 70000, 123456.5, 'x', '2020-01-02 00:00:00', NULL);
INSERT INTO people VALUES (3, 'Christopher', NULL, NULL, 1, NULL, 5000000000, 2, NULL, NULL, NULL);
INSERT INTO people VALUES (4, NULL, NULL, 2, 1, 4, NULL, NULL, ' 7 ', NULL, NULL)
"""


def alter(column: str, **kw: Any) -> AlterColumnOp:
    return AlterColumnOp("people", column, **kw)


def unique(*columns: str) -> CreateUniqueConstraintOp:
    return CreateUniqueConstraintOp("uq", "people", list(columns))


def key(columns: list[str], remote: list[str], table: str = "people") -> CreateForeignKeyOp:
    return CreateForeignKeyOp("fk", table, "parents", columns, remote)


EVERYWHERE = {
    "null": ([alter("name", modify_nullable=False, existing_type=sa.String(40))], {"fail": 1}),
    "no null": ([alter("id", modify_nullable=False, existing_type=sa.Integer())], {}),
    "unique": ([unique("email")], {"fail": 2}),
    "unique of two": ([unique("email", "kind")], {"fail": 2}),
    "unique over null": ([unique("email", "age")], {}),
    "unique index": ([CreateIndexOp("ix", "people", ["kind"], unique=True)], {"fail": 4}),
    "index": ([CreateIndexOp("ix", "people", ["kind"])], {}),
    "foreign key": ([key(["parent"], ["id"])], {"fail": 1}),
    "composite foreign key": ([key(["parent", "kind"], ["id", "kind"])], {"fail": 2}),
    "foreign key of an empty table": ([key(["parent"], ["id"], "empty_one")], {}),
    "check": ([CreateCheckConstraintOp("ck", "people", "age >= 0")], {"fail": 1}),
    "check that is met": ([CreateCheckConstraintOp("ck", "people", "kind = 1")], {}),
    "check with odd letters": ([CreateCheckConstraintOp("ck", "people", "name NOT LIKE 'Ad%:a' OR id < 0")], {}),
    "drop table": ([DropTableOp("people")], {"lose": 4}),
    "drop empty table": ([DropTableOp("empty_one")], {}),
    "drop column": ([DropColumnOp("people", "name")], {"lose": 3}),
    "drop column of nulls": ([DropColumnOp("people", "bare")], {}),
    "wider": ([alter("name", modify_type=sa.String(80), existing_type=sa.String(40))], {}),
    "primary key": ([CreatePrimaryKeyOp("pk", "people", ["kind"])], {"fail": 4}),
    # what an earlier operation of the same plan does
    "renamed column": (
        [alter("name", modify_name="title", existing_type=sa.String(40)), DropColumnOp("people", "title")],
        {"lose": 3},
    ),
    "renamed table": ([RenameTableOp("people", "folk"), DropTableOp("folk")], {"lose": 4}),
    "renamed table and column": (
        [
            RenameTableOp("people", "folk"),
            AlterColumnOp("folk", "email", modify_name="mail", existing_type=sa.String(40)),
            CreateUniqueConstraintOp("uq", "folk", ["mail"]),
        ],
        {"fail": 2},
    ),
    "new table": (
        [
            CreateTableOp("new", [sa.Column("id", sa.Integer), sa.Column("name", sa.String(5))]),
            CreateUniqueConstraintOp("uq", "new", ["name"]),
            DropColumnOp("new", "name"),
            DropTableOp("new"),
        ],
        {},
    ),
    "new column is null": (
        [
            AddColumnOp("people", sa.Column("nick", sa.String(40))),
            CreateUniqueConstraintOp("uq", "people", ["nick"]),
            alter("nick", modify_nullable=False, existing_type=sa.String(40)),
        ],
        {"fail": 4},
    ),
    "rows that the plan changes": (
        [
            ExecuteSQLOp("UPDATE people SET name = '' WHERE name IS NULL"),
            alter("name", modify_nullable=False, existing_type=sa.String(40)),
        ],
        {"may fail": None},
    ),
    "rows that the plan inserts": (
        [
            CreateTableOp("new", [sa.Column("id", sa.Integer), sa.Column("name", sa.String(5))]),
            BulkInsertOp(sa.table("new", sa.column("id")), [{"id": 1}, {"id": 1}]),
            CreateUniqueConstraintOp("uq", "new", ["id"]),
        ],
        {"may fail": None},
    ),
    "a query changes no rows": ([ExecuteSQLOp("SELECT 1 FROM people"), DropTableOp("people")], {"lose": 4}),
    "foreign key to a new table": (
        [
            CreateTableOp("new", [sa.Column("id", sa.Integer, primary_key=True)]),
            CreateForeignKeyOp("fk", "people", "new", ["parent"], ["id"]),
        ],
        {"fail": 3},
    ),
    "dropped and made again": (
        [
            DropTableOp("people"),
            CreateTableOp("people", [sa.Column("id", sa.Integer), sa.Column("kind", sa.Integer)]),
            CreateUniqueConstraintOp("uq", "people", ["kind"]),
        ],
        {"lose": 4},
    ),
}
NOT_NULL = {
    "new not null column": ([AddColumnOp("people", sa.Column("nick", sa.Integer, nullable=False))], {"fail": 4})
}
ON_A_SERVER = {
    "shorter": ([alter("name", modify_type=sa.String(5), existing_type=sa.String(40))], {"fail": 1}),
    "shorter and all fit": ([alter("name", modify_type=sa.String(11), existing_type=sa.String(40))], {}),
    "smaller integer": ([alter("big", modify_type=sa.Integer(), existing_type=sa.BigInteger())], {"fail": 1}),
    "smallest integer": ([alter("big", modify_type=sa.SmallInteger(), existing_type=sa.BigInteger())], {"fail": 2}),
    "fewer digits": ([alter("price", modify_type=sa.Numeric(8, 4), existing_type=sa.Numeric(12, 4))], {"fail": 1}),
    "fewer decimals": ([alter("price", modify_type=sa.Numeric(12, 2), existing_type=sa.Numeric(12, 4))], {"lose": 1}),
    "decimal to integer": ([alter("price", modify_type=sa.Integer(), existing_type=sa.Numeric(12, 4))], {"lose": 2}),
    "integer to text": ([alter("big", modify_type=sa.String(5), existing_type=sa.BigInteger())], {"fail": 1}),
    "time to date": ([alter("born", modify_type=sa.Date(), existing_type=sa.DateTime())], {"lose": 1}),
    "decimal to float": ([alter("price", modify_type=sa.Float(), existing_type=sa.Numeric(12, 4))], {"may lose": None}),
    "nothing to narrow": ([alter("bare", modify_type=sa.Float(), existing_type=sa.Integer())], {}),
}
ON = {
    "sqlite": {
        **NOT_NULL,
        "SQLite cuts nothing": ([alter("name", modify_type=sa.String(2), existing_type=sa.String(40))], {}),
        "nor refuses": ([alter("code", modify_type=sa.Integer(), existing_type=sa.String(20))], {}),
        "but for a CHECK": (
            [alter("name", modify_type=sa.Enum("Ada", "Bob", create_constraint=True, name="n"))],
            {"fail": 1},
        ),
        "partial unique index": (
            [CreateIndexOp("ix", "people", ["kind"], unique=True, sqlite_where=sa.text("id > 2"))],
            {"fail": 2},
        ),
    },
    "postgresql": {
        **ON_A_SERVER,
        **NOT_NULL,
        "nulls are equal": (
            [CreateUniqueConstraintOp("uq", "people", ["bare"], postgresql_nulls_not_distinct=True)],
            {"fail": 4},
        ),
        "expression": (
            [CreateIndexOp("ix", "people", [sa.text("substr(email, 2)")], unique=True)],
            {"fail": 2},
        ),
        "no cast": ([alter("code", modify_type=sa.Integer(), existing_type=sa.String(20))], {"always": None}),
        "text that is not a number": (
            [alter("code", modify_type=sa.Integer(), existing_type=sa.String(20), postgresql_using="code::integer")],
            {"fail": 1},
        ),
        "cast that cuts": (
            [alter("name", modify_type=sa.String(5), existing_type=sa.String(40), postgresql_using="name::varchar(5)")],
            {"lose": 1},
        ),
        "not checked": ([CreateCheckConstraintOp("ck", "people", "age >= 0", postgresql_not_valid=True)], {}),
    },
    "mariadb": {
        **ON_A_SERVER,
        "new not null column is filled": (NOT_NULL["new not null column"][0], {}),
        "text that is not a number": (
            [alter("code", modify_type=sa.Integer(), existing_type=sa.String(20))],
            {"fail": 1},
        ),
        "not one of the values": (
            [alter("name", modify_type=sa.Enum("Ada", "Bob"), existing_type=sa.String(40))],
            {"fail": 1},
        ),
    },
}


@dataclass
class Database:
    """A database with the tables above, and what a case of it is called."""

    kind: str
    engine: sa.Engine

    def restore(self) -> None:
        """Make the tables as they were."""
        with self.engine.begin() as live:
            for name in ("people", "folk", "_mig_new_people", "_mig_new_folk", "empty_one", "new", "parents"):
                live.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
            for statement in TABLES.split(";\n"):
                live.exec_driver_sql(statement.strip())

    def found(self, operations: list[Any]) -> dict[str, int | None]:
        """Return what is counted."""
        with self.engine.connect() as live:
            losses, blockers = check_rows(live, [(operations, True)])
            assert not live.in_transaction()
        found = {"may lose" if loss.rows is None else "lose": loss.rows for loss in losses}
        found |= {"always" if one.always else "fail" if one.rows else "may fail": one.rows for one in blockers}
        return found

    def fails(self, operations: list[Any]) -> bool:
        """Run the operations and return whether they fail; they are rolled back where that is possible."""
        with self.engine.connect() as live:
            run = Operations(MigrationContext.configure(live))
            try:
                with run.migration_context.begin_transaction(), live.begin():
                    for operation in operations:
                        if self.kind == "sqlite" and getattr(operation, "alters_table", False):
                            with run.batch_alter_table(operation.table_name) as batch:
                                batch.invoke(operation)
                        else:
                            run.invoke(operation)
            except Exception:  # noqa: BLE001 - whatever the database says
                return True
        return False


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request):
    engine = sa.create_engine(request.getfixturevalue(f"{request.param}_url"), poolclass=sa.NullPool)
    made = Database(request.param, engine)
    made.restore()
    return made


@pytest.mark.slow
def test_rows_that_are_lost_or_fail_are_counted(database):
    for name, (operations, expected) in {**EVERYWHERE, **ON[database.kind]}.items():
        assert database.found(operations) == expected, name


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore:.*not fit its new type and stay")
def test_a_run_fails_where_rows_were_counted_and_only_there(database):
    for name, (operations, expected) in {**EVERYWHERE, **ON[database.kind]}.items():
        if "may fail" not in expected:
            assert database.fails(operations) == bool({"fail", "always"} & expected.keys()), name
            database.restore()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_tables_of_other_schemas_are_counted(request, kind):
    engine = sa.create_engine(request.getfixturevalue(f"{kind}_url"), poolclass=sa.NullPool)
    other = f"other_{uuid.uuid4().hex[:8]}"
    key = CreateForeignKeyOp("fk", "pets", "owners", ["owner"], ["id"], source_schema=other, referent_schema=other)
    with engine.connect() as live:
        try:
            live.exec_driver_sql(f"CREATE SCHEMA {other}")
            live.exec_driver_sql(f"CREATE TABLE {other}.owners (id INTEGER PRIMARY KEY)")
            live.exec_driver_sql(f"CREATE TABLE {other}.pets (id INTEGER PRIMARY KEY, owner INTEGER)")
            live.exec_driver_sql(f"INSERT INTO {other}.pets VALUES (1, 7), (2, NULL), (3, 8)")
            live.commit()
            losses, blockers = check_rows(live, [([key, DropTableOp("pets", schema=other), DropTableOp("pets")], True)])
            assert [(one.table, one.rows) for one in (*losses, *blockers)] == [
                (f"{other}.pets", 3),
                (f"{other}.pets", 2),
            ]
        finally:
            live.rollback()
            live.exec_driver_sql(f"DROP SCHEMA {other}" + (" CASCADE" if kind == "postgresql" else ""))
            live.commit()


def test_a_count_that_takes_too_long_is_given_up(sqlite_url, monkeypatch):
    monkeypatch.setattr("mig_ipython.running.data_checks.table_states.SECONDS", 0.05)
    engine = sa.create_engine(sqlite_url)
    with engine.connect() as live:
        live.exec_driver_sql("CREATE TABLE numbers (n INTEGER)")
        live.exec_driver_sql(
            "INSERT INTO numbers WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000) "
            "SELECT x FROM c"
        )
        live.commit()
        slow = CreateCheckConstraintOp("ck", "numbers", "(SELECT count(*) FROM numbers AS o WHERE o.n < numbers.n) < 0")
        _, blockers = check_rows(live, [([slow, CreateUniqueConstraintOp("uq", "nowhere", ["n"])], True)])
        assert [one.rows for one in blockers] == [None]
        assert live.exec_driver_sql("SELECT count(*) FROM numbers").scalar() == 300_000


def test_an_interrupt_while_rows_are_counted_stays_one(sqlite_url):
    """SQLAlchemy closes the driver's connection then, whose settings cannot be restored."""

    def interrupt(_connection, _cursor, statement, *_):
        if "FROM pets" in statement:
            raise KeyboardInterrupt

    with sa.create_engine(sqlite_url).connect() as live:
        live.exec_driver_sql("CREATE TABLE pets (id INTEGER)")
        sa.event.listen(live, "after_cursor_execute", interrupt)
        with pytest.raises(KeyboardInterrupt):
            check_rows(live, [([DropTableOp("pets")], True)])
        assert live.invalidated
