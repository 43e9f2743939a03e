"""Loans, as the desk asked for

Revision ID: c3d4
Revises: b2c3
"""

import sqlalchemy as sa
from alembic import op

revision = "c3d4"
down_revision = "b2c3"
branch_labels = ("desk",)
depends_on = None


def upgrade():
    op.create_table(
        "loans",
        sa.Column("book_id", sa.Integer, sa.ForeignKey("books.id", name="fk_loans_book"), primary_key=True),
        sa.Column("member_id", sa.Integer, sa.ForeignKey("members.id", name="fk_loans_member"), primary_key=True),
        sa.Column("due", sa.Date, nullable=False),
    )


def downgrade():
    op.drop_table("loans")
