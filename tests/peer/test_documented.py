"""Small documented behaviour of the Python interface, row by row beside Alembic: answers, printed SQL, kinds of errors."""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

pytest.importorskip("alembic")
pytestmark = pytest.mark.peer


class Engine:
    """The modules of one engine, by the names that both have."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, part: str) -> Any:
        return importlib.import_module(f"{self.name}.{part}")

    def offline(self, dialect: str) -> tuple[Any, io.StringIO]:
        buffer = io.StringIO()
        context = self("migration").MigrationContext.configure(
            dialect_name=dialect, opts={"as_sql": True, "output_buffer": buffer, "literal_binds": True}
        )
        return self("operations").Operations(context), buffer

    def environment(self, folder: Path, body: str, ini: str = "") -> Any:
        """A Config of an environment with one revision, which runs ``body``."""
        home = folder / self.name
        (home / "m" / "versions").mkdir(parents=True)
        (home / "m" / "env.py").write_text(
            f"from {self.name} import context\n"
            "import sqlalchemy as sa\n"
            "engine = sa.create_engine(context.config.get_main_option('sqlalchemy.url'), poolclass=sa.NullPool)\n"
            "with engine.connect() as connection:\n"
            "    context.configure(connection=connection)\n"
            "    with context.begin_transaction():\n"
            "        context.run_migrations()\n"
        )
        (home / "m" / "versions" / "a1.py").write_text(
            f"import sqlalchemy as sa\nfrom {self.name} import op\nrevision = 'a1'\ndown_revision = None\n"
            f"def upgrade():\n    {body}\ndef downgrade():\n    pass\n"
        )
        (home / "a.ini").write_text(
            f"[alembic]\nscript_location = {home}/m\nsqlalchemy.url = sqlite:///{home}/t.db\n{ini}\n"
        )
        return self("config").Config(str(home / "a.ini"), stdout=io.StringIO())


BOTH = Engine("alembic"), Engine("kernel_core")


def told(case: Callable[[Engine], Any], engine: Engine) -> Any:
    """What a case returns, or the classes of its error that both engines know: those of Python and of SQLAlchemy."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return case(engine)
    except Exception as error:  # noqa: BLE001 - its kind is what is compared
        known = ("builtins", "sqlalchemy.exc")
        return frozenset(kind.__name__ for kind in type(error).__mro__ if kind.__module__ in known)


# ---- op.get_bind() in offline mode ----------------------------------------------------------------------------------

META = sa.MetaData()
T = sa.Table("t", META, sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.String(5)))
BOUND: dict[str, Callable[[Any], object]] = {
    "a text": lambda bind: bind.execute(sa.text("update t set n = 'x'")),
    "an insert": lambda bind: bind.execute(T.insert().values(id=1, n="a")),
    "an update": lambda bind: bind.execute(T.update().where(T.c.id == 1).values(n="b")),
    "a delete": lambda bind: bind.execute(T.delete().where(T.c.id == 1)),
    "DDL": lambda bind: bind.execute(sa.DDL("analyze")),
    "a table": lambda bind: T.create(bind, checkfirst=False),
    "a table that is dropped": lambda bind: T.drop(bind, checkfirst=False),
    "all tables": lambda bind: META.create_all(bind, checkfirst=False),
    "an index": lambda bind: sa.Index("ix", T.c.n).create(bind),
    "a sequence": lambda bind: sa.Sequence("s").create(bind, checkfirst=False),
    "through connect()": lambda bind: bind.connect().execute(sa.text("select 1")),
    "through engine": lambda bind: bind.engine.execute(sa.text("select 1")),
}
NAMED: dict[str, Callable[[Any], object]] = {
    "dialect": lambda bind: bind.dialect.name,
    "engine": lambda bind: bind.engine.name,
    "server": lambda bind: bind.dialect.supports_sequences,
    "schema": lambda bind: bind.schema_for_object(T),
}


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql", "mssql", "oracle"])
def test_the_bind_of_an_offline_run_prints_what_it_is_given(dialect):
    for name, use in BOUND.items():
        if name == "a sequence" and dialect not in ("postgresql", "mssql", "oracle"):
            continue
        printed = []
        for engine in BOTH:
            op, buffer = engine.offline(dialect)
            use(op.get_bind())
            printed.append(buffer.getvalue().replace(" RETURNING t.id", ""))
        assert " ".join(printed[0].split()) == " ".join(printed[1].split()), name
    for name, ask in NAMED.items():
        assert len({str(ask(engine.offline(dialect)[0].get_bind())) for engine in BOTH}) == 1, name


