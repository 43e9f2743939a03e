"""A chain of twelve revisions with one kind of change each, up and down, for SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_core import command
from kernel_core.config import Config


@dataclass(frozen=True)
class Revision:
    """The bodies of ``upgrade()`` and ``downgrade()``; ``commits`` is True for one with an autocommit_block()."""

    name: str
    upgrade: str
    downgrade: str
    commits: bool = False


CHAIN = (
    Revision(
        "r01_create",
        """
        account = op.create_table(
            "account",
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("name", sa.String(40), nullable=False),
            sa.Column("n", sa.Integer, nullable=False, server_default="0"),
            sa.Column("note", sa.String(20)),
        )
        op.bulk_insert(account, [{"id": i, "name": "x" * i, "note": "y"} for i in range(1, 9)])
        """,
        'op.drop_table("account")',
    ),
    Revision(
        "r02_foreign_key",
        """
        entry = op.create_table(
            "entry",
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id", name="fk_entry_account")),
            sa.Column("amount", sa.Integer, nullable=False),
            sa.Column("n", sa.Integer, server_default="0"),
            sa.CheckConstraint("n >= 0", name="ck_entry_n"),
        )
        op.bulk_insert(entry, [{"id": i, "account_id": i % 8 + 1, "amount": i} for i in range(1, 30)])
        """,
        'op.drop_table("entry")',
    ),
    Revision(
        "r03_data",
        """
        op.add_column("account", sa.Column("size", sa.Integer))
        op.execute("UPDATE account SET size = length(name)")
        """,
        'op.drop_column("account", "size")',
    ),
    Revision(
        "r04_batch",
        """
        with op.batch_alter_table("account") as batch:
            batch.alter_column("name", type_=sa.String(80), existing_type=sa.String(40), existing_nullable=False)
            batch.alter_column("size", nullable=False, existing_type=sa.Integer)
            batch.create_unique_constraint("uq_account_name", ["name"])
        """,
        """
        with op.batch_alter_table("account") as batch:
            batch.drop_constraint("uq_account_name", type_="unique")
            batch.alter_column("size", nullable=True, existing_type=sa.Integer)
            batch.alter_column("name", type_=sa.String(40), existing_type=sa.String(80), existing_nullable=False)
        """,
    ),
    Revision(
        "r05_concurrently",
        """
        with op.get_context().autocommit_block():
            op.create_index("ix_entry_amount", "entry", ["amount"], postgresql_concurrently=True)
        """,
        """
        with op.get_context().autocommit_block():
            op.drop_index("ix_entry_amount", "entry", postgresql_concurrently=True)
        """,
        commits=True,
    ),
    Revision(
        "r06_count",
        """
        op.execute("UPDATE account SET n = n + 1")
        op.add_column("account", sa.Column("flag", sa.Integer, server_default="0"))
        op.execute("UPDATE entry SET n = n + 1")
        """,
        """
        op.execute("UPDATE entry SET n = n - 1")
        op.drop_column("account", "flag")
        op.execute("UPDATE account SET n = n - 1")
        """,
    ),
    Revision(
        "r07_rename",
        """
        op.rename_table("entry", "posting")
        op.alter_column("posting", "amount", new_column_name="cents", existing_type=sa.Integer, existing_nullable=False)
        """,
        """
        op.alter_column("posting", "cents", new_column_name="amount", existing_type=sa.Integer, existing_nullable=False)
        op.rename_table("posting", "entry")
        """,
    ),
    Revision(
        "r08_view",
        'op.execute("CREATE VIEW counted AS SELECT id, name FROM account WHERE n > 0")',
        'op.execute("DROP VIEW counted")',
    ),
    Revision(
        "r09_enum",
        """
        mood = sa.Enum("calm", "wild", name="mood")
        op.add_column("posting", sa.Column("mood", mood))
        with op.get_context().autocommit_block():
            if op.get_context().dialect.name == "postgresql":
                op.execute("ALTER TYPE mood ADD VALUE 'torn'")
            op.create_index("ix_posting_mood", "posting", ["mood"])
        op.execute("UPDATE posting SET mood = 'wild' WHERE cents > 9")
        """,
        """
        op.drop_index("ix_posting_mood", "posting")
        op.drop_column("posting", "mood")
        if op.get_context().dialect.name == "postgresql":
            op.execute("DROP TYPE mood")
        """,
        commits=True,
    ),
    Revision(
        "r10_drop_column",
        'op.drop_column("account", "note")',
        'op.add_column("account", sa.Column("note", sa.String(20)))',
    ),
    Revision(
        "r11_autocommit",
        """
        with op.get_context().autocommit_block():
            op.create_table("journal", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))
            op.execute("INSERT INTO journal VALUES (1)")
            op.execute("UPDATE account SET n = n + 1")
            op.add_column("journal", sa.Column("note", sa.Integer))
        """,
        """
        with op.get_context().autocommit_block():
            op.drop_table("journal")
            op.execute("UPDATE account SET n = n - 1")
        """,
        commits=True,
    ),
    Revision(
        "r12_constraints",
        """
        with op.batch_alter_table("posting") as batch:
            batch.add_column(sa.Column("label", sa.String(10), server_default="none"))
            batch.create_check_constraint("ck_posting_cents", "cents > 0")
            batch.create_unique_constraint("uq_posting", ["cents", "id"])
        op.create_index("ix_posting_label", "posting", ["label"])
        """,
        """
        op.drop_index("ix_posting_label", "posting")
        with op.batch_alter_table("posting") as batch:
            batch.drop_constraint("ck_posting_cents", type_="check")
            batch.drop_constraint("uq_posting", type_="unique")
            batch.drop_column("label")
        """,
    ),
)

_BLOCK = "with op.get_context().autocommit_block():"


def in_transactions(revisions: tuple[Revision, ...] = CHAIN) -> tuple[Revision, ...]:
    """Return the chain without its autocommit blocks: what was in one is in the transaction of its revision."""
    return tuple(
        replace(each, upgrade=_unblocked(each.upgrade), downgrade=_unblocked(each.downgrade), commits=False)
        for each in revisions
    )


def _unblocked(body: str) -> str:
    return body.replace(_BLOCK, "if True:").replace("postgresql_concurrently=True", "postgresql_concurrently=False")


_FILE = '''"""{name}"""
import sqlalchemy as sa
from kernel_core import op
revision, down_revision = "{name}", {down!r}
def upgrade():
{upgrade}
def downgrade():
{downgrade}
'''


def _body(text: str) -> str:
    return textwrap.indent(textwrap.dedent(text).strip(), "    ")


def write_project(folder: Path, revisions: tuple[Revision, ...] = CHAIN) -> str:
    """Write an environment whose ``env.py`` connects to DATABASE_URL; return the path of its ini file."""
    ini = folder / "alembic.ini"
    command.init(Config(str(ini)), str(folder / "migrations"))
    down = None
    for each in revisions:
        text = _FILE.format(name=each.name, down=down, upgrade=_body(each.upgrade), downgrade=_body(each.downgrade))
        (folder / "migrations" / "versions" / f"{each.name}.py").write_text(text)
        down = each.name
    return str(ini)
