"""Members of the library

Revision ID: b2c3
Revises: a1b2
"""

import sqlalchemy as sa
from alembic import op

revision = "b2c3"
down_revision = "a1b2"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "members",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )


def downgrade():
    op.drop_table("members")
