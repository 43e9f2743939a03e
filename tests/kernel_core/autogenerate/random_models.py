"""Random models over the whole surface of types and constraints that a database knows; the same seed, the same models."""

from __future__ import annotations

import random

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

NAMES = ("a", "b", "name", "Mixed Case", "order", "größe", "x1", "value_", "select", "long_" + "n" * 40)

COMMON_TYPES = (
    lambda r: sa.Integer(),
    lambda r: sa.BigInteger(),
    lambda r: sa.SmallInteger(),
    lambda r: sa.String(r.choice((1, 20, 255))),
    lambda r: sa.Text(),
    lambda r: sa.Unicode(30),
    lambda r: sa.Numeric(r.choice((10, 12)), r.choice((0, 2))),
    lambda r: sa.Float(),
    lambda r: sa.Double(),
    lambda r: sa.Boolean(),
    lambda r: sa.Boolean(create_constraint=True, name=f"ck_bool_{r.randrange(10**6)}"),
    lambda r: sa.Date(),
    lambda r: sa.DateTime(),
    lambda r: sa.Time(),
    lambda r: sa.LargeBinary(),
    lambda r: sa.JSON(),
    lambda r: sa.CHAR(r.choice((1, 4))),
    lambda r: sa.VARCHAR(7),
    lambda r: sa.Uuid(),
    lambda r: sa.Enum("x", "y", "it's", native_enum=False, length=10),
)
TYPES = {
    "sqlite": (
        lambda r: sa.String(),
        lambda r: sa.Numeric(),
        lambda r: sa.TIMESTAMP(),
        lambda r: sa.REAL(),
        lambda r: sa.BLOB(),
        lambda r: sa.NCHAR(3),
        lambda r: sa.String(9, collation="NOCASE"),
        lambda r: sa.DateTime(timezone=True),
    ),
    "postgresql": (
        lambda r: sa.String(),
        lambda r: sa.Numeric(),
        lambda r: sa.DateTime(timezone=True),
        lambda r: sa.Time(timezone=True),
        lambda r: sa.Interval(),
        lambda r: sa.REAL(),
        lambda r: postgresql.TIMESTAMP(precision=3, timezone=True),
        lambda r: postgresql.INTERVAL(fields="DAY TO SECOND"),
        lambda r: postgresql.ARRAY(r.choice((sa.Integer, sa.String(5), sa.Text, sa.Numeric(4, 1)))),
        lambda r: postgresql.JSONB(),
        lambda r: postgresql.INET(),
        lambda r: postgresql.CIDR(),
        lambda r: postgresql.MACADDR(),
        lambda r: postgresql.MONEY(),
        lambda r: postgresql.TSVECTOR(),
        lambda r: postgresql.BIT(4),
        lambda r: postgresql.BIT(6, varying=True),
        lambda r: postgresql.INT4RANGE(),
        lambda r: postgresql.TSTZRANGE(),
        lambda r: postgresql.OID(),
        lambda r: postgresql.REGCLASS(),
        lambda r: sa.String(9, collation="C"),
        lambda r: r.choice(("mood", "Mood Two")),
    ),
    "mysql": (
        lambda r: mysql.INTEGER(unsigned=True),
        lambda r: mysql.TINYINT(),
        lambda r: mysql.MEDIUMINT(unsigned=True, zerofill=True),
        lambda r: mysql.ENUM("a", "b'c", "ü"),
        lambda r: mysql.SET("a", "b"),
        lambda r: mysql.LONGTEXT(),
        lambda r: mysql.MEDIUMBLOB(),
        lambda r: mysql.DATETIME(fsp=3),
        lambda r: mysql.TIME(fsp=6),
        lambda r: mysql.YEAR(),
        lambda r: mysql.BIT(3),
        lambda r: mysql.VARCHAR(12, charset="latin1"),
        lambda r: mysql.VARCHAR(12, collation="utf8mb4_bin"),
        lambda r: mysql.DOUBLE(),
        lambda r: mysql.FLOAT(),
        lambda r: sa.Enum("x", "y", name="mysql_enum"),
        lambda r: sa.VARBINARY(12),
    ),
}
ENUMS = {"mood": ("sad", "it's", "happy"), "Mood Two": ("a", "B c")}
_ACTIONS = (None, None, "CASCADE", "SET NULL", "RESTRICT", "NO ACTION")


