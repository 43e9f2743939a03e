"""The shortest ``env.py``: it connects to ``sqlalchemy.url`` of the ini file and runs the revisions."""

ENV = """
import sqlalchemy as sa
from kernel_core import context

engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=sa.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
