"""Whether two heads commute: the verdict agrees with databases in which both orders really ran."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sampling import repeated
from sqlalchemy.dialects import mysql, postgresql, sqlite

from kernel_core.commuting import Commutation, check
from kernel_core.schema.scratch import PREFIX, scratch_database
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError

from .branches import BASE, after, pair, write

IN_MEMORY = partial(scratch_database, "sqlite://")


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    folder = tmp_path / "versions"
    folder.mkdir()
    write(folder, "base1", None, BASE)
    return folder


def checked(folder: Path, one: str, other: str, **options: object) -> Commutation:
    """Return the check of two branches with one revision each."""
    write(folder, "a1", "base1", f"    {one}")
    write(folder, "b1", "base1", f"    {other}")
    scripts = ScriptDirectory(folder.parent, version_locations=[str(folder)])
    return check(scripts, "a1", "b1", **{"dialect": sqlite.dialect(), **options})  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [seed if seed < 2 else pytest.param(seed, marks=pytest.mark.sweep) for seed in range(repeated(300))]
)
@pytest.mark.costly
def test_the_verdict_on_random_branches_is_what_both_orders_really_do(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "versions"
    folder.mkdir()
    scripts = pair(folder, seed)
    one, other = scripts.get_heads()
    real = after(scripts, (one, other)), after(scripts, (other, one))
    by_files = check(scripts, one, other, dialect=sqlite.dialect())
    by_running = check(scripts, one, other, dialect=sqlite.dialect(), scratch=IN_MEMORY)
    for found in (by_files, by_running):
        if found.verdict == "commute":
            assert real[0] == real[1] is not None, found
    if by_files.verdict == "conflict":
        assert real[0] != real[1] or real[0] is None, by_files
    assert by_running.verdict != "conflict" or by_running.pair is not None, by_running
    if real[0] == real[1] is not None and by_running.verdict == "conflict":
        assert "the values of" in by_running.reason or "the rows of" in by_running.reason, by_running
    if real[0] is not None and real[1] is not None and real[0] != real[1]:
        assert by_files.verdict in ("conflict", "not known")


ADD = 'op.add_column("users", sa.Column("city", sa.Integer))'


def test_changes_of_different_tables_commute(versions: Path) -> None:
    found = checked(versions, ADD, 'op.add_column("orders", sa.Column("city", sa.Integer))', scratch=IN_MEMORY)
    assert found.verdict == "commute"
    assert found.compared[0] == "the schema, computed from 1 and 1 operations"
    assert "both orders, run on SQLite in memory" in found.compared
    assert not found.unknown
    assert not found.notes


def test_columns_of_one_table_commute_with_a_note_on_their_order(versions: Path) -> None:
    found = checked(versions, ADD, 'op.add_column("users", sa.Column("zip", sa.Integer))')
    assert found.verdict == "commute"
    assert found.notes == ("the order of the columns of users differs",)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (ADD, 'op.add_column("users", sa.Column("city", sa.String))', "column users.city exists already"),
        (ADD, 'op.drop_table("users")', "users, to which a foreign key of orders refers, does not exist"),
        ('op.drop_column("users", "age")', 'op.create_index("ix", "users", ["age"])', "table users has no column age"),
        ('op.create_table("t", sa.Column("id", sa.Integer))', 'op.rename_table("orders", "t")', "table t exists"),
        ('op.create_index("ix", "users", ["age"])', 'op.create_index("ix", "orders", ["id"])', "index ix exists"),
        ('op.alter_column("users", "age", nullable=False)', 'op.drop_column("users", "age")', "has no column age"),
    ],
)
def test_the_first_conflicting_operations_are_named_with_file_and_line(
    versions: Path, one: str, other: str, reason: str
) -> None:
    found = checked(versions, f'op.create_table("u", sa.Column("id", sa.Integer))\n    {one}', other)
    if "drop_table" in other:
        assert found.verdict == "not known"  # dropping users leaves a dangling key by itself
        return
    assert (found.verdict, found.pair is not None) == ("conflict", True)
    assert reason in found.reason
    assert found.pair is not None
    assert [(Path(place.path).name, place.line) for place in found.pair] == [("a1.py", 10), ("b1.py", 9)]


def test_different_values_of_one_setting_conflict(versions: Path) -> None:
    found = checked(
        versions,
        'op.alter_column("users", "age", server_default="1")',
        'op.alter_column("users", "age", server_default="2")',
    )
    assert found.verdict == "conflict"
    assert "users has: column age" in found.reason


MORE = 'op.execute("UPDATE users SET age = age + 1")'
TWICE = 'op.execute("UPDATE users SET age = age * 2")'


@pytest.mark.slow
def test_changes_of_rows_are_not_known_until_both_orders_were_run(versions: Path) -> None:
    found = checked(versions, MORE, TWICE)
    assert found.verdict == "not known"
    assert [(Path(each.path).name, each.line) for each in found.unknown] == [("a1.py", 9), ("b1.py", 9)]
    assert found.not_compared == ("by running: no scratch database is available",)
    ran = checked(versions, MORE, TWICE, scratch=IN_MEMORY)
    assert ran.verdict == "conflict"
    assert ran.reason == "run on SQLite in memory, the values of users.age differ"


def lines(found: Commutation) -> list[tuple[str, int]]:
    """Return file and line of the first conflicting pair."""
    assert found.pair is not None, found
    return [(Path(each.path).name, each.line) for each in found.pair]


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=pytest.mark.sweep) for name in ("postgresql", "mariadb"))])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.mark.slow
def test_a_conflict_in_rows_alone_names_the_first_operations(versions: Path, server: str) -> None:
    kind = sa.make_url(server).get_dialect()()
    scratch = partial(scratch_database, server)
    found = checked(
        versions, f"{ADD}\n    {MORE}", f"{TWICE}\n    {ADD.replace('city', 'zip')}", scratch=scratch, dialect=kind
    )
    assert found.verdict == "conflict"
    assert found.reason.endswith("the values of users.age differ")
    assert lines(found) == [("a1.py", 10), ("b1.py", 9)]
    assert "UPDATE users SET age = age + 1" in found.lines()[2]


@pytest.mark.slow
def test_of_several_revisions_the_first_that_conflict_are_named(versions: Path) -> None:
    write(versions, "a0", "base1", f"    {ADD}")
    write(versions, "a2", "a1", '    op.execute("UPDATE users SET age = age * 5")')
    write(versions, "b2", "b1", f"    {ADD.replace('city', 'zip')}\n    {TWICE}")
    write(versions, "a1", "a0", f"    {MORE}")
    write(versions, "b1", "base1", '    op.execute("UPDATE users SET name = 1")')
    scripts = ScriptDirectory(versions.parent, version_locations=[str(versions)])
    found = check(scripts, "a2", "b2", dialect=sqlite.dialect(), scratch=IN_MEMORY)
    assert found.verdict == "conflict"
    assert lines(found) == [("a1.py", 9), ("b2.py", 10)]


def test_a_conflict_of_code_that_is_not_known_names_its_function(versions: Path) -> None:
    code = 'n = op.get_bind().scalar(sa.text("SELECT max(age) FROM users"))\n    op.execute(f"UPDATE users SET age = {n} + 1")'
    found = checked(versions, f"{ADD}\n    {code}", TWICE, scratch=IN_MEMORY)
    assert found.verdict == "conflict"
    assert lines(found) == [("a1.py", 8), ("b1.py", 9)]
    assert found.pair is not None
    assert found.pair[0].text == "upgrade()"


@pytest.mark.slow
def test_an_order_that_fails_because_of_rows_names_the_operations(versions: Path) -> None:
    moved = 'op.execute("UPDATE users SET id = 90000 WHERE id = (SELECT max(id) FROM users)")'
    added = 'op.execute("INSERT INTO users (id) VALUES (90000)")'
    found = checked(versions, f"{ADD}\n    {moved}", added, scratch=IN_MEMORY)
    assert found.verdict == "conflict"
    assert found.reason.startswith("b1 after a1 fails: UNIQUE")
    assert lines(found) == [("a1.py", 10), ("b1.py", 9)]


def test_equal_rows_of_a_run_are_no_proof_and_are_named(versions: Path) -> None:
    found = checked(versions, MORE, 'op.execute("UPDATE users SET age = age + 2")', scratch=IN_MEMORY)
    assert found.verdict == "equal when run"
    assert any(each.startswith("rows, with samples") and "users (" in each for each in found.compared)
    assert "rows other than the samples" in found.not_compared


def test_a_change_of_rows_commutes_with_a_change_of_a_table_that_no_key_connects(versions: Path) -> None:
    found = checked(versions, MORE, 'op.create_table("pets", sa.Column("id", sa.Integer, primary_key=True))')
    assert found.verdict == "commute"
    assert checked(versions, MORE, 'op.add_column("orders", sa.Column("n", sa.Integer))').verdict == "not known"


def test_code_that_cannot_be_read_is_named(versions: Path) -> None:
    code = 'for row in op.get_bind().execute(sa.text("SELECT 1")):\n        op.drop_table("orders")'
    found = checked(versions, ADD, code)
    assert found.verdict == "not known"
    assert [(Path(each.path).name, each.line) for each in found.unknown] == [("b1.py", 9)]


def test_code_that_may_do_more_is_not_run_by_default(versions: Path) -> None:
    code = 'open("made_by_a_revision", "w").close()'
    found = checked(versions, ADD, code, scratch=IN_MEMORY, may_run=False)
    assert found.verdict == "not known"
    assert found.not_compared == ("by running: b1 may do more than change the database; --run runs it nevertheless",)


@pytest.mark.slow
def test_a_volatile_value_is_not_a_difference(versions: Path) -> None:
    at = (
        'op.add_column("users", sa.Column("at", sa.String))\n    op.execute("UPDATE users SET at = hex(randomblob(8))")'
    )
    found = checked(versions, at, 'op.add_column("users", sa.Column("city", sa.Integer))', scratch=IN_MEMORY)
    assert found.verdict == "equal when run"
    assert "users.at: volatile" in found.not_compared


def test_both_sides_of_a_column_in_mariadb_are_not_known(versions: Path) -> None:
    sides = (
        'op.alter_column("users", "age", nullable=False, existing_type=sa.Integer())',
        'op.alter_column("users", "age", server_default="3", existing_type=sa.Integer())',
    )
    assert checked(versions, *sides, dialect=mysql.dialect()).verdict == "not known"
    assert checked(versions, *sides, dialect=postgresql.dialect()).verdict == "commute"


def test_one_head_above_the_other_is_refused(versions: Path) -> None:
    write(versions, "a1", "base1", "    pass")
    with pytest.raises(CommandError, match="there is one order only"):
        check(ScriptDirectory(versions.parent, version_locations=[str(versions)]), "a1", "base1")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_a_scratch_database_of_the_server_is_removed(versions: Path, name: str, request: pytest.FixtureRequest) -> None:
    url = sa.make_url(request.getfixturevalue(f"{name}_url"))
    engine = sa.create_engine(url)
    found = checked(
        versions,
        'op.alter_column("users", "age", nullable=False, existing_type=sa.Integer())',
        'op.alter_column("users", "age", server_default="3", existing_type=sa.Integer())',
        dialect=engine.dialect,
        scratch=partial(scratch_database, url),
    )
    assert found.verdict == ("commute" if name == "postgresql" else "equal when run"), found
    with engine.connect() as connection:
        query = "SELECT datname FROM pg_database" if name == "postgresql" else "SHOW DATABASES"
        mine = f"_{os.getpid()}_"
        assert not [each for (each,) in connection.exec_driver_sql(query) if each.startswith(PREFIX) and mine in each]
    engine.dispose()


NAMING_AGE = {
    "check": 'op.create_check_constraint("ck", "users", "age > 0")',
    "index of an expression": 'op.create_index("ix", "users", [sa.text("abs(age)")])',
    "partial index": 'op.create_index("ix", "users", ["name"], sqlite_where=sa.text("age > 1"))',
    "generated column": 'op.add_column("users", sa.Column("n", sa.Integer, sa.Computed("age * 2")))',
    "check of a column": 'op.add_column("users", sa.Column("n", sa.Integer, sa.CheckConstraint("n < age")))',
}


@pytest.mark.parametrize("sql", NAMING_AGE.values(), ids=NAMING_AGE)
@pytest.mark.parametrize(
    "change", ['alter_column("users", "age", new_column_name="years")', 'drop_column("users", "age")']
)
def test_sql_that_names_a_column_conflicts_with_its_rename_and_its_drop(versions: Path, change: str, sql: str) -> None:
    found = checked(versions, f"op.{change}", sql)
    assert found.verdict == "conflict"
    assert found.reason == "b1 fails after a1: column users.age, which it names, does not exist"
    text = sql.replace("age > ", "user_id <> 'age' OR 0 < ").replace('"users"', '"orders"')
    if "create_check" in text:  # in another table, and as a literal, it is not that column
        assert checked(versions, f"op.{change}", text).verdict == "commute"


def test_an_index_option_that_names_a_column_conflicts_with_its_drop(versions: Path) -> None:
    index = 'op.create_index("ix", "users", ["name"], postgresql_include=["age"])'
    found = checked(versions, 'op.drop_column("users", "age")', index, dialect=postgresql.dialect())
    assert found.verdict == "conflict"


@pytest.mark.parametrize("change", ["drop_table('orders')", "rename_table('orders', 'sales')"])
def test_a_key_to_a_table_that_does_not_exist_is_compared(versions: Path, change: str) -> None:
    key = 'sa.Column("o", sa.Integer, sa.ForeignKey("orders.id"))'
    created = f'op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), {key})'
    found = checked(versions, f"op.{change}", created, scratch=IN_MEMORY)
    assert found.verdict == ("equal when run" if "drop" in change else "conflict"), found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "one", "other"),
    [
        ("NULL", "UPDATE users SET age = 0 WHERE age IS NULL", 'b.alter_column("age", nullable=False)'),
        ("twice", "DELETE FROM users WHERE id NOT IN (SELECT min(id) FROM users GROUP BY name)", 'b.create_unique_constraint("uq", ["name"])'),
    ],
)  # fmt: skip
def test_a_change_of_rows_that_lets_a_constraint_be_added_must_come_first(
    versions: Path, row: str, one: str, other: str
) -> None:
    sides = f'op.execute("{one}")', f'with op.batch_alter_table("users") as b:\n        {other}'
    base = BASE.replace("user_id", "user").replace(', sa.ForeignKey("users.id", name="fk_user")', "")
    write(versions, "base1", None, base)
    found = checked(versions, *sides, scratch=IN_MEMORY)
    assert found.verdict == "conflict", row
    assert found.reason.startswith("a1 after b1 fails")
    rows = checked(versions, sides[1], 'op.execute("UPDATE orders SET name = 7")', scratch=IN_MEMORY)
    assert any(each.startswith("rows, with samples") and "orders (" in each for each in rows.compared), rows


def test_a_table_that_refuses_some_samples_has_the_others(versions: Path) -> None:
    column = 'sa.Column("id", sa.Integer, sa.CheckConstraint("id > 2"), primary_key=True), sa.Column("n", sa.Integer)'
    write(versions, "base1", None, f'    op.create_table("users", {column})')
    found = checked(versions, 'op.execute("UPDATE users SET n = n + 1")', 'op.execute("UPDATE users SET n = n * 2")', scratch=IN_MEMORY)  # fmt: skip
    assert found.verdict == "conflict"


T = 'op.create_table("{}", sa.Column("id", sa.Integer){})'


@pytest.mark.parametrize(
    ("dialect", "one", "other"),
    [
        (sqlite, 'op.create_index("zz", "users", ["age"])', T.format("zz", "")),
        (sqlite, T.format("Zz", ""), T.format("zz", "")),
        (sqlite, T.format("zz", ', schema="main"'), T.format("zz", "")),
        (sqlite, 'op.create_index("Zz", "users", ["age"])', 'op.create_index("zz", "orders", ["name"])'),
        (mysql, 'op.add_column("users", sa.Column("Z", sa.Integer))', 'op.add_column("users", sa.Column("z", sa.Integer))'),
        (mysql, 'op.create_foreign_key("fk", "orders", "users", ["id"], ["id"])', 'op.create_foreign_key("fk", "users", "orders", ["id"], ["id"])'),
        (postgresql, 'op.create_index("zz", "users", ["age"])', T.format("zz", "")),
        (postgresql, 'op.create_index("zz", "users", ["age"])', 'op.create_unique_constraint("zz", "orders", ["name"])'),
        (postgresql, T.format("zz", ', schema="public"'), 'op.rename_table("orders", "zz")'),
    ],
)  # fmt: skip
def test_a_name_that_another_kind_or_case_has_conflicts_by_the_files(
    versions: Path, dialect: Any, one: str, other: str
) -> None:
    found = checked(versions, one, other, dialect=dialect.dialect())
    assert found.verdict == "conflict", found
    assert "exists already" in found.reason
    if dialect is postgresql:  # there, case counts
        upper = checked(versions, one, other.replace("zz", "Zz"), dialect=dialect.dialect())
        assert upper.verdict == "commute", upper


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('op.create_index("zz", "users", ["age"])', 'op.create_table("zz", sa.Column("id", sa.Integer))'),
        ('op.create_table("Zz", sa.Column("id", sa.Integer))', 'op.create_table("zz", sa.Column("id", sa.Integer))'),
        ('op.add_column("users", sa.Column("Zz", sa.Integer))', 'op.add_column("users", sa.Column("zz", sa.Integer))'),
    ],
)
def test_sides_of_which_either_fails_after_the_other_conflict(versions: Path, one: str, other: str) -> None:
    found = checked(versions, one, other, scratch=IN_MEMORY)
    assert found.verdict == "conflict", found
    assert found.reason.startswith("in either order one of them fails: b1 after a1 fails: ")
    assert lines(found) == [("a1.py", 9), ("b1.py", 9)]


@pytest.mark.slow
def test_a_side_that_does_not_run_by_itself_is_not_compared_by_running(versions: Path) -> None:
    found = checked(versions, 'op.drop_constraint("fk_user", "orders")', ADD, scratch=IN_MEMORY)
    assert any("both orders fail" in each for each in found.not_compared), found


LOOP = 'for row in op.get_bind().execute(sa.text("SELECT 1")):\n        op.drop_table("orders")'


def test_a_side_that_does_nothing_commutes_with_code_that_is_not_known(versions: Path) -> None:
    found = checked(versions, "pass", LOOP)
    assert (found.verdict, found.unknown) == ("commute", ())


def test_code_before_both_sides_that_cannot_be_read_is_named(versions: Path) -> None:
    write(versions, "base1", None, f"{BASE}\n    {LOOP}")
    found = checked(versions, ADD, 'op.add_column("users", sa.Column("zip", sa.Integer))')
    assert found.verdict == "not known"
    assert {each.revision for each in found.unknown} == {"base1"}


def test_nothing_is_run_if_that_is_not_wanted(versions: Path) -> None:
    found = checked(versions, MORE, TWICE, scratch=IN_MEMORY, run=False)
    assert found.verdict == "not known"
    assert found.not_compared == ("by running: switched off by --no-run",)


def test_a_conflict_is_reported_where_no_further_database_can_be_created(versions: Path) -> None:
    databases = iter(range(3))  # both orders, and one of them again

    def limited() -> Any:
        if next(databases, None) is None:
            raise CommandError("the limit is reached")
        return IN_MEMORY()

    found = checked(versions, MORE, f"{ADD}\n    {TWICE}", scratch=limited)
    assert (found.verdict, found.pair) == ("conflict", None)
    assert found.notes[-1] == "the first conflicting operations were not searched: the limit is reached"


def test_a_change_of_rows_of_a_table_that_is_not_known_is_not_known(versions: Path) -> None:
    assert checked(versions, 'op.execute("DELETE FROM elsewhere")', ADD).verdict == "not known"
