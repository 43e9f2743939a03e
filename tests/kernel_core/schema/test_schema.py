"""The schema at a revision, computed from the operations, equals the one of a database after the upgrade."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import command, schema
from kernel_core.alias import alias
from kernel_core.autogenerate import compare_metadata
from kernel_core.config import Config
from kernel_core.operations import Operations, ops
from kernel_core.operations.batch import BatchOptions
from kernel_core.operations.operation import MigrateOperation
from kernel_core.runtime.migration import MigrationContext
from kernel_core.schema import metadata as metadata_module
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError, UnknownEffect


def before() -> sa.MetaData:
    """Two tables with everything that a rename can reach."""
    metadata = sa.MetaData()
    sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("nick", sa.String(20), nullable=False, server_default="x"),
        sa.Column("age", sa.Integer),
        sa.CheckConstraint("age > 0 AND nick <> 'age'", name="ck_age"),
        sa.UniqueConstraint("nick", name="uq_nick"),
        sa.Index("ix_age", "age", "nick"),
    )
    sa.Table(
        "orders",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer),
        sa.Column("total", sa.Integer, server_default=sa.text("0")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user"),
    )
    return metadata


def batch(table: str, *operations: MigrateOperation, **options: Any) -> list[MigrateOperation]:
    return [ops.BatchOps(table, operations, options=BatchOptions(**options))]


# Each in a batch, so that SQLite can do it too.
CHANGES: dict[str, Callable[[], list[MigrateOperation]]] = {
    "create_table": lambda: [
        ops.CreateTableOp(
            "pets",
            [
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", name="fk_pets")),
                sa.Column("name", sa.String(9), unique=True, index=True),
            ],
        )
    ],
    "drop_table": lambda: [ops.DropTableOp("orders")],
    "rename_table": lambda: [ops.RenameTableOp("users", "people")],
    "add_column": lambda: [ops.AddColumnOp("users", sa.Column("email", sa.String(9), server_default=sa.text("'a'")))],
    "drop_column": lambda: [ops.DropColumnOp("orders", "total")],
    "drop a column of constraints": lambda: batch(
        "users",
        ops.DropConstraintOp("ck_age", "users", "check"),
        ops.DropIndexOp("ix_age", "users"),
        ops.DropColumnOp("users", "age"),
    ),
    "rename a column": lambda: batch(
        "users", ops.AlterColumnOp("users", "nick", modify_name="name", existing_type=sa.String(20))
    ),
    "rename a column that a key refers to": lambda: batch(
        "users", ops.AlterColumnOp("users", "id", modify_name="number", existing_type=sa.Integer())
    ),
    "alter a column": lambda: batch(
        "users",
        ops.AlterColumnOp(
            "users",
            "nick",
            existing_type=sa.String(20),
            modify_type=sa.String(40),
            modify_nullable=True,
            modify_server_default=None,
        ),
    ),
    "create_index": lambda: [ops.CreateIndexOp("ix_total", "orders", ["total", "user_id"], unique=True)],
    "drop_index": lambda: [ops.DropIndexOp("ix_age", "users")],
    "create_unique_constraint": lambda: batch("orders", ops.CreateUniqueConstraintOp("uq", "orders", ["total"])),
    "create_check_constraint": lambda: batch("orders", ops.CreateCheckConstraintOp("ck", "orders", "total > 1")),
    "drop_constraint": lambda: batch("users", ops.DropConstraintOp("uq_nick", "users", "unique")),
    "drop a foreign key": lambda: batch("orders", ops.DropConstraintOp("fk_user", "orders", "foreignkey")),
    "create_foreign_key": lambda: batch(
        "users", ops.CreateForeignKeyOp("fk_age", "users", "orders", ["age"], ["id"], ondelete="CASCADE")
    ),
    "rows": lambda: [
        ops.BulkInsertOp(sa.table("users", sa.column("id", sa.Integer)), [{"id": 1}]),
        ops.ExecuteSQLOp("UPDATE users SET age = 5"),
    ],
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_effect_on_a_metadata_is_the_effect_on_a_database(
    name: str, database: str, request: pytest.FixtureRequest
) -> None:
    engine = sa.create_engine(request.getfixturevalue(f"{database}_url"))
    with engine.begin() as connection:
        before().create_all(connection)
    with engine.connect() as connection:
        op = Operations(MigrationContext.configure(connection))
        for operation in CHANGES[name]():
            op.invoke(operation)
        connection.commit()
        given = before()
        computed = schema.apply(given, CHANGES[name](), connection.dialect)
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), computed) == []
        assert given.tables.keys() == {"users", "orders"}
        changed = compare_metadata(MigrationContext.configure(connection, opts=options), before())
        assert bool(changed) == (name not in ("rows", "create_check_constraint"))
    engine.dispose()


def test_names_in_sql_follow_a_rename() -> None:
    rename = ops.AlterColumnOp("users", "age", modify_name="years", existing_type=sa.Integer())
    found = schema.apply(before(), [rename]).tables["users"]
    (check,) = [each for each in found.constraints if isinstance(each, sa.CheckConstraint)]
    assert str(check.sqltext) == "years > 0 AND nick <> 'age'"
    assert {index.name: index.columns.keys() for index in found.indexes} == {"ix_age": ["years", "nick"]}


def test_a_naming_convention_names_what_is_dropped() -> None:
    metadata = sa.MetaData(naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s"})
    sa.Table("t", metadata, sa.Column("a", sa.Integer))
    made = schema.apply(metadata, [ops.CreateUniqueConstraintOp(None, "t", ["a"])])
    assert {str(each.name) for each in made.tables["t"].constraints if isinstance(each, sa.UniqueConstraint)} == {
        "uq_t_a"
    }
    gone = schema.apply(made, [ops.DropConstraintOp("uq_t_a", "t", "unique")])
    assert not [each for each in gone.tables["t"].constraints if isinstance(each, sa.UniqueConstraint)]


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (ops.ExecuteSQLOp("CREATE VIEW v AS SELECT 1"), "SQL: CREATE VIEW"),
        (ops.ExecuteSQLOp("SELECT 1 INTO t"), "SQL: SELECT"),
        (ops.ExecuteSQLOp("UPDATE users SET age = 1; DROP TABLE users"), "SQL: UPDATE"),
        (ops.DropColumnOp("users", "nothing"), "no column nothing"),
        (ops.DropConstraintOp("nothing", "users", "unique"), "constraint nothing of table users"),
        (ops.DropTableOp("nothing"), "table nothing is not known"),
        (ops.AddColumnOp("users", sa.Column("age", sa.Integer)), "has column age already"),
    ],
)
def test_an_unknown_effect_is_an_error_with_its_reason(operation: MigrateOperation, reason: str) -> None:
    with pytest.raises(UnknownEffect, match=reason):
        schema.apply(before(), [operation])


def test_reading_a_table_twice_keeps_its_foreign_keys() -> None:
    operation = ops.CreateTableOp("t", [sa.Column("a", sa.Integer, sa.ForeignKey("u.id")), sa.Index("ix", "a")])
    for _ in range(3):
        table = operation.to_table()
        assert (len(table.foreign_key_constraints), len(table.indexes)) == (1, 1)


HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision = {!r}\ndown_revision = {!r}\ndef upgrade():\n"


@pytest.fixture
def scripts(project: Any) -> ScriptDirectory:
    """A table; a query before a column; an index."""
    bodies = {
        "a": 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))',
        "b": 'for _ in op.get_bind().execute(sa.text("SELECT 1")):\n        op.add_column("t", sa.Column("b", sa.Integer))',
        "c": 'op.create_index("ix", "t", ["id"])',
    }
    down = None
    for name, body in bodies.items():
        (project.versions / f"{name}.py").write_text(f"{HEAD.format(name, down)}    {body}\n")
        down = name
    return ScriptDirectory(str(project.versions.parent))


def test_what_is_not_known_is_named_by_revision_and_line(scripts: ScriptDirectory) -> None:
    assert schema.at(scripts, "a").complete
    found = schema.at(scripts, "c")
    (missing,) = found.incomplete
    assert (missing.revision, missing.line) == ("b", 6)
    assert found.metadata.tables["t"].c.keys() == ["id"]
    assert len(found.metadata.tables["t"].indexes) == 1


def test_a_scratch_database_fills_what_is_not_known(scripts: ScriptDirectory) -> None:
    found = schema.at(scripts, "c", by_running=True)
    assert found.complete
    assert found.metadata.tables["t"].c.keys() == ["id", "b"]
    assert "alembic_version" not in found.metadata.tables


def test_a_scratch_database_must_be_empty_and_of_the_dialect(scripts: ScriptDirectory, postgresql_url: str) -> None:
    engine = sa.create_engine(postgresql_url)
    with pytest.raises(CommandError, match="or a connection to an empty scratch database"):
        schema.at(scripts, "c", dialect=engine.dialect, by_running=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (id INTEGER)")
    with engine.connect() as connection, pytest.raises(CommandError, match="has tables already: kept"):
        schema.at(scripts, "c", by_running=connection)
    engine.dispose()


def test_an_unnamed_constraint_keeps_the_name_that_postgresql_gave_it_before_a_rename(postgresql_url: str) -> None:
    engine = sa.create_engine(postgresql_url)
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("a", sa.Integer), sa.UniqueConstraint("a"))
    changes = [ops.AlterColumnOp("t", "a", modify_name="b"), ops.DropConstraintOp("t_a_key", "t", "unique")]
    with engine.connect() as connection:
        metadata.create_all(connection)
        op = Operations(MigrationContext.configure(connection))
        for change in changes:
            op.invoke(change)
        computed = schema.apply(metadata, changes, connection.dialect)
        assert compare_metadata(MigrationContext.configure(connection), computed) == []
        connection.rollback()
    engine.dispose()


def test_an_inspection_whose_error_is_caught_is_not_known_either(project: Any) -> None:
    body = "try:\n    names = sa.inspect(op.get_bind()).get_view_names()\nexcept Exception:\n    names = []\n"
    project.write("a1", None, f'{body}if "t" not in names:\n    op.create_table("t", sa.Column("a", sa.Integer))')
    found = schema.at(ScriptDirectory(str(project.versions.parent)), "a1")
    assert [(each.revision, each.reason) for each in found.incomplete] == [("a1", "code: code that needs a connection")]


class Letters(sa.types.TypeDecorator[str]):
    """An enum type of PostgreSQL inside a TypeDecorator."""

    impl = sa.Enum("x", "y", name="letters")
    cache_ok = True


@pytest.mark.parametrize("type_", [Letters(), sa.ARRAY(sa.Enum("x", "y", name="letters"))])
def test_an_enum_inside_another_type_is_created_by_alter_column_and_add_column(
    type_: sa.types.TypeEngine[Any], postgresql_url: str
) -> None:
    engine = sa.create_engine(postgresql_url)
    using = "ARRAY[nick::letters]" if isinstance(type_, sa.ARRAY) else "nick::letters"
    alter = ops.AlterColumnOp(
        "users", "nick", existing_type=sa.String(20), modify_type=type_, modify_server_default=None,
        postgresql_using=using,
    )  # fmt: skip
    metadata = sa.MetaData()
    sa.Table("users", metadata, sa.Column("nick", sa.String(20)))
    for operations in ([alter], [ops.AddColumnOp("users", sa.Column("kind", type_))]):
        with engine.connect() as connection:
            metadata.create_all(connection)
            op = Operations(MigrationContext.configure(connection))
            for operation in operations:
                op.invoke(operation)
            options = {"compare_type": True, "compare_server_default": True}
            computed = schema.apply(metadata, operations, connection.dialect)
            assert compare_metadata(MigrationContext.configure(connection, opts=options), computed) == []
            connection.rollback()
    engine.dispose()


HISTORIES = {"mlflow": "mlflow/store/db_migrations", "optuna": "optuna/storages/_rdb/alembic"}


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("package", HISTORIES)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_revision_of_a_published_history_is_what_an_upgrade_makes(
    package: str, database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    found = importlib.util.find_spec(package)
    if found is None or found.submodule_search_locations is None:
        pytest.skip("its history is not installed (extra histories)")
    logging.getLogger().addHandler(logging.NullHandler())  # or env.py asks for an ini file to configure logging from
    url = request.getfixturevalue(f"{database}_url")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    config = Config()
    config.set_main_option(
        "script_location", found.submodule_search_locations[0].removesuffix(package) + HISTORIES[package]
    )
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    start = None
    with alias():
        if package == "mlflow":  # its history begins at tables that it makes itself
            start = importlib.import_module("mlflow.store.tracking.dbmodels.initial_models").Base.metadata
            start.create_all(engine)
        count = 0
        for each in schema.history(ScriptDirectory.from_config(config), "heads", dialect=engine.dialect, start=start):
            command.upgrade(config, each.revision)
            if each.complete:
                assert differences(engine, each.metadata) == [], each.revision
            count += 1
    assert count > 5
    engine.dispose()


def differences(engine: sa.Engine, metadata: sa.MetaData) -> list[Any]:
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("package", HISTORIES)
def test_a_published_history_is_whole_with_a_scratch_database(package: str, sqlite_url: str) -> None:
    found = importlib.util.find_spec(package)
    if found is None or found.submodule_search_locations is None:
        pytest.skip("its history is not installed (extra histories)")
    logging.getLogger().addHandler(logging.NullHandler())
    engine = sa.create_engine(sqlite_url, poolclass=sa.NullPool)
    config = Config()
    config.set_main_option(
        "script_location", found.submodule_search_locations[0].removesuffix(package) + HISTORIES[package]
    )
    config.set_main_option("sqlalchemy.url", sqlite_url)
    start = None
    with alias():
        if package == "mlflow":
            start = importlib.import_module("mlflow.store.tracking.dbmodels.initial_models").Base.metadata
            start.create_all(engine)
        scripts = ScriptDirectory.from_config(config)
        for each in schema.history(scripts, "heads", dialect=engine.dialect, start=start, by_running=True):
            command.upgrade(config, each.revision)
            assert each.complete, each.incomplete
            assert differences(engine, each.metadata) == [], each.revision
    engine.dispose()


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("convention", [None, {"uq": "uq_%(table_name)s_%(column_0_N_name)s", "fk": "fk_%(column_0_name)s_%(referred_table_name)s", "pk": "pk_%(table_name)s"}])  # fmt: skip
def test_constraints_are_those_that_their_operations_make_on_tables_of_their_own(monkeypatch, named, convention):
    added = [
        ops.CreatePrimaryKeyOp("pk" if named else None, "t", ["a", "b"]),
        ops.CreateUniqueConstraintOp("uq" if named else None, "t", ["b", "c"], deferrable=True, initially="DEFERRED"),
        ops.CreateForeignKeyOp("fk" if named else None, "t", "u", ["a"], ["id"], ondelete="CASCADE", match="FULL"),
        ops.CreateForeignKeyOp(None, "t", "t", ["b"], ["a"], source_schema=None, onupdate="SET NULL"),
        ops.CreateForeignKeyOp("fx", "t", "v", ["c"], ["id"], referent_schema="s", deferrable=True, use_alter=True),
    ]

    def described() -> list[str]:
        metadata = sa.MetaData(naming_convention=convention)
        sa.Table("t", metadata, *(sa.Column(name, sa.Integer) for name in "abc"))
        sa.Table("u", metadata, sa.Column("id", sa.Integer))
        table = schema.apply(metadata, added).tables["t"]
        keys = [str(key.target_fullname) for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)]
        nullable = [(column.name, column.primary_key, column.nullable) for column in table.columns]
        options = [(c.deferrable, c.initially, getattr(c, "ondelete", ""), getattr(c, "match", ""), getattr(c, "use_alter", "")) for c in table.constraints]  # fmt: skip
        created = str(sa.schema.CreateTable(table).compile()) if all(c.name for c in table.constraints) else ""
        names = sorted(f"{type(c).__name__} {c.name} {[each.name for each in c.columns]}" for c in table.constraints)
        return [*keys, str(nullable), *sorted(map(str, options)), created, *names]

    direct = described()
    monkeypatch.setattr(metadata_module, "_own_constraint", lambda operation: None)
    assert direct == described()


@pytest.mark.parametrize("may_run", [True, False])
def test_a_table_that_sqlalchemy_refuses_is_not_known(project: Any, *, may_run: bool) -> None:
    project.write("a", None, "op.create_table('t', sa.Column('id', sa.Integer), sa.UniqueConstraint('missing'))")
    scripts = ScriptDirectory(str(project.folder / "migrations"))
    found = schema.at(scripts, may_run=may_run)
    assert [(each.revision, each.reason[:21]) for each in found.incomplete] == [("a", "code: op.create_table")]


def test_a_file_with_a_syntax_error_is_named(project: Any) -> None:
    project.chain("a", "b")
    path = next((project.folder / "migrations" / "versions").glob("b*.py"))
    path.write_text(path.read_text() + "\n    x = (\n")
    with pytest.raises(CommandError, match=r"b.*\.py"):
        schema.at(ScriptDirectory(str(project.folder / "migrations")), may_run=False)


def test_tables_that_are_passed_stay_as_they_are() -> None:
    metadata = sa.MetaData()
    table = sa.Table("users", metadata, sa.Column("stage", sa.String(9)))
    table.append_constraint(sa.CheckConstraint(table.c.stage.in_(["active", "deleted"]), name="stage"))
    changed = schema.apply(metadata, [ops.AddColumnOp("users", sa.Column("age", sa.Integer))])
    assert len(changed.tables["users"].constraints) == len(table.constraints) == 2