def test_a_type_of_its_own_is_printed():
    for create in (True, False):
        for kind in (postgresql.ENUM("a", "it's", name="mood"), sa.Enum("a", "b", name="mood", schema="s")):
            printed = []
            for engine in BOTH:
                op, buffer = engine.offline("postgresql")
                (kind.create if create else kind.drop)(op.get_bind(), checkfirst=False)
                printed.append(buffer.getvalue())
            assert printed[0] == printed[1]


VALUES: dict[str, tuple[Callable[[Any], object], str]] = {
    "a text": (lambda bind: bind.execute(sa.text("update t set n = :n"), {"n": "it's"}), "update t set n = 'it''s';"),
    "rows": (
        lambda bind: bind.execute(T.insert(), [{"id": 1, "n": "a"}, {"id": 2, "n": None}]),
        "INSERT INTO t (id, n) VALUES (1, 'a'); INSERT INTO t (id, n) VALUES (2, NULL);",
    ),
    "an update": (
        lambda bind: bind.execute(T.update().where(T.c.id == sa.bindparam("old")), {"old": 3, "n": "c"}),
        "UPDATE t SET n='c' WHERE t.id = 3;",
    ),
    "a delete": (
        lambda bind: bind.execute(T.delete().where(T.c.id == sa.bindparam("old")), {"old": 3}),
        "DELETE FROM t WHERE t.id = 3;",
    ),
    "no parameters": (lambda bind: bind.execute(T.delete(), []), "DELETE FROM t;"),
    "SQL of a driver": (lambda bind: bind.exec_driver_sql("select ':a'"), "select ':a';"),
}


@pytest.mark.parametrize("name", VALUES)
def test_parameters_are_written_out(name):
    run, expected = VALUES[name]
    op, buffer = BOTH[1].offline("sqlite")
    run(op.get_bind())
    assert " ".join(buffer.getvalue().split()) == expected


def test_the_rows_of_a_printed_statement_cannot_be_read():
    from kernel_core.util.exc import CommandError

    bind = BOTH[1].offline("sqlite")[0].get_bind()
    for read in (
        lambda: bind.execute(sa.text("select 1")).fetchall(),
        lambda: bind.execute(sa.text("select 1")).scalar(),
        lambda: list(bind.execute(sa.text("select 1"))),
        lambda: bind.scalar(sa.text("select 1")),
        lambda: bind.scalars(sa.text("select 1")),
        lambda: bind.exec_driver_sql("select 1").first(),
    ):
        with pytest.raises(CommandError, match="not known where SQL is only printed"):
            read()
    with pytest.raises(CommandError, match="cannot be written into a script"):
        bind.exec_driver_sql("select ?", (1,))


MOCKED: dict[str, Callable[[Any], object]] = {
    "alter_column": lambda op: op.alter_column("t", "c", nullable=True),
    "create_table": lambda op: op.create_table("u", sa.Column("id", sa.Integer)),
    "add_column": lambda op: op.add_column("t", sa.Column("x", sa.Integer)),
    "create_index": lambda op: op.create_index("ix", "t", ["a"]),
    "drop_table": lambda op: op.drop_table("t"),
    "rename_table": lambda op: op.rename_table("a", "b"),
    "create_unique_constraint": lambda op: op.create_unique_constraint("uq", "t", ["a"]),
}


