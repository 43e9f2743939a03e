"""`inspect(op.get_bind())` while operations are recorded: what it returns is what a database returns."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite

from kernel_core import schema
from kernel_core.recording.state_inspector import StateInspector
from kernel_core.schema import state_of
from kernel_core.script import ScriptDirectory

USERS = (
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('nick', sa.String(20)),\n"
    "    sa.Column('team_id', sa.Integer, sa.ForeignKey('teams.id', name='fk_team'), nullable=False),\n"
    "    sa.UniqueConstraint('nick', name='uq_nick'))\nop.create_index('ix_nick', 'users', ['nick', 'team_id'])"
)
TEAMS = "op.create_table('teams', sa.Column('id', sa.Integer, primary_key=True))"


class Refused(Exception):
    """Something is not known without a database."""


def refuse() -> Any:
    raise Refused


def tables() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("teams", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("nick", sa.String(20), index=True),
        sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", name="fk_team"), nullable=False),
        sa.UniqueConstraint("nick", "team_id", name="uq_nick"),
    )
    return metadata


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_it_returns_what_a_database_returns(database: str, request: pytest.FixtureRequest) -> None:
    engine = sa.create_engine(request.getfixturevalue(f"{database}_url"), poolclass=sa.NullPool)
    metadata = tables()
    metadata.create_all(engine)
    found = StateInspector(state_of(metadata, engine.dialect), refuse, version_table="teams_versions")
    real = sa.inspect(engine)
    assert found.get_table_names() == sorted([*real.get_table_names(), "teams_versions"])
    assert (found.has_table("users"), found.has_table("nobody")) == (True, False)
    assert (found.has_index("users", "ix_users_nick"), found.has_index("users", "ix")) == (True, False)
    for name in ("get_columns", "get_indexes", "get_unique_constraints", "get_foreign_keys"):
        mine, theirs = (getattr(each, name)("users") for each in (found, real))
        order = sorted(theirs, key=lambda each: str(each["name"])) if name == "get_indexes" else theirs
        assert [dict(each) for each in mine] == [
            {key: value for key, value in theirs_.items() if key in mine_}
            for mine_, theirs_ in zip(mine, order, strict=True)
        ], name
    assert found.get_pk_constraint("users")["constrained_columns"] == ["id"]
    with pytest.raises(sa.exc.NoSuchTableError):
        found.get_columns("nobody")
    engine.dispose()


@pytest.mark.parametrize(
    "call",
    [
        lambda found: found.get_view_names(),
        lambda found: found.get_columns("users")[0]["type"],
        lambda found: found.get_columns("users")[0].get("default"),
        lambda found: found.get_check_constraints("users"),
        lambda found: found.get_columns("alembic_version"),
    ],
)
def test_what_is_not_known_is_refused(call: Any) -> None:
    with pytest.raises(Refused):
        call(StateInspector(state_of(tables(), sqlite.dialect()), refuse))


def test_indexes_of_mysql_are_refused() -> None:
    with pytest.raises(Refused):
        StateInspector(state_of(tables(), mysql.dialect()), refuse).get_indexes("users")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if not sa.inspect(op.get_bind()).has_table('users'):\n    op.drop_table('teams')", {"teams", "users"}),
        ("if not sa.inspect(op.get_bind()).has_table('pets'):\n    op.drop_table('users')", {"teams"}),
        (
            (
                "op.create_table('pets', sa.Column('id', sa.Integer))\n"
                "for name in sa.inspect(op.get_bind()).get_table_names():\n"
                "    if name == 'pets':\n        op.rename_table(name, 'toys')"
            ),
            {"teams", "users", "toys"},
        ),
        ("if str(op.get_bind().engine.url).startswith('sqlite'):\n    op.drop_table('users')", {"teams"}),
        (
            (
                "t = sa.Table('users', sa.MetaData(), autoload_with=op.get_bind())\n"
                "op.get_bind().execute(t.update().values(nick='x'))\nop.drop_column('users', 'nick')"
            ),
            {"teams", "users"},
        ),
        (
            (
                "from alembic import context\nif not context.is_offline_mode():\n"
                "    assert context.get_bind().dialect.name == 'sqlite'\n    op.drop_table('users')"
            ),
            {"teams"},
        ),
        (
            (
                "op.execute('PRAGMA foreign_keys=OFF')\nop.execute('CREATE TABLE IF NOT EXISTS users (x INTEGER)')\n"
                "op.execute('CREATE TABLE pets (n INTEGER CHECK (n > 0)); CREATE INDEX ix ON pets (n)')"
            ),
            {"teams", "users", "pets"},
        ),
    ],
)
def test_a_revision_that_inspects_the_schema_is_followed(project: Any, body: str, expected: set[str]) -> None:
    project.write("a1", None, f"{TEAMS}\n{USERS}")
    project.write("b2", "a1", body)
    found = schema.at(ScriptDirectory(str(project.versions.parent)), "b2", dialect=sqlite.dialect())
    assert found.incomplete == ()
    assert set(found.metadata.tables) == expected


@pytest.mark.parametrize(
    "body",
    [
        "if sa.inspect(op.get_bind().engine).has_table('users'):\n    op.drop_table('users')",
        (
            "with op.batch_alter_table('users') as batch_op:\n    batch_op.drop_column('nick')\n"
            "    n = len(sa.inspect(op.get_bind()).get_columns('users'))\nop.drop_table('users') if n else None"
        ),
    ],
)
def test_what_another_connection_or_an_open_batch_shows_is_not_known(project: Any, body: str) -> None:
    project.write("a1", None, f"{TEAMS}\n{USERS}")
    project.write("b2", "a1", body)
    found = schema.at(ScriptDirectory(str(project.versions.parent)), "b2", dialect=sqlite.dialect())
    assert [each.revision for each in found.incomplete] == ["b2"]


def test_after_a_revision_that_is_not_known_an_inspection_is_not_known_either(project: Any) -> None:
    project.write("a1", None, f"{TEAMS}\n{USERS}\nop.execute('CREATE TABLE pets AS SELECT 1 AS n')")
    project.write("b2", "a1", "if not sa.inspect(op.get_bind()).has_table('pets'):\n    op.drop_table('users')")
    found = schema.at(ScriptDirectory(str(project.versions.parent)), "b2", dialect=sqlite.dialect())
    assert [each.revision for each in found.incomplete] == ["a1", "b2"]


def test_a_file_whose_import_is_missing_is_marked_with_its_line(project: Any) -> None:
    project.write("a1", None, TEAMS)
    path = project.write("b2", "a1", "missing_package_of_the_test.run(op)")
    path.write_text(
        path.read_text().replace("import sqlalchemy", "import missing_package_of_the_test\nimport sqlalchemy")
    )
    found = schema.at(ScriptDirectory(str(project.versions.parent)), "b2", dialect=sqlite.dialect())
    assert found.incomplete[0].line > 0
    assert "cannot be run: cannot be loaded (ModuleNotFoundError" in found.incomplete[0].reason


def test_one_function_that_fails_leaves_the_rest_of_the_history_readable(project: Any) -> None:
    project.write("a1", None, f"{TEAMS}\n{USERS}\nop.execute('CREATE TABLE pets AS SELECT 1 AS n')")
    project.write("b2", "a1", "for name in ['users']:\n    name.missing_method_of_the_test()")
    project.write("c3", "b2", "op.drop_table('users')")
    found = schema.at(ScriptDirectory(str(project.versions.parent)), "c3", dialect=sqlite.dialect())
    assert [each.revision for each in found.incomplete][:2] == ["a1", "b2"]
    assert "cannot be run: upgrade() of b2 fails: AttributeError" in found.incomplete[1].reason
    assert set(found.metadata.tables) == {"teams"}
