"""``recreate="always"`` outside SQLite: the new table has everything that the old one had, or it is refused."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sampling import sampled

from kernel_core.operations import BatchOperations, Operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import BatchError, CommandError, UnsupportedOperation

from . import hostile

POSTGRESQL = """
    CREATE TABLE place (id INT PRIMARY KEY);
    INSERT INTO place VALUES (1), (2);
    CREATE TABLE seen (x INT);
    CREATE TABLE thing (
        id SERIAL,
        k BIGINT GENERATED ALWAYS AS IDENTITY (START 5),
        a VARCHAR(20) COLLATE "C" NOT NULL DEFAULT 'x:y 5%%',
        b INT CHECK (b > 0),
        g INT GENERATED ALWAYS AS (b * 2) STORED,
        p INT REFERENCES place DEFERRABLE INITIALLY DEFERRED,
        boss INT,
        tags INT[],
        n VARCHAR(9),
        CONSTRAINT pk_thing PRIMARY KEY (id),
        CONSTRAINT fk_boss FOREIGN KEY (boss) REFERENCES thing (id) ON DELETE SET NULL,
        CONSTRAINT uq_thing UNIQUE (a) INCLUDE (b),
        EXCLUDE USING btree (b WITH =)
    ) WITH (fillfactor = 50);
    CREATE UNIQUE INDEX ix_part ON thing (lower(a) DESC NULLS LAST) WHERE b > 1;
    ALTER TABLE thing ADD CONSTRAINT fk_unsure FOREIGN KEY (b) REFERENCES place NOT VALID;
    COMMENT ON TABLE thing IS 'it''s a thing';
    COMMENT ON COLUMN thing.a IS 'called';
    COMMENT ON CONSTRAINT uq_thing ON thing IS 'one each';
    COMMENT ON INDEX ix_part IS 'for looking up';
    INSERT INTO thing (a, b, p, n) VALUES ('q', 1, 1, '12'), ('r', 2, 2, '7');
    UPDATE thing SET boss = 1 WHERE id = 2;
    SET CONSTRAINTS ALL IMMEDIATE;
    CREATE TABLE child (thing INT CONSTRAINT fk_child REFERENCES thing ON DELETE CASCADE);
    INSERT INTO child VALUES (1), (2);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (new.id); RETURN new; END $$;
    CREATE TRIGGER noted AFTER INSERT ON thing FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TRIGGER silent AFTER UPDATE ON thing FOR EACH ROW EXECUTE FUNCTION note();
    ALTER TABLE thing DISABLE TRIGGER silent;
    GRANT SELECT, INSERT ON thing TO PUBLIC;