@pytest.mark.parametrize("url", ["postgresql://", "mysql+pymysql://", "sqlite://"])
def test_a_mock_engine_gets_the_statements(url):
    for name, run in MOCKED.items():
        if url == "sqlite://" and name in ("alter_column", "create_unique_constraint"):
            continue
        if url.startswith("mysql") and name == "alter_column":
            continue
        said = []
        for engine in BOTH:
            found: list[str] = []

            dialect = sa.make_url(url).get_dialect()()

            def take(statement: Any, *args: Any, found: Any = found, dialect: Any = dialect, **kw: Any) -> None:
                found.append(" ".join(str(statement.compile(dialect=dialect)).split()))

            mock = sa.create_mock_engine(url, take)
            run(engine("operations").Operations(engine("migration").MigrationContext.configure(mock)))
            said.append(found)
        assert said[0] == said[1] != [], name


# ---- what a revision raises ------------------------------------------------------------------------------------------

RAISED = {
    "LookupError": "raise LookupError('no such tenant')",
    "KeyError": "{}['x']",
    "OSError": "open('/no/such/file')",
    "UnicodeDecodeError": "b'\\xff'.decode('utf-8')",
    "ZeroDivisionError": "1 / 0",
    "AttributeError": "op.nothing",
    "ImportError": "import no_such_module",
    "StopIteration": "next(iter(()))",
    "OperationalError": "op.execute('insert into nowhere values (1)')",
    "IntegrityError": "op.execute('create table q (i int not null)'); op.execute('insert into q values (null)')",
    "NoSuchTableError": "sa.Table('nothing', sa.MetaData(), autoload_with=op.get_bind())",
    "AssertionError": "assert op.get_bind() is None, 'there is one'",
    "Exception": "raise Exception('plain')",
    "MyError": "exec('class MyError(ValueError):\\n    def __init__(self, code, place): self.code = code\\nraise MyError(7, 8)')",
    "ExceptionGroup": "raise ExceptionGroup('g', [ValueError()])",
    "CommandError": "from {engine}.util import CommandError; raise CommandError('no')",
}
ATTRIBUTES = ("errno", "filename", "encoding", "reason", "name", "statement", "params", "code")


@pytest.mark.parametrize("kind", RAISED)
def test_what_a_revision_raises_is_caught_under_its_own_type(tmp_path, kind):
    caught = []
    for engine in BOTH:
        config = engine.environment(tmp_path, RAISED[kind].replace("{engine}", engine.name))
        try:
            engine("command").upgrade(config, "head")
        except Exception as error:  # noqa: BLE001 - its kind is what is compared
            caught.append(error)
    theirs, ours = caught
    if kind not in ("CommandError", "MyError", "ExceptionGroup"):
        assert isinstance(ours, type(theirs))
    if kind == "MyError":
        assert isinstance(ours, ValueError)
    assert type(ours).__name__ == "UpgradeFailed"
    assert "Revision a1 (a1.py, line 6) failed" in str(ours)
    for name in ATTRIBUTES:
        if kind not in ("ExceptionGroup", "CommandError"):
            assert (getattr(ours, name, None) or None) == (getattr(theirs, name, None) or None), name
    assert ours.revision == "a1"  # type: ignore[attr-defined]
    assert type(ours.__cause__).__name__ == type(theirs).__name__


# ---- kinds of errors, and settings -----------------------------------------------------------------------------------


def two_tables_of_one_name(engine: Engine) -> Any:
    several = [sa.MetaData(), sa.MetaData()]
    for metadata in several:
        sa.Table("a", metadata, sa.Column("i", sa.Integer))
    with sa.create_engine("sqlite://").connect() as connection:
        context = engine("migration").MigrationContext.configure(connection)
        return engine("autogenerate").compare_metadata(context, several)


