"""Random databases as raw DDL: constraints, indexes, defaults, generated columns, enums, comments, quoted names."""

from __future__ import annotations

from random import Random
from typing import ClassVar

NAMES = (
    "users",
    "Orders",
    "order items",
    "select",
    "größe",
    "a.b",
    "x%y",
    'q"t',
    "it's",
    "Group",
    "t_1",
    "café",
    "100",
)
COLUMNS = ("id", "Name", "full name", "order", "größe", "a.b", "p%c", "is:it", "user_id", "Value", "c1", "c2", "total")


class Generator:
    """DDL of one database; ``statements`` create it, in an order that works."""

    quotes = '"'

    def __init__(self, seed: int) -> None:
        self.random, self.statements = Random(seed), []
        self.keys: dict[str, tuple[list[str], list[str]]] = {}
        self.number = 0

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    def name(self, text: str) -> str:
        return self.quotes + text.replace(self.quotes, self.quotes * 2) + self.quotes

    def unique_name(self, kind: str) -> str:
        self.number += 1
        return self.name(f"{kind}{self.random.choice(('_', ' ', 'Ö'))}{self.number}")

    def listed(self, columns: list[str]) -> str:
        return ", ".join(map(self.name, columns))


class Sqlite(Generator):
    """SQLite: STRICT, WITHOUT ROWID, AUTOINCREMENT, ON CONFLICT, collations, partial and expression indexes."""

    types = ("INTEGER", "TEXT", "VARCHAR(20)", "NUMERIC(8, 2)", "REAL", "BLOB", "DATETIME", "BOOLEAN", "DATE")
    defaults: ClassVar[dict[str, tuple[str, ...]]] = {
        "INTEGER": ("0", "-1", "(1 + 2)"), "TEXT": ("'x'", "'it''s'", "'a:b %s'", "(lower('A'))", "NULL", "''"),
        "VARCHAR(20)": ("'x'", "'1'"), "NUMERIC(8, 2)": ("0.5", "1"), "REAL": ("1.5", "1e3"), "BLOB": ("x'00'",),
        "DATETIME": ("CURRENT_TIMESTAMP", "(datetime('now', '-1 day'))"), "BOOLEAN": ("1", "0", "TRUE"),
        "DATE": ("CURRENT_DATE",),
    }  # fmt: skip

    def build(self) -> list[str]:
        for table in self.random.sample(NAMES, self.random.randint(1, 4)):
            self.table(table)
        return self.statements

    def table(self, table: str) -> None:
        pick = self.random
        strict = self.chance(0.15)
        types = ("INTEGER", "TEXT", "REAL", "BLOB") if strict else self.types
        columns = pick.sample(COLUMNS, pick.randint(2, 6))
        lines, plain = [], []
        key = pick.choice(("integer", "autoincrement", "composite", "none", "text"))
        of_type = {column: pick.choice(types) for column in columns}
        for place, column in enumerate(columns):
            if place == 0 and key in ("integer", "autoincrement"):
                more = " AUTOINCREMENT" if key == "autoincrement" else ""
                of_type[column] = "INTEGER"
                lines.append(f"{self.name(column)} INTEGER {'NOT NULL ' if self.chance(0.5) else ''}PRIMARY KEY{more}")
                continue
            if place > 2 and self.chance(0.2):
                kind = pick.choice(("STORED", "VIRTUAL"))
                lines.append(f"{self.name(column)} TEXT GENERATED ALWAYS AS (lower({self.name(plain[0])})) {kind}")
                of_type[column] = "TEXT"
                continue
            plain.append(column)
            lines.append(self.name(column) + self.column(of_type[column]))
        keys = columns[:1]
        if key == "composite" and len(plain) > 1:
            keys = plain[:2][::-1]
            lines.append(f"CONSTRAINT {self.unique_name('pk')} PRIMARY KEY ({self.listed(keys)})")
        elif key == "text":
            keys = plain[:1]
            lines.append(f"PRIMARY KEY ({self.listed(keys)})")
        if self.chance(0.4) and plain:
            named = f"CONSTRAINT {self.unique_name('uq')} " if self.chance(0.6) else ""
            lines.append(f"{named}UNIQUE ({self.listed(plain[-2:])})")
        if self.chance(0.4) and plain:
            named = f"CONSTRAINT {self.unique_name('ck')} " if self.chance(0.6) else ""
            lines.append(f"{named}CHECK ({self.name(plain[-1])} IS NOT NULL OR {self.name(plain[0])} <> 'a:b%')")
        lines += self.foreign_keys(plain)
        without = key in ("composite", "text") and self.chance(0.3)
        tail = ", ".join([*(["STRICT"] if strict else []), *(["WITHOUT ROWID"] if without else [])])
        self.statements.append(f"CREATE TABLE {self.name(table)} ({', '.join(lines)}){' ' + tail if tail else ''}")
        self.keys[table] = (keys if key != "none" else [], [of_type[each] for each in keys])
        self.indexes(table, plain)

    def column(self, kind: str) -> str:
        text = f" {kind}"
        if self.chance(0.4):
            text += " NOT NULL" + (" ON CONFLICT REPLACE" if self.chance(0.1) else "")
        if self.chance(0.4):
            text += f" DEFAULT {self.random.choice(self.defaults[kind])}"
        if self.chance(0.15) and kind in ("TEXT", "VARCHAR(20)"):
            text += f" COLLATE {self.random.choice(('NOCASE', 'RTRIM'))}"
        if self.chance(0.1):
            text += " UNIQUE"
        return text

    def foreign_keys(self, plain: list[str]) -> list[str]:
        lines = []
        for other, (keys, _) in self.keys.items():
            if keys and len(keys) <= len(plain) and self.chance(0.4):
                named = f"CONSTRAINT {self.unique_name('fk')} " if self.chance(0.5) else ""
                action = self.random.choice(("", " ON DELETE CASCADE", " ON UPDATE SET NULL ON DELETE RESTRICT"))
                late = " DEFERRABLE INITIALLY DEFERRED" if self.chance(0.2) else ""
                lines.append(
                    f"{named}FOREIGN KEY ({self.listed(plain[: len(keys)])}) REFERENCES {self.name(other)} "
                    f"({self.listed(keys)}){action}{late}"
                )
        return lines

    def indexes(self, table: str, plain: list[str]) -> None:
        for _ in range(self.random.randint(0, 2)):
            column = self.name(self.random.choice(plain)) if plain else None
            if column is None:
                return
            part = self.random.choice((column, f"{column} DESC", f"lower({column})", f"{column} COLLATE NOCASE"))
            where = f" WHERE {column} > 'a:b'" if self.chance(0.3) else ""
            unique = "UNIQUE " if self.chance(0.2) else ""
            self.statements.append(
                f"CREATE {unique}INDEX {self.unique_name('ix')} ON {self.name(table)} ({part}){where}"
            )


