"""The catalog of a database as text that two databases can be compared by.

- SQLite: the pragmas of each table, and its CREATE INDEX, without spaces and quotes; CREATE TABLE is stored as it was
  typed, so that its words STRICT, WITHOUT ROWID, AUTOINCREMENT, COLLATE, CHECK and CONFLICT are counted instead.
- PostgreSQL: what ``pg_dump --schema-only`` prints, sorted by object; the order in which constraints were added is not
  a part of a schema, and neither is what a baseline leaves outside.
- MariaDB: SHOW CREATE TABLE without the counter of AUTO_INCREMENT.
"""

from __future__ import annotations

import re
import subprocess

import sqlalchemy as sa

_WORDS = ("STRICT", "WITHOUT ROWID", "AUTOINCREMENT", "COLLATE", "CHECK", "CONFLICT", "DEFERRABLE", "STORED")


def catalog(url: str) -> dict[str, object]:
    """Return the definition of each object by its name."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    if engine.dialect.name == "postgresql":
        return _of_postgresql(engine.url)
    with engine.connect() as connection:
        return _of_sqlite(connection) if engine.dialect.name == "sqlite" else _of_mariadb(connection)


def _of_sqlite(connection: sa.Connection) -> dict[str, object]:
    found: dict[str, object] = {}
    rows = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL "
        "AND tbl_name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite_%'"
    ).all()
    for kind, name, sql in rows:
        if kind == "index":
            found[name] = re.sub(r'[\s"`\[\]]', "", sql).lower()
            continue
        counted = {word: len(re.findall(rf"\b{word}\b", sql.upper())) for word in _WORDS}
        facts = [counted]
        for pragma in ("table_xinfo", "foreign_key_list", "index_list"):
            lines = connection.exec_driver_sql(f'PRAGMA {pragma}("{name.replace(chr(34), chr(34) * 2)}")').all()
            start = 0 if pragma == "table_xinfo" else 1  # the number of an index or a key says when it was created
            facts.append(sorted(tuple(_plain(value) for value in line[start:]) for line in lines))
        found[name] = facts
    return found


def _plain(value: object) -> object:
    """Return a value without what SQLAlchemy spells otherwise: letter case of types, parentheses around a default."""
    text = str(value).strip().upper()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    return "" if text.startswith("SQLITE_AUTOINDEX") else text


def _of_mariadb(connection: sa.Connection) -> dict[str, object]:
    names = connection.exec_driver_sql(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = database() "
        "AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')"
    ).scalars()
    found: dict[str, object] = {}
    for name in names:
        if not name.startswith("alembic"):
            quoted = name.replace("`", "``").replace("%", "%%")
            text = connection.exec_driver_sql(f"SHOW CREATE TABLE `{quoted}`").one()[1]
            lines = re.sub(r" AUTO_INCREMENT=\d+", "", text).splitlines()
            found[name] = [lines[0], *sorted(line.rstrip(",") for line in lines[1:-1]), lines[-1]]
    return found


def _of_postgresql(url: sa.URL) -> dict[str, object]:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = ["pg_dump", "--schema-only", "--no-owner", "--no-privileges", "--exclude-table=alembic*", plain]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    parts = re.split(r"^--\n-- Name: (.*?); Type: (.*?); Schema: (.*?);.*\n--\n", text, flags=re.MULTILINE)
    found: dict[str, object] = {}
    for name, kind, schema, body in zip(*[iter(parts[1:])] * 4, strict=True):
        if kind not in _OUTSIDE:
            found[f"{schema} {kind} {name}"] = re.sub(
                r"\\(un)?restrict .*|^SET default_.*", "", body, flags=re.MULTILINE
            ).strip()
    return found


_OUTSIDE = {"VIEW", "FUNCTION", "TRIGGER", "EXTENSION", "DOMAIN", "POLICY", "RULE", "MATERIALIZED VIEW"}
