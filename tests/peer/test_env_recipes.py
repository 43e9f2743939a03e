"""Options of ``env.py`` and recipes that Alembic documents: the same environment gives the same database here and there.

Each row is one ``env.py``, and commands. Compared are the exit codes, the schema, the rows, and the names of the files.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import sqlite3
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.peer
pytest.importorskip("alembic", reason="the yardstick is not installed (extra peer)")

REASONS: dict[str, str] = tomllib.loads(Path(__file__).with_name("differences.toml").read_text())["recipes"]

ENV = """\
import sqlalchemy as sa
from alembic import context
from alembic import op
from alembic.operations import ops
from alembic.autogenerate import rewriter
config = context.config
metadata = sa.MetaData()
users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
{prelude}
options = dict(target_metadata=metadata)
{options}
if context.is_offline_mode():
    context.configure(url=config.get_main_option("sqlalchemy.url"), literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = sa.create_engine(config.get_main_option("sqlalchemy.url"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, **options)
        {block}
"""
RUN = "with context.begin_transaction():\n            context.run_migrations()"
MAKO = """\
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}
def upgrade():
    ${upgrades if upgrades else "pass"}
def downgrade():
    ${downgrades if downgrades else "pass"}
"""
GENERATE = ("revision --autogenerate -m one --rev-id aa1", "upgrade head")
TWO = {
    "aa1": "op.create_table('t1', sa.Column('id', sa.Integer))",
    "bb2": "op.create_table('t2', sa.Column('id', sa.Integer))",
}
OTHER = "CREATE TABLE other (id INTEGER NOT NULL PRIMARY KEY, x VARCHAR(10)); CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, old TEXT)"


@dataclass(frozen=True)
class Recipe:
    """An environment: what its ``env.py`` adds, its ini file, its version files, its database, and what is run."""

    run: tuple[str, ...] = GENERATE
    prelude: str = ""
    options: str = ""
    block: str = RUN
    ini: str = ""
    files: tuple[tuple[str, str], ...] = ()
    start: str = ""


def recipe(options: str = "", *run: str, files: dict[str, str] | None = None, **kw: Any) -> Recipe:
    return Recipe(run or GENERATE, options=options, files=tuple((files or {}).items()), **kw)


UP = "upgrade head"
RECIPES: dict[str, Recipe] = {
    "plain": recipe(),
    "compare_type off": recipe(
        "options |= dict(compare_type=False, render_as_batch=True)",
        start="CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name TEXT)",
    ),
    "compare_type on": recipe(
        "options |= dict(compare_type=True, render_as_batch=True)",
        start="CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(3))",
    ),
    "compare_type by a function": recipe(
        "options |= dict(render_as_batch=True, compare_type=lambda c, i, m, it, mt: False)",
        start="CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(3))",
    ),
    "compare_type by a function that leaves it open": recipe(
        "options |= dict(render_as_batch=True, compare_type=lambda *a: None)",
        start="CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(3))",
    ),
    "compare_server_default": recipe(
        "options |= dict(render_as_batch=True, compare_server_default=True)",
        prelude="users.c.name.server_default = sa.DefaultClause('x')",
        start="CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) DEFAULT 'y')",
    ),
    "compare_server_default by a function": recipe(
        "options |= dict(render_as_batch=True, compare_server_default=lambda *a: False)",
        prelude="users.c.name.server_default = sa.DefaultClause('x')",
        start="CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) DEFAULT 'y')",
    ),
    "include_object of tables": recipe(
        "options |= dict(render_as_batch=True, include_object=lambda o, n, t, r, c: not (t == 'table' and r and c is None))",
        start=OTHER,
    ),
    "include_object of columns": recipe(
        "options |= dict(render_as_batch=True, include_object=lambda o, n, t, r, c: n not in ('old', 'name'))",
        start=OTHER,
    ),
    "include_name of tables": recipe(
        "options |= dict(render_as_batch=True, include_name=lambda n, t, p: t != 'table' or n in metadata.tables)",
        start=OTHER,
    ),
    "include_name of columns": recipe(
        "options |= dict(render_as_batch=True, include_name=lambda n, t, p: n != 'old')", start=OTHER
    ),
    "info skips autogenerate": recipe(
        "options |= dict(include_object=lambda o, n, t, r, c: not o.info.get('skip', False))",
        prelude="sa.Table('skipped', metadata, sa.Column('id', sa.Integer), info={'skip': True})",
    ),
    "no empty file": recipe(
        "def drop_empty(context, revision, directives):\n    if directives[0].upgrade_ops.is_empty(): directives[:] = []\noptions |= dict(process_revision_directives=drop_empty)",
        *GENERATE,
        "revision --autogenerate -m two --rev-id bb2",
    ),
    "an id from a function": recipe(
        "def number(context, revision, directives):\n    directives[0].rev_id = '0001'\noptions |= dict(process_revision_directives=number)",
        "revision --autogenerate -m one",
        UP,
    ),
    "a message from a function": recipe(
        "def say(context, revision, directives):\n    directives[0].message = 'said here'\noptions |= dict(process_revision_directives=say)"
    ),
    "no downgrade": recipe(
        "def only_up(context, revision, directives):\n    directives[0].downgrade_ops.ops[:] = []\noptions |= dict(process_revision_directives=only_up)",
        *GENERATE,
        "downgrade base",
    ),
    "a writer changes columns": recipe(
        "writer = rewriter.Rewriter()\n@writer.rewrites(ops.CreateTableOp)\ndef add(context, revision, op_):\n    op_.columns.append(sa.Column('made', sa.Integer))\n    return op_\noptions |= dict(process_revision_directives=writer)"
    ),
    "a writer drops operations": recipe(
        "writer = rewriter.Rewriter()\n@writer.rewrites(ops.DropColumnOp)\ndef keep(context, revision, op_):\n    return []\noptions |= dict(process_revision_directives=writer, render_as_batch=True)",
        start=OTHER,
    ),
    "two writers": recipe(
        "one, two = rewriter.Rewriter(), rewriter.Rewriter()\n@one.rewrites(ops.AddColumnOp)\ndef first(context, revision, op_):\n    op_.column.nullable = True\n    return op_\n@two.rewrites(ops.DropTableOp)\ndef second(context, revision, op_):\n    return []\noptions |= dict(render_as_batch=True, process_revision_directives=one.chain(two))",
        start=OTHER,
    ),
    "a writer on the script": recipe(
        "writer = rewriter.Rewriter()\n@writer.rewrites(ops.MigrationScript)\ndef label(context, revision, op_):\n    op_.branch_label = 'shop'\n    return op_\noptions |= dict(process_revision_directives=writer)",
        *GENERATE,
        "upgrade shop@head",
    ),
    "order of columns": recipe(
        "writer = rewriter.Rewriter()\n@writer.rewrites(ops.CreateTableOp)\ndef order(context, revision, op_):\n    return ops.CreateTableOp(op_.table_name, sorted(op_.columns, key=lambda c: c.name or ''))\noptions |= dict(process_revision_directives=writer)"
    ),
    "render_item": recipe(
        "def render(type_, obj, context):\n    if type_ == 'type' and isinstance(obj, sa.String):\n        context.imports.add('from sqlalchemy import Text')\n        return 'Text()'\n    return False\noptions |= dict(render_item=render)"
    ),
    "module prefixes": recipe(
        "options |= dict(sqlalchemy_module_prefix='sqla.', alembic_module_prefix='op.')",
        ini="",
        prelude="",
    ),
    "user_module_prefix": recipe(
        "options |= dict(user_module_prefix='mytypes.')",
        "revision --autogenerate -m one --rev-id aa1",
        prelude="class Mine(sa.types.UserDefinedType):\n    cache_ok = True\n    def get_col_spec(self, **kw): return 'MINE'\nusers.append_column(sa.Column('m', Mine()))",
    ),
    "template_args": recipe(
        "options |= dict(template_args={'extra': 'here'})",
        "revision -m one --rev-id aa1",
        UP,
        ini="revision_environment = true",
    ),
    "render_as_batch": recipe("options |= dict(render_as_batch=True)", *GENERATE, "downgrade base", start=OTHER),
    "a naming convention": recipe(
        "options |= dict(render_as_batch=True)",
        *GENERATE,
        "downgrade base",
        prelude="metadata.naming_convention = {'uq': 'uq_%(table_name)s_%(column_0_name)s', 'pk': 'pk_%(table_name)s'}\nusers.append_constraint(sa.UniqueConstraint('name'))",
    ),
    "several metadata": recipe(
        "options |= dict(target_metadata=[metadata, more])",
        prelude="more = sa.MetaData()\nsa.Table('more', more, sa.Column('id', sa.Integer))",
    ),
    "version_table": recipe("options |= dict(version_table='steps')", UP, files=TWO),
    "version_table without a key": recipe("options |= dict(version_table_pk=False)", UP, files=TWO),
    "one transaction for each": recipe(
        "options |= dict(transaction_per_migration=True)", UP, "upgrade head", files=TWO
    ),
    "one transaction for all": recipe("options |= dict(transactional_ddl=True)", UP, files=TWO),
    "transactional_ddl off": recipe("options |= dict(transactional_ddl=False)", UP, files=TWO),
    "on_version_apply": recipe(
        "seen = []\ndef note(ctx, step, heads, run_args, **kw):\n    ctx.connection.exec_driver_sql('CREATE TABLE IF NOT EXISTS log (line)')\n    ctx.connection.exec_driver_sql(f\"INSERT INTO log VALUES ('{step.up_revision_id} {step.is_upgrade} {len(heads)}')\")\noptions |= dict(on_version_apply=note)",
        UP,
        "downgrade base",
        files=TWO,
    ),
    "several on_version_apply": recipe(
        "options |= dict(on_version_apply=[lambda **kw: None, lambda ctx, **kw: ctx.connection.exec_driver_sql('CREATE TABLE IF NOT EXISTS once (x)')])",
        UP,
        files=TWO,
    ),
    "arguments of -x": recipe(
        "if context.get_x_argument(as_dictionary=True).get('data'): options |= dict(version_table='with_data')",
        "-x data=true upgrade head",
        "upgrade head",
        files={"aa1": "pass"},
    ),
    "arguments for functions": recipe(
        "",
        UP,
        block="with context.begin_transaction():\n            context.run_migrations(engine_name='one')",
        files={"aa1": "pass"},
    ),
    "the tag": recipe(
        "options |= dict(version_table=context.get_tag_argument() or 'none')",
        "upgrade head --tag mine",
        files={"aa1": "pass"},
    ),
    "the starting revision": recipe(
        "options |= dict(version_table=str(context.get_starting_revision_argument()).lower()[:4])",
        UP,
        "downgrade aa1",
        files=TWO,
    ),
    "the target revision": recipe(
        "options |= dict(version_table='v' + str(context.get_revision_argument()))", "upgrade aa1", files=TWO
    ),
    "the head": recipe(
        "options |= dict(version_table='v' + str(context.get_head_revision()) + '_'.join(context.get_head_revisions()))",
        "upgrade aa1",
        files=TWO,
    ),
    "no transaction": recipe("", UP, block="context.run_migrations()\n        connection.commit()", files=TWO),
    "a transaction of env.py": recipe(
        "", UP, block="with connection.begin():\n            context.run_migrations()", files=TWO
    ),
    "env.py runs nothing": recipe("", UP, block="pass", files=TWO),
    "env.py exits": recipe("", UP, block="raise SystemExit(3)", files=TWO),
    "env.py exits afterwards": recipe("", UP, block=f"{RUN}\n    raise SystemExit(4)", files=TWO),
    "file_template": recipe("", "revision -m 'One two' --rev-id aa1", UP, ini="file_template = %%(rev)s-x-%%(slug)s"),
    "letters beyond ASCII": recipe("", "revision -m 'Größe für がくせい' --rev-id aa1", UP),
    "a short slug": recipe(
        "", "revision -m 'A very long message of many words' --rev-id aa1", UP, ini="truncate_slug_length = 10"
    ),
    "a subfolder in the file's name": recipe(
        "",
        "revision -m one --rev-id aa1",
        "revision -m two --rev-id bb2",
        UP,
        ini="file_template = sub/%%(rev)s\nrecursive_version_locations = true",
    ),
    "revision_environment": recipe(
        "def hook(context, revision, directives):\n    directives[0].message = 'from env'\noptions |= dict(process_revision_directives=hook)",
        "revision -m one --rev-id aa1",
        UP,
        ini="revision_environment = true",
    ),
    "a hook on the file": recipe(
        "",
        "revision -m one --rev-id aa1",
        ini="[post_write_hooks]\nhooks = touch\ntouch.type = exec\ntouch.executable = cp\ntouch.options = REVISION_SCRIPT_FILENAME REVISION_SCRIPT_FILENAME.bak",
    ),
    "a hook that fails": recipe(
        "",
        "revision -m one --rev-id aa1",
        "heads",
        ini="[post_write_hooks]\nhooks = no\nno.type = exec\nno.executable = false\n",
    ),
    "a custom operation": recipe(
        "",
        UP,
        "downgrade base",
        prelude="from alembic.operations import Operations, MigrateOperation\nif not hasattr(Operations, 'create_thing'):\n    @Operations.register_operation('create_thing')\n    class CreateThing(MigrateOperation):\n        def __init__(self, name): self.name = name\n        @classmethod\n        def create_thing(cls, operations, name): return operations.invoke(cls(name))\n        def reverse(self): return None\n    @Operations.implementation_for(CreateThing)\n    def create_thing(operations, operation): operations.execute(f'CREATE TABLE {operation.name} (x)')",
        files={"aa1": "op.create_thing('thing')"},
    ),
    "autocommit_block": recipe(
        "options |= dict(transaction_per_migration=True)",
        UP,
        files={
            "aa1": "op.create_table('t1', sa.Column('id', sa.Integer))\n    with op.get_context().autocommit_block():\n        op.execute('CREATE TABLE t2 (x)')"
        },
    ),
    "bulk_insert": recipe(
        "",
        UP,
        files={
            "aa1": "t = op.create_table('t1', sa.Column('id', sa.Integer), sa.Column('d', sa.Date))\n    import datetime\n    op.bulk_insert(t, [{'id': 1, 'd': datetime.date(2020, 1, 2)}, {'id': 2, 'd': None}])"
        },
    ),
    "a session of the ORM": recipe(
        "",
        UP,
        files={
            "aa1": "from sqlalchemy.orm import Session\n    t = op.create_table('t1', sa.Column('id', sa.Integer))\n    session = Session(bind=op.get_bind())\n    session.execute(t.insert().values(id=5))\n    session.commit()"
        },
    ),
    "rows are read": recipe(
        "",
        UP,
        start="CREATE TABLE o (n)",
        files={
            "aa1": "n = op.get_bind().scalar(sa.text('SELECT count(*) FROM o'))\n    op.execute(f'CREATE TABLE n{n} (x)')"
        },
    ),
    "reflection": recipe(
        "",
        UP,
        start=OTHER,
        files={
            "aa1": "t = sa.Table('other', sa.MetaData(), autoload_with=op.get_bind())\n    op.create_table('copy', *[c.copy() if hasattr(c, 'copy') else c._copy() for c in t.columns])"
        },
    ),
    "offline": recipe("", "upgrade head --sql", files=TWO),
    "offline asks the context": recipe(
        "",
        "upgrade head --sql",
        UP,
        files={
            "aa1": "from alembic import context\n    if not context.is_offline_mode(): op.create_table('online', sa.Column('id', sa.Integer))"
        },
    ),
    "dialect specific": recipe(
        "",
        UP,
        files={
            "aa1": "if op.get_context().dialect.name == 'sqlite': op.create_table('lite', sa.Column('id', sa.Integer))"
        },
    ),
    "run_async is refused": recipe("", UP, files={"aa1": "op.run_async(lambda c: None)"}),
    "downgrade that raises": recipe(
        "",
        UP,
        "downgrade base",
        files={"aa1": "pass\ndef downgrade(): raise NotImplementedError()\ndef unused():\n    pass"},
    ),
}


CHOSEN = (0, 3, 4)
"""Exit codes of success and of ``env.py``. An error ends Alembic with 255 or, after a traceback, with 1; ours with 255."""

FAILED = 255


@dataclass
class Outcome:
    """What the commands left behind."""

    codes: list[int]
    schema: list[str]
    rows: dict[str, list[Any]]
    files: list[str]
    said: str


def outcome(folder: Path, engine: str, made: Recipe) -> Outcome:
    home = folder / engine
    (home / "m" / "versions").mkdir(parents=True)
    (home / "m" / "env.py").write_text(ENV.format(prelude=made.prelude, options=made.options, block=made.block))
    (home / "m" / "script.py.mako").write_text(MAKO)
    (home / "a.ini").write_text(
        f"[alembic]\nscript_location = {home}/m\npath_separator = os\nsqlalchemy.url = sqlite:///{home}/db\n{made.ini}\n"
    )
    down = None
    for name, body in made.files:
        head = f"from alembic import op\nimport sqlalchemy as sa\nrevision = {name!r}\ndown_revision = {down!r}\n"
        kw = "engine_name=None" if "engine_name" in made.block else ""
        undo = re.findall(r"create_table\('(\w+)'", body)
        back = "; ".join(f"op.drop_table({each!r})" for each in undo) or "pass"
        downgrade = "" if "def downgrade" in body else f"def downgrade({kw}):\n    {back}\n"
        (home / "m" / "versions" / f"{name}.py").write_text(f"{head}def upgrade({kw}):\n    {body}\n{downgrade}")
        down = name
    with contextlib.closing(sqlite3.connect(home / "db")) as database:
        database.executescript(made.start)
    said, codes = io.StringIO(), []
    for line in made.run:
        code = run(importlib.import_module(f"{engine}.config"), home, line, said)
        codes.append(code if code in CHOSEN else FAILED)
    with contextlib.closing(sqlite3.connect(home / "db")) as database:
        tables = sorted(
            n for (n,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if "journal" not in n
        )
        schema = [f"{table} {database.execute(f'PRAGMA table_info({table})').fetchall()}" for table in tables]
        schema += sorted(
            f"{n} {t}"
            for n, t in database.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'")
            if "journal" not in n
        )
        rows = {table: sorted(database.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in tables}
    if not rows.get("alembic_version", True):  # Alembic creates the table also for what writes no row of it
        schema = [line for line in schema if "alembic_version" not in line]
        del rows["alembic_version"]
    files = sorted(
        str(path.relative_to(home))
        for path in (home / "m").rglob("*")
        if path.suffix in (".py", ".bak") and path.name != "env.py"
    )
    return Outcome(codes, schema, rows, files, said.getvalue())


def run(config: Any, home: Path, line: str, said: io.StringIO) -> int:
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        contextlib.chdir(home),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            program = config.CommandLine(prog="mig")
            options = program.parser.parse_args([part.strip("'") for part in re.findall(r"'[^']*'|\S+", line)])
            program.run_cmd(config.Config(str(home / "a.ini"), stdout=said, cmd_opts=options), options)
        except SystemExit as ended:
            return 0 if ended.code is None else ended.code % 256 if isinstance(ended.code, int) else 1
        except Exception as error:  # noqa: BLE001 - what Alembic does not catch ends the process with 1
            said.write(repr(error))
            return 1
    return 0


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_leaves_the_same_behind_or_differs_in_a_named_way(tmp_path, name):
    theirs, ours = (outcome(tmp_path, engine, RECIPES[name]) for engine in ("alembic", "kernel_core"))
    differing = [fact for fact in ("codes", "schema", "rows", "files") if getattr(theirs, fact) != getattr(ours, fact)]
    assert bool(differing) == (name in REASONS), f"\n{theirs}\n{ours}"


def test_each_difference_is_argued():
    assert set(REASONS) <= set(RECIPES)
    assert all(REASONS.values())
