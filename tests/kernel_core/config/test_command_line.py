"""The program: what it prints, where, and with which exit code."""

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from kernel_core import RELEASE
from kernel_core.config import CommandLine


def test_from_init_to_downgrade(mig, project):
    assert mig("revision", "-m", "Add users", "--rev-id", "a1") == (0, "made migrations/versions/a1_add_users.py\n", "")
    assert mig("revision", "-m", "More", "--rev-id", "b2")[0] == 0
    assert mig("heads") == (0, "b2 (head), More\n", "")
    assert mig("history")[1] == "a1 -> b2 (head), More\n<base> -> a1, Add users\n"
    assert mig("current") == (0, "", "")
    code, out, _ = mig("upgrade", "a1")
    assert code == 0
    assert out.startswith("upgrade a1  Add users  (0.")
    assert out.endswith(f"sqlite:///{project.folder}/test.db: base -> a1\n")
    assert mig("current")[1] == "a1, Add users\n"
    assert mig("history", "-i")[1] == "a1 -> b2 (head), More\n<base> -> a1 (current), Add users\n"
    assert mig("upgrade", "a1")[1].endswith("is at a1; there is nothing to do.\n")
    assert mig("-q", "upgrade", "head") == (0, "", "")
    assert mig("downgrade", "-1")[1].endswith("b2 -> a1\n")
    assert mig("stamp", "head")[1].endswith("a1 -> b2\n")
    assert "Parent: a1" in mig("show", "head")[1]


def test_sql_is_all_that_is_printed(mig):
    mig("revision", "-m", "Add users", "--rev-id", "a1")
    code, out, err = mig("upgrade", "head", "--sql")
    assert (code, err) == (0, "")
    assert out.startswith("BEGIN;\n")
    assert out.endswith("COMMIT;\n")


@pytest.mark.parametrize("verb", ["heads", "history", "branches"])
def test_json_without_a_file_that_cannot_be_read_is_accompanied_by_a_warning(mig, project, verb):
    project.chain("a1")
    (project.versions / "zz.py").write_text("revision = 'zz'\ndown_revision = (\n")
    with pytest.warns(UserWarning, match=r"cannot be read: .*zz\.py, line 2"):
        code, out, _ = mig(verb, "--json")
    assert (code, len(json.loads(out))) == (0, verb != "branches")
    assert "cannot be read: migrations/versions/zz.py, line 2" in mig(verb)[1]


def test_branches_show_their_children(mig, project):
    project.chain("a1")
    project.write("b1", "a1")
    project.write("b2", "a1")
    assert mig("branches")[1] == "a1 (branchpoint), Do a1\n    -> b1 (head), Do b1\n    -> b2 (head), Do b2\n"
    assert mig("merge", "heads", "-m", "Join", "--rev-id", "m1")[1] == "made migrations/versions/m1_join.py\n"


def test_a_user_error_is_one_line_and_exit_code_255(mig):
    assert mig("upgrade", "nope") == (255, "", 'FAILED: No revision is named "nope".\n')


def test_a_broken_file_is_reported_below_the_history(mig, project):
    project.chain("a1")
    (project.versions / "zz.py").write_text("revision = 'zz'\ndown_revision = (\n")
    code, out, _ = mig("history")
    assert code == 0
    assert "<base> -> a1 (head), Do a1\n" in out
    assert f"cannot be read: {os.path.relpath(project.versions / 'zz.py')}, line 2" in out


@pytest.mark.parametrize("flaw", ["a missing parent", "an id used twice"])
def test_a_flaw_of_the_graph_is_reported_with_the_heads_and_instead_of_their_number(mig, project, flaw):
    project.chain("a1")
    project.write("c3", "b2" if flaw == "a missing parent" else None)
    if flaw == "an id used twice":
        (project.versions / "again.py").write_text((project.versions / "c3.py").read_text())
    listed = mig("heads")[1]
    assert "\nbroken: migrations/versions/c3.py, line " in listed, "both are listed, and what is wrong"
    code, _, shown = mig("upgrade", "head")
    assert (code, "ambiguous" in shown) == (255, False), "not two heads to be merged, but a file to be corrected"
    assert "Revision c3" in shown
    assert "Revision c3" in mig("revision", "-m", "x")[2]


