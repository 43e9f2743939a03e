"""Pairs of heads whose names, keys, types or values meet: the verdict by the files is what both orders really do."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from kernel_core.commuting import Commutation, check
from kernel_core.schema.scratch import scratch_database
from kernel_core.script import ScriptDirectory

from .branches import BASE, write

DIALECTS = {"postgresql": postgresql, "mariadb": mysql, "sqlite": sqlite}


def table(name: str, *items: str) -> str:
    """Return the source of an operation that creates a table."""
    columns = items or ('sa.Column("x", sa.Integer)',)
    return f"op.create_table({', '.join([repr(name), *columns])})"


def batch(name: str, change: str) -> str:
    """Return the source of a batch of one change."""
    return f'with op.batch_alter_table("{name}") as b:\n        b.{change}'


KEY = 'sa.Column("id", sa.Integer, primary_key=True)'
MOOD = 'op.create_enum_type("mood", ["a", "b"])'
ENUM_COLUMN = 'sa.Column("m", sa.Enum("a", "b", name="mood"))'
OF_MOOD = 'sa.Column("m", sa.dialects.postgresql.ENUM("a", "b", name="mood", create_type=False))'
USED_MOOD = f'{MOOD}\n    op.add_column("users", {OF_MOOD})'
SEQUENCE = 'op.execute(sa.schema.CreateSequence(sa.Sequence("{}")))'
UNIQUE = 'op.create_index("uq_name", "users", ["name"], unique=True)'
TO_NAME = table("t", 'sa.Column("n", sa.String(40), sa.ForeignKey("users.name"))')
LONG = "x" * 60

Case = tuple[str, str, str]
"""What the base has besides, and the two sides."""

CONFLICTS: dict[str, dict[str, Case]] = {
    "postgresql": {
        "table and enum": ("", table("mood"), MOOD),
        "table and quoted enum": ("", table("Mood"), MOOD.replace("mood", "Mood")),
        "table and enum of a column": ("", table("mood"), f'op.add_column("users", {ENUM_COLUMN})'),
        "table and enum of a table": ("", table("mood"), table("t", ENUM_COLUMN)),
        "renamed table and enum": ("", 'op.rename_table("orders", "mood")', MOOD),
        "sequence and enum": ("", SEQUENCE.format("mood"), MOOD),
        "same enum twice": ("", MOOD, MOOD),
        "enum and enum of a table": ("", MOOD, table("t", ENUM_COLUMN)),
        "other values of an enum": ("", table("t", ENUM_COLUMN), table("u", ENUM_COLUMN.replace('"b"', '"c"'))),
        "same sequence twice": ("", SEQUENCE.format("s"), SEQUENCE.format("s")),
        "serial and table": ("", table("t", KEY), table("t_id_seq")),
        "serial and index": ("", table("t", KEY), 'op.create_index("t_id_seq", "users", ["age"])'),
        "serial and sequence": ("", table("t", KEY), SEQUENCE.format("t_id_seq")),
        "serial in public and table": ("", table("t", KEY, 'schema="public"'), table("t_id_seq")),
        "identity and table": ("", table("t", 'sa.Column("id", sa.Integer, sa.Identity())'), table("t_id_seq")),
        "added identity and table": (
            "",
            'op.add_column("users", sa.Column("n", sa.Integer, sa.Identity()))',
            table("users_n_seq"),
        ),
        "two serials of one name": ("", table("t_a", KEY), table("t", KEY.replace('"id"', '"a_id"'))),
        "two long serials": ("", table(f"{LONG}a", KEY), table(f"{LONG}b", KEY)),
        "long serial and table": ("", table(LONG, KEY), table(f"{'x' * 56}_id_seq")),
        "two truncated tables": ("", table(f"{LONG}yyya"), table(f"{LONG}yyyb")),
        "unique constraints of two tables": (
            "",
            table("t", 'sa.Column("x", sa.Integer)', 'sa.UniqueConstraint("x", name="zz")'),
            table("u", 'sa.Column("x", sa.Integer)', 'sa.UniqueConstraint("x", name="zz")'),
        ),
        "exclude constraint and table": (
            "",
            'op.create_exclude_constraint("ex", "users", ("age", "="), using="btree")',
            table("ex"),
        ),
        "unnamed exclude constraint and table": (
            "",
            'op.create_exclude_constraint(None, "users", ("age", "="), using="btree")',
            table("users_age_excl"),
        ),
        "unnamed checks of one column": (
            "",
            'op.create_check_constraint(None, "users", "age > 0")',
            'op.create_check_constraint(None, "users", "age < 9")',
        ),
        "unique constraint of a new key": (
            'op.create_unique_constraint("uq", "users", ["name"])',
            TO_NAME,
            'op.drop_constraint("uq", "users", type_="unique")',
        ),
        "unique index of a new key": (UNIQUE, TO_NAME, 'op.drop_index("uq_name", "users")'),
        "primary key of a new key": (
            table("p", 'sa.Column("id", sa.Integer)', 'sa.PrimaryKeyConstraint("id", name="pk")'),
            table("t", 'sa.Column("p", sa.Integer, sa.ForeignKey("p.id"))'),
            'op.drop_constraint("pk", "p", type_="primary")',
        ),
        "order of enum values": (MOOD, 'op.add_enum_value("mood", "c")', 'op.add_enum_value("mood", "d")'),
        "same enum value": (MOOD, 'op.add_enum_value("mood", "c")', 'op.add_enum_value("mood", "c")'),
        "two names of a value": (
            MOOD,
            'op.rename_enum_value("mood", "a", "y")',
            'op.rename_enum_value("mood", "a", "z")',
        ),
        "one name for two values": (
            MOOD,
            'op.rename_enum_value("mood", "a", "z")',
            'op.rename_enum_value("mood", "b", "z")',
        ),
        "dropped enum and its use": (MOOD, 'op.drop_enum_type("mood")', f'op.add_column("users", {OF_MOOD})'),
        "dropped enum and its value": (MOOD, 'op.drop_enum_type("mood")', 'op.add_enum_value("mood", "c")'),
        "new values and another column": (
            USED_MOOD,
            'op.set_enum_values("mood", ["b", "a"], columns=[{"table": "users", "column": "m"}])',
            f'op.add_column("orders", {OF_MOOD})',
        ),
        "dropped sequence twice": (SEQUENCE.format("s"), *[SEQUENCE.format("s").replace("Create", "Drop")] * 2),
        "same schema twice": ("", *['op.execute(sa.schema.CreateSchema("sales"))'] * 2),
        "dropped schema and a table in it": (
            'op.execute(sa.schema.CreateSchema("sales"))',
            'op.execute(sa.schema.DropSchema("sales"))',
            table("t", 'sa.Column("x", sa.Integer)', 'schema="sales"'),
        ),
        "one index if it does not exist": (
            "",
            'op.create_index("ix", "users", ["age"], if_not_exists=True)',
            'op.create_index("ix", "orders", ["id"], if_not_exists=True)',
        ),
        "heir of a renamed table": (
            "",
            table("kid", 'sa.Column("y", sa.Integer)', 'postgresql_inherits="users"'),
            'op.rename_table("users", "people")',
        ),
        "heir of a dropped table": (
            table("par"),
            table("kid", 'sa.Column("y", sa.Integer)', 'postgresql_inherits="par"'),
            'op.drop_table("par")',
        ),
    },
    "mariadb": {
        "index of a new key": (
            'op.create_index("ix_name", "users", ["name"])',
            TO_NAME,
            'op.drop_index("ix_name", "users")',
        ),
        "index of a key's own column": (
            'op.create_index("ix_name", "users", ["name"])',
            batch("orders", 'create_foreign_key("fk", "users", ["name"], ["name"])'),
            'op.drop_index("ix_orders_name", "orders")',
        ),
        "name of a key's own index": (
            table("t", 'sa.Column("e", sa.Integer)', 'sa.Column("f", sa.Integer)'),
            batch("t", 'create_foreign_key("fk", "users", ["e"], ["id"])'),
            'op.create_index("fk", "t", ["f"])',
        ),
        "index and unique constraint": (
            "",
            'op.create_index("Zz", "users", ["age"])',
            'op.create_unique_constraint("zz", "users", ["name"])',
        ),
        "unnamed keys of one table": (
            "",
            batch("orders", 'create_foreign_key(None, "users", ["id"], ["id"])'),
            batch("orders", 'create_foreign_key(None, "orders", ["user_id"], ["id"])'),
        ),
        "sequence and table": ("", SEQUENCE.format("zz"), table("zz")),
    },
    "sqlite": {
        "one index if it does not exist": (
            "",
            'op.create_index("ix", "users", ["age"], if_not_exists=True)',
            'op.create_index("IX", "orders", ["id"], if_not_exists=True)',
        ),
        "index if it does not exist, and table": (
            "",
            'op.create_index("ix", "users", ["age"], if_not_exists=True)',
            table("ix"),
        ),
        "unlike constraints of one name": (
            "",
            batch("users", 'create_check_constraint("zz", "age > 0")'),
            batch("users", 'create_unique_constraint("zz", ["name"])'),
        ),
    },
}

COMMUTING: dict[str, dict[str, Case]] = {
    "postgresql": {
        "array type": ("", table("mood"), MOOD.replace("mood", "_mood")),
        "table like an array type": ("", table("_mood"), MOOD),
        "index and enum": ("", 'op.create_index("mood", "users", ["age"])', MOOD),
        "enum that is text": (
            "",
            table("mood"),
            'op.add_column("users", sa.Column("m", sa.Enum("a", name="mood", native_enum=False)))',
        ),
        "names in other cases": ("", table("Mood"), MOOD),
        "same enum of two tables": ("", table("t", ENUM_COLUMN), table("u", ENUM_COLUMN)),
        "enum with a table, and a value": (
            "",
            table("t", ENUM_COLUMN),
            f'{table("u", ENUM_COLUMN)}\n    op.add_enum_value("mood", "c")',
        ),
        "places of enum values": (
            MOOD,
            'op.add_enum_value("mood", "c", before="a")',
            'op.add_enum_value("mood", "d", after="b")',
        ),
        "key without a sequence": (
            "",
            table("t", 'sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)'),
            table("t_id_seq"),
        ),
        "key of a text": ("", table("t", 'sa.Column("id", sa.String(3), primary_key=True)'), table("t_id_seq")),
        "key of two columns": ("", table("t", KEY, KEY.replace('"id"', '"b"')), table("t_id_seq")),
        "sequence of the renamed table": ("", 'op.rename_table("users", "people")', table("people_id_seq")),
        "sequence of the renamed column": (
            'op.add_column("users", sa.Column("n", sa.Integer, sa.Identity()))',
            'op.alter_column("users", "n", new_column_name="m")',
            table("users_m_seq"),
        ),
        "unnamed check and table": (
            "",
            'op.create_check_constraint(None, "users", "age > 0")',
            table("users_age_check"),
        ),
        "unnamed key and table": (
            "",
            'op.create_foreign_key(None, "orders", "users", ["id"], ["id"])',
            table("orders_id_fkey"),
        ),
        "second unique constraint of a key": (
            UNIQUE,
            TO_NAME,
            'op.create_unique_constraint("uq2", "users", ["name"])',
        ),
        "key, and its unrelated unique constraint": (
            "",
            table("t", 'sa.Column("u", sa.Integer, sa.ForeignKey("users.id"))'),
            'op.create_unique_constraint("uq", "users", ["name"])',
        ),
        "check of two tables": (
            "",
            table("t", 'sa.Column("x", sa.Integer)', 'sa.CheckConstraint("x > 0", name="zz")'),
            table("u", 'sa.Column("x", sa.Integer)', 'sa.CheckConstraint("x > 0", name="zz")'),
        ),
        "sequences if they do not exist": (
            "",
            *['op.execute(sa.schema.CreateSequence(sa.Sequence("s"), if_not_exists=True))'] * 2,
        ),
        "sequences dropped if they exist": (
            SEQUENCE.format("s"),
            *['op.execute(sa.schema.DropSequence(sa.Sequence("s"), if_exists=True))'] * 2,
        ),
        "type of a number and a check": (
            "",
            'op.alter_column("users", "age", type_=sa.BigInteger())',
            'op.create_check_constraint("ck", "users", "age > 0")',
        ),
    },
    "mariadb": {
        "other index of a key's table": (
            'op.create_index("ix_name", "users", ["name"])\n    op.create_index("ix_two", "users", ["name", "age"])',
            TO_NAME,
            'op.drop_index("ix_two", "users")',
        ),
        "index after its key": (
            table("t", 'sa.Column("e", sa.Integer)'),
            batch("t", 'create_foreign_key("fk", "users", ["e"], ["id"])'),
            'op.create_index("ix", "t", ["e"])',
        ),
        "index of two tables": (
            "",
            'op.create_index("ix", "users", ["age"])',
            'op.create_index("ix", "orders", ["id"])',
        ),
        "tables in two cases": ("", table("Tt"), table("tt")),
    },
    "sqlite": {
        "index of a new key": (UNIQUE, TO_NAME, 'op.drop_index("uq_name", "users")'),
        "table like a sequence": ("", table("t", KEY), table("t_id_seq")),
        "same constraint of two batches": ("", *[batch("users", 'create_unique_constraint("zz", ["name"])')] * 2),
    },
}

COPY = (
    'users = sa.Table("users", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), '
    'sa.Column("name", sa.String(40)), sa.Column("age", sa.Integer))\n'
    '    with op.batch_alter_table("users", copy_from=users, recreate="always") as b:\n'
    '        b.alter_column("name", nullable=False)'
)

UNKNOWN: dict[str, dict[str, Case]] = {
    "postgresql": {
        "default of a renamed value": (
            USED_MOOD,
            'op.rename_enum_value("mood", "a", "z")',
            'op.alter_column("users", "m", server_default="a")',
        ),
        "check of a renamed value": (
            USED_MOOD,
            'op.rename_enum_value("mood", "a", "z")',
            """op.create_check_constraint("ck", "users", "m <> 'a'")""",
        ),
        "default of a dropped sequence": (
            SEQUENCE.format("s1"),
            SEQUENCE.format("s1").replace("Create", "Drop"),
            """op.add_column("users", sa.Column("n", sa.Integer, server_default=sa.text("nextval('s1')")))""",
        ),
        "type and check": (
            "",
            'op.alter_column("users", "age", type_=sa.Text(), server_default=None)',
            'op.create_check_constraint("ck", "users", "age > 0")',
        ),
        "type and default": (
            "",
            'op.alter_column("users", "age", type_=sa.Text())',
            'op.alter_column("users", "age", server_default="3")',
        ),
        "type and generated column": (
            "",
            'op.alter_column("users", "age", type_=sa.BigInteger())',
            'op.add_column("users", sa.Column("g", sa.Integer, sa.Computed("age * 2", persisted=True)))',
        ),
        "type and key": (
            'op.create_unique_constraint("uq", "users", ["age"])',
            'op.alter_column("users", "age", type_=sa.Text(), server_default=None)',
            table("t", 'sa.Column("u", sa.Integer, sa.ForeignKey("users.age"))'),
        ),
        "type without an order, and index": (
            "",
            'op.alter_column("users", "name", type_=sa.JSON(), postgresql_using="name::json")',
            'op.create_index("ix", "users", ["name"])',
        ),
        "one of two unique constraints": (
            UNIQUE,
            TO_NAME,
            'op.create_unique_constraint("uq2", "users", ["name"])\n    op.drop_index("uq_name", "users")',
        ),
    },
    "mariadb": {
        "number and its key": (
            table(
                "p",
                'sa.Column("id", sa.Integer, nullable=False, autoincrement=False)',
                'sa.PrimaryKeyConstraint("id")',
            ),
            'op.alter_column("p", "id", existing_type=sa.Integer(), autoincrement=True, existing_nullable=False)',
            'op.drop_constraint("PRIMARY", "p", type_="primary")',
        ),
        "long text and index": (
            "",
            'op.alter_column("users", "name", type_=sa.Text(), existing_type=sa.String(40))',
            'op.create_index("ix", "users", ["name"])',
        ),
    },
    "sqlite": {"table that a batch states": ("", COPY, 'op.add_column("users", sa.Column("c", sa.Integer))')},
}


def cases(pairs: dict[str, dict[str, Case]]) -> list[object]:
    """Return the dialect and the case of each pair."""
    return [
        pytest.param(name, case, id=f"{name}: {what}")
        for name, several in pairs.items()
        for what, case in several.items()
    ]


def checked(folder: Path, case: Case, **options: object) -> Commutation:
    """Return the check of the two sides of a case."""
    folder.mkdir()
    base, one, other = case
    write(folder, "base1", None, f"{BASE}\n    {base}")
    write(folder, "a1", "base1", f"    {one}")
    write(folder, "b1", "base1", f"    {other}")
    return check(ScriptDirectory(folder.parent, version_locations=[str(folder)]), "a1", "b1", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "case"), cases(CONFLICTS))
def test_sides_that_meet_conflict_by_the_files(tmp_path: Path, name: str, case: Case) -> None:
    found = checked(tmp_path / "versions", case, dialect=DIALECTS[name].dialect())  # type: ignore[attr-defined]
    assert found.verdict == "conflict", found
    assert found.pair is not None


@pytest.mark.parametrize(("name", "case"), cases(COMMUTING))
def test_sides_that_only_seem_to_meet_commute_by_the_files(tmp_path: Path, name: str, case: Case) -> None:
    found = checked(tmp_path / "versions", case, dialect=DIALECTS[name].dialect())  # type: ignore[attr-defined]
    assert found.verdict == "commute", found


@pytest.mark.parametrize(("name", "case"), cases(UNKNOWN))
def test_sides_whose_effect_the_files_do_not_show_are_not_known(tmp_path: Path, name: str, case: Case) -> None:
    found = checked(tmp_path / "versions", case, dialect=DIALECTS[name].dialect())  # type: ignore[attr-defined]
    assert found.verdict == "not known", found


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.parametrize(("name", "case"), [*cases(CONFLICTS), *cases(COMMUTING), *cases(UNKNOWN)])
def test_running_both_orders_agrees_with_the_files(
    tmp_path: Path, name: str, case: Case, request: pytest.FixtureRequest
) -> None:
    url = sa.make_url(request.getfixturevalue(f"{name}_url"))
    engine = sa.create_engine(url)
    dialect = engine.dialect
    with engine.connect():
        pass  # so that the dialect knows its server
    engine.dispose()
    by_files = checked(tmp_path / "files", case, dialect=dialect)
    by_running = checked(tmp_path / "running", case, dialect=dialect, scratch=partial(scratch_database, url))
    expected = {"conflict": ("conflict",), "commute": ("commute",)}.get(
        by_files.verdict, ("conflict", "equal when run")
    )
    assert by_running.verdict in expected, (by_files, by_running)
