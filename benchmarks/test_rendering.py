"""Writing 300 new tables as Python, by kernel_core and by Alembic."""

import pytest
import sqlalchemy as sa


def tables(count):
    metadata = sa.MetaData()
    for number in range(count):
        sa.Table(
            f"t{number}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(40), nullable=False),
            sa.Column("amount", sa.Numeric(10, 2), server_default="0"),
            sa.Column("made", sa.DateTime(timezone=True)),
            sa.Column("parent", sa.Integer, sa.ForeignKey(f"t{max(number - 1, 0)}.id")),
            sa.UniqueConstraint("name", name=f"uq{number}"),
        )
    return metadata.sorted_tables


@pytest.mark.peer
@pytest.mark.benchmark(group="rendering of 300 new tables")
def test_render(benchmark, environment):
    ops, autogenerate = environment.module("operations.ops"), environment.module("autogenerate")
    upgrade = ops.UpgradeOps([ops.CreateTableOp.from_table(table) for table in tables(300)])
    text = benchmark.pedantic(autogenerate.render_python_code, (upgrade,), rounds=7, warmup_rounds=1)
    assert text.count("op.create_table(") == 300
