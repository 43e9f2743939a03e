"""Hooks, the Rewriter and a real run of ``env.py`` with the operations that the plugins propose."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kernel_core import command
from kernel_core.autogenerate import Rewriter, render_python_code
from kernel_core.operations import ops

pytestmark = pytest.mark.postgresql
ENV = '"autogenerate_plugins": ["alembic.autogenerate.*", "kernel_core.ext.*"], "target_metadata": target_metadata,'


def schema(*labels, check="size > 0"):
    metadata = sa.MetaData()
    columns = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("size", sa.Integer)]
    if labels:
        columns.append(sa.Column("mood", sa.Enum(*labels, name="mood"), server_default=labels[-1]))
    sa.Table("t", metadata, *columns, sa.CheckConstraint(check, name="positive"))
    return metadata


@pytest.fixture
def project(postgresql_project):
    postgresql_project.env(lambda text: text.replace('"target_metadata": target_metadata,', ENV))
    return postgresql_project


def write(project, metadata, revision, **kw):
    return command.revision(project.config(target_metadata=metadata), "x", autogenerate=True, rev_id=revision, **kw)


def labels(project):
    return project.rows("SELECT enumlabel FROM pg_enum ORDER BY enumsortorder")


@pytest.mark.slow
def test_env_py_chooses_them_and_the_written_files_run_up_and_down(project):
    write(project, schema("sad", "happy"), "a1")
    command.upgrade(project.config(), "head")
    after = schema("sad", "ok", "happy", "top", check="size > 1")
    script = write(project, after, "b2")
    body = Path(script.path).read_text().replace('"', "'")
    assert "op.add_enum_value('mood', 'ok', after='sad')" in body
    assert "op.create_check_constraint('positive', 't', 'size > 1')" in body
    assert "op.set_enum_values(" in body.partition("def downgrade")[2]
    command.upgrade(project.config(), "head")
    assert labels(project) == ["sad", "ok", "happy", "top"]
    project.run("INSERT INTO t (id, size) VALUES (1, 5)")
    command.check(project.config(target_metadata=after))
    command.downgrade(project.config(), "a1")
    assert labels(project) == ["sad", "happy"]
    assert project.rows("SELECT mood::text FROM t") == ["happy"]


def test_a_rewriter_and_a_directive_hook_see_the_operations(postgresql_migration):
    from kernel_core.autogenerate import RevisionContext

    writer = Rewriter()

    @writer.rewrites(ops.AddEnumValueOp)
    def remark(context, revision, op):
        op.remark = "asked for by the shop"
        return op

    @writer.rewrites(ops.CreateCheckConstraintOp)
    def without(context, revision, op):
        return None

    heard = []
    writer = writer.chain(lambda context, revision, directives: heard.extend(directives[0].upgrade_ops.leaves()))
    postgresql_migration.create(schema("sad", "happy"))
    postgresql_migration.script(schema("sad", "happy"), process_revision_directives=writer)
    context = postgresql_migration.context
    context.opts["target_metadata"] = schema("sad", "ok", "happy", check="size > 2")
    revision = RevisionContext(None, None, {"message": None}, None)
    revision.run_autogenerate((), context)
    assert [type(each) for each in heard] == [ops.AddEnumValueOp, ops.DropConstraintOp]
    body = render_python_code(revision.generated_revisions[0].upgrade_ops)
    assert body.startswith("# asked for by the shop\n    op.add_enum_value(")


def test_render_item_writes_a_type_of_a_new_column(postgresql_migration):
    postgresql_migration.create(schema())

    def render_item(type_, object_, context):
        if type_ == "type" and isinstance(object_, postgresql.ENUM):
            assert object_.create_type is False
            return "my.MOOD"
        return False

    script = postgresql_migration.script(schema("sad", "happy"))
    body = render_python_code(script.upgrade_ops, render_item=render_item)
    assert 'sa.Column("mood", my.MOOD,' in body.replace("'", '"')


def test_include_object_is_called_before_something_is_recreated(postgresql_migration):
    def tables(where, words, key):
        metadata = sa.MetaData()
        sa.Table(
            "t",
            metadata,
            sa.Column("a", sa.Integer, primary_key="a" in key, autoincrement=False),
            sa.Column("b", sa.Integer, primary_key="b" in key, autoincrement=False),
            sa.Column("c", sa.Integer, sa.Computed(words, persisted=True)),
            sa.Index("ix", "b", postgresql_where=sa.text(where)),
            sa.UniqueConstraint("b", name="uq", deferrable=where == "a > 2"),
        )
        return metadata

    before, after = tables("a > 1", "a + 1", "a"), tables("a > 2", "a + 2", "a")
    postgresql_migration.create(before)
    asked = set()

    def include(object_, name, type_, reflected, compare_to):
        asked.add((name, type_))
        return type_ == "table"

    assert len(postgresql_migration.found(after)) == 6
    assert postgresql_migration.found(after, include_object=include) == []
    assert {("ix", "index"), ("uq", "unique_constraint"), ("c", "column")} <= asked
