"""Table options of MariaDB and MySQL: engine, character set, collation, row format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import DDLCompiler

from ...util.exc import CommandError, IrreversibleOperation, UnsupportedOperation
from ..base import Operations
from ..ddl_formatting import AlterTable, alter_table
from ..operation import AlterTableOp, DiffTuple, Hint, SourceWriter, slug, without_empty
from ..schema_state import SchemaState

KNOWN = ("engine", "charset", "collate", "row_format")


@Operations.register_operation("set_table_options")
class SetTableOptionsOp(AlterTableOp):
    """ALTER TABLE ... ENGINE, CONVERT TO CHARACTER SET, ROW_FORMAT (MariaDB, MySQL).

        SetTableOptionsOp("users", engine="InnoDB", existing={"engine": "MyISAM"})

    ``existing`` are the current options, if they are known.
    """

    def __init__(
        self,
        table_name: str,
        *,
        schema: str | None = None,
        existing: Mapping[str, str] | None = None,
        **options: str | None,
    ) -> None:
        super().__init__(table_name, schema=schema)
        unknown = sorted(options.keys() - set(KNOWN))
        if unknown:
            raise CommandError(f"A table has no option {unknown[0]!r}. Those that can be set: {', '.join(KNOWN)}.")
        self.options = {name: value for name in KNOWN if (value := options.get(name)) is not None}
        self.existing = None if existing is None else dict(existing)

    @classmethod
    def set_table_options(
        cls,
        operations: Operations,
        table_name: str,
        *,
        engine: str | None = None,
        charset: str | None = None,
        collate: str | None = None,
        row_format: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Set options of a table (MariaDB, MySQL).

            op.set_table_options("users", engine="InnoDB", charset="utf8mb4", collate="utf8mb4_unicode_ci")

        Another character set or collation also converts the text columns.
        """
        operation = cls(
            table_name, schema=schema, engine=engine, charset=charset, collate=collate, row_format=row_format
        )
        operations.invoke(operation)

    def apply(self, operations: Operations) -> None:
        operations.impl.execute(TableOptions(self.table_name, self.options, schema=self.schema))

    def apply_to(self, schema: SchemaState) -> None:
        names = {"charset": "mysql_default_charset"}
        given = {names.get(name, f"mysql_{name}"): value for name, value in self.options.items()}
        schema.table(self.table_key).options.update(given)

    def reverse(self) -> SetTableOptionsOp:
        missing = sorted(self.options.keys() - (self.existing or {}).keys())
        if missing:
            raise IrreversibleOperation(self.sentence(), f"its {missing[0]} before is not known. Pass existing=.")
        before = {name: value for name, value in (self.existing or {}).items() if name in self.options}
        return SetTableOptionsOp(self.table_name, schema=self.schema, existing=self.options, **before)

    def render(self, write: SourceWriter) -> str:
        options = without_empty({"schema": self.schema}) | self.options
        return write.call("set_table_options", self.table_name, **options)

    def sentence(self) -> str:
        return f"Set {', '.join(f'{name} {value}' for name, value in self.options.items())} of table {self.shown_table}"

    def slug(self) -> str:
        return slug("set", *self.options, "of", self.table_name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        slow = Hint("slow", f"rewrites every row of {self.shown_table}")
        if "charset" in self.options:
            return (slow, Hint("may fail", f"fails if a text cannot be converted to {self.options['charset']}"))
        return (slow,)

    def to_diff_tuple(self) -> DiffTuple:
        return ("modify_table_options", self.schema, self.table_name, self.existing, dict(self.options))

    @classmethod
    def example(cls) -> Self:
        return cls("users", existing={"engine": "MyISAM"}, engine="InnoDB")


class TableOptions(AlterTable):
    """``ALTER TABLE t ENGINE=InnoDB``."""

    def __init__(self, table_name: str, options: Mapping[str, str], schema: str | None = None) -> None:
        super().__init__(table_name, schema=schema)
        self.given = dict(options)


@compiles(TableOptions)
def _table_options(element: TableOptions, compiler: DDLCompiler, **kw: object) -> str:
    raise UnsupportedOperation(f"{compiler.dialect.name} has no table options ({element.table_name}). Leave it out.")


@compiles(TableOptions, "mysql")
@compiles(TableOptions, "mariadb")
def _mysql_table_options(element: TableOptions, compiler: DDLCompiler, **kw: object) -> str:
    given = element.given
    parts = [f"{name.upper()}={_word(given[name], name)}" for name in ("engine", "row_format") if name in given]
    charset = f"CONVERT TO CHARACTER SET {_word(given['charset'], 'charset')}" if "charset" in given else ""
    collate = f"COLLATE {_word(given['collate'], 'collate')}" if "collate" in given else ""
    if collate and not charset:
        charset = f"CONVERT TO CHARACTER SET {_word(given['collate'], 'collate').partition('_')[0]}"
    if charset:
        parts.append(f"{charset} {collate}".strip())
    return f"{alter_table(compiler, element.table_name, element.schema)} {', '.join(parts)}"


def _word(value: str, name: str) -> str:
    """Return a single word; raises CommandError for anything else, which could be SQL."""
    if not value.replace("_", "").isalnum():
        raise CommandError(f"{value!r} cannot be the {name} of a table: it must be a single word.")
    return value
