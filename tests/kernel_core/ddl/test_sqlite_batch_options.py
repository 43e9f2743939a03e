"""The arguments of ``batch_alter_table``, on real SQLite."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import BatchError, CommandError, UnsupportedOperation


@pytest.fixture
def thing(sqlite: sa.Connection) -> sa.Connection:
    sqlite.exec_driver_sql("CREATE TABLE thing (id INTEGER PRIMARY KEY, a INT, b INT, c INT)")
    sqlite.exec_driver_sql("INSERT INTO thing VALUES (1, 2, 3, 4)")
    sqlite.commit()
    return sqlite


def definition(connection: sa.Connection) -> str:
    sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'thing'").scalar()
    return " ".join(str(sql).split())


def batch(connection: sa.Connection, **options: Any) -> None:
    with Operations(MigrationContext.configure(connection)).batch_alter_table("thing", **options):
        pass


def test_columns_are_reordered_in_part(thing: sa.Connection) -> None:
    batch(thing, partial_reordering=[("c", "a")])
    assert thing.exec_driver_sql("SELECT * FROM thing").all() == [(1, 3, 4, 2)]


def test_further_constraints_come_with_the_new_table(thing: sa.Connection) -> None:
    batch(thing, table_args=[sa.CheckConstraint("a > 1", name="ck_a")])
    assert "CONSTRAINT ck_a CHECK (a > 1)" in definition(thing)


def test_table_options_are_set(thing: sa.Connection) -> None:
    batch(thing, table_kwargs={"sqlite_strict": True, "sqlite_autoincrement": True})
    assert definition(thing).endswith("STRICT")
    assert "AUTOINCREMENT" in definition(thing)


def test_an_option_that_sqlite_does_not_know_is_refused(thing: sa.Connection) -> None:
    with pytest.raises(BatchError, match="sqlite_colour"):
        batch(thing, table_kwargs={"sqlite_colour": "red"})


def test_a_reflected_column_can_be_overridden(thing: sa.Connection) -> None:
    batch(thing, reflect_args=[sa.Column("b", sa.Numeric(8, 2), nullable=False)], recreate="always")
    assert "b NUMERIC(8, 2) NOT NULL" in definition(thing)
    assert thing.exec_driver_sql("SELECT b FROM thing").scalar() == 3


def test_always_copies_even_where_nothing_changes(thing: sa.Connection) -> None:
    statements: list[str] = []
    sa.event.listen(thing, "before_cursor_execute", lambda *args: statements.append(args[2]))
    batch(thing, recreate="always")
    assert any(statement.startswith("INSERT INTO _mig_new_thing") for statement in statements)
    assert thing.exec_driver_sql("SELECT * FROM thing").all() == [(1, 2, 3, 4)]


def test_never_alters_in_place_or_refuses(thing: sa.Connection) -> None:
    op = Operations(MigrationContext.configure(thing))
    with (
        pytest.raises(UnsupportedOperation, match="SQLite cannot alter column 'a'"),
        op.batch_alter_table("thing", recreate="never") as batch_op,
    ):
        batch_op.alter_column("a", nullable=False)


def test_an_error_inside_the_block_changes_nothing(thing: sa.Connection) -> None:
    before = definition(thing)
    op = Operations(MigrationContext.configure(thing))

    def fail(batch_op: Any) -> None:
        batch_op.drop_column("a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), op.batch_alter_table("thing") as batch_op:
        fail(batch_op)
    assert definition(thing) == before


def offline() -> tuple[Operations, io.StringIO]:
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name="sqlite", opts={"as_sql": True, "output_buffer": buffer})
    return Operations(context), buffer


def test_offline_a_rebuild_needs_the_table_to_copy_from() -> None:
    op, _ = offline()
    with pytest.raises(UnsupportedOperation, match="copy_from"), op.batch_alter_table("thing") as batch_op:
        batch_op.alter_column("a", nullable=False)


def test_offline_the_printed_rebuild_does_what_the_live_one_does(thing: sa.Connection) -> None:
    op, buffer = offline()
    table = sa.Table("thing", sa.MetaData(), autoload_with=thing)
    with op.batch_alter_table("thing", copy_from=table) as batch_op:
        batch_op.alter_column("a", nullable=False)
        batch_op.create_index("ix_b", ["b"])
    thing.commit()
    driver: Any = thing.connection.driver_connection
    driver.executescript(buffer.getvalue())
    assert "a INTEGER NOT NULL" in definition(thing)
    assert thing.exec_driver_sql("SELECT * FROM thing").all() == [(1, 2, 3, 4)]
    assert [index["name"] for index in sa.inspect(thing).get_indexes("thing")] == ["ix_b"]


def test_a_column_that_only_moves_is_moved(thing: sa.Connection) -> None:
    with Operations(MigrationContext.configure(thing)).batch_alter_table("thing") as batch_op:
        batch_op.alter_column("c", insert_before="a")
    assert thing.exec_driver_sql("SELECT * FROM thing").all() == [(1, 4, 2, 3)]


def test_an_unknown_value_of_recreate_is_refused_before_any_query(thing: sa.Connection) -> None:
    with pytest.raises(CommandError, match="Pass auto, always or never"):
        batch(thing, recreate="sometimes")


def test_a_column_cannot_be_moved_where_a_table_is_altered_in_place() -> None:
    op = Operations(MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True}))
    with pytest.raises(BatchError, match="recreate='always'"), op.batch_alter_table("thing") as batch_op:
        batch_op.add_column(sa.Column("d", sa.Integer), insert_after="a")


def test_offline_a_rename_is_tracked_through_the_rebuild(thing: sa.Connection) -> None:
    op, buffer = offline()
    table = sa.Table("thing", sa.MetaData(), autoload_with=thing)
    sa.Index("ix_b", table.c.b)
    with op.batch_alter_table("thing", copy_from=table) as batch_op:
        batch_op.alter_column("b", new_column_name="amount", nullable=False)
        batch_op.alter_column("a", type_=sa.String(5))
    thing.exec_driver_sql("CREATE INDEX ix_b ON thing (b)")
    thing.commit()
    driver: Any = thing.connection.driver_connection
    driver.executescript(buffer.getvalue())
    assert "amount INTEGER NOT NULL" in definition(thing)
    assert thing.exec_driver_sql("SELECT id, a, amount, c FROM thing").all() == [(1, "2", 3, 4)]
    assert sa.inspect(thing).get_indexes("thing")[0]["column_names"] == ["amount"]


def test_offline_a_rename_comes_before_other_changes() -> None:
    op, _ = offline()
    table = sa.Table("thing", sa.MetaData(), sa.Column("a", sa.Integer), sa.Column("b", sa.Integer))

    def change(batch_op: Any) -> None:
        batch_op.alter_column("a", nullable=False)
        batch_op.alter_column("b", new_column_name="c")

    with (
        pytest.raises(BatchError, match="columns are renamed before"),
        op.batch_alter_table("thing", copy_from=table) as batch_op,
    ):
        change(batch_op)


def test_an_overridden_column_keeps_its_keys_and_adds_the_check_of_its_type(sqlite: sa.Connection) -> None:
    sqlite.exec_driver_sql("CREATE TABLE other (id INTEGER PRIMARY KEY)")
    sqlite.exec_driver_sql(
        "CREATE TABLE thing (id INTEGER PRIMARY KEY, flag INT DEFAULT 1 UNIQUE REFERENCES other (id))"
    )
    sqlite.commit()
    flag = sa.Column("flag", sa.Boolean(create_constraint=True, name="ck_flag"))
    with Operations(MigrationContext.configure(sqlite)).batch_alter_table(
        "thing", reflect_args=[flag, sa.Column("id", sa.Integer)]
    ) as batch_op:
        batch_op.alter_column("flag", nullable=False)
    assert definition(sqlite) == (
        'CREATE TABLE "thing" ( id INTEGER PRIMARY KEY, flag BOOLEAN UNIQUE REFERENCES other (id) NOT NULL, '
        "CONSTRAINT ck_flag CHECK (flag IN (0, 1)) )"
    )
    with Operations(MigrationContext.configure(sqlite)).batch_alter_table("thing", reflect_args=[flag]) as batch_op:
        batch_op.alter_column("flag", type_=sa.Integer(), existing_type=flag.type)
    assert "CHECK" not in definition(sqlite)


def test_a_listener_of_the_reflection_overrides_a_type(thing: sa.Connection) -> None:
    heard: list[str] = []

    def listen(inspector: Any, table: sa.Table, found: dict[str, Any]) -> None:
        heard.append(found["name"])
        if found["name"] == "c":
            found["type"] = sa.Enum("x", "y", name="ck_c", create_constraint=True)

    thing.exec_driver_sql("UPDATE thing SET c = 'x'")
    thing.commit()
    with Operations(MigrationContext.configure(thing)).batch_alter_table(
        "thing", reflect_kwargs={"listeners": [("column_reflect", listen)]}
    ) as batch_op:
        batch_op.alter_column("a", nullable=False)
    assert heard == ["id", "a", "b", "c"]
    assert "b INT, c VARCHAR(1), CONSTRAINT ck_c CHECK (c IN ('x', 'y'))" in definition(thing)
    with pytest.raises(BatchError, match="would lose the others"):
        batch(thing, reflect_kwargs={"include_columns": ["id"]}, recreate="always")


def test_columns_and_indexes_come_with_the_new_table(thing: sa.Connection) -> None:
    thing.exec_driver_sql("CREATE TABLE other (id INTEGER PRIMARY KEY)")
    extra = sa.Column("extra", sa.Integer, sa.ForeignKey("other.id", name="fk_extra"), server_default=sa.text("NULL"))
    with pytest.raises(BatchError, match="refer to rows that other lacks"):
        batch(thing, table_args=[sa.Column("z", sa.Integer), sa.ForeignKeyConstraint(["a"], ["other.id"])])
    batch(thing, table_args=[extra, sa.Index("ix_extra", "a"), sa.UniqueConstraint("b", name="uq_b")])
    assert "extra INTEGER DEFAULT NULL" in definition(thing)
    assert "CONSTRAINT fk_extra FOREIGN KEY(extra) REFERENCES other (id)" in definition(thing)
    assert [index["name"] for index in sa.inspect(thing).get_indexes("thing")] == ["ix_extra"]
    with pytest.raises(BatchError, match="not a column, constraint or index"):
        batch(thing, table_args=["what"])


@pytest.mark.parametrize(
    ("groups", "rows"),
    [([("c", "a"), ("b", "a")], (1, 3, 4, 2)), ([("c", "b", "a", "id")], (4, 3, 2, 1)), ([("c", "id")], (2, 3, 4, 1))],
)
def test_every_group_of_a_partial_reordering_is_kept(thing: sa.Connection, groups: Any, rows: tuple[int, ...]) -> None:
    batch(thing, partial_reordering=groups, recreate="always")
    assert thing.exec_driver_sql("SELECT * FROM thing").all() == [rows]


@pytest.mark.parametrize(
    ("groups", "says"), [([("a", "b"), ("b", "a")], "contradicts itself"), ([("a", "nose")], "no column 'nose'")]
)
def test_a_wrong_reordering_is_refused(thing: sa.Connection, groups: Any, says: str) -> None:
    with pytest.raises(BatchError, match=says):
        batch(thing, partial_reordering=groups)


def test_texts_that_are_numbers_become_numbers_and_others_are_kept(sqlite: sa.Connection) -> None:
    sqlite.exec_driver_sql("CREATE TABLE thing (id INTEGER PRIMARY KEY, a VARCHAR(9))")
    sqlite.exec_driver_sql("INSERT INTO thing (a) VALUES ('12'), ('12abc'), (''), (NULL)")
    sqlite.commit()
    op = Operations(MigrationContext.configure(sqlite))
    with pytest.warns(UserWarning, match=r"2 values of thing\.a"), op.batch_alter_table("thing") as batch_op:
        batch_op.alter_column("a", type_=sa.Integer(), existing_type=sa.String(9))
    assert sqlite.exec_driver_sql("SELECT a FROM thing").scalars().all() == [12, "12abc", "", None]


def test_copy_from_is_the_new_table_and_the_old_triggers_are_kept(thing: sa.Connection) -> None:
    thing.exec_driver_sql(
        "CREATE TRIGGER noted AFTER INSERT ON thing BEGIN UPDATE thing SET b = 9 WHERE id = new.id; END"
    )
    thing.exec_driver_sql("CREATE VIEW looks AS SELECT a FROM thing")
    thing.commit()
    known = sa.Table(
        "thing",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Integer, index=name == "b") for name in "abc"),
        sa.CheckConstraint("a > 0", name="ck_a"),
    )
    with Operations(MigrationContext.configure(thing)).batch_alter_table("thing", copy_from=known) as batch_op:
        batch_op.alter_column("c", new_column_name="d")
        batch_op.alter_column("d", nullable=False)
        batch_op.drop_constraint("ck_a", type_="check")
    thing.exec_driver_sql("INSERT INTO thing (a, d) VALUES (-5, 6)")
    assert thing.exec_driver_sql("SELECT a, b, d FROM thing").all() == [(2, 3, 4), (-5, 9, 6)]
    assert thing.exec_driver_sql("SELECT * FROM looks").scalars().all() == [2, -5]
    assert [index["name"] for index in sa.inspect(thing).get_indexes("thing")] == ["ix_thing_b"]


def test_sqlite_has_no_identities_so_that_such_a_column_needs_a_default(thing: sa.Connection) -> None:
    op = Operations(MigrationContext.configure(thing))
    with pytest.raises(UnsupportedOperation, match="it is not null and has no default"):
        op.add_column("thing", sa.Column("n", sa.Integer, sa.Identity()))
    with pytest.raises(sa.exc.IntegrityError), op.batch_alter_table("thing") as batch_op:
        batch_op.add_column(sa.Column("n", sa.Integer, sa.Identity()))
    assert thing.exec_driver_sql("SELECT * FROM thing").all() == [(1, 2, 3, 4)]


def test_a_naming_convention_names_unnamed_constraints_permanently(sqlite: sa.Connection) -> None:
    sqlite.exec_driver_sql("CREATE TABLE other (id INTEGER PRIMARY KEY)")
    sqlite.exec_driver_sql(
        "CREATE TABLE thing (id INTEGER PRIMARY KEY, a INT REFERENCES other (id), b INT UNIQUE, c INT CHECK (c > 0),"
        " CONSTRAINT mine UNIQUE (a, b), FOREIGN KEY (b, c) REFERENCES thing (a, b))"
    )
    convention = {
        "fk": "fk_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(column_0_name)s", "pk": "pk_%(table_name)s",
        "ck": "ck_%(constraint_name)s",
    }  # fmt: skip
    op = Operations(MigrationContext.configure(sqlite))
    sqlite.commit()
    with op.batch_alter_table("thing", naming_convention=convention) as batch_op:
        batch_op.drop_constraint("fk_thing_b_c", type_="foreignkey")
    assert definition(sqlite) == (
        'CREATE TABLE "thing" ( id INTEGER CONSTRAINT pk_thing PRIMARY KEY, a INT, b INT, c INT CHECK (c > 0), '
        "CONSTRAINT mine UNIQUE (a, b), CONSTRAINT fk_thing_a FOREIGN KEY (a) REFERENCES other (id), "
        "CONSTRAINT uq_b UNIQUE (b) )"
    )
    # SQLAlchemy reads the names of constraints of the table only.
    assert {each["name"] for each in sa.inspect(sqlite).get_unique_constraints("thing")} == {"mine", "uq_b"}
    assert [each["name"] for each in sa.inspect(sqlite).get_foreign_keys("thing")] == ["fk_thing_a"]
    sqlite.commit()
    with op.batch_alter_table("thing") as batch_op:
        batch_op.drop_constraint("fk_thing_a", type_="foreignkey")
        batch_op.drop_constraint("uq_b", type_="unique")
    assert definition(sqlite).endswith("a INT, b INT, c INT CHECK (c > 0), CONSTRAINT mine UNIQUE (a, b) )")


def test_comments_which_sqlite_does_not_have_are_ignored(thing: sa.Connection) -> None:
    with Operations(MigrationContext.configure(thing)).batch_alter_table("thing") as batch_op:
        batch_op.create_table_comment("new", existing_comment="old")
        batch_op.alter_column("a", nullable=False, comment="more")
        batch_op.drop_table_comment(existing_comment="new")
    assert "a INT NOT NULL" in definition(thing)


def test_a_column_is_renamed_and_moved_at_once(thing: sa.Connection) -> None:
    with Operations(MigrationContext.configure(thing)).batch_alter_table("thing") as batch_op:
        batch_op.alter_column("c", new_column_name="first", insert_before="A")
    assert [column["name"] for column in sa.inspect(thing).get_columns("thing")] == ["id", "first", "a", "b"]
    assert thing.exec_driver_sql("SELECT first, a FROM thing").all() == [(4, 2)]
