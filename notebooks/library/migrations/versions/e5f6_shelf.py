"""The shelf on which a book stands

Revision ID: e5f6
Revises: d4e5
"""

import sqlalchemy as sa
from alembic import op

revision = "e5f6"
down_revision = "d4e5"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("books", sa.Column("shelf", sa.String(10)))


def downgrade():
    op.drop_column("books", "shelf")