"""
MARIADB = [
    "CREATE TABLE place (id INT PRIMARY KEY)",
    "INSERT INTO place VALUES (1), (2)",
    """CREATE TABLE thing (
        id INT AUTO_INCREMENT PRIMARY KEY,
        a VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'x:y 5%%' COMMENT 'h,i (''',
        b INT UNSIGNED CHECK (b > 0),
        g INT GENERATED ALWAYS AS (b * 2) PERSISTENT,
        at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
        p INT, boss INT, hidden INT INVISIBLE, j JSON, n VARCHAR(9), w TEXT,
        CONSTRAINT uq_thing UNIQUE (a),
        CONSTRAINT fk_place FOREIGN KEY (p) REFERENCES place (id) ON DELETE CASCADE,
        CONSTRAINT fk_boss FOREIGN KEY (boss) REFERENCES thing (id),
        CONSTRAINT ck_thing CHECK (b < 100),
        KEY ix_part (a(5)), FULLTEXT KEY ix_words (w)
    ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC AUTO_INCREMENT=50 COMMENT 'it''s a thing'""",
    "INSERT INTO thing (a, b, p, n) VALUES ('q', 1, 1, '12'), ('r', 2, 2, '7')",
    "UPDATE thing SET boss = 50 WHERE id = 51",
    """CREATE TABLE child (thing INT, CONSTRAINT fk_child FOREIGN KEY (thing) REFERENCES thing (id) ON DELETE CASCADE)""",
    "INSERT INTO child VALUES (50), (51)",
    "CREATE VIEW looks AS SELECT a FROM thing",
]


@pytest.fixture
def pg(postgresql_url: str) -> Iterator[Operations]:
    yield from opened(postgresql_url, [POSTGRESQL])


@pytest.fixture
def maria(mariadb_url: str) -> Iterator[Operations]:
    yield from opened(mariadb_url, MARIADB)


@pytest.fixture(params=["pg", "maria"])
def op(request: pytest.FixtureRequest) -> Operations:
    """Directives on a database where ``thing`` has everything that a copy could lose."""
    operations: Operations = request.getfixturevalue(request.param)
    return operations


def opened(url: str, statements: list[str]) -> Iterator[Operations]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
        yield Operations(MigrationContext.configure(connection))
    engine.dispose()


POSTGRESQL_CATALOG = """
    SELECT 'column', attname, format_type(atttypid, atttypmod), attnotnull::text, attidentity::text || attgenerated::text,
        pg_get_expr(adbin, adrelid), attcollation::text, col_description(attrelid, attnum), attnum::text
        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = 'thing'::regclass AND attnum > 0
    UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid), conrelid::regclass::text,
        obj_description(oid, 'pg_constraint'), '', '', '', ''
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid),
        obj_description(indexrelid, 'pg_class'), '', '', '', '', '' FROM pg_index WHERE indrelid = 'thing'::regclass
    UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid), tgenabled::text, '', '', '', '', ''
        FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'table', obj_description(oid, 'pg_class'), reloptions::text, relacl::text, relpersistence::text,
        '', '', '', '' FROM pg_class WHERE oid = 'thing'::regclass
    UNION ALL SELECT 'sequence', sequencename, last_value::text, start_value::text, increment_by::text, '', '', '', ''
        FROM pg_sequences ORDER BY 1, 2"""


def everything(op: Operations) -> list[Any]:
    """The catalog for ``thing`` and the tables that refer to it, and every row."""
    connection = op.get_bind()
    rows = [connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1").all() for table in ("thing", "child")]
    if connection.dialect.name == "postgresql":
        return [connection.exec_driver_sql(POSTGRESQL_CATALOG).all(), *rows]
    stated = [connection.exec_driver_sql(f"SHOW CREATE TABLE {table}").one()[1] for table in ("thing", "child")]
    looks = connection.exec_driver_sql("SELECT a FROM looks ORDER BY 1").all()
    return [[sorted(each.replace(",\n", "\n").splitlines()) for each in stated], looks, *rows]


@pytest.mark.slow
def test_a_copy_that_changes_nothing_changes_nothing(op: Operations) -> None:
    before = everything(op)
    with op.batch_alter_table("thing", recreate="always"):
        pass
    assert everything(op) == before


@pytest.mark.slow
def test_sequences_keep_their_next_number(op: Operations) -> None:
    connection = op.get_bind()
    connection.exec_driver_sql("DELETE FROM thing WHERE a = 'r'")
    connection.commit()
    last = connection.exec_driver_sql("SELECT max(id) + 1 FROM thing").scalar()
    with op.batch_alter_table("thing", recreate="always"):
        pass
    connection.exec_driver_sql("INSERT INTO thing (a, b) VALUES ('s', 2)")
    assert connection.exec_driver_sql("SELECT id FROM thing WHERE a = 's'").scalar() == last + 1


@pytest.mark.slow
def test_columns_are_added_moved_altered_and_dropped_with_one_copy(op: Operations) -> None:
    statements: list[str] = []
    connection = op.get_bind()
    sa.event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with op.batch_alter_table("thing", recreate="always", partial_reordering=[("n", "a")]) as batch_op:
        batch_op.add_column(sa.Column("more", sa.Integer, nullable=False, server_default="9"), insert_after="id")
        batch_op.alter_column("n", type_=sa.Integer(), existing_type=sa.String(9))
        batch_op.drop_constraint("uq_thing", type_="unique")
        batch_op.create_unique_constraint("uq_more", ["more", "a"])
        batch_op.create_index("ix_more", ["more"])
        batch_op.create_check_constraint("ck_more", "more > 1")
        batch_op.drop_index("ix_part")
        batch_op.create_table_comment("another thing", existing_comment="it's a thing")
    assert sum(statement.startswith("INSERT INTO") for statement in statements) == 1
    inspector = sa.inspect(connection)
    names = [column["name"] for column in inspector.get_columns("thing")]
    assert names[:2] == ["id", "more"]
    assert names.index("n") < names.index("a")
    assert connection.exec_driver_sql("SELECT n, more FROM thing ORDER BY id").all() == [(12, 9), (7, 9)]
    assert connection.exec_driver_sql("SELECT count(*) FROM child").scalar() == 2
    assert inspector.get_table_comment("thing")["text"] == "another thing"
    assert {each["name"] for each in inspector.get_indexes("thing")} >= {"ix_more"}
    assert not {each["name"] for each in inspector.get_indexes("thing")} & {"ix_part", "uq_thing"}
    with pytest.raises(sa.exc.DBAPIError):
        connection.exec_driver_sql("INSERT INTO thing (more, a) VALUES (0, 'c')")


@pytest.mark.slow
def test_a_renamed_column_has_its_new_name_wherever_it_is_used(op: Operations) -> None:
    with op.batch_alter_table("thing", recreate="always") as batch_op:
        batch_op.alter_column("b", new_column_name="amount", existing_type=sa.Integer())
        batch_op.add_column(sa.Column("more", sa.Integer))
    assert op.get_bind().exec_driver_sql("SELECT amount, g, more FROM thing ORDER BY id").all() == [
        (1, 2, None),
        (2, 4, None),
    ]


@pytest.mark.slow
def test_postgresql_recreates_a_table_of_another_schema(pg: Operations) -> None:
    pg.execute("""
        CREATE SCHEMA "My App";
        CREATE TYPE "My App".mood AS ENUM ('a', 'b');
        CREATE TABLE "My App"."T t" (id SERIAL PRIMARY KEY, m "My App".mood DEFAULT 'a', b INT CHECK (b > 0), boss INT
            REFERENCES "My App"."T t");
        CREATE INDEX "Ix x" ON "My App"."T t" (b);
        COMMENT ON INDEX "My App"."Ix x" IS 'hi';
        INSERT INTO "My App"."T t" (b) VALUES (1);
        CREATE TABLE far (x INT REFERENCES "My App"."T t");
    """)
    with pg.batch_alter_table("T t", schema="My App", recreate="always") as batch_op:
        batch_op.add_column(sa.Column("n", sa.Integer, server_default="4"), insert_after="id")
        batch_op.alter_column("b", new_column_name="amount")
    connection = pg.get_bind()
    row = connection.exec_driver_sql('INSERT INTO "My App"."T t" (amount) VALUES (3) RETURNING *').one()
    assert tuple(row) == (2, 4, "a", 3, None)
    inspector = sa.inspect(connection)
    assert [each["name"] for each in inspector.get_indexes("T t", schema="My App")] == ["Ix x"]
    assert inspector.get_foreign_keys("far")[0]["referred_schema"] == "My App"


@pytest.mark.slow
def test_mariadb_recreates_a_table_of_another_database(maria: Operations) -> None:
    connection, app = maria.get_bind(), f"{maria.get_bind().engine.url.database}_app"
    connection.exec_driver_sql(f"CREATE DATABASE {app}")
    try:
        for statement in (
            f"CREATE TABLE {app}.t (id INT AUTO_INCREMENT PRIMARY KEY, a INT, CONSTRAINT fk FOREIGN KEY (a) REFERENCES {app}.t (id))",
            f"INSERT INTO {app}.t (a) VALUES (1), (2)",
            f"CREATE TABLE far (x INT, CONSTRAINT fk_far FOREIGN KEY (x) REFERENCES {app}.t (id))",
        ):
            connection.exec_driver_sql(statement)
        with maria.batch_alter_table("t", schema=app, recreate="always") as batch_op:
            batch_op.add_column(sa.Column("n", sa.Integer, server_default="4"), insert_after="id")
            batch_op.create_index("ix_n", ["n"])
        assert connection.exec_driver_sql(f"SELECT * FROM {app}.t").all() == [(1, 4, 1), (2, 4, 2)]
        inspector = sa.inspect(connection)
        assert inspector.get_foreign_keys("far")[0]["referred_schema"] == app
        assert [each["name"] for each in inspector.get_foreign_keys("t", schema=app)] == ["fk"]
    finally:
        connection.exec_driver_sql("SET foreign_key_checks = 0")
        connection.exec_driver_sql(f"DROP DATABASE {app}")


@pytest.mark.slow
def test_listeners_and_columns_override_reflection(op: Operations) -> None:
    def shorten(inspector: Any, table: sa.Table, found: dict[str, Any]) -> None:
        if found["name"] == "n":
            found["type"] = sa.String(4)

    with op.batch_alter_table(
        "thing",
        recreate="always",
        reflect_args=[sa.Column("boss", sa.BigInteger, nullable=True)]
        if op.get_context().dialect.name == "postgresql"
        else [],
        reflect_kwargs={"listeners": [("column_reflect", shorten)]},
        table_args=[sa.CheckConstraint("n <> 'z'", name="ck_n"), sa.Column("extra", sa.Integer), sa.Index("ix_n", "n")],
    ):
        pass
    columns = {column["name"]: column["type"] for column in sa.inspect(op.get_bind()).get_columns("thing")}
    assert "extra" in columns
    if op.get_context().dialect.name == "postgresql":
        assert (columns["n"].length, str(columns["boss"])) == (4, "BIGINT")
    assert "ix_n" in {each["name"] for each in sa.inspect(op.get_bind()).get_indexes("thing")}


def test_postgresql_using_converts_old_values(pg: Operations) -> None:
    with pg.batch_alter_table("thing", recreate="always") as batch_op:
        batch_op.alter_column("n", type_=sa.Integer(), postgresql_using="n::integer * 2")
        batch_op.add_column(sa.Column("mood", sa.Enum("good", "bad", name="mood"), server_default="good"))
    assert pg.get_bind().exec_driver_sql("SELECT n, mood FROM thing").all() == [(24, "good"), (14, "good")]


LOST = [
    ("CREATE VIEW looks AS SELECT a FROM thing", "view looks"),
    ("CREATE MATERIALIZED VIEW looks AS SELECT a FROM thing", "materialized view looks"),
    ("ALTER TABLE thing ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON thing", "its row security, policy mine"),
    ("CREATE RULE never AS ON DELETE TO thing DO INSTEAD NOTHING", "rule never"),
    ("CREATE STATISTICS pair ON a, b FROM thing", "statistics pair"),
    ("CREATE TABLE heir () INHERITS (thing)", "its inheritance"),
    ("ALTER TABLE thing REPLICA IDENTITY FULL", "its replica identity"),
    ("ALTER TABLE thing ALTER a SET STATISTICS 50", "the settings of column a"),
    ("CREATE PUBLICATION news FOR TABLE thing", "its place in publication news"),
]


@pytest.mark.slow
def test_postgresql_refuses_by_name_what_a_copy_would_lose(pg: Operations) -> None:
    before = everything(pg)
    for statement, named in LOST:
        with pg.get_bind().begin_nested() as tried:
            pg.execute(statement)
            with (
                pytest.raises(BatchError, match=f"would not have {named}"),
                pg.batch_alter_table("thing", recreate="always"),
            ):
                pass
            tried.rollback()
    assert everything(pg) == before


def test_mariadb_refuses_by_name_what_a_copy_would_lose(maria: Operations) -> None:
    before = everything(maria)
    with (
        pytest.raises(BatchError, match="'b' has CHECK"),
        maria.batch_alter_table("thing", recreate="always") as batch_op,
    ):
        batch_op.alter_column("b", nullable=False, existing_type=sa.Integer())
    with (
        pytest.raises(BatchError, match="'hidden' has INVISIBLE"),
        maria.batch_alter_table("thing", recreate="always") as batch_op,
    ):
        batch_op.alter_column("hidden", type_=sa.BigInteger(), existing_type=sa.Integer())
    assert everything(maria) == before
    maria.execute("CREATE TRIGGER noted AFTER INSERT ON thing FOR EACH ROW SET @a = 1")
    with pytest.raises(BatchError, match="trigger noted"), maria.batch_alter_table("thing", recreate="always"):
        pass
    maria.execute("CREATE TABLE past (a INT) WITH SYSTEM VERSIONING")
    with pytest.raises(BatchError, match="its history"), maria.batch_alter_table("past", recreate="always"):
        pass


WRONG: list[tuple[Any, str]] = [
    (lambda b: b.drop_column("nose"), "it has no column 'nose'. Its columns: id, "),
    (lambda b: b.drop_column("id"), "'id' is needed by foreign key fk_child of table child"),
    (
        lambda b: b.drop_constraint("uq_nose", type_="unique"),
        "no constraint 'uq_nose'. Its constraints and indexes: ",
    ),
    (lambda b: b.drop_index("ix_nose"), "no index 'ix_nose'"),
    (lambda b: b.add_column(sa.Column("a", sa.Integer)), "it has a column 'a' already"),
    (lambda b: b.add_column(sa.Column("z", sa.Integer), insert_after="nose"), "it has no column 'nose'"),
    (lambda b: b.alter_column("g", server_default=None), "cannot become computed, nor stop"),
]


def test_a_wrong_change_is_refused_and_nothing_has_changed(op: Operations) -> None:
    before = everything(op)
    for change, says in WRONG:
        with pytest.raises(BatchError, match=says), op.batch_alter_table("thing", recreate="always") as batch_op:
            change(batch_op)
    assert everything(op) == before


def test_options_that_would_lose_or_contradict_are_refused(op: Operations) -> None:
    before = everything(op)
    for options, says in (
        ({"reflect_kwargs": {"include_columns": ["id"]}}, "would lose the others"),
        ({"partial_reordering": [("a", "b"), ("b", "a")]}, "contradicts itself"),
        ({"partial_reordering": [("a", "nose")]}, "no column 'nose'"),
        ({"table_args": ["what"]}, "table_args has 'what'"),
    ):
        with pytest.raises(BatchError, match=says), op.batch_alter_table("thing", recreate="always", **options):  # type: ignore[arg-type]
            pass
    with (
        pytest.raises(BatchError, match="does not exist in this database"),
        op.batch_alter_table("nothing", recreate="always"),
    ):
        pass
    assert everything(op) == before


@pytest.mark.slow
def test_rows_that_the_new_table_refuses_leave_the_old_one(op: Operations) -> None:
    before = everything(op)
    op.get_bind().commit()
    with (
        pytest.raises(sa.exc.DBAPIError),
        op.get_bind().begin(),
        op.batch_alter_table("thing", recreate="always") as batch_op,
    ):
        batch_op.alter_column("boss", nullable=False, existing_type=sa.Integer())
    assert everything(op)[1:] == before[1:]
    if op.get_context().dialect.name == "postgresql":
        assert everything(op) == before


def recreated_with(op: Operations, name: str) -> None:
    """Create a table of that name and re-create it; where the database or we refuse, nothing has changed."""
    connection, key = op.get_bind(), {"id": 3, name: "x"}
    table = sa.table(name, sa.column("id", sa.Integer), sa.column(name, sa.String), schema=None)
    try:
        op.create_table(
            name, sa.Column("id", sa.Integer, primary_key=True), sa.Column(name, sa.String(9), comment=name[:200]),
            sa.UniqueConstraint(name, name=f"{name}u"), comment=name[:200],
        )  # fmt: skip
        op.bulk_insert(table, [key])
    except (CommandError, sa.exc.DBAPIError):
        connection.rollback()
        return
    connection.commit()
    try:
        with op.batch_alter_table(name, recreate="always") as batch_op:
            batch_op.add_column(sa.Column(f"{name}2", sa.Integer), insert_before=name)
            batch_op.create_index(f"{name}3", [f"{name}2"])
            batch_op.create_check_constraint(f"{name}4", sa.column(name, sa.String) != name)
    except (CommandError, sa.exc.DBAPIError):
        connection.rollback()
    else:
        assert [len(row) for row in connection.execute(sa.select(sa.text("*")).select_from(table))] == [3]
    assert connection.execute(sa.select(table)).all() == [(3, "x")]
    op.drop_table(name)
    connection.commit()


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::kernel_core.util.exc.TruncatedName", "ignore:Unknown (schema content|column definition)"
)
@pytest.mark.parametrize("step", sampled([6, 1], 1), ids=["a sixth", "all"])
def test_hostile_names_stay_inside_their_quotes(op: Operations, step: int) -> None:
    names = list(hostile.NAMES.values())
    for name in names[::6] if op.get_context().dialect.name == "mysql" else names[::step]:
        recreated_with(op, name)
        assert op.get_bind().exec_driver_sql("SELECT count(*) FROM place").scalar() == 2
    assert set(sa.inspect(op.get_bind()).get_table_names()) >= {"place", "thing", "child"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Unknown (schema content|column definition)")
def test_a_name_that_sqlalchemy_misreads_is_refused(maria: Operations) -> None:
    for name in ("a`b", "c\nd"):
        maria.create_table(name, sa.Column("id", sa.Integer, primary_key=True), sa.Column(name, sa.Integer))
        with pytest.raises(BatchError, match="SQLAlchemy misreads"), maria.batch_alter_table(name, recreate="always"):
            pass


def stated() -> sa.Table:
    return sa.Table(
        "thing",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.String(20), comment="called", index=True),
        sa.Column("b", sa.Integer),
        sa.Column("p", sa.ForeignKey("place.id", name="fk_place")),
        sa.UniqueConstraint("a", name="uq_thing"),
        sa.CheckConstraint("a <> ''", name="ck_thing"),
        comment="it's a thing",
    )


def script(dialect: str) -> str:
    buffer = io.StringIO()
    op = Operations(MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": buffer}))
    with op.batch_alter_table("thing", copy_from=stated(), recreate="always") as batch_op:
        batch_op.alter_column("b", new_column_name="amount", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("p", type_=sa.String(5), existing_type=sa.Integer())
        batch_op.drop_constraint("fk_place", type_="foreignkey")
        batch_op.add_column(sa.Column("more", sa.Integer), insert_before="a")
    return buffer.getvalue()


@pytest.mark.slow
def test_offline_the_script_applies_copy_from_and_the_changes(op: Operations) -> None:
    connection = op.get_bind()
    op.drop_table("child")
    if connection.dialect.name == "mysql":
        op.execute("DROP VIEW looks")
    op.drop_table("thing")
    table = stated()
    sa.Table("place", table.metadata, sa.Column("id", sa.Integer, primary_key=True))
    table.create(connection)
    op.bulk_insert(sa.table("thing", sa.column("a"), sa.column("b"), sa.column("p")), [{"a": "x", "b": 3, "p": 2}])
    for statement in script(connection.dialect.name).strip().split(";\n\n"):
        connection.exec_driver_sql(statement.rstrip(";\n").replace("%", "%%"))
    inspector = sa.inspect(connection)
    assert connection.exec_driver_sql("SELECT id, more, a, amount, p FROM thing").all() == [(1, None, "x", 3, "2")]
    assert [column["name"] for column in inspector.get_columns("thing")] == ["id", "more", "a", "amount", "p"]
    assert inspector.get_pk_constraint("thing")["constrained_columns"] == ["id"]
    assert inspector.get_unique_constraints("thing")[0]["name"] == "uq_thing"
    assert inspector.get_check_constraints("thing")[0]["name"] == "ck_thing"
    assert inspector.get_foreign_keys("thing") == []
    assert inspector.get_table_comment("thing")["text"] == "it's a thing"


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb", "mssql", "oracle"])
def test_offline_a_copy_is_printed_for_every_database(dialect: str) -> None:
    words = " ".join(script(dialect).split())
    assert "INSERT INTO" in words
    assert "DROP TABLE thing" in words
    assert "uq_thing UNIQUE (a)" in words


def test_offline_a_definition_that_only_the_database_has_is_required() -> None:
    op = Operations(MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True}))
    with pytest.raises(UnsupportedOperation, match="copy_from"), op.batch_alter_table("thing", recreate="always"):
        pass


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([("a", {"new_column_name": "called"})], r"\"a <> ''\" in copy_from names column 'a'"),
        (
            [("a", {"nullable": False}), ("b", {"new_column_name": "called"})],
            "columns are renamed before all other changes",
        ),
    ],
)
def test_offline_a_rename_that_cannot_be_tracked_is_refused(changes: Any, says: str) -> None:
    opts = {"as_sql": True, "output_buffer": io.StringIO()}
    op = Operations(MigrationContext.configure(dialect_name="postgresql", opts=opts))

    def change(batch_op: BatchOperations) -> None:
        for column, arguments in changes:
            batch_op.alter_column(column, **arguments)

    with (
        pytest.raises(BatchError, match=says),
        op.batch_alter_table("thing", copy_from=stated(), recreate="always") as batch_op,
    ):
        change(batch_op)
