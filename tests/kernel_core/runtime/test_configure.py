"""Each option of context.configure(), and that op and context belong to their thread and task."""

import asyncio
import io
import threading

import pytest
import sqlalchemy as sa

from kernel_core import command, context, op
from kernel_core.config import CommandLine, Config
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError, UpgradeFailed


def configured(project, options, before=""):
    """Let env.py pass further options to configure()."""
    project.env(
        lambda text: text.replace(
            '"target_metadata": target_metadata,', f'"target_metadata": target_metadata, {options},'
        ).replace("config = context.config\n", f"config = context.config\nseen = config.attributes\n{before}\n", 1)
    )


def test_the_version_table_may_have_another_name_and_schema(postgresql_project):
    postgresql_project.run("CREATE SCHEMA admin")
    postgresql_project.chain("a1")
    configured(
        postgresql_project, '"version_table": "where_am_i", "version_table_schema": "admin", "version_table_pk": False'
    )
    command.upgrade(postgresql_project.config(), "head")
    assert postgresql_project.rows("SELECT version_num FROM admin.where_am_i") == ["a1"]
    assert postgresql_project.tables() == {"t_a1"}
    inspector = sa.inspect(sa.create_engine(postgresql_project.url, poolclass=sa.NullPool))
    assert inspector.get_pk_constraint("where_am_i", schema="admin")["constrained_columns"] == []
    text = command.upgrade(postgresql_project.config(), "head", sql=True).sql
    assert "CREATE TABLE admin.where_am_i" in text
    assert "where_am_i_pkc" not in text


def test_every_callback_of_on_version_apply_is_called_for_each_step(project):
    project.chain("a1", "b2")
    configured(
        project,
        '"on_version_apply": [first, second]',
        "def first(ctx, step, heads, run_args): seen['first'].append((step.is_upgrade, step.is_stamp, step.up_revision_id, sorted(heads)))\n"
        "def second(**kw): seen['second'].append(sorted(kw))",
    )
    first, second = [], []
    config = project.config(first=first, second=second)
    command.upgrade(config, "head")
    command.downgrade(config, "a1")
    command.stamp(config, "b2")
    assert first == [
        (True, False, "a1", ["a1"]), (True, False, "b2", ["b2"]), (False, False, "b2", ["a1"]), (True, True, "b2", ["b2"])
    ]  # fmt: skip
    assert second == [["ctx", "heads", "run_args", "step"]] * 4


def test_a_failing_callback_rolls_its_revision_back(any_project):
    any_project.chain("a1", "b2")
    configured(
        any_project,
        '"on_version_apply": fail',
        "def fail(step, **kw):\n    if step.up_revision_id == 'b2': raise ValueError('no')",
    )
    with pytest.raises(UpgradeFailed, match="b2"):
        command.upgrade(any_project.config(), "head")
    assert any_project.rows() == ["a1"]
    assert any_project.tables() == {"alembic_version", "t_a1"}


def test_one_transaction_for_all_is_rolled_back_completely(postgresql_project):
    postgresql_project.chain("a1")
    postgresql_project.write("b2", "a1", "raise ValueError('no')")
    configured(postgresql_project, '"transaction_per_migration": False')
    with pytest.raises(UpgradeFailed):
        command.upgrade(postgresql_project.config(), "head")
    assert postgresql_project.tables() == set()
    postgresql_project.write("b2", "a1")
    assert command.upgrade(postgresql_project.config(), "head", sql=True).sql.count("BEGIN;") == 1


def test_transactional_ddl_may_be_switched_off(postgresql_project):
    postgresql_project.chain("a1")
    configured(postgresql_project, '"transactional_ddl": False')
    assert "BEGIN" not in command.upgrade(postgresql_project.config(), "head", sql=True).sql


def test_an_autocommit_block_runs_outside_the_transaction(postgresql_project):
    postgresql_project.chain("a1")
    postgresql_project.write(
        "b2", "a1",
        "with op.get_context().autocommit_block():\n    op.create_index('ix', 't_a1', ['id'], postgresql_concurrently=True)",
    )  # fmt: skip
    text = command.upgrade(postgresql_project.config(), "a1:b2", sql=True).sql
    assert text.index("COMMIT;") < text.index("CONCURRENTLY") < text.rindex("BEGIN;")
    assert command.upgrade(postgresql_project.config(), "head").after == ("b2",)


