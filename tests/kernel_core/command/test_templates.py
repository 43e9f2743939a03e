"""Each template: created, filled by autogenerate, upgraded and downgraded on a live database, by the program."""

import asyncio
import filecmp
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import sqlalchemy as sa

import kernel_core
from kernel_core import command
from kernel_core.config import CommandLine, Config
from kernel_core.util.exc import CommandError

TEMPLATES = Path(kernel_core.__file__).parent / "templates"
MODELS = """
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData()
owner = sa.Table("owner", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40), nullable=False))
sa.Table("pet", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("owner_id", sa.ForeignKey(owner.c.id), index=True),
    sa.Column("note", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")))
other = sa.MetaData()
sa.Table("log", other, sa.Column("id", sa.Integer, primary_key=True), sa.Column("line", sa.Text))
"""
SYNC = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
ASYNC = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
SINGLE = [
    (template, database, drivers[database])
    for template, drivers in (("generic", SYNC), ("async", ASYNC), ("pyproject", SYNC), ("pyproject_async", ASYNC))
    for database in ("sqlite", "postgresql")
]


@pytest.fixture
def mig(tmp_path, monkeypatch, capsys):
    """Run the program in an empty folder and return its output; an unexpected exit code fails the test."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop_models.py").write_text(MODELS)

    def run(*arguments, code=0):
        got = 0
        try:
            CommandLine().main(arguments)
        except SystemExit as exit_:
            got = exit_.code
        captured = capsys.readouterr()
        assert got == code, captured.err
        return captured.out + captured.err

    yield run
    sys.modules.pop("shop_models", None)


def name_models(folder, source):
    env = folder / "migrations" / "env.py"
    lines = [line for line in env.read_text().splitlines() if line.startswith("target_metadata = ")]
    assert len(lines) == 1
    env.write_text(env.read_text().replace(lines[0], f"import shop_models\ntarget_metadata = {source}"))


def tables(url):
    return set(sa.inspect(sa.create_engine(url, poolclass=sa.NullPool)).get_table_names())


@pytest.fixture(params=SINGLE, ids=[f"{template}-{driver}" for template, _, driver in SINGLE])
def made(request, mig, tmp_path, monkeypatch):
    """An environment of one database: its program, its folder and the plain URL of its database."""
    template, database, driver = request.param
    url = request.getfixturevalue(f"{database}_url")
    monkeypatch.setenv("DATABASE_URL", sa.make_url(url).set(drivername=driver).render_as_string(hide_password=False))
    mig("init", "-t", template, "migrations")
    name_models(tmp_path, "shop_models.metadata")
    return mig, tmp_path, url


def test_a_template_is_created_filled_upgraded_and_downgraded(made):
    mig, folder, url = made
    assert "made migrations/versions/a1_begin.py" in mig("revision", "--autogenerate", "-m", "Begin", "--rev-id", "a1")
    script = folder / "migrations" / "versions" / "a1_begin.py"
    assert 'revision: str = "a1"\n' in script.read_text()
    assert "CREATE TABLE owner" in mig("upgrade", "head", "--sql")
    assert tables(url) == set()
    assert mig("upgrade", "head").endswith("base -> a1\n")
    assert tables(url) == {"owner", "pet", "alembic_version", "alembic_version_journal"}
    assert mig("check") == "No new upgrade operations detected.\n"
    assert mig("current") == "a1 (head), Begin\n"
    mig("downgrade", "base")
    assert tables(url) == {"alembic_version"}
    assert [path for path in sys.path if path == "."] == []


def test_a_failure_does_not_change_the_revision_of_the_database(made):
    mig, folder, url = made
    mig("revision", "-m", "Bad", "--rev-id", "b1")
    script = folder / "migrations" / "versions" / "b1_bad.py"
    text = script.read_text().replace(
        '"""Apply this revision."""\n    pass',
        'op.create_table("half", sa.Column("id", sa.Integer))\n    op.execute("nonsense")',
    )
    script.write_text(text)
    assert "FAILED: Revision b1 (b1_bad.py, line " in mig("upgrade", "head", code=255)
    assert "half" not in tables(url)


@pytest.mark.parametrize("template", ["generic", "multidb"])
def test_a_written_file_is_as_ruff_would_have_it(mig, tmp_path, template, monkeypatch):
    for name in ("", "_MAIN", "_ARCHIVE"):
        monkeypatch.setenv(f"DATABASE_URL{name}", f"sqlite:///{tmp_path}/x{name}.db")
    mig("init", "-t", template, "migrations")
    one = "shop_models.metadata"
    name_models(tmp_path, one if template == "generic" else f"dict(main={one}, archive=shop_models.other)")
    mig("revision", "--autogenerate", "-m", 'Say "hello"', "--rev-id", "a1", "--branch-label", "blue")
    mig("revision", "-m", "Side", "--rev-id", "b1", "--head", "base", "--depends-on", "a1", "--splice")
    mig("merge", "heads", "--rev-id", "c1")
    files = sorted(map(str, (tmp_path / "migrations" / "versions").glob("*.py")))
    assert len(files) == 3
    ruff = Path(sys.executable).with_name("ruff")
    for arguments in (["check", "--select", "I,F,E,W,UP,Q", "--ignore", "F401,E501"], ["format", "--check", "--diff"]):
        done = subprocess.run([ruff, *arguments, "--isolated", *files], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_imports_of_an_autogenerated_file_are_sorted(mig, tmp_path, postgresql_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", postgresql_url)
    mig("init", "migrations")
    name_models(tmp_path, "shop_models.metadata")
    mig("revision", "--autogenerate", "--rev-id", "a1", "-m", "x")
    text = (tmp_path / "migrations/versions/a1_x.py").read_text()
    assert (
        "from collections.abc import Sequence\n\nimport sqlalchemy as sa\nfrom kernel_core import op\n"
        "from sqlalchemy.dialects import postgresql\n\nrevision"
    ) in text


@pytest.mark.slow
def test_each_of_several_databases_has_its_functions(mig, tmp_path, sqlite_url, postgresql_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL_MAIN", postgresql_url)
    monkeypatch.setenv("DATABASE_URL_ARCHIVE", sqlite_url)
    mig("init", "-t", "multidb", "migrations")
    name_models(tmp_path, '{"main": shop_models.metadata, "archive": shop_models.other}')
    mig("revision", "--autogenerate", "-m", "Begin", "--rev-id", "a1")
    mig("upgrade", "head")
    assert tables(postgresql_url) == {"owner", "pet", "alembic_version", "alembic_version_journal"}
    assert tables(sqlite_url) == {"log", "alembic_version", "alembic_version_journal"}
    assert mig("check") == "No new upgrade operations detected.\n"
    assert mig("current").count("a1 (head), Begin\n") == 2
    mig("upgrade", "head", "--sql")
    assert "CREATE TABLE pet" in (tmp_path / "main.sql").read_text()
    assert "CREATE TABLE log" in (tmp_path / "archive.sql").read_text()
    mig("downgrade", "base")
    assert tables(postgresql_url) == tables(sqlite_url) == {"alembic_version"}
    monkeypatch.delenv("DATABASE_URL_ARCHIVE")
    assert "Set DATABASE_URL_ARCHIVE" in mig("current", code=255)


def test_a_pyproject_keeps_its_other_tables(mig, tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"  # ours\n')
    mig("init", "-t", "pyproject", "migrations")
    text = (tmp_path / "pyproject.toml").read_text()
    assert text.startswith('[project]\nname = "shop"  # ours\n\n[tool.alembic]\n')
    assert 'script_location = "%(here)s/migrations"\n' in text
    assert "script_location" not in (tmp_path / "alembic.ini").read_text()
    assert mig("heads") == ""
    mig("init", "-t", "pyproject", "second")
    assert (tmp_path / "pyproject.toml").read_text() == text


def test_a_broken_pyproject_stops_init_before_anything_is_created(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    config = Config(tmp_path / "alembic.ini", toml_file=tmp_path / "pyproject.toml")
    with pytest.raises(CommandError, match=r"pyproject\.toml cannot be read"):
        command.init(config, tmp_path / "m", template="pyproject")
    assert os.listdir(tmp_path) == ["pyproject.toml"]


@pytest.mark.parametrize("folder", ["with space", "with%percent", 'ünï"code'])
def test_a_folder_in_pyproject_may_have_any_name(tmp_path, folder):
    toml = tmp_path / "pyproject.toml"
    command.init(Config(toml_file=toml), tmp_path / folder, template="pyproject")
    assert command.heads(Config(toml_file=toml)) == ()


def test_an_async_environment_runs_inside_a_running_loop(mig, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/x.db")
    mig("init", "-t", "async", "migrations")
    mig("revision", "-m", "Begin", "--rev-id", "a1")

    async def cell():
        return command.upgrade(Config("alembic.ini"), "head")

    assert asyncio.run(cell()).after == ("a1",)


def test_an_async_environment_takes_a_sync_connection_by_run_sync(mig, tmp_path, monkeypatch):
    from sqlalchemy.ext.asyncio import create_async_engine

    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/x.db")
    mig("init", "-t", "async", "migrations")
    mig("revision", "-m", "Begin", "--rev-id", "a1")

    async def cell():
        engine = create_async_engine(os.environ["DATABASE_URL"], poolclass=sa.NullPool)
        async with engine.connect() as connection:
            return await connection.run_sync(
                lambda live: command.upgrade(Config("alembic.ini", attributes={"connection": live}), "head")
            )

    assert asyncio.run(cell()).after == ("a1",)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///x.db", "Name an async driver before ://."),
        ("postgresql+asyncpg://ada:verysecret2@127.0.0.1:1/d", "Connect"),
        ("postgresql+asyncpg://root:verysecret2@127.0.0.1:5432/no_such_database", "no_such_database"),
    ],
)
def test_an_unreachable_async_database_is_reported_in_one_line(mig, monkeypatch, postgresql_server, url, message):
    monkeypatch.setenv("DATABASE_URL", url)
    mig("init", "-t", "async", "migrations")
    said = mig("current", code=255)
    assert message in said
    assert said.count("\n") == 1
    assert "verysecret2" not in said


def test_common_parts_of_templates_are_the_same():
    for first, second in (
        ("generic/env.py", "pyproject/env.py"),
        ("async/env.py", "pyproject_async/env.py"),
        *(("generic/script.py.mako", f"{name}/script.py.mako") for name in ("async", "pyproject", "pyproject_async")),
    ):
        assert filecmp.cmp(TEMPLATES / first, TEMPLATES / second, shallow=False)


def test_custom_templates(tmp_path):
    class Own(Config):
        def get_template_directory(self):
            return str(tmp_path / "templates")

    own = tmp_path / "templates" / "mine"
    own.mkdir(parents=True)
    (own / "env.py").write_text("")
    (own / "script.py.mako").write_text((TEMPLATES / "generic" / "script.py.mako").read_text())
    (own / "README").write_text("Ours.\n")
    assert [(each.name, each.about) for each in command.list_templates(Own())] == [("mine", "Ours.")]
    config = Own()
    command.init(config, tmp_path / "m", template="mine")
    assert command.revision(config, "x", rev_id="a1").revision == "a1"


def test_an_older_script_template_still_works(project):
    """A ``script.py.mako`` that writes with repr(), as environments created by Alembic have it."""
    mako = project.folder / "migrations" / "script.py.mako"
    mako.write_text(
        textwrap.dedent('''\
            """${message}

            Revision ID: ${up_revision}
            Revises: ${down_revision | comma,n}
            Create Date: ${create_date}
            """
            from kernel_core import op
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
            ''')
    )
    assert command.revision(project.config(), "One", rev_id="a1").revision == "a1"
    assert command.upgrade(project.config(), "head").after == ("a1",)
