import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Integer, MetaData, String, Table, Text

from kernel_core.operations import ops
from kernel_core.operations.registry import all_operations


@pytest.fixture
def engine(sqlite_url):
    engine = sa.create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(80), nick TEXT)")
    yield engine
    engine.dispose()


def test_the_sql_is_that_of_the_database(make):
    add = ops.AddColumnOp("users", Column("email", String(120)))
    assert make(add).sql(1) == "ALTER TABLE users ADD COLUMN email VARCHAR(120);"
    assert make(add, dialect="postgresql").sql(1) == "ALTER TABLE users ADD COLUMN email VARCHAR(120);"
    alter = ops.AlterColumnOp("users", "name", modify_type=String(200))
    assert make(alter, dialect="postgresql").sql(1) == "ALTER TABLE users ALTER COLUMN name TYPE VARCHAR(200);"


def test_the_sql_follows_an_edit(review):
    review[4].edit(name="airline", nullable=True)
    assert "airline VARCHAR(2)" in review.sql(4)
    assert "NOT NULL" not in review.sql(4)


def test_a_rebuild_is_shown_from_the_table_as_it_is(make, engine):
    review = make(ops.AlterColumnOp("users", "name", modify_type=String(200)), connect=engine.connect)
    sql = review.sql(1)
    assert sql.startswith("-- sqlite rebuilds users")
    assert "VARCHAR(200)" in sql
    assert "nick TEXT" in sql
    assert "INSERT INTO" in sql
    with engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
        assert names == ["users"]


def test_a_rebuild_is_shown_as_it_was_when_the_review_was_made_also_after_the_upgrade(make, engine):
    review = make(ops.AlterColumnOp("users", "name", modify_type=String(200)), connect=engine.connect)
    before = review.sql(1)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE users DROP COLUMN nick")
    assert review.sql(1) == before


def test_a_rebuild_of_a_table_that_the_review_makes_is_shown_without_a_database(make):
    table = Table("users", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(80)))
    review = make(ops.CreateTableOp.from_table(table), ops.AlterColumnOp("users", "name", modify_type=String(200)))
    assert "VARCHAR(200)" in review.sql(2)


def test_a_rebuild_that_cannot_be_known_says_so(make, engine):
    alter = ops.AlterColumnOp("nowhere", "name", modify_type=String(200))
    for review in (make(alter), make(alter, connect=engine.connect)):
        sql = review.sql(1)
        assert all(line.startswith("-- ") for line in sql.splitlines())
        assert "nowhere" in sql


def test_a_rebuild_that_fails_is_a_comment_with_the_reason(make, engine):
    review = make(ops.AlterColumnOp("users", "missing", modify_type=String(200)), connect=engine.connect)
    sql = review.sql(1)
    assert all(line.startswith("-- ") for line in sql.splitlines())
    assert "missing" in sql


def test_a_change_that_is_of_no_table_and_impossible_is_a_comment_with_the_reason(make, engine):
    for connect in (None, engine.connect):
        sql = make(ops.CreateSchemaOp("sales"), connect=connect).sql(1)
        assert sql.startswith("-- sqlite has no CREATE SCHEMA (sales).")


def test_a_reason_with_newlines_stays_a_comment(make):
    alter = ops.AlterColumnOp("a\nDROP TABLE b", "name", modify_type=String(200))
    assert all(line.startswith("-- ") for line in make(alter).sql(1).splitlines())


def test_the_python_is_written_as_in_the_version_file(make):
    add = ops.AddColumnOp("users", Column("email", String(120)))
    sqlite = make(add).python(1)
    assert sqlite.startswith('with op.batch_alter_table("users"')
    assert "batch_op.add_column(" in sqlite
    assert make(add, dialect="postgresql").python(1).startswith("op.add_column(")


def test_the_options_of_the_environment_count(make):
    add = ops.AddColumnOp("users", Column("email", String(120)))
    assert make(add, opts={"render_as_batch": False}).python(1).startswith("op.add_column(")
    assert make(add, dialect="postgresql", opts={"render_as_batch": True}).python(1).startswith("with op.batch")


def test_the_downgrade_undoes_it(make):
    add = ops.AddColumnOp("users", Column("email", String(120)))
    assert make(add, dialect="postgresql").downgrade(1) == 'op.drop_column("users", "email")'


def test_what_cannot_be_undone_says_why_in_a_comment(make):
    review = make(ops.ExecuteSQLOp("SELECT 1\nSELECT 2"))
    assert review.downgrade(1).startswith("# Cannot undo")
    assert all(line.startswith("#") for line in review.downgrade(1).splitlines())


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql"])
@pytest.mark.parametrize("cls", all_operations(), ids=lambda cls: cls.__name__)
def test_every_operation_can_be_reviewed(make, cls, dialect):
    review = make(cls.example(), dialect=dialect)
    row = review.row(1)
    assert review.sql(1)
    assert review.python(1)
    assert review.downgrade(1)
    assert row.sentence
    assert row.kind
    for field in row.operation.fields:
        review.edit_text(1, field.name, row.text_of(field.name))
    assert not review.can_undo
    assert review.accepted()


def test_a_dropped_text_column_keeps_its_data_loss_in_words(make):
    review = make(ops.DropColumnOp.from_column_and_tablename(None, "users", Column("nick", Text)))
    assert "loses data" in repr(review[1])


def test_a_constraint_whose_name_cannot_be_known_says_so_until_it_has_one(make):
    review = make(ops.CreateUniqueConstraintOp(None, "t", ["a"]), dialect="mssql")
    assert "cannot be downgraded: unnamed" in repr(review[1])
    assert "cannot be downgraded: unnamed" in review[1].downgrade
    review[1].edit_text("constraint_name", "uq_t_a")
    assert "cannot be downgraded" not in repr(review[1]) + review[1].downgrade


class Unwritable:
    """A value that no database writes as a literal."""


def test_a_statement_with_a_value_that_has_no_text_is_shown_with_its_parameter(make):
    statement = sa.text("DELETE FROM t WHERE a = :a").bindparams(a=Unwritable())
    review = make(ops.ExecuteSQLOp(statement), ops.AddColumnOp("t", Column("b", Text)))
    assert review.row(1).sentence == "Run SQL: DELETE FROM t WHERE a = :a"
    assert "loses data: it uses DELETE" in repr(review[1])
    assert all("No literal value renderer" in shown for shown in (review.sql(1), review.python(1)))
    assert "cannot be downgraded" in review[1].downgrade or "Cannot undo" in review[1].downgrade


def test_an_index_on_an_expression_that_has_no_literal_is_described(make):
    path = sa.column("attributes", sa.JSON)[["session", "id"]].as_string()
    review = make(ops.CreateIndexOp("ix", "spans", [path]))
    assert review.row(1).sentence.startswith("Create index ix on spans (")
