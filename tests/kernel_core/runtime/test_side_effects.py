"""Which version files change the schema and nothing else."""

import pytest

from kernel_core.operations import MigrateOperation, Operations, registry
from kernel_core.runtime.side_effects import further_names, is_plain

HEAD = "import sqlalchemy as sa\nfrom {engine} import op\nfrom sqlalchemy.dialects import postgresql\n"
BODY = "def upgrade():\n    {body}\ndef downgrade():\n    pass\n"


def plain(body="pass", head="", engine="kernel_core"):
    source = HEAD.format(engine=engine) + head + BODY.format(body=body)
    return is_plain(compile(source, "a.py", "exec", dont_inherit=True), further_names())


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
def test_what_autogenerate_writes_is_plain(body, engine):
    assert plain(body, engine=engine)


@pytest.mark.parametrize(
    "head",
    [
        "from __future__ import annotations\nfrom collections.abc import Sequence\nfrom typing import Union\n",
        "import datetime, uuid\n",
        "depends_on: str | None = None\n",
    ],
)
def test_usual_heads_are_plain(head):
    assert is_plain(
        compile(head + HEAD.format(engine="alembic") + BODY.format(body="pass"), "a.py", "exec"), further_names()
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
def test_what_leads_further_is_not_plain(body):
    assert not plain(body)


@pytest.mark.parametrize(
    "head", ["import myapp.models\n", "from . import common\n", "import os\n", "from kernel_core.op import execute\n"]
)
def test_other_imports_are_not_plain(head):
    assert not plain(head=head)


def test_an_import_behind_many_names_is_not_plain():
    names = "; ".join(f"n{number} = 0" for number in range(300))
    assert not plain(head=f"{names}\nimport myapp\n")
    assert plain(head=f"{names}\n")


def test_a_directive_of_somebody_else_is_not_plain(monkeypatch):
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))

    class GreetOp(MigrateOperation):
        @classmethod
        def greet_once(cls, operations):
            """Greet."""

    assert plain("op.greet_once()"), "before it is a directive it is nothing"
    Operations.register_operation("greet_once")(GreetOp)
    try:
        assert not plain("op.greet_once()")
    finally:
        del Operations.greet_once
