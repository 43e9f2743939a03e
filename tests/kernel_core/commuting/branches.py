"""Random pairs of branches on SQLite, and what a database really is after each order of them."""

from __future__ import annotations

import logging
import random
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import ScriptDirectory
from kernel_core.script.steps import upgrade_steps

TABLES = ("users", "orders")
BASE = """
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40)),
        sa.Column("age", sa.Integer, server_default="1"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40)),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", name="fk_user")),
    )
    op.create_index("ix_orders_name", "orders", ["name"])
"""
ROWS = (
    "INSERT INTO users (id, name, age) VALUES (1, 'ann', 7), (2, 'bob', NULL), (3, 'cy', 40)",
    "INSERT INTO orders (id, name, user_id) VALUES (1, 'a', 1), (2, 'b', 2), (3, NULL, 3)",
)


def statement(random_: random.Random) -> str:
    """Return the source of one random operation; names are few, so that sides often meet."""
    table = random_.choice(TABLES)
    column = random_.choice(["name", "age" if table == "users" else "user_id", "city"])
    batch = f'    with op.batch_alter_table("{table}") as batch_op:\n        batch_op.'
    name = random_.choice(["city", "zip", "name2"])
    new = random_.choice(["pets", "toys", "users2"])
    return random_.choice(
        [
            f'    op.add_column("{table}", sa.Column("{name}", sa.String(10), server_default="s"))\n',
            f'    op.add_column("{table}", sa.Column("{name}_{random_.randrange(9)}", sa.Integer))\n',
            f'{batch}drop_column("{column}")\n',
            f'{batch}alter_column("{column}", new_column_name="{name}")\n',
            f'{batch}alter_column("{column}", server_default="{random_.randrange(3)}")\n',
            f'{batch}alter_column("name", nullable=True, type_=sa.String({random_.choice([40, 50])}))\n',
            f'    op.create_index("ix_{random_.choice([table, name])}", "{table}", ["{column}"])\n',
            f'{batch}create_unique_constraint("uq_{random_.choice([table, name])}", ["id", "{column}"])\n',
            f'    op.create_table("{new}", sa.Column("id", sa.Integer, primary_key=True))\n',
            '    op.drop_index("ix_orders_name", "orders")\n',
            '    op.drop_table("orders")\n',
            f'    op.rename_table("{table}", "{new}")\n',
            f"    op.execute(\"UPDATE {table} SET name = name || '{random_.randrange(9)}'\")\n",
            f"    op.execute(\"UPDATE {table} SET name = '{random_.randrange(3)}' WHERE id = {random_.randrange(5)}\")\n",
            f"    op.execute(\"DELETE FROM orders WHERE name = '{random_.choice('abc')}'\")\n",
            f"    op.execute(\"INSERT INTO {table} (name) VALUES ('{random_.randrange(3)}')\")\n",
            f'    op.execute("CREATE VIEW v_{table} AS SELECT {column} FROM {table}")\n',
            f'    op.get_bind().execute(sa.text("UPDATE users SET age = {random_.choice(["age + 1", "age * 2"])}"))\n',
        ]
    )


def write(folder: Path, revision: str, parent: str | None, body: str) -> None:
    """Write a version file."""
    (folder / f"{revision}.py").write_text(
        f'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{revision}"\ndown_revision = {parent!r}\n\n\n'
        f"def upgrade():\n{body}\n\ndef downgrade():\n    pass\n",
        encoding="utf-8",
    )


def pair(folder: Path, seed: int) -> ScriptDirectory:
    """Write a base and two branches with one to three revisions each."""
    random_ = random.Random(seed)
    write(folder, "base1", None, BASE)
    for side in "ab":
        while not _side(folder, side, random_):
            pass
    return ScriptDirectory(folder.parent, version_locations=[str(folder)])


def _side(folder: Path, side: str, random_: random.Random) -> bool:
    """Write one branch; return whether it runs by itself."""
    for path in folder.glob(f"{side}?.py"):
        path.unlink()
    parent = "base1"
    for number in range(random_.randint(1, 2)):
        body = "".join(statement(random_) for _ in range(random_.randint(1, 2)))
        write(folder, f"{side}{number}", parent, body)
        parent = f"{side}{number}"
    return after(ScriptDirectory(folder.parent, version_locations=[str(folder)]), (parent,)) is not None


def after(scripts: ScriptDirectory, order: tuple[str, ...]) -> Any:
    """Return tables, views and rows after an order, or None if it fails; the order of columns does not count."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    logging.disable(logging.INFO)
    try:
        with engine.connect() as connection:
            _upgrade(connection, scripts, "base1")
            for sql in ROWS:
                connection.exec_driver_sql(sql)
            connection.commit()
            for head in order:
                _upgrade(connection, scripts, head)
            return _content(connection)
    except Exception:  # noqa: BLE001 - whatever a revision raises is its result
        return None
    finally:
        logging.disable(logging.NOTSET)
        engine.dispose()


def _upgrade(connection: sa.Connection, scripts: ScriptDirectory, target: str) -> None:
    opts = {"script": scripts, "fn": lambda heads, _: upgrade_steps(scripts.map, frozenset(heads), target)}
    MigrationContext.configure(connection, opts=opts).run_migrations()
    connection.commit()


def _content(connection: sa.Connection) -> Any:
    inspector = sa.inspect(connection)
    found: dict[str, Any] = {}
    for name in inspector.get_table_names():
        if name == "alembic_version":
            continue
        columns = {repr({**each, "type": str(each["type"])}) for each in inspector.get_columns(name)}
        kept = (inspector.get_foreign_keys(name), inspector.get_unique_constraints(name), inspector.get_indexes(name))
        items = {repr(each) for several in kept for each in several}
        rows = connection.execute(sa.text(f'SELECT * FROM "{name}"')).mappings()
        found[name] = columns, items, sorted(repr(sorted(row.items())) for row in rows)
    views = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'view' ORDER BY name")
    return found, views.scalars().all()
