"""Which version files change the schema and nothing else."""

import pytest

from kernel_core.operations import MigrateOperation, Operations, registry
from kernel_core.runtime.side_effects import names_with_side_effects, only_changes_schema

HEAD = "import sqlalchemy as sa\nfrom {engine} import op\nfrom sqlalchemy.dialects import postgresql\n"
BODY = "def upgrade():\n    {body}\ndef downgrade():\n    pass\n"


def passes(body="pass", head="", engine="kernel_core"):
    source = HEAD.format(engine=engine) + head + BODY.format(body=body)
    return only_changes_schema(compile(source, "a.py", "exec", dont_inherit=True), names_with_side_effects())


@pytest.mark.parametrize("engine", ["kernel_core", "alembic"])
@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "op.create_table('t', sa.Column('id', sa.Integer(), nullable=False), sa.PrimaryKeyConstraint('id'))",
        "op.add_column('t', sa.Column('made', sa.DateTime(), server_default=sa.text('CURRENT_TIMESTAMP')))",
        "with op.batch_alter_table('t') as batch_op:\n        batch_op.drop_column('a')",
        "op.create_index(op.f('ix'), 't', ['a'], unique=True, postgresql_where=sa.text('a > 0'))",
        "op.create_table('session', sa.Column('commit', postgresql.JSONB(astext_type=sa.Text())))",
    ],
)
def test_what_autogenerate_writes_only_changes_the_schema(body, engine):
    assert passes(body, engine=engine)


@pytest.mark.parametrize(
    "head",
    [
        "from __future__ import annotations\nfrom collections.abc import Sequence\nfrom typing import Union\n",
        "import datetime, uuid\n",
        "depends_on: str | None = None\n",
    ],
)
def test_usual_heads_have_no_side_effects(head):
    assert only_changes_schema(
        compile(head + HEAD.format(engine="alembic") + BODY.format(body="pass"), "a.py", "exec"),
        names_with_side_effects(),
    )


@pytest.mark.parametrize(
    "body",
    [
        "op.execute('COMMIT')",
        "op.get_bind().commit()",
        "op.bulk_insert(t, [])",
        "op.get_context().autocommit_block()",
        "with op.batch_alter_table('t') as b:\n        b.execute('x')",
        "sa.create_engine('sqlite://').connect()",
        "sa.orm.Session()",
        "getattr(op, 'exec' + 'ute')('COMMIT')",
        "exec('import os')",
        "__import__('myapp')",
        "import myapp",
        "from sqlalchemy.orm import Session",
        "from sqlalchemy import create_engine as f",
        "[engine.begin() for _ in (1,)]",
        "from kernel_core import command",
        "class A:\n        def f(self):\n            return lambda: op.get_bind()",
    ],
)
def test_what_may_do_more_is_refused(body):
    assert not passes(body)


@pytest.mark.parametrize(
    "head", ["import myapp.models\n", "from . import common\n", "import os\n", "from kernel_core.op import execute\n"]
)
def test_other_imports_are_refused(head):
    assert not passes(head=head)


def test_an_import_behind_many_names_is_found():
    names = "; ".join(f"n{number} = 0" for number in range(300))
    assert not passes(head=f"{names}\nimport myapp\n")
    assert passes(head=f"{names}\n")


def test_a_third_party_directive_is_refused(monkeypatch):
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))

    class GreetOp(MigrateOperation):
        @classmethod
        def greet_once(cls, operations):
            """Greet."""

    assert passes("op.greet_once()"), "before it is a directive it is nothing"
    Operations.register_operation("greet_once")(GreetOp)
    try:
        assert not passes("op.greet_once()")
    finally:
        del Operations.greet_once
