"""What the rehearsal and squawk find in the same statements; `MIG_WRITE_TABLE=1` writes the table of the guide again.

squawk reads SQL and knows no rows: https://squawkhq.com. It is run as it comes, without the rules about style, which
are about other things than rows and locks. Install it with ``pip install squawk-cli``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from plain_environment import ENV

from kernel_core import command
from kernel_core.config import Config
from kernel_core.rehearse import Rehearsal

from .hazards import DATA, LOCK_SETUP, LOCKS

pytestmark = pytest.mark.peer

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "rehearse.md"
STYLE = (
    "prefer-robust-stmts,require-timeout-settings,prefer-bigint-over-int,prefer-bigint-over-smallint,prefer-identity,"
    "prefer-text-field,prefer-timestamp-tz"
)
BLOCKING = {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}


def squawk_program() -> str:
    found = os.environ.get("SQUAWK") or shutil.which("squawk")
    if found is None:
        pytest.skip("squawk is not installed: pip install squawk-cli, or set SQUAWK to the program")
    return found


def warned(program: str, statements: list[str], tmp_path: Path) -> list[set[str]]:
    """Return the rules of squawk that each statement breaks, each in a separate file."""
    paths = []
    for place, sql in enumerate(statements):
        paths.append(tmp_path / f"{place:03}.sql")
        paths[-1].write_text(f"{sql};\n")
    typed = [program, "--reporter", "json", "--pg-version", "15", f"--exclude={STYLE}", *map(str, paths)]
    done = subprocess.run(typed, capture_output=True, text=True, check=False)
    found: list[set[str]] = [set() for _ in statements]
    for each in json.loads(done.stdout or "[]"):
        found[int(Path(each["file"]).stem)].add(each["rule_name"])
    return found


def rehearsed(url: str, setup: list[str], statements: list[str], tmp_path: Path) -> Rehearsal:
    """Run the statements one revision a statement, on a clone of a database with these tables."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for sql in setup:
            connection.exec_driver_sql(sql.replace("%", "%%"))
    (tmp_path / "versions").mkdir(parents=True)
    (tmp_path / "env.py").write_text(ENV)
    lines = "".join(f"    op.execute({sql!r})\n" for sql in statements)
    head = "from kernel_core import op\nrevision = 'a1'\ndown_revision = None\n\n"
    (tmp_path / "versions" / "a1.py").write_text(f"{head}def upgrade():\n{lines}")
    config = Config()
    config.set_main_option("script_location", str(tmp_path))
    config.set_main_option("sqlalchemy.url", url)
    (found,) = command.rehearse(config, "head", and_back=False)
    return found


def named(text: str, place: int) -> str:
    return text.replace("{n}", str(place))


def data_setup(kind: str) -> list[str]:
    found = []
    for place, hazard in enumerate(DATA):
        found.append(named(f"CREATE TABLE t{{n}} ({hazard.columns})", place))
        found += [named(part, place) for part in getattr(hazard, kind).split("; ") if part]
    return found


def stopped(found: Rehearsal) -> dict[int, int]:
    """Return the number of bad rows by the number in the name of the table."""
    return {int(re.sub(r"\D", "", each.table)): each.rows or 0 for each in found.blockers if each.kind != "error"}


@pytest.mark.sweep
def test_the_rehearsal_finds_what_rows_stop_and_what_locks_others_out(postgresql_url, tmp_path):
    program = squawk_program()
    statements = [named(each.sql, place) for place, each in enumerate(DATA)]
    clean = rehearsed(postgresql_url, data_setup("clean"), statements, tmp_path / "clean")
    assert clean.blockers == ()
    with sa.create_engine(postgresql_url, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    bad = rehearsed(postgresql_url, data_setup("bad"), statements, tmp_path / "bad")
    counts = stopped(bad)
    wrong = {each.sql: (counts.get(n), each.count) for n, each in enumerate(DATA) if counts.get(n) != each.count}
    assert wrong == {}

    locks = [named(sql, place) for place, sql in enumerate(LOCKS)]
    setup = ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public", "CREATE SCHEMA other"]
    setup += [named(sql, place) for place in range(len(LOCKS)) for sql in LOCK_SETUP]
    found = rehearsed(postgresql_url, setup, locks, tmp_path / "locks")
    assert found.is_clean, found.blockers
    blocking = {each.sql: {lock.mode for lock in each.locks} & BLOCKING for each in found.statements}
    assert [sql for sql in locks if not blocking[sql]] == []

    by_rows = warned(program, statements, tmp_path)
    by_locks = warned(program, locks, tmp_path)
    table = table_of(program, by_rows, by_locks)
    if os.environ.get("MIG_WRITE_TABLE"):
        text = GUIDE.read_text()
        GUIDE.write_text(re.sub(r"(?s)(<!-- squawk -->\n).*?(<!-- /squawk -->)", rf"\1{table}\2", text))
    assert table in GUIDE.read_text() or _version(program) not in GUIDE.read_text()


def table_of(program: str, by_rows: list[set[str]], by_locks: list[set[str]]) -> str:
    """Return the table of the guide."""
    kinds = Counter(each.what for each in DATA)
    seen = Counter(hazard.what for hazard, rules in zip(DATA, by_rows, strict=True) if rules)
    lines = [
        f"| | statements | rehearsal: found, with the number of rows | {_version(program)}: warns |",
        "|---|---|---|---|",
        *(f"| {what}, rows that stop it | {many} | {many} | {seen[what]} |" for what, many in kinds.items()),
        f"| **all of these** | {len(DATA)} | {len(DATA)} | {sum(map(bool, by_rows))} |",
        f"| the same statements on rows that do not stop them | {len(DATA)} | 0 | {sum(map(bool, by_rows))} |",
    ]
    locking = f"| {len(LOCKS)} | {len(LOCKS)} | {sum(map(bool, by_locks))} |"
    return "\n".join([*lines, f"| statements that keep others from writing or reading {locking}"]) + "\n"


def _version(program: str) -> str:
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
