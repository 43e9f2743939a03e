"""Move and copy on real SQLite: SQL and rows that the batch does not change stay the same."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core.ddl.sqlite.generated_names import generated_check_name
from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import BatchError, CommandError, UnsupportedOperation

SCHEMA = [
    "PRAGMA foreign_keys=ON",
    """CREATE TABLE person (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT COLLATE NOCASE NOT NULL DEFAULT 'x, y', -- said, with a comma
        age INT CHECK (age >= 0),
        born INT GENERATED ALWAYS AS (2026 - age),
        boss INT REFERENCES person (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
        CHECK (id > 0),
        CONSTRAINT uq_person UNIQUE (name, age)
    ) STRICT""",
    "CREATE TABLE pet (id INTEGER PRIMARY KEY, owner INT REFERENCES person (id) ON DELETE CASCADE)",
    "CREATE INDEX ix_person ON person (lower(name)) WHERE age > 3",
    "CREATE VIEW adult AS SELECT name FROM person WHERE age >= 18",
    "CREATE TABLE seen (name TEXT)",
    "CREATE TRIGGER tr AFTER INSERT ON person BEGIN INSERT INTO seen VALUES (new.name); END",
    "INSERT INTO person (name, age) VALUES ('Ada', 36), ('Alan', 41), ('Gone', 1)",
    "UPDATE person SET boss = 1 WHERE id = 2",
    "DELETE FROM person WHERE id = 3",
    "INSERT INTO pet (owner) VALUES (1), (2), (2)",
]


@pytest.fixture
def people(sqlite: sa.Connection) -> sa.Connection:
    for statement in SCHEMA:
        sqlite.exec_driver_sql(statement)
    sqlite.commit()
    return sqlite


def rows_hash(connection: sa.Connection, query: str) -> str:
    return hashlib.sha256(repr(connection.exec_driver_sql(query).all()).encode()).hexdigest()


def objects(connection: sa.Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: " ".join(sql.split()) for name, sql in rows}


def run(connection: sa.Connection, change) -> None:  # type: ignore[no-untyped-def]
    """Run a batch on ``person`` as a revision does."""
    context = MigrationContext.configure(connection)
    connection.rollback()
    with context.impl.begin_revision(connection), Operations(context).batch_alter_table("person") as batch_op:
        change(batch_op)


def test_rows_children_indexes_triggers_views_and_clauses_are_kept(people: sa.Connection) -> None:
    kept = "SELECT rowid, id, name, age, born, boss FROM person ORDER BY id"
    before, before_pets, before_objects = (
        rows_hash(people, kept),
        rows_hash(people, "SELECT * FROM pet"),
        objects(people),
    )
    run(people, lambda batch_op: batch_op.alter_column("age", nullable=False, server_default="1"))
    assert rows_hash(people, kept) == before
    assert rows_hash(people, "SELECT * FROM pet") == before_pets
    after = objects(people)
    assert {name: sql for name, sql in after.items() if name != "person"} == {
        name: sql for name, sql in before_objects.items() if name != "person"
    }
    for clause in (
        "AUTOINCREMENT",
        "COLLATE NOCASE",
        "STRICT",
        "GENERATED ALWAYS AS (2026 - age)",
        "DEFERRABLE INITIALLY DEFERRED",
        "CHECK (id > 0)",
        "age INT CHECK (age >= 0) NOT NULL DEFAULT '1'",
        "CONSTRAINT uq_person UNIQUE (name, age)",
    ):
        assert clause in after["person"]
    assert people.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert people.exec_driver_sql("PRAGMA legacy_alter_table").scalar() == 0


def test_the_counter_of_autoincrement_is_kept(people: sa.Connection) -> None:
    run(people, lambda batch_op: batch_op.alter_column("age", nullable=False))
    people.exec_driver_sql("INSERT INTO person (name, age) VALUES ('New', 5)")
    assert people.exec_driver_sql("SELECT max(id) FROM person").scalar() == 4
    assert people.exec_driver_sql("SELECT count(*) FROM seen WHERE name = 'New'").scalar() == 1


def test_children_are_not_deleted_with_foreign_keys_on(people: sa.Connection) -> None:
    run(people, lambda batch_op: batch_op.drop_constraint("uq_person", type_="unique"))
    assert people.exec_driver_sql("SELECT count(*) FROM pet").scalar() == 3
    assert "uq_person" not in objects(people)["person"]


def test_several_changes_make_one_copy(people: sa.Connection) -> None:
    statements: list[str] = []
    sa.event.listen(people, "before_cursor_execute", lambda *args: statements.append(args[2]))

    def change(batch_op):  # type: ignore[no-untyped-def]
        batch_op.add_column(sa.Column("mail", sa.String(80), nullable=False, server_default="?"), insert_after="name")
        batch_op.create_check_constraint("ck_mail", "length(mail) > 0")
        batch_op.create_index("ix_mail", ["mail"])
        batch_op.drop_index("ix_person")

    # STRICT tables know six types only, so the column is TEXT there.
    with pytest.raises(sa.exc.OperationalError, match="unknown datatype"):
        run(people, change)
    assert "mail" not in objects(people)["person"]
    people.exec_driver_sql("PRAGMA foreign_keys=OFF")
    people.exec_driver_sql("DROP VIEW adult")
    people.exec_driver_sql("DROP TABLE person")
    people.exec_driver_sql("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, age INT)")
    people.exec_driver_sql("CREATE INDEX ix_person ON person (name)")
    people.exec_driver_sql("INSERT INTO person VALUES (1, 'Ada', 36)")
    people.commit()
    statements.clear()
    run(people, change)
    assert sum(statement.startswith("INSERT INTO _mig_new_person") for statement in statements) == 1
    assert people.exec_driver_sql("SELECT * FROM person").all() == [(1, "Ada", "?", 36)]
    assert {"ix_mail", "ix_person"} & objects(people).keys() == {"ix_mail"}


def test_a_plain_column_is_added_without_a_copy(people: sa.Connection) -> None:
    statements: list[str] = []
    sa.event.listen(people, "before_cursor_execute", lambda *args: statements.append(args[2]))
    run(people, lambda batch_op: batch_op.add_column(sa.Column("note", sa.Text)))
    assert any(statement.startswith("ALTER TABLE person ADD COLUMN note TEXT") for statement in statements)
    assert not any(statement.startswith("INSERT") for statement in statements)


def test_a_free_column_is_dropped_without_a_copy(people: sa.Connection) -> None:
    people.exec_driver_sql("ALTER TABLE person ADD COLUMN note TEXT")
    people.commit()
    statements: list[str] = []
    sa.event.listen(people, "before_cursor_execute", lambda *args: statements.append(args[2]))
    run(people, lambda batch_op: batch_op.drop_column("note"))
    assert "ALTER TABLE person DROP COLUMN note" in statements


def test_a_renamed_column_is_renamed_wherever_it_is_used(people: sa.Connection) -> None:
    run(people, lambda batch_op: batch_op.alter_column("age", new_column_name="years", nullable=False))
    sql = objects(people)["person"]
    assert "CHECK (years >= 0)" in sql.replace('"', "")
    assert "years INT" in sql.replace('"', "")
    assert people.exec_driver_sql("SELECT name FROM adult").all() == [("Ada",), ("Alan",)]


def test_a_column_that_a_computed_one_needs_is_not_dropped(people: sa.Connection) -> None:
    before = objects(people)
    with pytest.raises(BatchError, match="'age' is used by column 'born'"):
        run(people, lambda batch_op: batch_op.drop_column("age"))
    assert objects(people) == before


def test_a_view_that_would_break_stops_the_batch(people: sa.Connection) -> None:
    people.exec_driver_sql("CREATE VIEW bosses AS SELECT boss FROM person")
    people.commit()
    before = objects(people)
    with pytest.raises(BatchError, match="view 'bosses' would no longer work"):
        run(people, lambda batch_op: batch_op.drop_column("boss"))
    assert objects(people) == before


def test_a_foreign_key_that_rows_break_is_refused(people: sa.Connection) -> None:
    people.exec_driver_sql("CREATE TABLE planet (id INTEGER PRIMARY KEY)")
    people.commit()
    with pytest.raises(BatchError, match="2 rows of person refer to rows that planet lacks"):
        run(people, lambda batch_op: batch_op.create_foreign_key("fk_planet", "planet", ["id"], ["id"]))
    assert "fk_planet" not in objects(people)["person"]


def test_an_unnamed_foreign_key_is_dropped_by_its_generated_name(people: sa.Connection) -> None:
    run(people, lambda batch_op: batch_op.drop_constraint("fk_person_boss_person", type_="foreignkey"))
    assert "REFERENCES" not in objects(people)["person"]


@pytest.mark.parametrize("condition", ["age >= 0", "id > 0"])
def test_an_unnamed_check_is_dropped_by_its_generated_name(people: sa.Connection, condition: str) -> None:
    known = generated_check_name("person", condition)
    run(people, lambda b: b.drop_constraint(known, type_="check"))
    assert [each for each in ("age >= 0", "id > 0") if each in objects(people)["person"]] == [
        each for each in ("age >= 0", "id > 0") if each != condition
    ]


def test_an_unnamed_constraint_is_dropped_by_the_name_of_a_convention(people: sa.Connection) -> None:
    context = MigrationContext.configure(people)
    convention = {"fk": "%(table_name)s_to_%(referred_table_name)s"}
    people.rollback()
    with (
        context.impl.begin_revision(people),
        Operations(context).batch_alter_table("person", naming_convention=convention) as batch_op,
    ):
        batch_op.drop_constraint("person_to_person", type_="foreignkey")
    assert "REFERENCES" not in objects(people)["person"]


def test_an_error_in_the_middle_leaves_everything_as_it_was(people: sa.Connection) -> None:
    people.exec_driver_sql("INSERT INTO person (name) VALUES ('Nobody')")
    people.commit()
    before, rows = objects(people), rows_hash(people, "SELECT * FROM person")
    with pytest.raises(sa.exc.IntegrityError, match="NOT NULL"):
        run(people, lambda batch_op: batch_op.alter_column("age", nullable=False))
    assert (objects(people), rows_hash(people, "SELECT * FROM person")) == (before, rows)
    assert people.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_data_migration_that_orphans_rows_is_rolled_back(people: sa.Connection) -> None:
    context = MigrationContext.configure(people)
    people.rollback()
    with (
        pytest.raises(CommandError, match="2 rows of pet refer to rows that person lacks"),
        context.impl.begin_revision(people),
    ):
        Operations(context).execute("DELETE FROM person WHERE id = 2")
    assert people.exec_driver_sql("SELECT count(*) FROM person").scalar() == 2


def test_outside_a_run_foreign_keys_are_switched_off_around_the_copy(people: sa.Connection) -> None:
    with Operations(MigrationContext.configure(people)).batch_alter_table("person") as batch_op:
        batch_op.alter_column("age", nullable=False)
    assert people.exec_driver_sql("SELECT count(*) FROM pet").scalar() == 3
    assert people.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_inside_a_foreign_transaction_a_referred_table_is_refused(people: sa.Connection) -> None:
    people.exec_driver_sql("BEGIN")
    with (
        pytest.raises(BatchError, match="table 'person' refers to it"),
        Operations(MigrationContext.configure(people)).batch_alter_table("person") as batch_op,
    ):
        batch_op.alter_column("age", nullable=False)
    people.rollback()
    assert people.exec_driver_sql("SELECT count(*) FROM pet").scalar() == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda b: b.drop_column("nose"), "it has no column 'nose'. Its columns: id, name, age, born, boss"),
        (
            lambda b: b.drop_constraint("uq_nose", type_="unique"),
            "no constraint 'uq_nose'. It has: ck_person_age_0_e7fc2b, ck_person_id_0_54d12d, fk_person_boss_person, uq_person",
        ),
        (lambda b: b.alter_column("nose", nullable=False), "it has no column 'nose'"),
    ],
)
def test_the_error_for_an_unknown_name_lists_the_known_ones(people: sa.Connection, change, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BatchError, match=says):
        run(people, change)


def test_a_missing_table_is_named(sqlite: sa.Connection) -> None:
    with pytest.raises(BatchError, match="Table 'person' does not exist"):
        run(sqlite, lambda batch_op: batch_op.alter_column("age", nullable=False))


@pytest.mark.parametrize("directive", ["create_unique_constraint", "create_foreign_key"])
def test_outside_a_batch_a_constraint_points_to_the_batch(people: sa.Connection, directive: str) -> None:
    arguments = {
        "create_unique_constraint": ("uq", "person", ["age"]),
        "create_foreign_key": ("fk", "person", "pet", ["age"], ["id"]),
    }
    with pytest.raises(UnsupportedOperation, match=r'op.batch_alter_table\("person"\)'):
        getattr(Operations(MigrationContext.configure(people)), directive)(*arguments[directive])


def test_a_table_of_an_attached_database_keeps_everything(sqlite: sa.Connection) -> None:
    for statement in (
        "ATTACH ':memory:' AS app",
        "PRAGMA foreign_keys=ON",
        "CREATE TABLE app.person (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT, b INT CHECK (b > 0))",
        "CREATE UNIQUE INDEX IF NOT EXISTS app.ix ON person (a)",
        "CREATE TABLE app.seen (x)",
        "CREATE TRIGGER app.tr AFTER INSERT ON person BEGIN INSERT INTO seen VALUES (new.id); END",
        "CREATE VIEW app.looks AS SELECT a FROM person",
        "CREATE TABLE app.pet (x INT REFERENCES person (id) ON DELETE CASCADE)",
        "CREATE TABLE person (a INT)",
        "INSERT INTO app.person (a, b) VALUES (7, 2)",
        "INSERT INTO app.pet VALUES (1)",
    ):
        sqlite.exec_driver_sql(statement)
    sqlite.commit()
    op = Operations(MigrationContext.configure(sqlite))
    with op.batch_alter_table("person", schema="app") as batch_op:
        batch_op.alter_column("a", nullable=False)
        batch_op.add_column(sa.Column("n", sa.Integer, server_default="4"), insert_after="id")
        batch_op.create_index("ix2", ["n"])
        batch_op.create_foreign_key("fk", "person", ["n"], ["id"], referent_schema="app")
        batch_op.drop_constraint("fk", type_="foreignkey")
    sqlite.commit()
    with op.batch_alter_table("person", schema="app") as batch_op:
        batch_op.alter_column("b", new_column_name="amount", nullable=False)
    sqlite.commit()
    sqlite.exec_driver_sql("INSERT INTO app.person (a, amount) VALUES (8, 2)")
    assert sqlite.exec_driver_sql("SELECT * FROM app.person").all() == [(1, 4, 7, 2), (2, 4, 8, 2)]
    assert sqlite.exec_driver_sql("SELECT x FROM app.seen").scalars().all() == [1, 2]
    assert sqlite.exec_driver_sql("SELECT a FROM app.looks").scalars().all() == [7, 8]
    assert sqlite.exec_driver_sql("SELECT x FROM app.pet").scalars().all() == [1]
    names = sqlite.exec_driver_sql("SELECT name FROM app.sqlite_master WHERE type = 'index'").scalars().all()
    assert set(names) == {"ix", "ix2"}
    assert sqlite.exec_driver_sql("SELECT name FROM main.sqlite_master").scalars().all() == ["person"]


def test_a_reference_that_sqlite_cannot_check_stops_nothing_but_a_new_one(people: sa.Connection) -> None:
    people.exec_driver_sql("CREATE TABLE odd (x INT REFERENCES person (age))")
    people.exec_driver_sql("ALTER TABLE person ADD COLUMN mate INT REFERENCES seen (name)")
    people.commit()
    run(people, lambda batch_op: batch_op.alter_column("age", nullable=False))
    assert "age INT CHECK (age >= 0) NOT NULL" in objects(people)["person"]
    with (
        pytest.raises(BatchError, match="pet refers to columns that are not a key"),
        Operations(MigrationContext.configure(people)).batch_alter_table("pet") as batch_op,
    ):
        batch_op.create_foreign_key("fk", "person", ["id"], ["age"])
    context = MigrationContext.configure(people)
    people.rollback()
    with (
        pytest.raises(CommandError, match="1 rows of pet refer to rows that person lacks"),
        context.impl.begin_revision(people),
    ):
        Operations(context).execute("DELETE FROM person WHERE id = 1")


def test_a_column_that_is_dropped_and_added_again_keeps_its_constraints(people: sa.Connection) -> None:
    def again(batch_op: Any) -> None:
        batch_op.drop_column("age")
        batch_op.drop_column("born")
        batch_op.add_column(sa.Column("age", sa.Integer), insert_after="name")

    before = objects(people)
    run(people, again)
    after = objects(people)
    assert after["ix_person"] == before["ix_person"]
    assert "CONSTRAINT uq_person UNIQUE (name, age)" in after["person"]
    assert people.exec_driver_sql("SELECT name, age FROM person").all() == [("Ada", None), ("Alan", None)]


def test_a_constraint_may_be_dropped_after_its_column(people: sa.Connection) -> None:
    def both(batch_op: Any) -> None:
        batch_op.drop_column("born")
        batch_op.drop_column("age")
        batch_op.drop_constraint("uq_person", type_="unique")
        batch_op.drop_index("ix_person")

    people.exec_driver_sql("DROP VIEW adult")
    people.commit()
    run(people, both)
    assert "ix_person" not in objects(people)
    assert "uq_person" not in objects(people)["person"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda batch_op: batch_op.drop_constraint("fk_gone", type_="foreignkey"), ValueError),
        (lambda batch_op: batch_op.drop_column("gone"), KeyError),
        (lambda batch_op: batch_op.alter_column("gone", nullable=False), KeyError),
    ],
)
def test_a_missing_object_raises_an_error_that_version_files_catch(
    people: sa.Connection, change: Any, error: type
) -> None:
    before = objects(people)
    with pytest.raises(error, match="Table 'person' cannot be rebuilt: it has no") as caught:
        run(people, change)
    assert isinstance(caught.value, BatchError)
    assert str(caught.value).startswith("Table 'person'")
    assert objects(people) == before


def test_a_constraint_replaces_one_of_the_same_name(people: sa.Connection) -> None:
    run(people, lambda batch_op: batch_op.create_unique_constraint("uq_person", ["name", "boss"]))
    definition = objects(people)["person"]
    assert definition.count("uq_person") == 1
    assert "CONSTRAINT uq_person UNIQUE (name, boss)" in definition


def test_a_clause_of_a_column_that_gets_a_name_keeps_what_else_it_has(sqlite: sa.Connection) -> None:
    sqlite.exec_driver_sql(
        'CREATE TABLE thing ("A b" INT unique ON CONFLICT IGNORE, o INT '
        "REFERENCES thing (o) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT NULL)"
    )
    convention = {"uq": "uq_%(table_name)s", "fk": "fk_%(table_name)s"}
    op = Operations(MigrationContext.configure(sqlite))
    with op.batch_alter_table("thing", recreate="always", naming_convention=convention):
        pass
    sql = " ".join(sqlite.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'thing'").scalar().split())
    assert "o INT NOT NULL" in sql
    assert 'CONSTRAINT uq_thing UNIQUE ("A b") ON CONFLICT IGNORE' in sql
    assert (
        "CONSTRAINT fk_thing FOREIGN KEY (o) REFERENCES thing (o) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
        in sql
    )


AFTER_A_RENAME = {
    "nullability": (lambda batch: batch.alter_column("a", nullable=False), "z VARCHAR(9) NOT NULL"),
    "a second rename": (lambda batch: batch.alter_column("a", new_column_name="y"), "y VARCHAR(9)"),
    "a unique constraint": (
        lambda batch: batch.create_unique_constraint("uq", ["a", "b"]),
        "CONSTRAINT uq UNIQUE (z, b)",
    ),
    "a foreign key": (
        lambda batch: batch.create_foreign_key("fk", "other", ["a"], ["a"]),
        "CONSTRAINT fk FOREIGN KEY(z) REFERENCES other (a)",
    ),
    "a primary key": (lambda batch: batch.create_primary_key("pk", ["a"]), "CONSTRAINT pk PRIMARY KEY (z)"),
    "a position": (
        lambda batch: batch.add_column(sa.Column("n", sa.Integer), insert_after="a"),
        "z VARCHAR(9), n INTEGER, b",
    ),
    "a column to drop": (lambda batch: batch.drop_column("a"), "(id INTEGER, b INTEGER)"),
    "a column of the old name": (
        lambda batch: (batch.add_column(sa.Column("a", sa.Integer)), batch.alter_column("a", type_=sa.Text())),
        "z VARCHAR(9), b INTEGER, a TEXT)",
    ),
    "an index": (lambda batch: batch.create_index("ix", ["a", "b"]), "CREATE INDEX ix ON thing (z, b)"),
}


@pytest.mark.parametrize("name", AFTER_A_RENAME)
def test_a_renamed_column_can_be_named_as_before_in_the_same_batch(sqlite: sa.Connection, name: str) -> None:
    change, expected = AFTER_A_RENAME[name]
    sqlite.exec_driver_sql("CREATE TABLE thing (id INTEGER, a VARCHAR(9), b INTEGER)")
    sqlite.exec_driver_sql("CREATE TABLE other (a VARCHAR(9) PRIMARY KEY)")
    with Operations(MigrationContext.configure(sqlite)).batch_alter_table("thing") as batch:
        batch.alter_column("a", new_column_name="z")
        change(batch)
    stored = sqlite.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'thing' ORDER BY rootpage"
    ).scalars()
    assert expected in " ".join(" ".join(filter(None, stored)).split()).replace("( ", "(").replace(" )", ")")
