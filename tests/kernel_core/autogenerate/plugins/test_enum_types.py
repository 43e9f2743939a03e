"""Enum types of PostgreSQL and their values."""

import enum

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kernel_core.autogenerate.plugins.enum_types import values_changed
from kernel_core.operations import ops

pytestmark = pytest.mark.postgresql


def mood(*labels, **kw):
    return sa.Enum(*labels, name="mood", **kw)


def schema(*columns, table="person"):
    metadata = sa.MetaData()
    sa.Table(table, metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return metadata


def people(*labels, **kw):
    return schema(sa.Column("mood", mood(*labels), **kw))


def labels(migration):
    words = "SELECT enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE typname = 'mood' ORDER BY enumsortorder"
    return [row[0] for row in migration.connection.execute(sa.text(words))]


def test_a_new_value_is_added_at_its_position_and_removed_again(postgresql_migration):
    before, after = people("sad", "happy"), people("awful", "sad", "ok", "it's good", "happy", "top")
    found = postgresql_migration.there_and_back(before, after)
    assert found == [
        "Add value 'awful' to enum type mood before 'sad'",
        "Add value 'ok' to enum type mood after 'sad'",
        "Add value 'it's good' to enum type mood after 'ok'",
        "Add value 'top' to enum type mood",
    ]


def test_a_new_value_can_be_used_at_once(postgresql_migration):
    before, after = people("sad", "happy", server_default="sad"), people("sad", "ok", "happy", server_default="ok")
    postgresql_migration.there_and_back(before, after)


def test_a_dropped_value_is_removed_and_rows_are_kept(postgresql_migration):
    before, after = people("sad", "ok", "happy", server_default="sad"), people("sad", "happy", server_default="sad")
    postgresql_migration.create(before)
    postgresql_migration.connection.execute(sa.text("INSERT INTO person VALUES (1, 'happy')"))
    postgresql_migration.connection.commit()
    script = postgresql_migration.script(after)
    assert [leaf.sentence() for leaf in script.upgrade_ops.leaves()] == [
        "Set the values of enum type mood to 'sad', 'happy'"
    ]
    postgresql_migration.run(script.upgrade_ops)
    assert labels(postgresql_migration) == ["sad", "happy"]
    assert postgresql_migration.connection.execute(sa.text("SELECT mood FROM person")).scalar() == "happy"
    assert postgresql_migration.found(after) == []
    postgresql_migration.run(script.downgrade_ops)
    assert labels(postgresql_migration) == ["sad", "ok", "happy"]


def test_a_value_in_use_is_not_removed(postgresql_migration):
    before, after = people("sad", "ok", "happy"), people("sad", "happy")
    postgresql_migration.create(before)
    postgresql_migration.connection.execute(sa.text("INSERT INTO person VALUES (1, 'ok')"))
    postgresql_migration.connection.commit()
    script = postgresql_migration.script(after)
    (operation,) = script.upgrade_ops.leaves()
    assert [hint.text for hint in operation.hints()] == ["fails if a row has 'ok'", "rewrites every row of person"]
    with pytest.raises(sa.exc.DataError):
        postgresql_migration.run(script.upgrade_ops)
    assert labels(postgresql_migration) == ["sad", "ok", "happy"]
    assert postgresql_migration.connection.execute(sa.text("SELECT mood FROM person")).scalar() == "ok"


def test_a_value_with_a_similar_name_at_its_position_is_renamed(postgresql_migration):
    before, after = people("sad", "happyy", "top"), people("sad", "happy", "top")
    postgresql_migration.create(before)
    postgresql_migration.connection.execute(sa.text("INSERT INTO person VALUES (1, 'happyy')"))
    postgresql_migration.connection.commit()
    script = postgresql_migration.script(after)
    assert [type(leaf) for leaf in script.upgrade_ops.leaves()] == [ops.RenameEnumValueOp]
    postgresql_migration.run(script.upgrade_ops)
    assert postgresql_migration.connection.execute(sa.text("SELECT mood FROM person")).scalar() == "happy"
    assert postgresql_migration.found(after) == []
    postgresql_migration.run(script.downgrade_ops)
    assert postgresql_migration.found(before) == []


def test_a_changed_order_is_set(postgresql_migration):
    assert postgresql_migration.there_and_back(people("a", "b", "c"), people("c", "a", "b")) == [
        "Set the values of enum type mood to 'c', 'a', 'b'"
    ]


def test_a_new_type_is_created_once_before_the_tables_that_use_it(postgresql_migration):
    before, after = schema(), people("sad", "happy")
    sa.Table("pet", after, sa.Column("mood", mood("sad", "happy")), sa.Column("moods", sa.ARRAY(mood("sad", "happy"))))
    script_of = postgresql_migration.there_and_back(before, after)
    assert script_of[0] == "Create enum type mood: 'sad', 'happy'"
    assert sum("enum type" in sentence for sentence in script_of) == 1


def test_the_offline_script_creates_the_type_once(postgresql_migration):
    script = postgresql_migration.script(people("sad", "happy"))
    from kernel_core.autogenerate import render_python_code

    body = render_python_code(script.upgrade_ops, migration_context=postgresql_migration.context)
    assert "op.create_enum_type('mood', ['sad', 'happy'])" in body.replace('"', "'")
    assert "create_type=False" in body


def test_an_unused_type_is_dropped(postgresql_migration):
    before, after = people("sad", "happy"), schema()
    assert postgresql_migration.there_and_back(before, after) == [
        "Drop column mood from person",
        "Drop enum type mood",
    ]


def test_a_type_that_no_table_used_is_left_alone(postgresql_migration):
    postgresql_migration.connection.execute(sa.text("CREATE TYPE theirs AS ENUM ('x')"))
    postgresql_migration.connection.commit()
    assert postgresql_migration.there_and_back(schema(), schema()) == []


def test_a_type_with_create_type_false_is_left_alone(postgresql_migration):
    postgresql_migration.create(people("sad", "happy"))
    own = schema(sa.Column("mood", postgresql.ENUM("sad", "other", name="mood", create_type=False)))
    assert postgresql_migration.found(own) == []


def test_arrays_and_defaults_are_rewritten_too(postgresql_migration):
    def tables(*labels):
        metadata = people(*labels, server_default="happy")
        column = sa.Column("moods", postgresql.ARRAY(mood(*labels)), server_default="{happy}")
        sa.Table("pet", metadata, sa.Column("id", sa.Integer, primary_key=True), column)
        return metadata

    before, after = tables("sad", "ok", "happy"), tables("happy", "sad")
    postgresql_migration.create(before)
    postgresql_migration.connection.execute(sa.text("INSERT INTO pet VALUES (1, ARRAY['sad', 'happy']::mood[])"))
    postgresql_migration.connection.commit()
    script = postgresql_migration.script(after)
    postgresql_migration.run(script.upgrade_ops)
    assert postgresql_migration.found(after) == []
    stored = postgresql_migration.connection.execute(sa.text("SELECT moods::text FROM pet")).scalar()
    assert stored == "{sad,happy}"
    postgresql_migration.connection.rollback()
    postgresql_migration.run(script.downgrade_ops)
    assert postgresql_migration.found(before) == []


def test_a_type_in_a_schema_with_a_name_to_be_quoted(postgresql_migration):
    postgresql_migration.connection.execute(sa.text("CREATE SCHEMA other"))
    postgresql_migration.connection.commit()

    def tables(*labels):
        metadata = sa.MetaData()
        odd = sa.Enum(*labels, name="Mood x", schema="other")
        sa.Table("Pe t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a b", odd), schema="other")
        return metadata

    before, after = tables("a", "c"), tables("a", "b", "d")
    postgresql_migration.create(before)
    script = postgresql_migration.script(after, include_schemas=True)
    postgresql_migration.run(script.upgrade_ops)
    assert postgresql_migration.found(after, include_schemas=True) == []
    postgresql_migration.run(script.downgrade_ops)
    assert postgresql_migration.found(before, include_schemas=True) == []


