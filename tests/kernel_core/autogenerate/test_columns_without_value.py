"""A NOT NULL column without a default: the script and the review explain what happens to existing rows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import produce_migrations, render_python_code
from kernel_core.operations.ops import AddColumnOp


def added(request, make_context, database, column):
    connection = request.getfixturevalue(database)
    old, new = sa.MetaData(), sa.MetaData()
    sa.Table("t", old, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table("t", new, sa.Column("id", sa.Integer, primary_key=True), column)
    old.create_all(connection)
    context = make_context(connection)
    script = produce_migrations(context, new)
    batch = database == "sqlite"
    (operation,) = script.upgrade_ops.leaves()
    code = render_python_code(script.upgrade_ops, render_as_batch=batch, migration_context=context)
    return operation, code


@pytest.mark.parametrize(
    ("database", "severity", "said"),
    [
        ("sqlite", "may fail", "fails if t has rows"),
        ("postgresql", "may fail", "fails if t has rows"),
        ("mariadb", "changes data", "existing rows of t get 0, '' or similar values"),
    ],
)
def test_the_script_has_a_comment_with_the_remedy(request, make_context, database, severity, said):
    operation, code = added(request, make_context, database, sa.Column("s", sa.String(9), nullable=False))
    comment = f"# s is not null and has no default: {said}. Set a server_default, or add it nullable, fill it, then"
    assert comment in code
    assert [
        hint.severity for hint in operation.hints(make_context(request.getfixturevalue(database)).dialect.name)
    ] == [severity]


@pytest.mark.parametrize(
    "column",
    [
        sa.Column("s", sa.String(9)),
        sa.Column("s", sa.String(9), nullable=False, server_default=""),
        sa.Column("s", sa.Integer, sa.Computed("id + 1", persisted=True), nullable=False),
        sa.Column("s", sa.Integer, sa.Identity(), nullable=False),
    ],
    ids=["nullable", "default", "computed", "identity"],
)
def test_there_is_no_comment_where_the_rows_get_a_value(request, make_context, column):
    operation, code = added(request, make_context, "postgresql", column._copy())
    assert isinstance(operation, AddColumnOp)
    assert "#" not in code
    assert operation.hints("postgresql") == ()
