"""Ratings, for the web site

Revision ID: d4e5
Revises: b2c3
"""

import sqlalchemy as sa
from alembic import op

revision = "d4e5"
down_revision = "b2c3"
branch_labels = ("web",)
depends_on = None


def upgrade():
    op.create_table(
        "ratings",
        sa.Column("book_id", sa.Integer, sa.ForeignKey("books.id", name="fk_ratings_book"), primary_key=True),
        sa.Column("stars", sa.Integer, nullable=False),
    )


def downgrade():
    op.drop_table("ratings")
