"""What a database makes of constraints and indexes whose column is renamed or dropped, and the schema at the revision."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import command, schema
from kernel_core.adoption import locate
from kernel_core.config import Config
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import ScriptDirectory

TABLE = """
op.create_table(
    "p", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(40)), sa.Column("n", sa.Integer)
)
"""
KEY = """
op.create_table("p", sa.Column("a", sa.Integer), sa.Column("n", sa.Integer), sa.PrimaryKeyConstraint("a", "n"))
"""
PARTIAL = 'op.create_index("ix", "p", ["a"], {0}_where={1})'
TYPED = "op.alter_column('p', '{}', new_column_name='z', existing_type=sa.{})"
CASES = {
    "sqlite": [
        (PARTIAL.format("sqlite", 'sa.text("n > 1")'), TYPED.format("n", "Integer")),
        (PARTIAL.format("sqlite", 'sa.column("n") == 1'), TYPED.format("n", "Integer")),
        (KEY, "with op.batch_alter_table('p') as b:\n    b.drop_column('n')"),
    ],
    "postgresql": [
        ('op.create_index("ix", "p", ["a"], postgresql_include=["n"])', TYPED.format("n", "Integer")),
        ('op.create_index("ix", "p", ["a"], postgresql_include=["n"])', "op.drop_column('p', 'n')"),
        ('op.create_unique_constraint("uq", "p", ["a"], postgresql_include=["n"])', TYPED.format("n", "Integer")),
        ('op.create_unique_constraint("uq", "p", ["a"], postgresql_include=["n"])', "op.drop_column('p', 'n')"),
        (PARTIAL.format("postgresql", 'sa.text("n > 1")'), "op.drop_column('p', 'n')"),
        ('op.create_index("ix", "p", ["a"], postgresql_ops={"a": "varchar_pattern_ops"})', TYPED.format("a", "String")),
        (KEY, "op.drop_column('p', 'n')"),
    ],
    "mariadb": [
        ('op.create_index("ix", "p", ["a"], mysql_length={"a": 10})', TYPED.format("a", "String(40)")),
        ('op.create_index("ix", "p", ["a", "n"], mysql_length={"a": 10})', "op.drop_column('p', 'n')"),
        ('op.create_index("ix", "p", ["a", "n"], mysql_length={"a": 10})', "op.drop_column('p', 'a')"),
        ('op.create_index(None, "p", ["n", "a"])', "op.drop_column('p', 'n')\nop.drop_column('p', 'a')"),
    ],
}


@pytest.mark.parametrize("database", CASES)
def test_the_schema_at_the_revision_is_that_of_the_database(database: str, request: pytest.FixtureRequest) -> None:
    project = request.getfixturevalue(f"{'' if database == 'sqlite' else f'{database}_'}project")
    before = None
    for number, (made, changed) in enumerate(CASES[database]):
        # A table for each case: all of them are compared with one database.
        table = "" if made == KEY else TABLE
        both = [text.replace("'p'", f"'p{number}'").replace('"p"', f'"p{number}"') for text in (table + made, changed)]
        both = [text.replace('"ix"', f'"ix{number}"').replace('"uq"', f'"uq{number}"') for text in both]
        for part, text in zip("ab", both, strict=True):
            project.write(f"{part}{number}", before, text, "pass")
            before = f"{part}{number}"
    assert before is not None
    command.upgrade(Config(project.ini), "head")
    engine = sa.create_engine(project.url)
    with engine.connect() as connection:
        found = locate(MigrationContext.configure(connection), ScriptDirectory(str(project.folder / "migrations")))
    engine.dispose()
    assert found.best.heads == (before,), found.sentences()
    assert found.best.fits, found.sentences()


def test_conditions_follow_a_rename(project: Any) -> None:
    condition = PARTIAL.format("postgresql", 'sa.text("n > 1")')
    exclude = 'op.create_exclude_constraint("ex", "p", ("a", "="), where=sa.text("n > 2"))'
    project.write("a", None, TABLE + condition + "\n" + exclude, "pass")
    project.write("b", "a", "op.alter_column('p', 'n', new_column_name='z')", "pass")
    table = schema.at(ScriptDirectory(str(project.folder / "migrations")), "b").metadata.tables["p"]
    (index,) = table.indexes
    assert str(index.dialect_kwargs["postgresql_where"]) == "z > 1"
    (made,) = [each for each in table.constraints if each.name == "ex"]
    assert str(made.where) == "z > 2"  # type: ignore[attr-defined]
