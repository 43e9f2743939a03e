"""Version files whose operations can be recorded, because they do nothing else."""

from __future__ import annotations

import pytest

from kernel_core.recording import has_side_effects

HEAD = "from alembic import op\nimport sqlalchemy as sa\nfrom sqlalchemy.dialects import postgresql\nrevision = 'a'\n"


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "op.create_table('t', sa.Column('id', sa.Integer(), nullable=False), sa.Column('a', postgresql.ARRAY(sa.Text())))",
        "with op.batch_alter_table('t') as batch:\n        batch.drop_column('a')",
        "t = sa.table('t', sa.column('a'))\n    op.bulk_insert(t, [{'a': n} for n in range(3)])",
        "for name in ['a', 'b']:\n        op.drop_table(name)",
        "op.execute('DELETE FROM t')",
    ],
)
def test_directives_alone_have_no_side_effects(body):
    assert not has_side_effects(f"{HEAD}def upgrade():\n    {body}\n")


@pytest.mark.parametrize(
    "body",
    [
        "import os",
        "open('x')",
        "print('x')",
        "__import__('os')",
        "op.__class__",
        "exec('x')",
        "from . import models",
        "raise SystemExit",
        "getattr(op, 'x')()",
        "while True:\n        pass",
        "input()",
        "sa.create_engine('sqlite://').connect()",
        "from sqlalchemy import create_engine\n    create_engine('sqlite://')",
    ],
)
def test_anything_else_may_have_some(body):
    assert has_side_effects(f"{HEAD}def upgrade():\n    {body}\n")


def test_a_file_that_is_not_python_may_have_some():
    assert has_side_effects("def upgrade(:")
