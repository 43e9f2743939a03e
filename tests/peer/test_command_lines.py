"""The program's commands beside Alembic's: exit code, version rows, the revisions that ran, files, and what is listed.

Words are our own; what they mean is not. A difference must be named in ``[commands]`` of ``differences.toml``.
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

import pytest

pytestmark = pytest.mark.peer
pytest.importorskip("alembic", reason="the yardstick is not installed (extra peer)")

REASONS: dict[str, str] = tomllib.loads(Path(__file__).with_name("differences.toml").read_text())["commands"]

# id, parent or parents, label, depends_on
HISTORIES: dict[str, list[tuple[str, str | tuple[str, ...] | None, str | None, str | None]]] = {
    "line": [("aa1", None, None, None), ("bb2", "aa1", None, None), ("cc3", "bb2", None, None)],
    "fork": [
        ("aa1", None, None, None),
        ("bb2", "aa1", "shop", None),
        ("cc3", "bb2", None, None),
        ("dd4", "aa1", "blog", None),
    ],
    "merged": [
        ("aa1", None, None, None),
        ("bb2", "aa1", None, None),
        ("dd4", "aa1", None, None),
        ("ee5", ("bb2", "dd4"), None, None),
    ],
    "needs": [
        ("aa1", None, "shop", None),
        ("bb2", "aa1", None, None),
        ("xx1", None, "blog", None),
        ("xx2", "xx1", None, "bb2"),
    ],
    "none": [],
}

SCRIPT = '''\
"""some words

Revision ID: {name}
Create Date: 2026-01-01 00:00:00

"""
from alembic import op

revision = {name!r}
down_revision = {down!r}
branch_labels = {label!r}
depends_on = {needs!r}


def upgrade():
    op.execute("INSERT INTO log VALUES ('up {name}')")


def downgrade():
    op.execute("INSERT INTO log VALUES ('down {name}')")
'''

ENV = """\
from alembic import context
from sqlalchemy import MetaData, create_engine, pool

url = context.config.get_main_option("sqlalchemy.url")
ours = lambda object, name, type_, reflected, compare_to: name != "log"
if context.is_offline_mode():
    context.configure(url=url, target_metadata=MetaData(), include_object=ours)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=MetaData(), include_object=ours)
        with context.begin_transaction():
            context.run_migrations()
"""

MAKO = '''\
"""${message}

Revision ID: ${up_revision}
Create Date: ${create_date}

