"""Rows that stop an operation come with a query that finds just them in the database, or with the reason for none."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.rehearse.report import as_json, as_markdown, as_text


def rehearsed(project, *bodies: str, **options):
    project.write("a1", None, "\n".join(bodies))
    (found,) = command.rehearse(project.config(), "head", and_back=False, **options)
    return found


def found_by(project, query: str) -> int:
    with sa.create_engine(project.url, poolclass=sa.NullPool).connect() as live:
        cursor = live.connection.cursor()
        cursor.execute(query)
        return len(cursor.fetchall())


RENAMED = (
    "with op.batch_alter_table('t') as b: b.alter_column('v', new_column_name='w', existing_type=sa.String(20))",
    "op.create_index('ux', 't', ['w'], unique=True)",
    "op.add_column('t', sa.Column('n', sa.Integer))",
    "op.execute('UPDATE t SET n = 1')",
    "with op.batch_alter_table('t') as b: b.create_check_constraint('ck', 'n > 1')",
)


@pytest.mark.parametrize(
    "kind",
    ["project", *(pytest.param(f"{name}_project", marks=pytest.mark.sweep) for name in ("postgresql", "mariadb"))],
)
def test_a_query_for_rows_as_earlier_operations_leave_them_says_so(request, kind):
    project = request.getfixturevalue(kind)
    project.run("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v VARCHAR(20))")
    project.run("INSERT INTO t VALUES (1, 'a'), (2, 'a'), (3, 'b')")
    found = rehearsed(project, *RENAMED)
    assert [(each.kind, each.rows, each.is_later) for each in found.blockers] == [
        ("duplicate", 2, True),
        ("check", 3, True),
    ]
    assert "find them, after the operations before it: SELECT" in as_text([found])


TRIED = {
    "postgresql": "op.alter_column('t', 'v', type_=sa.Date, postgresql_using='v::date')",
    "mariadb": "op.alter_column('t', 'v', type_=sa.Date, existing_type=sa.String(20))",
}


@pytest.mark.sweep
@pytest.mark.parametrize("server", TRIED)
@pytest.mark.parametrize(
    "key", ["id INTEGER PRIMARY KEY", "id INTEGER, k VARCHAR(9), PRIMARY KEY (id, k)", "id INTEGER"]
)
def test_values_that_were_tried_are_found_by_a_list(request, server, key):
    project = request.getfixturevalue(f"{server}_project")
    extra = "k VARCHAR(9)" in key
    project.run(f"CREATE TABLE t (v VARCHAR(20), {key})")
    for place, value in enumerate(("'2020-01-01'", "'a:b %'", "'it''s'", "'  x  y'", "'\"'", "NULL", "'::'")):
        columns, more = ("v, id, k", ", 'p:q'") if extra else ("v, id", "")
        project.run(f"INSERT INTO t ({columns}) VALUES ({value}, {place}{more})".replace("%", "%%"))
    found = rehearsed(project, TRIED[server])
    (blocker,) = found.blockers
    assert (blocker.rows, blocker.is_later, blocker.no_query) == (5, False, "")
    assert found_by(project, blocker.query) == 5
    lists_text = key != "id INTEGER PRIMARY KEY"
    assert blocker.lists_text == lists_text
    for text in (as_json([found]), as_markdown([found]), as_text([found], shows_values=False)):
        assert ("it lists values of text" in text) == lists_text
        assert "it''s" not in text
        assert "p:q" not in text


@pytest.mark.sweep
@pytest.mark.parametrize("server", TRIED)
def test_too_many_values_have_a_reason_in_place_of_a_query(request, server):
    project = request.getfixturevalue(f"{server}_project")
    project.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(20))")
    project.run("INSERT INTO t VALUES " + ", ".join(f"({number}, 'x{number}')" for number in range(201)))
    found = rehearsed(project, TRIED[server])
    assert [(each.rows, each.query) for each in found.blockers] == [(201, "")]
    assert "no query: each value was tried, and 201 rows cannot be listed" in as_text([found])


@pytest.mark.sweep
def test_a_mask_hides_the_values_that_messages_and_queries_quote(postgresql_project):
    postgresql_project.run("CREATE TABLE t (v varchar(20))", "INSERT INTO t VALUES ('secret one'), ('1')")
    body = "op.alter_column('t', 'v', type_=sa.Integer, postgresql_using='v::int')"
    found = rehearsed(postgresql_project, body, "op.execute('DELETE FROM t WHERE v::int = 1')", mask=True)
    assert [each.kind for each in found.blockers] == ["misfit", "error"]
    assert "secret" not in as_text([found])


def test_a_condition_of_several_lines_is_one_entry_of_the_markdown_list(project):
    project.run("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, 'a')")
    condition = "v = 'x\n\n# |<b>'"
    found = rehearsed(project, f"with op.batch_alter_table('t') as b: b.create_check_constraint('ck', {condition!r})")
    assert found_by(project, found.blockers[0].query) == 1
    lines = as_markdown([found]).splitlines()
    assert not [line for line in lines if line and not line.lstrip().startswith(("-", "#", "**"))]
    assert "v = 'x<br><br>\\# \\|&lt;b&gt;' is false" in "".join(lines)