@pytest.mark.parametrize(("url", "option", "text"), [
    ("mssql+pyodbc://", '"mssql_batch_separator": "RUN"', "\nRUN\n"),
    ("oracle+oracledb://", '"oracle_batch_separator": "!"', "\n!\n"),
])  # fmt: skip
def test_batches_end_with_the_configured_separator(project, url, option, text):
    project.chain("a1")
    project.env(lambda _: (
        "from kernel_core import context\n"
        f"context.configure(dialect_name={url.partition('+')[0]!r}, **{{{option}}})\n"
        "with context.begin_transaction(): context.run_migrations()\n"
    ))  # fmt: skip
    assert text in command.upgrade(project.config(), "head", sql=True).sql


def test_the_offline_script_may_be_written_to_a_buffer_in_an_encoding(project, tmp_path):
    project.write("a1", None, "op.execute(\"INSERT INTO t VALUES ('é')\")")
    configured(project, "\"output_buffer\": seen['file'], \"output_encoding\": 'latin-1'")
    with open(tmp_path / "out.sql", "wb") as file:
        assert command.upgrade(project.config(file=file), "head", sql=True).sql == ""
    assert b"('\xe9')" in (tmp_path / "out.sql").read_bytes()


def test_an_encoding_that_lacks_a_character_is_an_error(project):
    project.write("a1", None, "op.execute(\"INSERT INTO t VALUES ('é')\")")
    configured(project, "\"output_encoding\": 'ascii'")
    with pytest.raises(CommandError, match="cannot be written in ascii"):
        command.upgrade(project.config(), "head", sql=True)
    for encoding, message in (("nonsense", "which Python does not know"),):
        with pytest.raises(CommandError, match=message):
            MigrationContext.configure(dialect_name="sqlite", opts={"as_sql": True, "output_encoding": encoding})


def test_a_binary_buffer_gets_utf_8():
    buffer = io.BytesIO()
    context_ = MigrationContext.configure(dialect_name="sqlite", opts={"as_sql": True, "output_buffer": buffer})
    context_.execute("SELECT 'é'")
    assert buffer.getvalue().decode() == "SELECT 'é';\n\n"