"""
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


@dataclass
class Outcome:
    """What a command line did: what there is to compare, and what it said."""

    code: int
    rows: list[str]
    ran: list[str]
    files: dict[str, str]
    listed: list[str]
    said: str


def identifiers(path: Path) -> str:
    """The identifiers of a version file, tuples and lists alike."""
    found = re.findall(
        r"^(?:revision|down_revision|branch_labels|depends_on)\b[^=]*= *(.*)$", path.read_text(), re.MULTILINE
    )
    return re.sub(r"[\[\]()'\"]|,$", "", " | ".join(found)).replace(", |", " |")


def prepared(folder: Path, engine: str, history: str, start: tuple[str, ...]) -> Path:
    home = folder / engine
    (home / "migrations" / "versions").mkdir(parents=True)
    (home / "migrations" / "env.py").write_text(ENV)
    (home / "migrations" / "script.py.mako").write_text(MAKO)
    for name, down, label, needs in HISTORIES[history]:
        text = SCRIPT.format(name=name, down=down, label=label, needs=needs)
        (home / "migrations" / "versions" / f"{name}_about.py").write_text(text)
    (home / "alembic.ini").write_text(
        f"[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\nsqlalchemy.url = sqlite:///{home}/db\n"
        f"[bare]\nscript_location = %(here)s/nowhere\npath_separator = os\n"
    )
    with contextlib.closing(sqlite3.connect(home / "db")) as database:
        database.execute("CREATE TABLE log (line TEXT)")
        if start:
            database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
            database.executemany("INSERT INTO alembic_version VALUES (?)", [(name,) for name in start])
        database.commit()
    return home


def rows_of(home: Path) -> tuple[list[str], list[str]]:
    with contextlib.closing(sqlite3.connect(home / "db")) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        rows = sorted(name for (name,) in database.execute("SELECT * FROM alembic_version")) if len(tables) > 1 else []
        return rows, [line for (line,) in database.execute("SELECT * FROM log")]


def outcome(folder: Path, engine: str, history: str, start: tuple[str, ...], argv: list[str]) -> Outcome:
    home = prepared(folder, engine, history, start)
    config = importlib.import_module(f"{engine}.config")
    out, errors, code = io.StringIO(), io.StringIO(), 0
    quietly = contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors), contextlib.chdir(home)
    with quietly[0], quietly[1], quietly[2], warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            line = config.CommandLine(prog="mig")
            options = line.parser.parse_args(argv)
            ini = str(home / "alembic.ini")
            buffer = {"output_buffer": out} if engine == "alembic" else {}
            settings = config.Config(ini, ini_section=options.name, stdout=out, cmd_opts=options, **buffer)
            line.run_cmd(settings, options)
        except SystemExit as ended:
            code = ended.code % 256 if isinstance(ended.code, int) else 0 if ended.code is None else 1
        except Exception as error:  # noqa: BLE001 - --raiseerr
            code = 1
            errors.write(repr(error))
    rows, ran = rows_of(home)
    files = {
        str(path.relative_to(home)): identifiers(path)
        for path in sorted((home / "migrations" / "versions").rglob("*.py"))
    }
    said = out.getvalue()
    return Outcome(code, rows, ran, files, listed(argv, code, said), said + errors.getvalue())


FACT = re.compile(r"(?:Rev|Parent|Merges|Branches into|Branch names|Also depends on): ")
KNOWN = re.compile(r"\b(?:aa1|bb2|cc3|dd4|ee5|xx1|xx2)\b|<base>|\b(?:effective|head)\b")
SQL = re.compile(r"\b(?:INSERT|DELETE|UPDATE|CREATE|DROP|up \w+|down \w+|aa1|bb2|cc3|dd4|ee5|xx1|xx2)\b")


def listed(argv: list[str], code: int, said: str) -> list[str]:
    """The revisions that a look shows, line by line; the statements of a script."""
    if "--sql" in argv and not code:
        return SQL.findall(re.sub(r"(?m)^--.*$", "", said))
    if code or next(word for word in argv if word[0] != "-") not in ("history", "heads", "branches", "show", "current"):
        return []
    if FACT.search(said):
        return [
            f"{line.partition(':')[0]}: {sorted(KNOWN.findall(line))}" for line in said.splitlines() if FACT.match(line)
        ]
    return [
        " ".join(KNOWN.findall(line.partition(", ")[0] if "->" not in line else line))
        for line in said.splitlines()
        if line.strip()
    ]


CASES = [
    [part.strip() for part in case.split("|")]
    for case in """\