@pytest.mark.parametrize(("ending", "code"), [("sys.exit()", None), ("sys.exit(3)", 3), ("raise SystemExit(0)", 0)])
def test_where_env_py_ends_the_program_is_reported(mig, project, ending, code):
    project.chain("a1")
    project.env(lambda text: f"import sys\n{ending}\n{text}")
    ended, printed, shown = mig("upgrade", "head")
    assert (ended, printed) == (code, ""), "the code is that of env.py, as with Alembic"
    assert shown.startswith("migrations/env.py, line 2 ended the program (SystemExit")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check",), 255),
        (("current", "--check-heads"), 255),
        (("locate",), 255),
        (("rehearse",), 2),
        (("rehearse", "--json"), 2),
    ],
    ids=str,
)
@pytest.mark.parametrize("ending", ["sys.exit()", "sys.exit(1)", "raise ValueError"])
def test_a_command_that_judges_ends_with_neither_verdict_where_env_py_ends_it(mig, project, arguments, code, ending):
    """Code 0 says that something holds, 1 of a rehearsal that a blocker was found; here nothing was looked at."""
    project.chain("a1")
    project.env(lambda text: f"import sys\n{ending}\n{text}")
    ended, printed, shown = mig(*arguments)
    assert (ended, printed) == (code, "")
    assert "migrations/env.py, line 2" in shown


def test_a_rehearsal_whose_revision_ends_the_program_could_not_run(mig, project):
    project.write("a1", None, "raise SystemExit(0)")
    ended, printed, shown = mig("rehearse")
    assert (ended, printed) == (2, "")
    assert "ended the program (SystemExit: 0)" in shown


def test_a_missing_environment_is_reported_with_the_command_that_makes_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        CommandLine().main(["current"])
    assert exit_.value.code == 255
    assert capsys.readouterr().err == (
        "FAILED: There is no alembic.ini, so there is no environment here. Make one: mig init migrations\n"
    )


def test_an_environment_in_a_folder_below_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "alembic.ini").write_text("[alembic]\n")
    with pytest.raises(SystemExit):
        CommandLine().main(["history"])
    assert "There is one in a folder: mig -c migrations/alembic.ini ..." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "A URL looks like"),
        ("nosuch://h/d", "No such dialect is installed"),
        ("postgresql+psycopg://ada:verysecret1@127.0.0.1:1/d", "OperationalError"),
        ("sqlite:////no/such/folder/x.db", "unable to open database file"),
        (
            "postgresql+psycopg2://u@h/d",
            "The driver psycopg2 is not installed. Install it: pip install psycopg2-binary",
        ),
    ],
)
def test_a_database_that_cannot_be_reached_is_one_line(mig, monkeypatch, url, message):
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setitem(sys.modules, "psycopg2", None)  # as if not installed
    code, out, err = mig("current")
    assert (code, out) == (255, "")
    assert message in err
    assert err.count("\n") == 1
    assert "verysecret1" not in err


@pytest.mark.parametrize("name", ["current", "check"])
def test_a_file_that_is_not_a_database_is_one_line(mig, project, name):
    (project.folder / "test.db").write_text("I am a letter, and long enough to be read as something else." * 20)
    code, _, err = mig(name)
    assert code == 255
    assert "A query on the database failed: DatabaseError: file is not a database. Check the permissions" in err
    assert "SQL: " in err
    assert err.count("\n") == 1