def test_several_metadata_are_compared_together(project):
    one, two = sa.MetaData(), sa.MetaData()
    sa.Table("first", one, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table("second", two, sa.Column("id", sa.Integer, primary_key=True))
    source = command.revision(project.config(target_metadata=[one, two]), "x", autogenerate=True).source
    assert "first" in source
    assert "second" in source


def test_names_and_objects_may_be_left_out(project):
    project.run("CREATE TABLE foreign_one (id INTEGER)", "CREATE TABLE tmp_two (id INTEGER)")
    metadata = sa.MetaData()
    sa.Table("ours", metadata, sa.Column("id", sa.Integer, primary_key=True), info={"skip": True})
    config = project.config(target_metadata=metadata)
    with pytest.raises(CommandError, match="Drop table foreign_one"):
        command.check(config)
    configured(
        project,
        '"include_name": lambda name, type_, parents: type_ != "table" or not name.startswith("foreign"), '
        '"include_object": lambda obj, name, type_, reflected, to: not (type_ == "table" and (obj.info.get("skip") or name == "tmp_two"))',
    )
    command.check(config)


def test_both_hooks_for_directives_are_called(project):
    configured(
        project, '"process_revision_directives": hook',
        "def hook(context, revision, directives): directives[0].message += ' env'",
    )  # fmt: skip

    def hook(context, revision, directives):
        directives[0].message += " command"

    config = project.config(target_metadata=sa.MetaData())
    made = command.revision(config, "x", autogenerate=True, process_revision_directives=hook)
    assert made.doc == "x command env"


def test_an_empty_revision_calls_the_hook_if_configured(project):
    configured(
        project, '"process_revision_directives": hook', "def hook(context, revision, directives): directives[:] = []"
    )
    config = project.config()
    config.set_main_option("revision_environment", "true")
    assert command.revision(config, "x") == []


def test_x_and_tag_reach_env_py(project, capsys):
    project.chain("a1")
    project.env(lambda text: text + "\nprint(context.get_x_argument(as_dictionary=True), context.get_tag_argument())")
    CommandLine().main(["-c", project.ini, "-q", "-x", "tenant=shop", "upgrade", "head", "--tag", "v1"])
    assert capsys.readouterr().out == "{'tenant': 'shop'} v1\n"


@pytest.mark.parametrize(
    "option", ['"include_name": "t"', '"on_version_apply": [1]', '"process_revision_directives": []']
)
def test_a_hook_that_is_not_a_function_is_refused(project, option):
    configured(project, option)
    with pytest.raises(CommandError, match="takes a function"):
        command.current(project.config())


def test_the_error_for_an_async_connection_names_run_sync():
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine("sqlite+aiosqlite://")
    with pytest.raises(CommandError, match=r"not AsyncConnection\. Use: await connection\.run_sync"):
        MigrationContext.configure(engine.connect())


PROBE = (
    "seen = op.get_context().config.attributes\nseen['meet']()\n"
    "op.create_table(seen['name'], sa.Column('id', sa.Integer))\nseen['meet']()\n"
    "from kernel_core import context\nassert context.config.attributes is seen\nseen['meet']()"
)


def test_threads_have_each_their_own_op_and_context(project, tmp_path):
    project.write("a1", None, PROBE)
    barrier, reports = threading.Barrier(3, timeout=20), {}

    def work(name):
        engine = sa.create_engine(f"sqlite:///{tmp_path}/{name}.db", poolclass=sa.NullPool)
        with engine.connect() as live:
            config = project.config(connection=live, name=name, meet=barrier.wait)
            reports[name] = command.upgrade(config, "head").after

    threads = [threading.Thread(target=work, args=(f"thread{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reports == {f"thread{number}": ("a1",) for number in range(3)}
    for name in reports:
        engine = sa.create_engine(f"sqlite:///{tmp_path}/{name}.db", poolclass=sa.NullPool)
        assert set(sa.inspect(engine).get_table_names()) == {"alembic_version", name}


def test_asyncio_tasks_have_each_their_own_op_and_context(project, tmp_path):
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.util import await_only

    project.write("a1", None, PROBE)

    async def main():
        barrier = asyncio.Barrier(3)

        async def work(name):
            engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/{name}.db", poolclass=sa.NullPool)
            async with engine.connect() as live:
                await live.run_sync(run, name)
            await engine.dispose()

        def run(live, name):
            command.upgrade(project.config(connection=live, name=name, meet=lambda: await_only(barrier.wait())), "head")
            assert op._proxy is context._proxy is None

        names = [f"task{number}" for number in range(3)]
        await asyncio.wait_for(asyncio.gather(*map(work, names)), 30)
        return names

    for name in asyncio.run(main()):
        engine = sa.create_engine(f"sqlite:///{tmp_path}/{name}.db", poolclass=sa.NullPool)
        assert set(sa.inspect(engine).get_table_names()) == {"alembic_version", name}


def test_each_engine_is_written_with_its_own_options(tmp_path, monkeypatch):
    config = Config(str(tmp_path / "alembic.ini"))
    command.init(config, tmp_path / "m", template="multidb")
    env = tmp_path / "m" / "env.py"
    env.write_text(env.read_text().replace('backend == "sqlite"', 'name == "main"'))
    models = {}
    for name in ("main", "archive"):
        monkeypatch.setenv(f"DATABASE_URL_{name.upper()}", f"sqlite:///{tmp_path}/{name}.db")
        with sa.create_engine(f"sqlite:///{tmp_path}/{name}.db", poolclass=sa.NullPool).begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")
        models[name] = sa.MetaData()
        sa.Table("t", models[name], sa.Column("id", sa.Integer, primary_key=True), sa.Column("c", sa.Integer))
    again = Config(str(tmp_path / "alembic.ini"), attributes={"target_metadata": models})
    text = command.revision(again, "x", autogenerate=True).source
    main, archive = text.split("def upgrade_archive")
    assert "batch_op.add_column" in main
    assert "op.add_column(" in archive.replace("batch_op.", "")
    assert "batch_op" not in archive