line | | upgrade head
line | | upgrade heads
line | | upgrade +1
line | | upgrade +2
line | aa1 | upgrade +1
line | aa1 | upgrade aa1
line | cc3 | upgrade head
line | cc3 | upgrade aa1
line | cc3 | upgrade +1
line | aa1 | upgrade +7
line | aa1 | upgrade -1
line | | upgrade bb
line | | upgrade nothing
line | | upgrade aa1+1
line | | upgrade head-1
line | | upgrade base
line | aa1 | upgrade current
line | aa1 | upgrade aa1:cc3
line | | upgrade head --sql
line | | upgrade aa1:cc3 --sql
line | cc3 | upgrade bb2:head --sql
line | | upgrade base:bb2 --sql
line | | upgrade cc3:cc3 --sql
line | cc3 | downgrade -1
line | cc3 | downgrade -2
line | cc3 | downgrade -3
line | cc3 | downgrade -4
line | cc3 | downgrade base
line | cc3 | downgrade aa1
line | cc3 | downgrade aa
line | cc3 | downgrade cc3
line | aa1 | downgrade cc3
line | cc3 | downgrade +1
line | | downgrade -1
line | | downgrade base
line | cc3 | downgrade head
line | cc3 | downgrade cc3-1
line | cc3 | downgrade cc3:aa1 --sql
line | cc3 | downgrade cc3:base --sql
line | cc3 | downgrade aa1 --sql
line | cc3 | downgrade -1 --sql
line | cc3 | downgrade nothing
line | | stamp head
line | | stamp bb2
line | cc3 | stamp base
line | cc3 | stamp aa1
line | cc3 | stamp nothing
line | cc3 | stamp --purge bb2
line | gone | stamp bb2
line | gone | stamp --purge bb2
line | gone | upgrade head
line | gone | downgrade base
line | gone | current
line | | stamp head --sql
line | | stamp aa1:cc3 --sql
line | cc3 | stamp base --sql
line | cc3 | stamp -1
line | aa1 | stamp +1
line | | current
line | cc3 | current
line | aa1 | current
line | cc3 | current --check-heads
line | aa1 | current --check-heads
line | | current -c
line | | ensure_version
line | aa1 | ensure_version
line | | ensure_version --sql
line | | check
line | aa1 | check
line | cc3 | check
line | | heads
line | | heads --resolve-dependencies
line | | branches
line | | history
line | bb2 | history -i
line | | history -r aa1:bb2
line | | history -r aa1:
line | | history -r :bb2
line | | history -r base:head
line | bb2 | history -r -1:current
line | bb2 | history -r current:
line | bb2 | history -r :current
line | bb2 | history -r current:+1
line | | history -r aa1:+1
line | | history -r -2:head
line | | history -r bb2
line | | history -r cc3:aa1
line | | history -r nothing:head
line | | show head
line | | show bb
line | | show base
line | bb2 | show current
line | | show nothing
line | bb2 | show -1
line | bb2 | show +1
line | | revision -m x --rev-id new1
line | | revision -m x --rev-id aa1
line | | revision -m x --rev-id new1 --head bb2
line | | revision -m x --rev-id new1 --head bb2 --splice
line | | revision -m x --rev-id new1 --head base
line | | revision -m x --rev-id new1 --head base --branch-label other
line | | revision -m x --rev-id new1 --head nothing
line | | revision -m x --rev-id new1 --depends-on aa1
line | | revision -m x --rev-id new1 --depends-on nothing
line | | revision -m x --rev-id new1 --branch-label other
line | | revision -m x --rev-id a@b
line | | revision -m x --rev-id a:b
line | | revision -m x --rev-id new1 --version-path elsewhere
line | | revision -m x --rev-id new1 --autogenerate
line | cc3 | revision -m x --rev-id new1 --autogenerate
line | cc3 | revision -m x --rev-id new1 --autogenerate --sql
line | | revision -m x --rev-id new1 --sql
line | | merge heads -m x
line | | merge aa1 bb2 -m x
line | | merge aa1 cc3 -m x --rev-id new1
line | | init migrations
line | | init elsewhere -t nothing
line | | list_templates
line | | edit nothing
line | | upgrade
line | | nothing
line | | upgrade head --nothing
line | | -n bare heads
line | | -n nothing heads
line | | --raiseerr show nothing
line | | --raiseerr upgrade nothing
line | | -q upgrade head
line | cc3 | -q current
line | | -x a=b upgrade head
line | | upgrade head --tag now
fork | | upgrade head
fork | | upgrade heads
fork | | upgrade shop@head
fork | | upgrade blog@head
fork | | upgrade blog@heads
fork | | upgrade +1
fork | aa1 | upgrade +1
fork | aa1 | upgrade shop@+1
fork | aa1 | upgrade blog@+1
fork | bb2 | upgrade +1
fork | bb2 | upgrade shop@+1
fork | bb2,dd4 | upgrade +1
fork | bb2,dd4 | upgrade shop@+1
fork | | upgrade shop@base
fork | | upgrade nothing@head
fork | | upgrade shop@dd4
fork | | upgrade shop
fork | | upgrade bb2@head
fork | cc3,dd4 | downgrade -1
fork | cc3,dd4 | downgrade shop@-1
fork | cc3,dd4 | downgrade blog@-1
fork | cc3,dd4 | downgrade shop@base
fork | cc3,dd4 | downgrade shop@bb2
fork | cc3,dd4 | downgrade bb2
fork | cc3,dd4 | downgrade aa1
fork | cc3,dd4 | downgrade base
fork | cc3,dd4 | downgrade dd4
fork | dd4 | downgrade cc3
fork | dd4 | downgrade -1
fork | | stamp head
fork | | stamp heads
fork | | stamp cc3 dd4
fork | | stamp cc3 aa1
fork | cc3,dd4 | stamp aa1
fork | cc3,dd4 | stamp bb2
fork | cc3,dd4 | stamp shop@base
fork | cc3,dd4 | stamp base
fork | cc3 | stamp blog@head
fork | cc3 | stamp --purge dd4
fork | cc3,dd4 | current
fork | cc3,dd4 | current -c
fork | cc3 | current -c
fork | | heads
fork | | heads -v
fork | | branches
fork | | branches -v
fork | | history -r shop@base:shop@head
fork | | history -r aa1:shop@head
fork | | history -r :blog@head
fork | dd4 | history -r -1:current
fork | | history -r :head
fork | | show head
fork | | show heads
fork | | show shop@head
fork | | show shop
fork | | merge heads -m x --rev-id new1
fork | | merge cc3 dd4 -m x --rev-id new1 --branch-label joined
fork | | merge cc3,dd4 -m x --rev-id new1
fork | | merge bb2 dd4 -m x --rev-id new1
fork | | merge bb2 dd4 -m x --rev-id new1 --splice
fork | | merge shop@head blog@head -m x --rev-id new1
fork | | revision -m x --rev-id new1
fork | | revision -m x --rev-id new1 --head heads
fork | | revision -m x --rev-id new1 --head shop@head
fork | | revision -m x --rev-id new1 --head blog@head --branch-label more
fork | | revision -m x --rev-id new1 --head cc3 --branch-label shop
fork | | revision -m x --rev-id new1 --head cc3 --depends-on blog
fork | | revision -m x --rev-id new1 --head cc3 --depends-on dd4 --depends-on aa1
fork | cc3 | check
fork | cc3,dd4 | check
fork | cc3,dd4 | revision -m x --rev-id new1 --autogenerate
merged | | upgrade head
merged | bb2 | upgrade head
merged | ee5 | downgrade -1
merged | ee5 | downgrade bb2
merged | ee5 | downgrade aa1
merged | ee5 | downgrade base
merged | ee5 | downgrade ee5-1
merged | ee5 | downgrade bb2@-1
merged | bb2,dd4 | downgrade bb2
merged | | branches
merged | | heads
merged | | history
merged | | history -r bb2:ee5
merged | | history -r aa1:bb2
merged | ee5 | stamp bb2
merged | ee5 | stamp bb2 dd4
merged | | show ee5
needs | | upgrade head
needs | | upgrade heads
needs | | upgrade blog@head
needs | | upgrade shop@head
needs | | upgrade xx1
needs | xx2 | downgrade base
needs | xx2 | downgrade -1
needs | xx2 | downgrade xx1
needs | xx2 | downgrade shop@base
needs | xx2 | downgrade shop@-1
needs | xx2 | downgrade blog@base
needs | xx2 | downgrade aa1
needs | bb2,xx1 | downgrade blog@base
needs | xx2 | current
needs | xx2 | current -c
needs | bb2 | current -c
needs | | heads
needs | | heads --resolve-dependencies
needs | | branches
needs | | history
needs | | history -r :blog@head
needs | | history -r xx1:xx2
needs | | history -r aa1:xx2
needs | | history -r bb2:
needs | | history -r base:heads
needs | | show xx2
needs | | show bb2
needs | xx2 | stamp shop@head
needs | | stamp heads
needs | xx2 | stamp bb2
needs | | revision -m x --rev-id new1 --head blog@head
needs | xx2 | check
none | | upgrade head
none | | upgrade heads
none | | downgrade base
none | | downgrade -1
none | | upgrade +1
none | | current
none | | current -c
none | | heads
none | | history
none | | branches
none | | show head
none | | stamp head
none | | stamp heads
none | | stamp base
none | | check
none | | merge heads -m x
none | | revision -m x --rev-id new1
none | | revision -m x --rev-id new1 --autogenerate
none | | ensure_version""".splitlines()
]

NAMED: dict[str, str] = {
    "line | | upgrade bb": "three letters are enough",
    "line | cc3 | downgrade aa": "three letters are enough",
    "line | | show bb": "three letters are enough",
    "line | aa1 | upgrade current": "relative places everywhere",
    "line | cc3 | stamp -1": "relative places everywhere",
    "line | aa1 | stamp +1": "relative places everywhere",
    "line | bb2 | show +1": "relative places everywhere",
    "line | bb2 | show -1": "relative places everywhere",
    "line | gone | current": "a lost revision is shown",
    "line | | show base": "nothing to show is said",
    "none | | show head": "nothing to show is said",
    "line | | revision -m x --rev-id aa1": "refused before it is written",
    "fork | | revision -m x --rev-id new1 --head cc3 --branch-label shop": "refused before it is written",
    "line | | merge heads -m x": "a merge joins at least two",
    "none | | merge heads -m x": "a merge joins at least two",
    "line | cc3 | -q current": "quiet still answers",
    "fork | cc3,dd4 | downgrade -1": "which branch goes down is asked",
    "merged | ee5 | downgrade bb2@-1": "a named branch is not ambiguous",
    "fork | | stamp cc3 aa1": "no row that another implies",
    "fork | | merge cc3,dd4 -m x --rev-id new1": "commas also between arguments",
    "merged | ee5 | stamp bb2 dd4": "an assertion of Alembic's",
    "needs | | history -r aa1:xx2": "an assertion of Alembic's",
    "needs | | history -r bb2:": "an assertion of Alembic's",
    "needs | xx2 | current": "current shows the rows",
    "needs | xx2 | current -c": "a head that is needed is reached",
    "needs | | show bb2": "only heads of the table are plain heads",
}


def differing(theirs: Outcome, ours: Outcome, history: str) -> list[str]:
    """The facts in which two outcomes differ; where lines part, Alembic's order among them is that of a set."""
    free = sorted if history != "line" else list
    found = [name for name in ("code", "rows", "files") if getattr(theirs, name) != getattr(ours, name)]
    return found + [name for name in ("ran", "listed") if free(getattr(theirs, name)) != free(getattr(ours, name))]


def key(case: list[str]) -> str:
    return " | ".join(case).replace("|  |", "| |")


@pytest.mark.parametrize("history", HISTORIES)
def test_a_command_line_does_what_alembic_does(tmp_path, history):
    wrong: list[str] = []
    for number, case in enumerate(case for case in CASES if case[0] == history):
        at = tuple(case[1].split(",")) if case[1] else ()
        theirs, ours = (
            outcome(tmp_path / str(number), engine, history, at, case[2].split())
            for engine in ("alembic", "kernel_core")
        )
        found, name = differing(theirs, ours, history), NAMED.get(key(case))
        if bool(found) != bool(name):
            wrong.append(f"{key(case)}: {name}: {found}\n  theirs {theirs}\n  ours   {ours}")
    assert not wrong, "\n".join(wrong)


def test_each_difference_is_argued_and_seen():
    assert set(NAMED.values()) == set(REASONS)
    assert set(map(key, CASES)) >= set(NAMED)
    assert len(CASES) >= 250
