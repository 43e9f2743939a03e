"""Books and their authors

Revision ID: a1b2
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "a1b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "authors",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.create_table(
        "books",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("author_id", sa.Integer, sa.ForeignKey("authors.id", name="fk_books_author")),
    )


def downgrade():
    op.drop_table("books")
    op.drop_table("authors")