class Postgresql(Generator):
    """PostgreSQL: several schemas, enum types, identity, serial, arrays, comments, expression and partial indexes."""

    types = (
        "integer", "bigint", "smallint", "text", "varchar(20)", "char(3)", "numeric(10,2)", "double precision", "real",
        "boolean", "date", "timestamp", "timestamptz", "time", "interval", "jsonb", "json", "uuid", "bytea", "integer[]",
        "text[]", "inet", "varchar", "bit(3)", "tsvector", "int4range",
    )  # fmt: skip
    defaults: ClassVar[dict[str, tuple[str, ...]]] = {
        "integer": ("0", "1 + 2", "-1"), "text": ("'x'", "'it''s'", "'a:b %s'", "lower('A')", "''", "NULL"),
        "varchar(20)": ("'y'",), "boolean": ("true", "false"), "timestamptz": ("now()", "CURRENT_TIMESTAMP"),
        "date": ("CURRENT_DATE", "'2020-01-01'"), "uuid": ("gen_random_uuid()",), "jsonb": ("'{}'", "'{\"a\": 1}'"),
        "numeric(10,2)": ("0.5",), "integer[]": ("'{}'", "ARRAY[1, 2]"), "double precision": ("1e3",),
    }  # fmt: skip

    def build(self) -> list[str]:
        pick = self.random
        schemas = ["public", *pick.sample(("sales", "Big Schema", "größe"), pick.randint(0, 2))]
        self.statements += [f"CREATE SCHEMA {self.name(each)}" for each in schemas[1:]]
        self.enums = []
        for place in range(pick.randint(0, 2)):
            enum = f"{self.name(pick.choice(schemas))}.{self.name(f'mood {place}')}"
            self.statements.append(f"CREATE TYPE {enum} AS ENUM ('good', 'it''s', 'a:b', '%x')")
            self.enums.append(enum)
        for table in pick.sample(NAMES, pick.randint(1, 4)):
            self.table(pick.choice(schemas), table)
        self.further(Random(repr(self.statements)))
        return self.statements

    def table(self, schema: str, table: str) -> None:
        pick, place = self.random, f"{self.name(schema)}.{self.name(table)}"
        columns = pick.sample(COLUMNS, pick.randint(2, 6))
        kind = pick.choice(("serial", "identity", "composite", "none", "uuid", "bigserial"))
        lines: list[str] = []
        plain, of_type = [], {}
        for number, column in enumerate(columns):
            name = self.name(column)
            if number == 0 and kind not in ("composite", "none"):
                always = pick.choice(("ALWAYS", "BY DEFAULT"))
                options = pick.choice(("", " (START 10 INCREMENT 2)", " (MINVALUE -5 CYCLE)"))
                text = {
                    "serial": "serial", "bigserial": "bigserial", "uuid": "uuid DEFAULT gen_random_uuid()",
                    "identity": f"bigint GENERATED {always} AS IDENTITY{options}",
                }[kind]  # fmt: skip
                lines.append(f"{name} {text} PRIMARY KEY")
                of_type[column] = {"serial": "integer", "uuid": "uuid"}.get(kind, "bigint")
                continue
            of_type[column] = pick.choice((*self.types, *self.enums, *self.enums))
            if number > 1 and self.chance(0.15) and plain:
                of_type[column] = "text"
                lines.append(
                    f"{name} text GENERATED ALWAYS AS ({self.name(plain[0])} IS NULL) STORED".replace(
                        "text GENERATED", "boolean GENERATED"
                    )
                )
                continue
            plain.append(column)
            lines.append(f"{name} {of_type[column]}{self.column(of_type[column])}")
        keys = columns[:1] if kind not in ("composite", "none") else []
        simple = [each for each in plain if of_type[each] in ("integer", "text", "bigint", "date", "varchar(20)")]
        if kind == "composite" and len(simple) > 1:
            keys = simple[:2][::-1]
            lines.append(f"CONSTRAINT {self.unique_name('pk')} PRIMARY KEY ({self.listed(keys)})")
        if simple and self.chance(0.4):
            late = pick.choice(("", "", " DEFERRABLE INITIALLY DEFERRED"))
            include = f" INCLUDE ({self.name(plain[-1])})" if self.chance(0.2) else ""
            lines.append(f"CONSTRAINT {self.unique_name('uq')} UNIQUE ({self.listed(simple[-1:])}){include}{late}")
        if plain and self.chance(0.4):
            named = f"CONSTRAINT {self.unique_name('ck')} " if self.chance(0.5) else ""
            tail = " NO INHERIT" if self.chance(0.15) else ""
            lines.append(f"{named}CHECK ({self.name(plain[-1])} IS NOT NULL){tail}")
        unlogged = "UNLOGGED " if self.chance(0.05) else ""
        self.statements.append(f"CREATE {unlogged}TABLE {place} ({', '.join(lines)})")
        self.after(place, plain, simple, of_type)
        self.keys[place] = (keys, [of_type[each] for each in keys])

    def column(self, kind: str) -> str:
        text = ""
        if self.chance(0.15) and kind in ("text", "varchar(20)"):
            text += ' COLLATE "C"'
        if self.chance(0.4):
            text += " NOT NULL"
        if self.chance(0.5) and kind in self.defaults:
            text += f" DEFAULT {self.random.choice(self.defaults[kind])}"
        if kind in self.enums and self.chance(0.4):
            text += " DEFAULT 'it''s'"
        return text

    def after(self, place: str, plain: list[str], simple: list[str], of_type: dict[str, str]) -> None:
        pick = self.random
        for other, (keys, kinds) in self.keys.items():
            fitting = [[each for each in plain if of_type[each] == kind] for kind in kinds]
            if keys and len(keys) == 1 and fitting[0] and self.chance(0.7):
                action = pick.choice(("", " ON DELETE CASCADE", " ON UPDATE CASCADE ON DELETE SET NULL"))
                late = pick.choice(("", "", " DEFERRABLE", " NOT VALID"))
                self.statements.append(
                    f"ALTER TABLE {place} ADD CONSTRAINT {self.unique_name('fk')} FOREIGN KEY "
                    f"({self.name(fitting[0][0])}) REFERENCES {other} ({self.listed(keys)}){action}{late}"
                )
        for _ in range(pick.randint(0, 2)):
            if not simple:
                break
            column = self.name(pick.choice(simple))
            part = pick.choice((column, f"{column} DESC NULLS LAST", f"({column} IS NULL)", f"{column}, (1 + 1)"))
            where = f" WHERE {column} IS NOT NULL" if self.chance(0.3) else ""
            include = f" INCLUDE ({self.name(simple[0])})" if self.chance(0.1) else ""
            unique = "UNIQUE " if self.chance(0.2) else ""
            method = " USING hash" if self.chance(0.1) and not unique and part == column and not include else ""
            self.statements.append(
                f"CREATE {unique}INDEX {self.unique_name('ix')} ON {place}{method} ({part}){include}{where}"
            )
        if self.chance(0.3):
            self.statements.append(f"COMMENT ON TABLE {place} IS 'it''s %s :x'")
        if plain and self.chance(0.3):
            self.statements.append(f"COMMENT ON COLUMN {place}.{self.name(plain[0])} IS 'a \"comment\"'")

    def further(self, dice: Random) -> None:
        """Add children of tables, and columns whose sequence is not the one that SERIAL creates."""
        for number, place in enumerate(dict.fromkeys(self.keys)):
            if dice.random() < 0.3:
                own = dice.choice(("", "extra integer DEFAULT 3", "extra text UNIQUE, CHECK (extra <> 'x')"))
                schema = place.partition('".')[0]
                self.statements.append(f'CREATE TABLE {schema}".child{number} ({own}) INHERITS ({place})')
            if dice.random() < 0.3:
                kind = dice.choice(("serial", "smallserial", "bigint GENERATED ALWAYS AS IDENTITY (START 5)"))
                self.statements.append(f"ALTER TABLE {place} ADD COLUMN counted {kind}")
                rename = dice.choice(("TABLE {} RENAME TO renamed{}", "TABLE {} RENAME counted TO counter{}"))
                self.statements.append(f"ALTER {rename.format(place, number)}")


