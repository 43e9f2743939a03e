"""What env.py may call, and that each run has its own ``kernel_core.context``."""

import threading

import pytest
import sqlalchemy as sa

from kernel_core import command, context
from kernel_core.config import CommandLine
from kernel_core.runtime.environment import EnvironmentContext
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError

OLD_STYLE = """
from logging.config import fileConfig
from sqlalchemy import engine_from_config, pool
from kernel_core import context
config = context.config
target_metadata = None
def offline():
    url = config.get_main_option("sqlalchemy.url")
    context.configure(url=url, target_metadata=target_metadata, literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()
def online():
    connectable = engine_from_config(config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool)
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
if context.is_offline_mode():
    offline()
else:
    online()
"""


def probe(project, code, *, sql=False, target="head", **attributes):
    """Run ``code`` in env.py after ``configure()`` and return what it puts into ``out``."""
    out = {}
    project.env(
        lambda text: text.replace(
            "        context.run_migrations()", f"        {code}\n        context.run_migrations()"
        )
    )
    command.upgrade(project.config(out=out, **attributes), target, sql=sql)
    return out


def test_an_env_py_as_the_documentation_writes_it_runs(project):
    project.env(lambda text: OLD_STYLE)
    project.chain("a1")
    config = project.config()
    config.set_main_option("sqlalchemy.url", project.url)
    assert command.upgrade(config, "head").after == ("a1",)
    assert "CREATE TABLE t_a1" in (command.upgrade(config, "head", sql=True).sql or "")
    assert [each.revision for each in command.current(config)] == ["a1"]


def test_what_env_py_may_query(project):
    project.chain("a1", "b2")
    code = (
        "config.attributes['out'].update(offline=context.is_offline_mode(), needs=context.requires_connection(), "
        "ddl=context.is_transactional_ddl(), head=context.get_head_revision(), heads=context.get_head_revisions(), "
        "to=context.get_revision_argument(), tag=context.get_tag_argument(), x=context.get_x_argument(), "
        "start=context.get_starting_revision_argument(), script=context.script.dir, same=context.config is config, "
        "bind=context.get_bind(), impl=context.get_impl().dialect.name, here=context.get_context().bind)"
    )
    out = probe(project, code)
    assert out["bind"] is out.pop("here") is not None
    assert (out["offline"], out["needs"], out["ddl"], out["same"]) == (False, True, True, True)
    assert (out["head"], out["heads"], out["to"], out["start"]) == ("b2", ("b2",), "b2", None)
    assert (out["tag"], out["x"], out["impl"]) == (None, [], "sqlite")


def test_offline_the_ends_are_those_of_the_command(project):
    project.chain("a1", "b2")
    code = (
        "config.attributes['out'].update(to=context.get_revision_argument(), offline=context.is_offline_mode(), "
        "start=context.get_starting_revision_argument(), bind=context.get_bind().dialect.name)"
    )
    out = probe(project, code, sql=True, target="a1:head")
    assert out == {"to": "b2", "offline": True, "start": "a1", "bind": "sqlite"}


@pytest.mark.parametrize(
    ("do", "target", "expected"),
    [
        ("upgrade", "+1", "+1"),
        ("upgrade", "head", "c3"),
        ("upgrade", "heads", ("c3",)),
        ("upgrade", "b2+1", "c3"),
        ("upgrade", "b2@+1", "b2@+1"),
        ("upgrade", "c", "c3"),
        ("downgrade", "-1", "-1"),
        ("downgrade", "current-1", "current-1"),
        ("downgrade", "base", None),
        ("downgrade", "head-2", "a1"),
        ("stamp", ["a1"], "a1"),
        ("stamp", "+1", "+1"),
    ],
)
def test_the_end_of_the_run_is_an_id_unless_it_counts_from_the_current_revision(project, do, target, expected):
    project.chain("a1", "b2", "c3")
    config = project.config()
    command.upgrade(config, "b2")
    project.env(
        lambda text: text.replace(
            "config = context.config",
            "config = context.config\nconfig.attributes['seen'] = context.get_revision_argument()",
        )
    )
    getattr(command, do)(config, target)
    assert config.attributes["seen"] == expected


def test_x_arguments_come_as_a_list_or_by_name(project, capsys):
    project.chain("a1")
    project.env(
        lambda text: text.replace(
            "config = context.config",
            "config = context.config\nprint(context.get_x_argument(), context.get_x_argument(as_dictionary=True))",
        )
    )
    CommandLine().main(["-c", project.ini, "-x", "tenant=a=b", "-x", "dry", "current"])
    assert capsys.readouterr().out == "['tenant=a=b', 'dry'] {'tenant': 'a=b', 'dry': ''}\n"


def test_context_outside_a_run_says_how_to_run(project):
    with pytest.raises(NameError, match=r"env\.py is run by a command"):
        context.run_migrations()
    assert context._proxy is None


def test_before_configure_there_is_no_context(project):
    with EnvironmentContext(project.config(), ScriptDirectory.from_config(project.config())) as environment:
        with pytest.raises(CommandError, match=r"must call context\.configure\(\) first"):
            context.run_migrations()
        assert context._proxy is environment
    assert context._proxy is None


def test_two_threads_do_not_see_each_others_context(project):
    scripts, seen, barrier = ScriptDirectory.from_config(project.config()), [], threading.Barrier(2)

    def run():
        with EnvironmentContext(project.config(), scripts) as environment:
            barrier.wait()
            seen.append(context._proxy is environment)
            barrier.wait()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True, True]


def test_several_databases_of_one_env_py_make_one_report(project, tmp_path):
    project.chain("a1")
    project.env(
        lambda text: text.replace(
            "def migrate_database():",
            "def migrate_database():\n"
            "    for name in ('one', 'two'):\n"
            f"        with create_engine(f'sqlite:///{tmp_path}/{{name}}.db').connect() as connection:\n"
            "            migrate(connection)\n"
            "    return\n",
        )
    )
    report = command.upgrade(project.config(), "head")
    assert [step.revision for step in report.steps] == ["a1", "a1"]
    assert report.after == ("a1",)
    assert report.target == f"sqlite:///{tmp_path}/one.db, sqlite:///{tmp_path}/two.db"


def test_options_reach_the_context(project):
    code = "config.attributes['out'].update(context.get_context().opts)"
    project.chain("a1")
    opts = probe(project, code, target_metadata=sa.MetaData())
    assert (opts["render_as_batch"], opts["upgrade_token"], opts["compare_type"]) == (True, "upgrades", True)
    assert isinstance(opts["target_metadata"], sa.MetaData)
    assert opts["destination_rev"] == "head"
