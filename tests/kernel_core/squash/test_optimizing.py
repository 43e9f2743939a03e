"""Which operations become fewer, and which stay because rows or other operations would notice."""

from __future__ import annotations

import pytest
from sqlalchemy.engine.default import DefaultDialect

from kernel_core.recording import read_operations
from kernel_core.squash.optimizing import optimized
from kernel_core.squash.parts import Item, grouped, rendered

ENUM = """op.create_table("e", sa.Column("id", sa.Integer), sa.Column("s", sa.Enum('a', name='st')))\n"""


def fewer(source: str) -> list[str]:
    """Return the sentences of the optimized operations of a function's body, one statement a line."""
    body = "\n".join(f"    {line}" for line in source.strip().splitlines())
    recording = read_operations(f"def upgrade():\n{body}", DefaultDialect(), given=("op", "sa"))
    assert recording.complete
    return [each.sentence() for each in grouped(optimized([Item(each) for each in recording.operations.ops])).ops]


T = 'op.create_table("t", sa.Column("id", sa.Integer), sa.Column("a", sa.String(9)))\n'


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (T + 'op.add_column("t", sa.Column("b", sa.Integer))', ["Create table t with 3 columns"]),
        (T + 'op.drop_column("t", "a")', ["Create table t with 1 column"]),
        (T + 'op.drop_table("t")', []),
        (T + 'op.create_index("ix", "t", ["a"])\nop.drop_table("t")', []),
        (T + 'op.create_index("ix", "t", ["a"])\nop.drop_index("ix", "t")', ["Create table t with 2 columns"]),
        (T + 'op.alter_column("t", "a", type_=sa.Text())', ["Create table t with 2 columns"]),
        (
            T + 'op.alter_column("t", "a", new_column_name="b")\nop.drop_column("t", "b")',
            ["Create table t with 1 column"],
        ),
        ('op.add_column("t", sa.Column("b", sa.Integer))\nop.drop_column("t", "b")', []),
        ('op.rename_table("t", "u")\nop.rename_table("u", "v")', ["Rename table t to v"]),
        ('op.drop_column("t", "b")\nop.drop_table("t")', ["Drop table t"]),
        ('op.create_unique_constraint("uq", "t", ["a"])\nop.drop_constraint("uq", "t")', []),
    ],
)
def test_what_is_created_and_changed_in_one_range_becomes_one(source: str, expected: list[str]) -> None:
    assert fewer(source) == expected


def test_changes_of_one_column_become_one() -> None:
    (found,) = fewer(
        'op.alter_column("t", "a", nullable=True)\nop.alter_column("t", "a", server_default="x", new_column_name="b")\n'
        'op.alter_column("t", "b", new_column_name="c")'
    )
    assert "nullable" in found
    assert "'x'" in found
    assert "rename to c" in found


@pytest.mark.parametrize(
    "source",
    [
        # Rows that exist notice these.
        'op.add_column("t", sa.Column("b", sa.Integer, server_default="1"))\nop.alter_column("t", "b", server_default=None)',
        'op.add_column("t", sa.Column("b", sa.Integer))\nop.alter_column("t", "b", nullable=False)',
        'op.alter_column("t", "a", type_=sa.String(5))\nop.alter_column("t", "a", type_=sa.String(50))',
        'op.alter_column("t", "a", nullable=False)\nop.alter_column("t", "a", nullable=True)',
        'op.drop_column("t", "a")\nop.add_column("t", sa.Column("a", sa.Integer))',
        'op.drop_table("t")\nop.create_table("t", sa.Column("id", sa.Integer))',
        # What cannot be read, or changes rows, stays between them.
        T + 'op.execute("INSERT INTO t VALUES (1)")\nop.add_column("t", sa.Column("b", sa.Integer))',
        T + 'op.execute("CREATE VIEW v AS SELECT 1")\nop.drop_table("t")',
        # Something between is about the same.
        T + 'op.create_index("ix", "t", ["a"])\nop.alter_column("t", "a", new_column_name="b")',
        T + 'op.create_index("ix", "t", [sa.text("lower(a)")])\nop.drop_column("t", "a")',
        T + 'op.create_table("u", sa.Column("t_id", sa.Integer, sa.ForeignKey("t.id")))\nop.drop_table("t")',
        T + 'op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))\n'
        'op.add_column("t", sa.Column("u_id", sa.Integer, sa.ForeignKey("u.id")))',
        'op.drop_constraint("fk", "t", type_="foreignkey")\nop.drop_table("u")\nop.drop_table("t")',
        T + 'op.create_index("ix", "t", ["id"], postgresql_include=["a"])\nop.drop_column("t", "a")',
        # An enum type of PostgreSQL stays when its table or column is dropped or has another type.
        ENUM + 'op.drop_table("e")',
        ENUM + 'op.drop_column("e", "s")',
        ENUM + 'op.alter_column("e", "s", type_=sa.String(5))',
        ENUM.replace("sa.Enum", "sa.ARRAY(sa.Enum").replace("st')", "st'))") + 'op.drop_table("e")',
        'op.add_column("t", sa.Column("s", sa.Enum("a", name="st")))\nop.drop_column("t", "s")',
        'op.add_column("t", sa.Column("s", sa.Enum("a", name="st")))\nop.drop_table("t")',
    ],
)
def test_what_something_else_would_notice_stays(source: str) -> None:
    assert len(fewer(source)) == source.count("op.")


def test_an_enum_that_makes_no_type_or_is_of_another_column_is_in_no_way() -> None:
    assert len(fewer(ENUM.replace("name=", "native_enum=False, name=") + 'op.drop_table("e")')) == 0
    assert len(fewer(ENUM + 'op.drop_column("e", "id")')) == 1


def test_operations_of_a_batch_stay_in_it() -> None:
    source = 'def upgrade():\n    with op.batch_alter_table("t") as b:\n        b.drop_column("a")\n        b.drop_column("c")\n'
    recording = read_operations(source, DefaultDialect(), given=("op", "sa"))
    (batch,) = recording.with_batches().ops
    items = [Item(each, batch) for each in batch.ops]  # type: ignore[attr-defined, arg-type]
    text, _ = rendered(optimized(items))
    assert text.count("batch_alter_table") == 1
    assert text.count("drop_column") == 2
