"""Follow the names of tables and columns while a run renames them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...operations.operation import MigrateOperation
from ...operations.ops import AlterColumnOp, CreateTableOp, DropTableOp, ExecuteSQLOp, RenameTableOp
from ...util.sql import SQLDialect, Token, tokens

Key = tuple[str | None, str]


@dataclass(slots=True)
class Renames:
    """The present names of the tables and columns that existed before, where they have another one now."""

    tables: dict[Key, Key] = field(default_factory=dict)
    """From the present name to the first."""
    columns: dict[Key, dict[str, str]] = field(default_factory=dict)
    """For each present table, from a column's present name to its first."""

    def follow(self, operations: Iterable[MigrateOperation], dialect: SQLDialect) -> None:
        """Note what operations rename, also in SQL."""
        for operation in operations:
            if isinstance(operation, ExecuteSQLOp):
                self.follow_sql(operation.text, dialect)
            elif isinstance(operation, RenameTableOp):
                self.rename_table((operation.schema, operation.table_name), operation.new_table_name)
            elif isinstance(operation, AlterColumnOp) and operation.modify_name is not None:
                self.rename_column(
                    (operation.schema, operation.table_name), operation.column_name, operation.modify_name
                )
            elif isinstance(operation, CreateTableOp | DropTableOp):
                self.tables.pop((operation.schema, operation.table_name), None)
                self.columns.pop((operation.schema, operation.table_name), None)

    def follow_sql(self, sql: str, dialect: SQLDialect) -> None:
        """Note what ALTER TABLE ... RENAME, RENAME TABLE and CHANGE COLUMN rename."""
        found = [token for token in tokens(sql, dialect) if token.kind not in ("space", "comment")]
        words = _without_default_schema(found, str(getattr(dialect, "name", dialect)))
        keywords = [token.keyword for token in words]
        if keywords[:1] == ["RENAME"] and keywords[1:2] in (["TABLE"], ["TABLES"]):
            for place, word in enumerate(keywords):
                if word == "TO" and 0 < place < len(words) - 1:
                    wait = {"WAIT": 2, "NOWAIT": 1}
                    before = place - 1 - wait.get(keywords[place - 2], wait.get(keywords[place - 1], 0))
                    self.rename_table((None, words[before].name), words[place + 1].name)
        elif keywords[:2] == ["ALTER", "TABLE"] or keywords[:3] in (
            ["ALTER", "ONLINE", "TABLE"],
            ["ALTER", "IGNORE", "TABLE"],
        ):
            self._follow_alter(words[keywords.index("TABLE") + 1 :])

    def _follow_alter(self, words: list[Token]) -> None:
        words = _after(words, "IF", "EXISTS", "ONLY")
        qualified = len(words) > 2 and words[1].text == "."
        table: Key = (words[0].name, words[2].name) if qualified else (None, words[0].name)
        rest = words[3 if qualified else 1 :]
        for place, token in enumerate(rest):
            after = rest[place + 1 :]
            if token.keyword == "RENAME" and (name := _new_table(after)) is not None:
                self.rename_table(table, name.name)
            elif token.keyword in ("RENAME", "CHANGE"):
                names = _after(after, "COLUMN", "IF", "EXISTS")
                to = 2 if token.keyword == "RENAME" else 1
                if len(names) > to and (to == 1 or names[1].keyword == "TO"):
                    self.rename_column(table, names[0].name, names[to].name)

    def rename_table(self, table: Key, name: str) -> None:
        """Note that a table has a new name."""
        first = self.tables.pop(table, table)
        self.tables[table[0], name] = first
        if table in self.columns:
            self.columns[table[0], name] = self.columns.pop(table)

    def rename_column(self, table: Key, name: str, new_name: str) -> None:
        """Note that a column has a new name."""
        columns = self.columns.setdefault(table, {})
        columns[new_name] = columns.pop(name, name)


def _after(words: list[Token], *keywords: str) -> list[Token]:
    """Return the words without those at the start that are among the keywords."""
    while words and words[0].keyword in keywords:
        words = words[1:]
    return words


def _new_table(after: list[Token]) -> Token | None:
    """Return the new name of a table, from what follows RENAME; TO, AS and = may be left out on MariaDB."""
    has_word = bool(after) and (after[0].keyword in ("TO", "AS") or after[0].text == "=")
    if has_word:
        return after[1] if len(after) > 1 else None
    is_alone = len(after) == 1 or (len(after) > 1 and after[1].text in (",", ";"))
    return after[0] if is_alone and after[0].kind in ("word", "name") else None


def _without_default_schema(words: list[Token], dialect: str) -> list[Token]:
    """Return the words without the name of the default schema before a dot; on MariaDB, of the only database."""
    default = {"sqlite": "main", "postgresql": "public"}.get(dialect)
    is_mysql = dialect in ("mysql", "mariadb")
    found: list[Token] = []
    place = 0
    while place < len(words):
        dotted = place + 2 < len(words) and words[place + 1].text == "." and words[place].kind in ("word", "name")
        if dotted and (is_mysql or words[place].name == default):
            place += 2
        found.append(words[place])
        place += 1
    return found
