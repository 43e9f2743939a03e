"""Find overdue loans quickly

Revision ID: 0718
Revises: f6a7
"""

import sqlalchemy as sa
from alembic import op

revision = "0718"
down_revision = "f6a7"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_loans_due", "loans", ["due"])


def downgrade():
    op.drop_index("ix_loans_due", "loans")