class Mariadb(Generator):
    """MariaDB: enum and set, unsigned, charsets, generated columns, prefix and full-text indexes, comments."""

    quotes = "`"
    types = (
        "int", "bigint", "int unsigned", "smallint", "tinyint(1)", "varchar(20)", "char(3)", "text", "decimal(10,2)",
        "double", "float", "date", "datetime", "datetime(3)", "timestamp", "time", "json", "blob", "year",
        "enum('good','it''s','a:b')", "set('a','b')", "varbinary(10)", "mediumtext", "bit(3)",
    )  # fmt: skip
    defaults: ClassVar[dict[str, tuple[str, ...]]] = {
        "int": ("0", "-1", "(1 + 2)"), "varchar(20)": ("'x'", "'it''s'", "'a:b %s'", "''", "NULL", "(lower('A'))"),
        "decimal(10,2)": ("0.5",), "datetime": ("current_timestamp()", "'2020-01-01 00:00:00'"), "tinyint(1)": ("1",),
        "enum('good','it''s','a:b')": ("'it''s'",), "date": ("'2020-01-01'", "(curdate())"), "double": ("1.5",),
        "bigint": ("7",), "char(3)": ("'abc'",),
    }  # fmt: skip

    def build(self) -> list[str]:
        for table in self.random.sample([each for each in NAMES if "." not in each], self.random.randint(1, 4)):
            self.table(table)
        return self.statements

    def table(self, table: str) -> None:  # noqa: C901 - one part of a table after the other
        pick = self.random
        columns = pick.sample(COLUMNS, pick.randint(2, 6))
        kind = pick.choice(("auto", "unsigned", "composite", "none", "text"))
        lines, plain, of_type = [], [], {}
        for number, column in enumerate(columns):
            name = self.name(column)
            if number == 0 and kind in ("auto", "unsigned"):
                of_type[column] = "int" if kind == "auto" else "bigint unsigned"
                lines.append(f"{name} {of_type[column]} NOT NULL AUTO_INCREMENT PRIMARY KEY")
                continue
            of_type[column] = pick.choice(self.types)
            if number > 1 and self.chance(0.15) and plain:
                of_type[column] = "int"
                stored = pick.choice(("STORED", "VIRTUAL"))
                lines.append(f"{name} int GENERATED ALWAYS AS (char_length({self.name(plain[0])})) {stored}")
                continue
            plain.append(column)
            lines.append(f"{name} {of_type[column]}{self.column(of_type[column], name)}")
        keys = columns[:1] if kind in ("auto", "unsigned") else []
        simple = [each for each in plain if of_type[each] in ("int", "bigint", "date", "varchar(20)", "smallint")]
        if kind == "composite" and len(simple) > 1:
            keys = simple[:2][::-1]
            lines.append(f"PRIMARY KEY ({self.listed(keys)})")
        if simple and self.chance(0.4):
            lines.append(f"UNIQUE KEY {self.unique_name('uq')} ({self.listed(simple[-1:])})")
        if simple and self.chance(0.3):
            lines.append(f"CONSTRAINT {self.unique_name('ck')} CHECK ({self.name(simple[0])} <> 'a:b%')")
        for other, (others, kinds) in self.keys.items():
            fitting = [each for each in plain if kinds and of_type[each] == kinds[0]]
            if len(others) == 1 and fitting and self.chance(0.7):
                action = pick.choice(("", " ON DELETE CASCADE", " ON UPDATE CASCADE"))
                lines.append(
                    f"CONSTRAINT {self.unique_name('fk')} FOREIGN KEY ({self.name(fitting[0])}) REFERENCES "
                    f"{self.name(other)} ({self.listed(others)}){action}"
                )
        for _ in range(pick.randint(0, 2)):
            if simple:
                column = pick.choice(simple)
                length = "(5)" if of_type[column] == "varchar(20)" and self.chance(0.5) else ""
                lines.append(f"KEY {self.unique_name('ix')} ({self.name(column)}{length})")
        options = pick.choice(
            ("", " COMMENT 'it''s %s :x'", " DEFAULT CHARSET=latin1", " ENGINE=InnoDB ROW_FORMAT=COMPACT")
        )
        self.statements.append(f"CREATE TABLE {self.name(table)} ({', '.join(lines)}){options}")
        self.keys[table] = (keys, [of_type[each] for each in keys])

    def column(self, kind: str, name: str) -> str:
        text = ""
        if kind in ("varchar(20)", "text") and self.chance(0.2):
            text += " COLLATE utf8mb4_bin"
        if self.chance(0.4):
            text += " NOT NULL"
        elif kind == "timestamp":
            text += " NULL"
        if kind == "timestamp" and self.chance(0.4):
            text += " DEFAULT current_timestamp() ON UPDATE current_timestamp()"
        elif self.chance(0.5) and kind in self.defaults:
            chosen = self.random.choice(self.defaults[kind])
            text += "" if "NOT NULL" in text and chosen == "NULL" else f" DEFAULT {chosen}"
        if self.chance(0.2):
            text += " COMMENT 'a \"comment\", it''s %s'"
        if kind == "int" and self.chance(0.1):
            text += f" CHECK ({name} > 0)"
        return text


GENERATORS = {"sqlite": Sqlite, "postgresql": Postgresql, "mariadb": Mariadb}


def random_database(dialect: str, seed: int) -> list[str]:
    """Return the statements that create a random database."""
    return GENERATORS[dialect](seed).build()
