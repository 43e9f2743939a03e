"""Comparing again when nothing changed asks one question; when anything changed, it is seen."""

import os

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from kernel_core.autogenerate import compare_metadata


def models():
    metadata = sa.MetaData()
    sa.Table("q", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20), nullable=False, server_default="x"),
        sa.Column("kind", sa.Enum("a", "b", native_enum=False, create_constraint=True)),
        sa.Column("q_id", sa.ForeignKey("q.id")),
        sa.Index("ix_name", "name"),
        sa.UniqueConstraint("name", "kind", name="uq_t"),
        sa.CheckConstraint("name <> ''", name="ck_t"),
    )
    return metadata


@pytest.fixture
def engine(sqlite_url):
    made = sa.create_engine(sqlite_url)
    models().create_all(made)
    make_old(made)
    yield made
    made.dispose()


def make_old(engine):
    """Let the file have been written some time ago."""
    os.utime(engine.url.database, (1_700_000_000.5, 1_700_000_000.5))


def questions(engine, metadata, make_context, **options):
    """Compare; return the differences and how many questions were asked."""
    asked = []

    def note(connection, cursor, statement, *rest):
        asked.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        diffs = compare_metadata(make_context(connection, compare_server_default=True, **options), metadata)
    sa.event.remove(engine, "before_cursor_execute", note)
    return diffs, len(asked)


def test_the_second_time_costs_one_question(engine, make_context):
    metadata = models()
    assert questions(engine, metadata, make_context) == ([], 4)
    assert questions(engine, metadata, make_context) == ([], 1)
    assert questions(engine, metadata, make_context) == ([], 1)


CHANGES = {
    "nullable": lambda t: setattr(t.c.name, "nullable", True),
    "type": lambda t: setattr(t.c.name, "type", sa.Integer()),
    "type altered in place": lambda t: setattr(t.c.name.type, "length", 30),
    "default": lambda t: setattr(t.c.name, "server_default", sa.DefaultClause("y")),
    "default altered in place": lambda t: setattr(t.c.name.server_default, "arg", "y"),
    "no default": lambda t: setattr(t.c.name, "server_default", None),
    "name": lambda t: setattr(t.c.name, "name", "title"),
    "new column": lambda t: t.append_column(sa.Column("new", sa.Integer)),
    "column made anew": lambda t: t.append_column(sa.Column("name", sa.String(9)), replace_existing=True),
    "new constraint": lambda t: t.append_constraint(sa.UniqueConstraint("q_id", name="uq_q")),
    "new index": lambda t: sa.Index("ix_new", t.c.q_id),
    "index made unique": lambda t: setattr(next(iter(t.indexes)), "unique", True),
    "name of an index": lambda t: setattr(next(iter(t.indexes)), "name", "ix_other"),
    "parts of an index": lambda t: next(iter(t.indexes)).expressions.append(t.c.q_id),
    "a rule of a key": lambda t: setattr(next(iter(t.foreign_key_constraints)), "ondelete", "CASCADE"),
    "constraint gone": lambda t: t.constraints.discard(
        next(each for each in t.constraints if isinstance(each, sa.UniqueConstraint))
    ),
    "table gone": lambda t: t.metadata.remove(t),
    "new table": lambda t: sa.Table("new", t.metadata, sa.Column("id", sa.Integer)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_models_is_seen(change, engine, make_context):
    metadata = models()
    questions(engine, metadata, make_context)
    assert questions(engine, metadata, make_context) == ([], 1)
    CHANGES[change](metadata.tables["t"])
    diffs, asked = questions(engine, metadata, make_context)
    assert diffs
    assert asked == 4


def test_values_of_an_enum_altered_in_place_are_seen(engine, make_context):
    metadata = models()
    questions(engine, metadata, make_context)
    metadata.tables["t"].c.kind.type.enums.append("c")
    assert questions(engine, metadata, make_context)[1] == 4


def test_other_models_that_are_the_same_are_compared(engine, make_context):
    questions(engine, models(), make_context)
    assert questions(engine, models(), make_context) == ([], 4)


@pytest.mark.parametrize("statement", ["ALTER TABLE t ADD COLUMN new INT", "CREATE TABLE u (a)", "DROP INDEX ix_name"])
def test_a_change_of_the_database_is_seen(statement, engine, make_context):
    metadata = models()
    questions(engine, metadata, make_context)
    other = sa.create_engine(engine.url)
    with other.begin() as connection:
        connection.exec_driver_sql(statement)
    other.dispose()
    make_old(engine)
    assert questions(engine, metadata, make_context)[0]


def test_another_file_in_its_place_is_seen(engine, make_context, tmp_path):
    metadata = models()
    questions(engine, metadata, make_context)
    engine.dispose()
    other = sa.create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    with other.begin() as connection:  # as many changes, so that the counter is the same
        for number in range(3):
            connection.exec_driver_sql(f"CREATE TABLE t{number} (a)")
    other.dispose()
    os.replace(tmp_path / "other.db", engine.url.database)
    make_old(engine)
    assert questions(engine, metadata, make_context)[0]


def test_a_change_that_is_rolled_back_leaves_nothing_behind(engine, make_context):
    metadata = models()
    questions(engine, metadata, make_context)

    def inside(*statements):
        with engine.connect() as connection:
            connection.connection.driver_connection.isolation_level = None
            connection.exec_driver_sql("BEGIN")
            for statement in statements:
                connection.exec_driver_sql(statement)
            diffs = compare_metadata(make_context(connection), metadata)
            connection.exec_driver_sql("ROLLBACK")
            return diffs

    assert inside("DROP INDEX ix_name")
    assert inside() == []
    assert inside("CREATE TABLE u (a)")
    make_old(engine)
    assert questions(engine, metadata, make_context)[0] == []


def test_a_file_that_was_just_written_is_not_trusted(engine, make_context):
    metadata = models()
    os.utime(engine.url.database)
    assert questions(engine, metadata, make_context) == ([], 4)
    assert questions(engine, metadata, make_context) == ([], 4)


def test_differences_are_found_again(engine, make_context):
    metadata = models()
    metadata.tables["t"].append_column(sa.Column("new", sa.Integer))
    first, second = (questions(engine, metadata, make_context) for _ in range(2))
    assert len(first[0]) == len(second[0]) == 1
    assert second[1] == 4


@pytest.mark.parametrize(
    "options",
    [
        {"include_object": lambda *args: True},
        {"include_name": lambda *args: True},
        {"compare_type": lambda *args: None},
        {"include_schemas": True},
    ],
)
def test_who_is_asked_is_asked_each_time(options, engine, make_context):
    metadata = models()
    questions(engine, metadata, make_context, **options)
    assert questions(engine, metadata, make_context, **options)[1] > 1


def test_other_options_are_another_comparison(engine, make_context):
    metadata = models()
    questions(engine, metadata, make_context)
    assert questions(engine, metadata, make_context, compare_type=False)[1] == 4


def test_a_database_in_memory_is_remembered_by_its_connection(make_context):
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    metadata = models()
    metadata.create_all(engine)
    questions(engine, metadata, make_context)
    assert questions(engine, metadata, make_context) == ([], 1)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE t")
    assert questions(engine, metadata, make_context)[0]
    engine.dispose()
