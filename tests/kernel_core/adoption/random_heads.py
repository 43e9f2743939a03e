"""Random histories with branches and data migrations, and random drift, for locating."""

from __future__ import annotations

from pathlib import Path
from random import Random

SCRIPT = '''"""{doc}"""
import sqlalchemy as sa
from kernel_core import op
revision = {revision!r}
down_revision = {down!r}
def upgrade():
{body}
def downgrade():
    pass
'''

TYPES = (
    "sa.Integer()",
    "sa.String(40)",
    "sa.Text()",
    "sa.Boolean()",
    "sa.DateTime()",
    "sa.Numeric(10, 2)",
    "sa.Date()",
)


class History:
    """A history that is written as it grows; each head has the tables that its own line has made."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random, self.folder = Random(seed), folder
        self.number = 0
        self.heads: dict[str | None, dict[str, list[str]]] = {None: {}}
        self.revisions: list[str] = []

    def grow(self, length: int) -> None:
        """Write ``length`` revisions; now and then one that begins a branch, or merges two."""
        for _ in range(length):
            pick = self.random.random()
            if pick < 0.1 and len(self.heads) == 2:
                self._write(
                    tuple(map(str, self.heads)), ["pass"], {k: v for one in self.heads.values() for k, v in one.items()}
                )
                continue
            head = self.random.choice(list(self.heads))
            tables = {name: list(columns) for name, columns in self.heads[head].items()}
            keeps = pick > 0.85 and head is not None and len(self.heads) == 1
            self._write(head, self._body(tables), tables, keeps=head if keeps else None)

    def _write(self, down: object, body: list[str], tables: dict[str, list[str]], keeps: str | None = None) -> None:
        self.number += 1
        revision = f"r{self.number:03}"
        text = SCRIPT.format(doc=revision, revision=revision, down=down, body="\n".join(f"    {e}" for e in body))
        (self.folder / f"{revision}.py").write_text(text)
        for each in down if isinstance(down, tuple) else (down,):
            if each != keeps or each is None:
                self.heads.pop(each, None)
        self.heads[revision] = tables
        self.revisions.append(revision)

    def _body(self, tables: dict[str, list[str]]) -> list[str]:
        lines = []
        for _ in range(self.random.randint(1, 2)):
            lines += self._operation(tables)
        return lines or ["pass"]

    def _operation(self, tables: dict[str, list[str]]) -> list[str]:
        pick = self.random
        self.number += 1
        new = f"n{self.number}"
        self.number -= 1
        new += "_" + pick.choice(("a", "b", "c")) + str(pick.randint(0, 999))
        kind = pick.choice(
            ("table", "table", "column", "column", "column", "index", "drop", "data", "nullable", "foreign")
        )
        if not tables or kind == "table":
            columns = [f"c{place}" for place in range(pick.randint(1, 4))]
            tables[f"t_{new}"] = columns
            listed = "".join(f", sa.Column({each!r}, {pick.choice(TYPES)})" for each in columns)
            return [f"op.create_table('t_{new}', sa.Column('id', sa.Integer, primary_key=True){listed})"]
        table = pick.choice(list(tables))
        columns = tables[table]
        if kind == "column" or not columns:
            default = (
                pick.choice(("", "", ", server_default='1'")) if (of := pick.choice(TYPES)) == "sa.Integer()" else ""
            )
            columns.append(new)
            return [f"op.add_column({table!r}, sa.Column({new!r}, {of}{default}))"]
        column = pick.choice(columns)
        if kind == "index" and not self._is_text(column):
            return [f"op.create_index('ix_{new}', {table!r}, ['id', {column!r}], mysql_length={{{column!r}: None}})"]
        if kind == "drop" and column.startswith("n"):
            return []
        if kind == "data":
            return [f"op.execute('UPDATE {table} SET id = id')"]
        if kind == "foreign":
            other = pick.choice(list(tables))
            tables[f"t_{new}"] = []
            key = f"sa.ForeignKeyConstraint(['o'], ['{other}.id'], name='fk_{new}')"
            return [
                f"op.create_table('t_{new}', sa.Column('id', sa.Integer, primary_key=True), sa.Column('o', sa.Integer), {key})"
            ]
        return []

    def _is_text(self, column: str) -> bool:
        return True


def drift(random: Random, tables: list[str], dialect: str) -> list[str]:
    """Return one or two statements that change a database behind the back of its history."""
    found = []
    for number in range(random.randint(1, 2)):
        table = random.choice(tables)
        found.append(
            random.choice(
                (
                    f"ALTER TABLE {table} ADD COLUMN drifted_{number} INTEGER",
                    f"CREATE TABLE drifted_{number} (id INTEGER PRIMARY KEY, n INTEGER)",
                    f"CREATE INDEX ix_drifted_{number} ON {table} (id)",
                    f"ALTER TABLE {table} ADD COLUMN drifted_{number} VARCHAR(20) DEFAULT 'x'",
                    f"ALTER TABLE {table} RENAME COLUMN id TO id_{number}"
                    if dialect != "mysql"
                    else f"CREATE INDEX ix_{number} ON {table} (id)",
                    f"ALTER TABLE {table} RENAME TO {table}_{number}",
                )
            )
        )
    return found
