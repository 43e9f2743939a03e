"""Merge desk and web

Revision ID: f6a7
Revises: c3d4, e5f6
"""

import sqlalchemy as sa
from alembic import op

revision = "f6a7"
down_revision = ("c3d4", "e5f6")
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