def starting_rev(engine: Engine) -> Any:
    with sa.create_engine("sqlite://").connect() as connection:
        context = engine("migration").MigrationContext.configure(connection, opts={"starting_rev": "a"})
        return context.get_current_revision()


def plugin_twice(engine: Engine) -> Any:
    for _ in range(2):
        engine("runtime.plugins").Plugin("tests.documented")


def rendered(engine: Engine, metadata: Any) -> str:
    opts = {"alembic_module_prefix": "op.", "sqlalchemy_module_prefix": "sa.", "target_metadata": metadata,
            "user_module_prefix": None, "render_as_batch": False}  # fmt: skip
    context = engine("migration").MigrationContext.configure(dialect_name="postgresql", opts=opts)
    autogen = engine("autogenerate.api").AutogenContext(context)
    text: str = engine("autogenerate").render_op_text(autogen, engine("operations.ops").DropTableOp("t"))
    return text.replace('"', "'")


def bare_folder(engine: Engine) -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        config = engine("config").Config()
        config.set_main_option("script_location", folder)
        scripts = engine("script").ScriptDirectory.from_config(config)
        return [scripts.get_heads(), scripts.get_current_head(), list(scripts.walk_revisions())]


def built_in(engine: Engine, name: str) -> Any:
    @engine("operations").Operations.implementation_for(getattr(engine("operations.ops"), name))
    def never(operations: Any, operation: Any) -> None: ...


def dropped_constraint(engine: Engine, kind: str | None) -> Any:
    return engine("operations.ops").DropConstraintOp("c", "t", type_=kind).to_constraint()


def options_of_a_dropped_index(engine: Engine) -> Any:
    index = sa.Index("ix", sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer)).c.a)
    operation = engine("operations.ops").DropIndexOp.from_index(index)
    operation.kw["postgresql_concurrently"] = True
    return dict(operation.to_index().dialect_kwargs)


def computed(engine: Engine, dialect: str) -> Any:
    engine.offline(dialect)[0].alter_column(
        "t", "c", server_default=sa.Computed("1"), existing_type=sa.Integer(), existing_nullable=True
    )


def identity(engine: Engine, dialect: str) -> Any:
    engine.offline(dialect)[0].alter_column(
        "t", "c", server_default=sa.Identity(), existing_type=sa.Integer(), existing_nullable=False
    )


def operation_of_a_batch(engine: Engine) -> Any:
    """A directive that a project registers for batches reads the table from ``operations.impl``."""

    @engine("operations").BatchOperations.register_operation("mark", "batch_mark")
    class MarkOp(engine("operations.ops").MigrateOperation):  # type: ignore[misc]
        def __init__(self, table: str, schema: str | None) -> None:
            self.table, self.schema = table, schema

        @classmethod
        def batch_mark(cls, operations: Any) -> Any:
            return operations.invoke(cls(operations.impl.table_name, operations.impl.schema))

    @engine("operations").BatchOperations.implementation_for(MarkOp)
    def mark(operations: Any, operation: MarkOp) -> None:
        operations.execute(f"MARK {operation.schema}.{operation.table}")

    op, buffer = engine.offline("postgresql")
    with op.batch_alter_table("t", schema="s") as batch:
        batch.mark()
    return buffer.getvalue().split()


def here_without_a_file(engine: Engine) -> Any:
    config = engine("config").Config()
    config.set_main_option("script_location", "%(here)s/migrations")
    return config.get_main_option("script_location")


def single_percent(engine: Engine) -> Any:
    engine("config").Config().set_main_option("sqlalchemy.url", "sqlite:///a%20b.db")


def run_async(engine: Engine, how: str) -> Any:
    if how == "offline":
        engine.offline("postgresql")[0].run_async(None)
    with sa.create_engine("sqlite://").connect() as connection:
        context = engine("migration").MigrationContext.configure(connection)
        engine("operations").Operations(context).run_async(None)


