"""What the functions of `command` print and log, beside what Alembic's print and log."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("alembic")
pytestmark = pytest.mark.peer

ENV = """
from alembic import context
from sqlalchemy import MetaData, create_engine

url = context.config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, target_metadata=MetaData(), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(url)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=MetaData())
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
"""
MAKO = "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
HISTORY = {
    "a1": "down_revision = None",
    "b1": "down_revision = 'a1'\nbranch_labels = 'bb'",
    "b2": "down_revision = 'b1'",
    "c1": "down_revision = 'a1'",
    "h1": "down_revision = None\nbranch_labels = 'hh'\ndepends_on = 'b1'",
    "j1": "down_revision = ('b2', 'c1')",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An environment for each engine, with a database each at b2 and h1."""
    found = {}
    for engine in ("alembic", "kernel_core"):
        home = tmp_path_factory.mktemp(engine)
        (home / "m" / "versions").mkdir(parents=True)
        (home / "m" / "env.py").write_text(ENV.replace("alembic", engine))
        (home / "m" / "script.py.mako").write_text(MAKO)
        for name, head in HISTORY.items():
            body = "\ndef upgrade():\n    pass\n\ndef downgrade():\n    pass\n"
            (home / "m" / "versions" / f"{name}.py").write_text(f'"""Do {name}"""\nrevision = {name!r}\n{head}\n{body}')
        found[engine] = home
        command, config = importlib.import_module(f"{engine}.command"), made(engine, home)
        command.upgrade(config, "b2")
        command.upgrade(config, "h1")
    return found


def made(engine: str, home: Path, **options: Any) -> Any:
    config = importlib.import_module(f"{engine}.config").Config(stdout=io.StringIO(), **options)
    config.set_main_option("script_location", str(home / "m"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{home}/t.db")
    return config


CASES: dict[str, Callable[[Any, Any], Any]] = {
    "history": lambda command, config: command.history(config),
    "history -v": lambda command, config: command.history(config, verbose=True),
    "history -i": lambda command, config: command.history(config, indicate_current=True),
    "history -v -i": lambda command, config: command.history(config, "b1:b2", verbose=True, indicate_current=True),
    "a range": lambda command, config: command.history(config, "a1:b2"),
    "a range up to current": lambda command, config: command.history(config, "base:h1"),
    "heads": lambda command, config: command.heads(config),
    "heads -v": lambda command, config: command.heads(config, verbose=True),
    "heads --resolve-dependencies": lambda command, config: command.heads(config, resolve_dependencies=True),
    "branches": lambda command, config: command.branches(config),
    "branches -v": lambda command, config: command.branches(config, verbose=True),
    "current": lambda command, config: command.current(config),
    "current -v": lambda command, config: command.current(config, verbose=True),
    "show an id": lambda command, config: command.show(config, "j1"),
    "show a label": lambda command, config: command.show(config, "bb"),
    "show heads": lambda command, config: command.show(config, "heads"),
    "show current": lambda command, config: command.show(config, "current"),
    "ensure_version": lambda command, config: command.ensure_version(config),
    "stamp": lambda command, config: command.stamp(config, "heads"),
    "stamp back": lambda command, config: command.stamp(config, ["b2", "h1"]),
    "downgrade": lambda command, config: command.downgrade(config, "h1@base"),
    "upgrade": lambda command, config: command.upgrade(config, "h1"),
}
LOGGED = ("ensure_version", "downgrade", "upgrade", "current")


def ran(engine: str, home: Path, case: Callable[[Any, Any], Any], **options: Any) -> tuple[str, str, str]:
    """What a command prints to the Config's stdout, to the process's, and logs under Alembic's name."""
    config, log, printed = made(engine, home, **options), io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("alembic")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with contextlib.redirect_stdout(printed):
            case(importlib.import_module(f"{engine}.command"), config)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    return config.stdout.getvalue().replace(str(home), "HOME"), printed.getvalue(), log.getvalue()


@pytest.mark.parametrize("name", CASES)
def test_a_command_prints_and_logs_what_it_does_there(folders, name):
    """Revisions of which none is above the other may come in another order; theirs lists children as a set does."""
    theirs, ours = (ran(engine, home, CASES[name]) for engine, home in folders.items())
    there = theirs[0].replace("c1, b1", "b1, c1")
    assert sorted(ours[0].split("\n")) == sorted(there.split("\n"))
    assert ours[1] == theirs[1] == ""
    if name in LOGGED:
        assert ours[2].replace("transactional", "non-transactional").replace("non-non", "non") == theirs[2]


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_printed_where_the_configuration_is_quiet(folders, name):
    home = folders["kernel_core"]
    assert ran("kernel_core", home, CASES[name], cmd_opts=argparse.Namespace(quiet=True))[:2] == ("", "")

    def quiet(command: Any, config: Any) -> None:
        config.prints_results = False
        CASES[name](command, config)

    assert ran("kernel_core", home, quiet)[:2] == ("", "")


def test_a_run_is_logged_under_both_names(folders, caplog, monkeypatch):
    for package in ("alembic", "kernel_core"):  # an env.py of another test may have called fileConfig(), which disables
        monkeypatch.setattr(logging.getLogger(f"{package}.runtime.migration"), "disabled", False)
        caplog.set_level(logging.INFO, f"{package}.runtime.migration")
    caplog.set_level(logging.INFO)
    importlib.import_module("kernel_core.command").downgrade(made("kernel_core", folders["kernel_core"]), "h1@base")
    importlib.import_module("kernel_core.command").upgrade(made("kernel_core", folders["kernel_core"]), "h1")
    for package in ("alembic", "kernel_core"):
        said = [record.message for record in caplog.records if record.name == f"{package}.runtime.migration"]
        assert "Running downgrade h1 -> , Do h1" in said
        assert "Running upgrade  -> h1, Do h1" in said


def test_files_and_sql_are_printed_on_the_standard_output_of_the_process(folders, tmp_path):
    home = folders["kernel_core"]
    _, out, _ = ran("kernel_core", home, lambda command, config: command.upgrade(config, "a1:b1", sql=True))
    assert "UPDATE alembic_version SET version_num='b1'" in out
    buffer = io.StringIO()
    _, out, _ = ran(
        "kernel_core", home, lambda command, config: command.upgrade(config, "a1:b1", sql=True), output_buffer=buffer
    )
    assert (out, "version_num='b1'" in buffer.getvalue()) == ("", True)
    for number, write in enumerate(
        (
            lambda command, config: command.revision(config, "x", rev_id="x1", head="j1"),
            lambda command, config: command.merge(config, ["x1", "h1"], message="y", rev_id="y1"),
            lambda command, config: command.init(config, str(tmp_path / "new")),
        )
    ):
        out = ran("kernel_core", home, write)[1]
        assert out.startswith("Generating /"), number
        assert out.endswith("...  done\n"), number


def test_models_that_match_are_printed_by_check(tmp_path):
    for engine in ("alembic", "kernel_core"):
        home = tmp_path / engine
        (home / "m" / "versions").mkdir(parents=True)
        (home / "m" / "env.py").write_text(ENV.replace("alembic", engine))
        out = ran(engine, home, lambda command, config: command.check(config))
        assert out[:2] == ("No new upgrade operations detected.\n", "")


def test_a_stream_that_lacks_a_character_gets_a_question_mark():
    for engine in ("alembic", "kernel_core"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        importlib.import_module(f"{engine}.config").Config(stdout=stream).print_stdout("méil %s", "ö")
        stream.flush()
        assert stream.buffer.getvalue() == b"m?il ?\n"  # type: ignore[attr-defined]