def test_a_version_table_that_may_not_be_read_is_one_line_with_a_remedy(postgresql_project, monkeypatch, capsys):
    postgresql_project.chain("a1")
    monkeypatch.chdir(postgresql_project.folder)
    CommandLine().main(["upgrade", "head"])
    role = f"reader_{os.getpid()}"
    postgresql_project.run(f"CREATE ROLE {role}")
    online = "context.configure(connection=connection"
    as_reader = f"connection.exec_driver_sql('SET ROLE {role}')\n    {online}"
    postgresql_project.env(lambda text: text.replace(online, as_reader))
    try:
        with pytest.raises(SystemExit):
            CommandLine().main(["current"])
    finally:
        postgresql_project.run(f"DROP ROLE {role}")
    err = capsys.readouterr().err
    assert "A query on the database failed: InsufficientPrivilege: permission denied for table alembic_version." in err
    assert "Check the permissions of the database's user" in err
    assert err.count("\n") == 1


def test_the_error_without_a_database_says_where_to_set_it(mig, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    assert mig("current") == (
        255, "", "FAILED: No database is named. Set DATABASE_URL, or sqlalchemy.url in the ini file.\n",
    )  # fmt: skip


def test_raiseerr_gives_the_exception_itself(mig):
    from kernel_core.util.exc import ResolutionError

    with pytest.raises(ResolutionError):
        mig("--raiseerr", "upgrade", "nope")


def test_a_bug_keeps_its_traceback_without_its_secrets(project, capsys):
    def broken(config):
        """Fail."""
        url = make_url("postgresql://u:hushhush7@h/d").render_as_string(hide_password=False)
        raise RuntimeError(url)

    line = CommandLine()
    line.register_command(broken)
    with pytest.raises(SystemExit) as ended:
        line.main(["-c", project.ini, "broken"])
    err = capsys.readouterr().err
    assert ended.value.code == 1
    assert "Traceback" in err
    assert "RuntimeError: postgresql://u:***@h/d" in err


def test_a_mistake_in_env_py_is_two_lines_without_its_secrets(mig, project):
    project.env(lambda text: "url = 'postgresql://u:hushhush7@h/d'\nraise RuntimeError(url)\n")
    code, _, err = mig("current")
    assert code == 255
    assert err == "FAILED: migrations/env.py, line 2: RuntimeError: postgresql://u:***@h/d.\nCorrect that line.\n"


def test_an_interrupt_reports_the_current_revision(mig, project):
    project.write("a1", None, "raise KeyboardInterrupt")
    assert mig("upgrade", "head") == (
        130,
        "",
        "Stopped.\nStopped in upgrade of a1. It was rolled back; the database is at base.\n",
    )


LOST = {
    "an error took its place": "try:\n    raise KeyboardInterrupt\nfinally:\n    {}['a lock that is not held']\n",
    "Python cannot raise it where it comes": """
import signal, time, weakref
held = type("Held", (), {})()
kept = weakref.ref(held, lambda _: signal.raise_signal(signal.SIGINT))
del held
for _ in range(500):
    time.sleep(0.01)
""",
}


@pytest.mark.usefixtures("python_handles_interrupts")
@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_an_interrupt_is_reported_though(mig, project, lost):
    project.write("a1", None, lost.strip())
    said = "Stopped.\nStopped in upgrade of a1. It was rolled back; the database is at base.\n"
    assert mig("upgrade", "head") == (130, "", said)
    project.env(lambda text: lost + text)
    assert mig("upgrade", "head") == mig("check") == (130, "", "Stopped.\n")


def test_the_configuration_file_may_be_named_by_option_or_environment(project, capsys, monkeypatch, tmp_path_factory):
    project.chain("a1")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    CommandLine().main(["-c", project.ini, "heads"])
    monkeypatch.setenv("ALEMBIC_CONFIG", project.ini)
    CommandLine().main(["heads"])
    assert capsys.readouterr().out == "a1 (head), Do a1\n" * 2


def test_a_section_may_be_another_environment(mig, project):
    ini = project.folder / "alembic.ini"
    ini.write_text(ini.read_text() + "\n[shop]\nscript_location = %(here)s/shop\n")
    code, _, err = mig("-n", "shop", "heads")
    assert code == 255
    assert "mig init shop" in err


def test_without_a_command_the_help_is_shown(mig):
    code, out, err = mig()
    assert (code, out) == (2, "")
    assert "upgrade" in err


def test_python_m_runs_it(project):
    done = subprocess.run(
        [sys.executable, "-m", "kernel_core", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"python -m kernel_core {RELEASE}\n"


def test_no_password_is_in_any_template():
    import kernel_core

    folder = Path(kernel_core.__file__).parent / "templates"
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert len(texts) >= 4
    assert not any(re.search(r"://[^/\s]*:[^/\s]*@", text) for text in texts)


def test_an_upgrade_fails_where_a_file_cannot_be_read(mig, project):
    project.chain("a1")
    mig("upgrade", "head")
    (project.versions / "zz.py").write_text("")
    code, out, err = mig("upgrade", "head")
    assert (code, out) == (255, "")
    assert "zz.py: is empty" in err
    assert "cannot be read" in mig("heads")[1]


def test_a_value_instead_of_a_table_in_pyproject_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for text, said in (
        ("[tool]\nalembic = 'x'\n", "tool.alembic in pyproject.toml is 'x'"),
        ("tool = 3\n", "tool in pyproject.toml is 3"),
        ("[tool]\nalembic = [1]\n", "tool.alembic in pyproject.toml is [1]"),
    ):
        (tmp_path / "pyproject.toml").write_text(text)
        for words in (["heads"], ["init", "--template", "pyproject", "m"]):
            with pytest.raises(SystemExit) as exit_:
                CommandLine().main(words)
            err = capsys.readouterr().err
            assert (exit_.value.code, err.count("\n")) == (255, 1), err
            assert said.replace("pyproject.toml", "").split(" in ")[0] in err
            assert "must be a table" in err


@pytest.mark.parametrize("code", ["ENOSPC", "EACCES", "EROFS", "EIO"])
def test_an_error_of_the_file_system_is_one_line(capsys, code):
    def fill(config):
        raise OSError(getattr(errno, code), "no luck", "/some/file")

    line = CommandLine()
    line.register_command(fill)
    with pytest.raises(SystemExit) as exit_:
        line.main(["fill"])
    err = capsys.readouterr().err
    assert (exit_.value.code, err.count("\n")) == (255, 1)
    assert err.startswith("FAILED: /some/file: no luck.")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder in which nobody makes files")
def test_a_folder_that_cannot_be_created_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        CommandLine().main(["init", "/proc/self/m"])
    err = capsys.readouterr().err
    assert (exit_.value.code, err.count("\n")) == (255, 1)
    assert "/proc/self/m" in err


@pytest.mark.slow
def test_a_traceback_with_raiseerr_shows_no_secret(project):
    project.env(lambda text: "raise RuntimeError('postgresql://ada:verysecret9@db/x')\n")
    words = [sys.executable, "-m", "kernel_core", "-c", project.ini, "--raiseerr", "upgrade", "head"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "RuntimeError" in done.stderr
    assert "verysecret9" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [
        (["upgrade", "head"], "1"),
        pytest.param(["upgrade", "head"], "", marks=pytest.mark.sweep),
        pytest.param(["history"], "", marks=pytest.mark.sweep),
        pytest.param(["history"], "1", marks=pytest.mark.sweep),
        pytest.param(["upgrade", "a1:b2", "--sql"], "", marks=pytest.mark.sweep),
    ],
)
def test_a_program_whose_reader_has_ended_does_its_work_and_ends_silently(project, words, unbuffered):
    project.chain("a1", "b2", "c3")
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "kernel_core", "-c", project.ini, *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, ""), (
        "as if SIGPIPE had ended it: nothing says that the server is down"
    )
    if words == ["upgrade", "head"]:
        assert project.rows() == ["c3"]


@pytest.mark.sweep
def test_a_broken_pipe_of_a_version_file_is_its_error(project, mig):
    project.write("a1", None, upgrade="raise BrokenPipeError('the server has ended')")
    code, _, shown = mig("upgrade", "head")
    assert (code, shown.startswith("FAILED: Revision a1 (a1.py, line 9) failed: BrokenPipeError: ")) == (255, True)