def added_keys(engine: Engine, number: int, dialect: str) -> Any:
    op, buffer = engine.offline(dialect)
    keys = [sa.ForeignKey(f"u{each}.id") for each in range(number)]
    op.add_column("t", sa.Column("c", sa.Integer, *keys), inline_references=True)
    return sorted(" ".join(buffer.getvalue().replace("GO", "").split()).split(";"))


def separator(engine: Engine, value: str) -> Any:
    config = engine("config").Config()
    config.set_main_option("script_location", "/tmp")
    config.set_main_option("path_separator", value)
    config.set_main_option("version_locations", "one:two")
    return list(engine("script").ScriptDirectory.from_config(config).version_locations)


OPERATIONS = ("AddColumnOp", "AlterColumnOp", "CreateTableOp", "DropTableOp", "CreateIndexOp", "ExecuteSQLOp")
ROWS: dict[str, Callable[[Engine], Any]] = {
    "two tables of one name": two_tables_of_one_name,
    "starting_rev with a connection": starting_rev,
    "a plugin of a taken name": plugin_twice,
    "rendering without a connection": lambda engine: rendered(engine, sa.MetaData()),
    "rendering without metadata": lambda engine: rendered(engine, None),
    "an empty folder": bare_folder,
    **{f"a built-in implementation: {each}": lambda engine, each=each: built_in(engine, each) for each in OPERATIONS},
    **{
        f"a constraint of which only the name is known: {each}": lambda engine, each=each: dropped_constraint(engine, each)
        for each in ("unique", "check", "foreignkey", "primary", None)
    },
    "options of a dropped index": options_of_a_dropped_index,
    **{f"computed on {each}": lambda engine, each=each: computed(engine, each) for each in ("postgresql", "mssql", "mysql")},
    **{f"identity on {each}": lambda engine, each=each: identity(engine, each) for each in ("mysql", "mariadb", "mssql")},
    **{f"run_async {each}": lambda engine, each=each: run_async(engine, each) for each in ("offline", "with a sync driver")},
    **{
        f"{number} keys of a new column on {each}": lambda engine, number=number, each=each: added_keys(engine, number, each)
        for number in (1, 2, 3)
        for each in ("postgresql",)
    },
    "an unknown kind of constraint": lambda engine: engine.offline("mysql")[0].drop_constraint("f", "t", type_="typo"),
    "a custom operation of a batch": operation_of_a_batch,
    "here without a file": here_without_a_file,
    "a percent sign by itself": single_percent,
    "an unknown separator": lambda engine: separator(engine, "|"),
    "folders as they are written": lambda engine: separator(engine, ":"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_the_answer_or_the_kind_of_error_that_it_has_there(name):
    theirs, ours = (told(ROWS[name], engine) for engine in BOTH)
    if isinstance(theirs, frozenset):
        assert isinstance(ours, frozenset)
        assert theirs <= ours
    else:
        assert ours == theirs


def test_here_is_known_once_the_file_was_read(tmp_path):
    for engine in BOTH:
        config = engine.environment(tmp_path, "pass")
        config.get_main_option("script_location")
        assert config.config_args["here"] == str(tmp_path / engine.name)


LEGACY = {
    "version_locations = /x/one /x/two, /x/three": ["/x/one", "/x/two", "/x/three"],
    "version_path_separator = :\nversion_locations = /x/one:/x/two": ["/x/one", "/x/two"],
    "version_path_separator = space\nversion_locations = /x/one /x/two": ["/x/one", "/x/two"],
}


@pytest.mark.parametrize("ini", LEGACY)
def test_lists_of_before_path_separator_are_split_with_a_warning(tmp_path, ini):
    for engine in BOTH:
        with pytest.warns(DeprecationWarning, match="separator"):
            found = engine("script").ScriptDirectory.from_config(engine.environment(tmp_path, "pass", ini))
        assert list(found.version_locations) == LEGACY[ini]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number, quiet in enumerate(("prepend_sys_path = .", "path_separator = os\nversion_locations = a:b")):
            BOTH[1]("script").ScriptDirectory.from_config(BOTH[1].environment(tmp_path / str(number), "pass", quiet))


def test_sql_server_is_warned_of_where_a_change_allows_null():
    for engine in BOTH:
        op, _ = engine.offline("mssql")
        with pytest.warns(UserWarning, match="ALTER COLUMN"):
            op.alter_column("t", "c", type_=sa.Integer())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            op.alter_column("t", "c", type_=sa.Integer(), existing_nullable=False)
            op.alter_column("t", "c", type_=sa.Integer(), nullable=True)


STAMPS = {
    "a range": ("a1:b2", {}),
    "a range in a list": (["a1:b2"], {}),
    "a range up to several": (["a1:heads"], {}),
    "several ranges from one place": (["a1:b2", "a1:c2"], {}),
    "several": (["b2", "c2"], {}),
    "several places": (["a1:b2", "b2:c2"], {}),
    "purge": ("b2", {"purge": True}),
}


@pytest.mark.parametrize("name", STAMPS)
def test_sql_of_a_stamp_takes_ranges_and_lists(tmp_path, name):
    targets, options = STAMPS[name]
    said = []
    for engine in BOTH:
        config = engine.environment(tmp_path, "pass")
        home = tmp_path / engine.name / "m"
        for revision in ("b2", "c2"):
            (home / "versions" / f"{revision}.py").write_text(f"revision = {revision!r}\ndown_revision = 'a1'\n")
        text = (home / "env.py").read_text().partition("import sqlalchemy")[0]
        (home / "env.py").write_text(text + "context.configure(dialect_name='sqlite')\ncontext.run_migrations()\n")
        config.output_buffer = io.StringIO()
        try:
            engine("command").stamp(config, targets, sql=True, **options)
        except Exception as error:  # noqa: BLE001 - that it is refused is what is compared
            said.append(type(error).__name__)
            continue
        lines = [line.replace(" RETURNING version_num", "") for line in config.output_buffer.getvalue().splitlines()]
        said.append([line for line in lines if line.startswith(("INSERT", "UPDATE", "DELETE"))])
    assert said[0] == said[1]


def test_an_env_py_that_is_only_compiled_is_run_where_there_may_be_no_source(tmp_path):
    import py_compile

    for engine in BOTH:
        config = engine.environment(tmp_path, "op.execute('create table t (i int)')", "sourceless = true")
        for name in ("env.py", "versions/a1.py"):
            path = tmp_path / engine.name / "m" / name
            py_compile.compile(str(path), cfile=f"{path}c")
            path.unlink()
        engine("command").upgrade(config, "head")
        database = sa.create_engine(f"sqlite:///{tmp_path}/{engine.name}/t.db", poolclass=sa.NullPool)
        assert sa.inspect(database).has_table("t")


def test_a_merge_runs_env_py_where_every_revision_does(tmp_path):
    config = BOTH[1].environment(tmp_path, "pass", "revision_environment = true")
    home = tmp_path / "kernel_core" / "m"
    (home / "versions" / "b1.py").write_text("revision = 'b1'\ndown_revision = None\n")
    (home / "script.py.mako").write_text(
        '"""${message} ${team}"""\nrevision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n'
    )
    (home / "env.py").write_text(
        "from alembic import context\ncontext.config.print_stdout('env ran')\n"
        "context.configure(dialect_name='sqlite', template_args={'team': 'blue'})\ncontext.run_migrations()\n"
    )
    script = BOTH[1]("command").merge(config, "heads", message="join", rev_id="m1")
    assert config.stdout.getvalue() == "env ran\n"
    assert script.doc == "join blue"
    single = BOTH[1]("command").revision(config, message="more", rev_id="n1")
    assert single.doc == "more blue"
