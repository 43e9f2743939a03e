"""SQL injections as names, strings and conditions; every directive with them; a splitter of scripts into statements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
import sqlglot

from kernel_core.operations import MigrateOperation, Operations, ops

DROP = "DROP TABLE canary"
HARMLESS = "harmless"
NAMES = {
    "single quotes": "o'clock ''",
    "out of single quotes": f"x'); {DROP}; --",
    "out of an execute": f"x''''; {DROP}; --",
    "double quotes": 'say "hi" "',
    "out of double quotes": f'x"; {DROP}; --',
    "backticks": "a`b``",
    "out of backticks": f"x`; {DROP}; -- ",
    "square": "a[b]c]]d)",
    "out of square": f"x]; {DROP}; --",
    "semicolon": f"a; {DROP};",
    "line comment": "a -- b",
    "block comment": "a /* b",
    "newlines": "a\nb\r\nc",
    "newline, GO": f"a\nGO\n{DROP}\ngo\nb",
    "newline, slash": f"a\n/\n{DROP}\n/\nb",
    "empty lines": f"a\n\n{DROP};\n\nb",
    "tabs": "a\tb\n\tc",
    "NUL": "a\0b",
    "5,000 letters": "x" * 5000,
    "5,000 quotes": "'\"`]" * 1250,
    "right to left": "\u202eabc\u200f \u05e2\u05d1\u05e8\u05d9\u05ea",
    "emoji": "\U0001f986\u2764\ufe0f",
    "40 emoji": "\U0001f986" * 40,
    "percent signs": "100%s %(x)s %%",
    "colons": "a:b ::c \\:d :e",
    "braces": "{} {0} {x!r}",
    "backslashes": "a\\'b\\\"c\\",
    "dots": "a.b.c",
    "dollars": f"$$; {DROP}; $$",
    "question marks": "a ? b",
    "spaces": " a ",
    "ampersands": "R&D &x &&y",
    "variables": "$(x) $(HOME)",
}

# Conditions and defaults are SQL: they may be any expression, and nothing else.
EXPRESSIONS = {
    "plain": "age > 0",
    "quoted drop": f"name <> '; {DROP}; --'",
    "quotes": "name <> 'o''clock' AND name <> '\"`[]{}'",
    "percent": "age % 2 = 0 AND name <> '100%s'",
    "comment inside": "age > 0 -- positive\n",
}
NO_EXPRESSIONS = {
    "second statement": f"age > 0); {DROP}; --",
    "second action": "age > 0), DROP COLUMN name, ADD CHECK (1 = 1",
    "second statement without semicolon": f"age > 0) {DROP} SELECT (1",
    "semicolon": f"age > 0; {DROP}",
    "open quote": "name <> 'x",
    "open double quote": 'name <> "x',
    "open comment": "age > 0 /* x",
    "line comment": "age > 0 -- x",
    "comment that ends early": f"age > 0 /* /* */ ' */ ); {DROP}; -- '",
    "comment that MySQL runs": f"age > 0 /*! ); {DROP} */",
    "comment up to a return": f"age > 0 -- \r); {DROP}\n",
    "NUL": "age > 0\0",
}

Build = Callable[[str], list[MigrateOperation]]


def users(column_name: str = "name", text: str | None = None) -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("age", sa.Integer),
        sa.Column(column_name, sa.String(40), server_default=text, comment=text),
    ]


NAME = {"existing_type": sa.String(40), "existing_nullable": True, "existing_server_default": None}

# What each directive does with the name in every place that it has, in an order in which a database can do it all.
DIRECTIVES: dict[str, Build] = {
    "CreateTableOp": lambda n: [ops.CreateTableOp(n, users(n, n[:40]), comment=n)],
    "AddColumnOp": lambda n: [
        ops.AddColumnOp("users", sa.Column(n, sa.String(40), server_default=n[:40], comment=n)),
        ops.AddColumnOp(n, sa.Column("more", sa.String(40), server_default=n[:40])),
    ],
    "AlterColumnOp": lambda n: [
        ops.AlterColumnOp("users", "name", modify_name=f"{n}2", **NAME),
        ops.AlterColumnOp("users", f"{n}2", modify_server_default=n[:40], existing_type=sa.String(40)),
        ops.AlterColumnOp("users", f"{n}2", modify_comment=n, existing_type=sa.String(40)),
        ops.AlterColumnOp("users", f"{n}2", modify_type=sa.String(60), existing_type=sa.String(40)),
        ops.AlterColumnOp("users", f"{n}2", modify_nullable=False, existing_type=sa.String(60)),
        ops.AlterColumnOp("users", f"{n}2", modify_name="name", existing_type=sa.String(60)),
    ],
    "CreateTableCommentOp": lambda n: [
        ops.CreateTableCommentOp("users", n),
        ops.CreateTableCommentOp(n, f"{n}2", existing_comment=n),
    ],
    "CreateIndexOp": lambda n: [ops.CreateIndexOp(n, "users", [n]), ops.CreateIndexOp(f"{n}2", n, [n], unique=True)],
    "CreateUniqueConstraintOp": lambda n: [
        ops.CreateUniqueConstraintOp(f"{n}u", "users", ["id", n]),
        ops.CreateUniqueConstraintOp(f"{n}v", n, [n]),
    ],
    "CreateForeignKeyOp": lambda n: [
        ops.CreateForeignKeyOp(f"{n}f", "orders", n, ["user_id"], ["id"], ondelete="CASCADE"),
        ops.CreateForeignKeyOp(f"{n}g", n, n, [n], [n]),
    ],
    "CreateCheckConstraintOp": lambda n: [
        ops.CreateCheckConstraintOp(f"{n}c", "users", "age > 0"),
        ops.CreateCheckConstraintOp(f"{n}c", n, sa.column(n, sa.String) != sa.literal(f"{n}!", sa.String)),
    ],
    "CreateSchemaOp": lambda n: [ops.CreateSchemaOp(n)],
    "DropSchemaOp": lambda n: [ops.DropSchemaOp(n), ops.DropSchemaOp(n, cascade=True)],
    "CreateSequenceOp": lambda n: [ops.CreateSequenceOp(n, schema=n, options={"start": 5})],
    "DropSequenceOp": lambda n: [ops.DropSequenceOp(n, schema=n)],
    "CreateEnumTypeOp": lambda n: [ops.CreateEnumTypeOp(f"{n}e", [n[:60], "z"])],
    "AddEnumValueOp": lambda n: [ops.AddEnumValueOp(f"{n}e", f"{n[:50]}3", after=n[:60])],
    "RenameEnumValueOp": lambda n: [ops.RenameEnumValueOp(f"{n}e", "z", f"{n[:50]}4")],
    "SetEnumValuesOp": lambda n: [ops.SetEnumValuesOp(f"{n}e", [n[:60], f"{n[:50]}5"])],
    "DropEnumTypeOp": lambda n: [ops.DropEnumTypeOp(f"{n}e")],
    "SetTableOptionsOp": lambda n: [
        ops.SetTableOptionsOp(n, engine="InnoDB", row_format="dynamic"),
        ops.SetTableOptionsOp("users", engine=n, charset=n, collate=n),
    ],
    "CreatePrimaryKeyOp": lambda n: [ops.CreatePrimaryKeyOp(n, "loose", ["a"])],
    "CreateExcludeConstraintOp": lambda n: [
        ops.CreateExcludeConstraintOp(n, n, [(n, "=")], where=sa.column(n, sa.String) != n, using="btree")
    ],
    "BulkInsertOp": lambda n: [ops.BulkInsertOp(rows(n), [{"id": 1, "age": 3, n: n[:40]}])],
    "ExecuteSQLOp": lambda n: changed_rows(rows(n), n),
    "DropIndexOp": lambda n: [ops.DropIndexOp(n, "users"), ops.DropIndexOp(f"{n}2", n)],
    "DropConstraintOp": lambda n: [
        ops.DropConstraintOp(f"{n}g", n, "foreignkey"),
        ops.DropConstraintOp(f"{n}f", "orders", "foreignkey"),
        ops.DropConstraintOp(f"{n}c", n, "check"),
        ops.DropConstraintOp(f"{n}u", "users", "unique"),
    ],
    "DropTableCommentOp": lambda n: [ops.DropTableCommentOp(n, existing_comment=f"{n}2")],
    "DropColumnOp": lambda n: [
        ops.DropColumnOp("users", n, mssql_drop_default=True, mssql_drop_check=True, mssql_drop_foreign_key=True),
        ops.DropColumnOp(n, "more"),
    ],
    "RenameTableOp": lambda n: [ops.RenameTableOp(n, f"{n}2"), ops.RenameTableOp(f"{n}2", n)],
    "DropTableOp": lambda n: [ops.DropTableOp(n)],
}


def changed_rows(table: sa.TableClause, n: str) -> list[MigrateOperation]:
    """An UPDATE, then a DELETE of the same rows."""
    return [
        ops.ExecuteSQLOp(sa.update(table).values({n: f"{n[:38]}2"}).where(table.c.id == 1)),
        ops.ExecuteSQLOp(sa.delete(table).where(table.c[n] == sa.literal(f"{n[:38]}2", sa.String))),
    ]


def rows(name: str) -> sa.TableClause:
    return sa.table(name, sa.column("id", sa.Integer), sa.column("age", sa.Integer), sa.column(name, sa.String))


def with_expression(sql: str) -> dict[str, Build]:
    """Every argument of a directive that is custom SQL."""
    return {
        "check": lambda n: [ops.CreateCheckConstraintOp(n, "users", sql)],
        "check in a table": lambda n: [ops.CreateTableOp("t", [*users(), sa.CheckConstraint(sql, name=n)])],
        "default": lambda n: [ops.AddColumnOp("users", sa.Column(n, sa.String(9), server_default=sa.text(sql)))],
        "changed default": lambda n: [
            ops.AlterColumnOp("users", n, modify_server_default=sa.text(sql), existing_type=sa.String(9))
        ],
        "computed": lambda n: [ops.AddColumnOp("users", sa.Column(n, sa.Integer, sa.Computed(sql)))],
        "using": lambda n: [ops.AlterColumnOp("users", n, modify_type=sa.String(), postgresql_using=sql)],
        "index": lambda n: [ops.CreateIndexOp(n, "users", [sa.text(sql)])],
        "index where": lambda n: [
            ops.CreateIndexOp(n, "users", ["id"], postgresql_where=sa.text(sql), sqlite_where=sa.text(sql))
        ],
        "exclude": lambda n: [ops.CreateExcludeConstraintOp(n, "users", [(sa.text(sql), "=")], where=sql)],
    }


def in_batch(name: str) -> Callable[[Operations], None]:
    """A rebuild of a table given by ``copy_from``, so that a script can have it."""

    def directive(op: Operations) -> None:
        known = sa.Table(name, sa.MetaData(), *users(name, name[:40]), sa.CheckConstraint("age > 0", name=f"{name}c"))
        sa.Index(f"{name}i", known.c[name])
        with op.batch_alter_table(name, copy_from=known, recreate="always") as batch_op:
            batch_op.alter_column("age", nullable=False)
            batch_op.add_column(sa.Column(f"{name}2", sa.String(40), server_default=name[:40]))
            batch_op.create_unique_constraint(f"{name}u", [name])
            batch_op.create_foreign_key(f"{name}f", name, [name], [name])
            batch_op.drop_constraint(f"{name}c", type_="check")

    return directive


# Scripts, cut as the programs cut them that run them: psql, mysql, sqlite3, sqlcmd, SQL*Plus

_QUOTES = {"mysql": "'\"`", "mariadb": "'\"`", "sqlite": "'\"`[", "mssql": "'\"[", "postgresql": "'\"", "oracle": "'\""}
_SQLGLOT = {"mssql": "tsql", "mariadb": "mysql", "postgresql": "postgres"}


def count(dialect: str, script: str) -> int:
    """Return how many statements a script has; sqlglot agrees on each that it can read.

    Raises AssertionError where a quote or a comment is not closed.
    """
    script = script.replace("SET DEFINE OFF\n", "")  # said to SQL*Plus itself
    found = [statement for part in _batches(dialect, script) for statement in _statements(dialect, part)]
    for statement in found:
        assert _read(dialect, statement) in (1, None), statement
    return len(found)


def _batches(dialect: str, script: str) -> list[str]:
    """Split at the lines that end a batch, also inside quotes: these clients read lines first."""
    if dialect == "mssql":
        return re.split(r"(?im)^\s*GO(?:\s+\d+)?\s*$", script)
    if dialect == "oracle":
        return re.split(r"(?m)^[ \t]*[/.]?[ \t\r]*$|;[ \t\r]*$", script)
    return [script]


def _statements(dialect: str, script: str) -> Iterator[str]:
    """Split at the semicolons outside of quotes and comments, character by character."""
    start = place = 0
    while place < len(script):
        char = script[place]
        if char in _QUOTES[dialect]:
            place = _behind_quote(dialect, script, place)
            continue
        if script.startswith("--", place):
            place = script.find("\n", place)
            assert place >= 0 or not script.count("\n", start), "a comment took the rest of the script along"
            place = len(script) if place < 0 else place
        elif script.startswith("/*", place):
            end = script.find("*/", place + 2)
            assert end >= 0, "a comment is not closed"
            place = end + 2
        elif char == ";":
            if script[start:place].strip():
                yield script[start:place].strip()
            start = place = place + 1
        else:
            place += 1
    if script[start:].strip():
        yield script[start:].strip()


def _behind_quote(dialect: str, script: str, place: int) -> int:
    """Return the position after a quoted string or name."""
    mark = {"[": "]"}.get(script[place], script[place])
    escapes = dialect in ("mysql", "mariadb") and mark != "`"
    place += 1
    while place < len(script):
        if escapes and script[place] == "\\":
            place += 2
        elif script[place] != mark:
            place += 1
        elif script.startswith(mark * 2, place) and not (dialect == "sqlite" and mark == "]"):
            place += 2
        else:
            return place + 1
    raise AssertionError("a quote is not closed")


def _read(dialect: str, statement: str) -> int | None:
    """Return the number of statements by sqlglot; None where it cannot parse them."""
    try:
        return len([each for each in sqlglot.parse(statement, dialect=_SQLGLOT.get(dialect, dialect)) if each])
    except sqlglot.errors.SqlglotError:
        return None