class RandomModels:
    """One MetaData, made of a seed."""

    def __init__(self, seed: int, dialect: str, schemas: tuple[str | None, ...] = (None,), tables: int = 4) -> None:
        self.random = random.Random(f"{dialect}-{seed}")
        self.dialect = dialect
        convention = {"uq": "uq_%(table_name)s_%(column_0_name)s", "ix": "ix_%(column_0_label)s"}
        named = self.random.random() < 0.3 and dialect != "mysql"
        self.metadata = sa.MetaData(naming_convention=convention if named else None)
        if dialect == "postgresql":
            self.enums = {
                name: postgresql.ENUM(*labels, name=name, metadata=self.metadata) for name, labels in ENUMS.items()
            }
        names = self.random.sample(("t", "Order", "user", "p q", "straße", "t_child", "items"), tables)
        for name in names:
            self._table(name, self.random.choice(schemas))

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _table(self, name: str, schema: str | None) -> None:
        columns = self._key_columns()
        for column_name in self.random.sample(NAMES, self.random.randrange(1, 7)):
            columns.append(self._column(column_name))
        table = sa.Table(name, self.metadata, *columns, schema=schema, comment=self._comment())
        self._constraints(table)
        self._indexes(table)

    def _comment(self) -> str | None:
        return self.random.choice((None, None, "it's a comment", "größer: 100%")) if self.dialect != "sqlite" else None

    def _key_columns(self) -> list[sa.Column]:
        kind = self.random.randrange(5)
        if kind == 0:
            return []
        if kind == 1:
            return [sa.Column("k1", sa.Integer, primary_key=True), sa.Column("k2", sa.String(9), primary_key=True)]
        if kind == 2 and self.dialect != "mysql":
            return [sa.Column("id", sa.Integer, sa.Identity(always=self.chance(0.5), start=5), primary_key=True)]
        if kind == 3:
            return [sa.Column("id", sa.String(12), primary_key=True)]
        return [sa.Column("id", self.random.choice((sa.Integer, sa.BigInteger)), primary_key=True)]

    def _column(self, name: str) -> sa.Column:
        type_ = self.random.choice((*COMMON_TYPES, *TYPES[self.dialect]))(self.random)
        if isinstance(type_, str):
            type_ = self.enums[type_]
        options = {"nullable": self.chance(0.6), "server_default": self._default(type_), "comment": self._comment()}
        return sa.Column(name, type_, **options)

    def _default(self, type_):
        if self.chance(0.6):
            return None
        if isinstance(type_, (sa.Integer, sa.Numeric)) and not isinstance(type_, mysql.YEAR):
            return self.random.choice(("7", sa.text("7"), sa.text("0"), sa.text("(1 + 2)")))
        if isinstance(type_, sa.Boolean):
            return self.random.choice((sa.true(), sa.false()))
        if isinstance(type_, postgresql.ENUM):
            return type_.enums[0]
        if type(type_) in (sa.String, sa.VARCHAR, sa.Unicode, mysql.VARCHAR):
            return self.random.choice(("x", "", "1"))
        if type(type_) in (sa.DateTime, sa.TIMESTAMP, postgresql.TIMESTAMP):
            return sa.text("CURRENT_TIMESTAMP") if self.dialect != "mysql" else sa.func.now()
        return None

    def _plain(self, table: sa.Table) -> list[sa.Column]:
        """Return columns of which every database makes an index."""
        good = (sa.Integer, sa.String, sa.Date)
        bad = (sa.Text, sa.Enum, mysql.LONGTEXT, mysql.SET, mysql.BIT)
        return [
            column
            for column in table.columns
            if isinstance(column.type, good)
            and not isinstance(column.type, bad)
            and column.computed is None
            and getattr(column.type, "collation", None) != "C"
        ]

    def _constraints(self, table: sa.Table) -> None:
        plain = self._plain(table)
        numbers = [column for column in table.columns if isinstance(column.type, sa.Integer) and not column.primary_key]
        if plain and self.chance(0.5):
            chosen = self.random.sample(plain, min(len(plain), self.random.randrange(1, 3)))
            name = f"uq_{table.name}_x" if self.chance(0.6) else None
            table.append_constraint(sa.UniqueConstraint(*(column.name for column in chosen), name=name))
        if numbers and self.chance(0.5):
            column = self.random.choice(numbers)
            name = f"ck_{table.name}_x" if self.chance(0.6) else None
            table.append_constraint(sa.CheckConstraint(column > 3, name=name))
        if numbers and self.chance(0.2):
            computed = sa.Computed(self.random.choice(numbers) + 1, persisted=True)
            table.append_column(sa.Column("computed", sa.Integer, computed))
        self._foreign_keys(table)

    def _foreign_keys(self, table: sa.Table) -> None:
        targets = [
            other
            for other in self.metadata.tables.values()
            if len(other.primary_key.columns) == 1
            and (other is not table or self.chance(0.5))
            and (self.dialect == "postgresql" or other.schema == table.schema)
        ]
        for number in range(self.random.randrange(3) if targets else 0):
            target = self.random.choice(targets)
            action, deferred = self.random.choice(_ACTIONS), self.chance(0.2) and self.dialect != "mysql"
            options = {
                "name": f"fk_{table.name}_{number}" if self.chance(0.6) else None,
                "ondelete": action,
                "onupdate": self.random.choice((None, "CASCADE")),
                "deferrable": True if deferred else None,
                "initially": self.random.choice(("DEFERRED", None)) if deferred else None,
            }
            (key,) = target.primary_key.columns
            column = sa.Column(f"ref{number}", key.type)
            table.append_column(column)
            table.append_constraint(sa.ForeignKeyConstraint([column], [key], **options))

    def _indexes(self, table: sa.Table) -> None:
        plain = self._plain(table)
        for number in range(self.random.randrange(3) if plain else 0):
            chosen = self.random.sample(plain, min(len(plain), self.random.randrange(1, 3)))
            self._index(table, f"ix_{table.name}_{number}", chosen)

    def _index(self, table: sa.Table, name: str, columns: list[sa.Column]) -> None:
        options, parts = {}, list(columns)
        strings = [column for column in columns if isinstance(column.type, sa.String)]
        long = [text for text in strings if not isinstance(text.type, sa.Enum) and (text.type.length or 99) > 3]
        kind = self.random.randrange(6)
        if kind == 0 and self.dialect != "mysql":
            parts[0] = parts[0].desc()
        elif kind == 1 and strings and self.dialect != "mysql":
            parts = [sa.func.lower(strings[0])]
        elif kind == 2 and isinstance(parts[0].type, sa.Integer):
            options = {f"{dialect}_where": parts[0] > 5 for dialect in ("sqlite", "postgresql")}
        elif kind == 3 and self.dialect == "postgresql":
            options = {"postgresql_using": "hash"}
            parts = parts[:1]
        elif kind == 4 and long and self.dialect == "mysql":
            options, parts = {"mysql_prefix": "FULLTEXT"}, long[:1]
        elif kind == 5 and long and self.dialect == "mysql":
            options = {"mysql_length": {long[0].name: 3}}
        is_plain = not {"postgresql_using", "mysql_prefix"} & options.keys()
        sa.Index(name, *parts, unique=self.chance(0.3) and is_plain, **options)


def random_models(seed: int, dialect: str, **options) -> sa.MetaData:
    """Return the models of a seed, for ``sqlite``, ``postgresql`` or ``mysql``."""
    return RandomModels(seed, dialect, **options).metadata