def test_enums_of_python_and_decorated_types_are_compared(postgresql_migration):
    class Mood(enum.Enum):
        SAD = 1
        HAPPY = 2

    class Decorated(sa.TypeDecorator):
        impl = sa.Enum
        cache_ok = True

    metadata = schema(
        sa.Column("a", sa.Enum(Mood)),
        sa.Column("b", Decorated("x", "y", name="decorated")),
        sa.Column("c", sa.Enum("p", "q", native_enum=False)),
        sa.Column("d", sa.String(5).with_variant(postgresql.ENUM("v", name="variant"), "postgresql")),
    )
    postgresql_migration.create(metadata)
    assert postgresql_migration.found(metadata) == []


def test_other_databases_are_not_queried(migration):
    metadata = people("sad", "happy")
    migration.create(metadata)
    assert migration.found(metadata) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [("abc", "abc"), ("abc", "xabyc"), ("abc", "ab"), ("abc", "cab"), ("", "ab"), ("ab", "xy"), ("a", "bac")],
)
def test_the_operations_lead_from_one_list_to_the_other(before, after):
    now = list(before)
    for operation in values_changed((None, "t"), list(before), list(after), []):
        if isinstance(operation, ops.AddEnumValueOp):
            assert operation.existing == now
            now = operation.reverse().existing
        elif isinstance(operation, ops.RenameEnumValueOp):
            now = [operation.new_value if value == operation.value else value for value in now]
        else:
            assert operation.existing == now
            now = operation.labels
    assert now == list(after)
