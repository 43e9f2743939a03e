"""What docs/alembic.md lists as different on purpose: each row has its reason, and is different in fact."""

from __future__ import annotations

import importlib
import io
import re
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.peer
pytest.importorskip("alembic", reason="the yardstick is not installed (extra peer)")

HERE = Path(__file__)
ARGUED: dict[str, Any] = tomllib.loads(HERE.with_name("differences.toml").read_text())
REASONS: dict[str, str] = ARGUED["documented"]
SECRET = "sEcReT9"

ENV = """
import sqlalchemy as sa
from alembic import context

metadata = sa.MetaData()
sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(50)))
if context.is_offline_mode():
    context.configure(url="sqlite://", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    url = context.config.get_main_option("sqlalchemy.url")
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
"""
VERSION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = {id!r}, {down!r}
def upgrade():
    {body}
def downgrade():
    pass
"""
PERSON = "op.create_table('person', sa.Column('id', sa.Integer, primary_key=True), sa.Column('mail', sa.String(50)))"


class Side:
    """One of the two engines, with an environment that both can run."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.home = name, folder / name
        (self.home / "m" / "versions").mkdir(parents=True)
        (self.home / "m" / "script.py.mako").write_text(
            "from alembic import op\nimport sqlalchemy as sa\nrevision = ${repr(up_revision)}\n"
            "down_revision = ${repr(down_revision)}\ndef upgrade():\n    ${upgrades or 'pass'}\ndef downgrade():\n    ${downgrades or 'pass'}\n"
        )
        self.write("env.py", ENV)
        self.revision("a1")
        self.url = f"sqlite:///{self.home}/t.db"
        (self.home / "a.ini").write_text(f"[alembic]\nscript_location = {self.home}/m\nsqlalchemy.url = {self.url}\n")

    def write(self, name: str, text: str) -> None:
        (self.home / "m" / name).write_text(text)

    def revision(self, id: str, down: str | None = None, body: str = PERSON, name: str = "") -> None:
        self.write(f"versions/{name or id}.py", VERSION.format(id=id, down=down, body=body))

    def run(self, command: str, *words: Any, **options: Any) -> str:
        """Run a function of ``command``; return its output, or ``refused`` and the error."""
        self.out = io.StringIO()
        config = importlib.import_module(f"{self.name}.config").Config(
            str(self.home / "a.ini"), stdout=self.out, output_buffer=self.out
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                getattr(importlib.import_module(f"{self.name}.command"), command)(config, *words, **options)
        except Exception as error:  # noqa: BLE001 - that it is refused, and how, is what is compared
            self.error = error
            return f"refused: {type(error).__name__}"
        return self.out.getvalue()

    def tables(self) -> list[str]:
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        return sorted(sa.inspect(engine).get_table_names())


def no_migrations(side: Side) -> Any:
    side.write("env.py", "from alembic import context\n")
    return side.run("check")


def rows(side: Side) -> Any:
    side.revision("a1", body="op.get_bind().execute(sa.text('select 1')).scalar()")
    side.run("upgrade", "head", sql=True)
    return isinstance(side.error, AttributeError)


def one_id_twice(side: Side) -> Any:
    side.revision("a1", name="again")
    side.run("upgrade", "head")
    return "again.py" in str(side.error)


def unreadable(side: Side) -> Any:
    side.run("upgrade", "head")
    side.write("versions/broken.py", "def upgrade(:\n")
    return side.run("downgrade", "base").partition(":")[0], side.run("upgrade", "head").partition(":")[0]


def dangling_rows(side: Side) -> Any:
    side.revision("a1")
    rows = "op.execute('create table pet (id integer, owner integer)'); op.execute('insert into pet values (1, 9)')"
    side.revision("b2", "a1", rows)
    key = "b.create_foreign_key('fk', 'person', ['owner'], ['id'])"
    side.revision("c3", "b2", f"with op.batch_alter_table('pet') as b: {key}")
    return side.run("upgrade", "head").partition(":")[0]


def computed_id(side: Side) -> Any:
    """Return how an upgrade ends where an id is computed, and whether the head is listed then."""
    side.revision("b2", "a1", "pass")
    file = side.home / "m" / "versions" / "b2.py"
    file.write_text(file.read_text().replace("'b2'", "'b' + '2'"))
    return side.run("upgrade", "head").partition(":")[0], "b2" in side.run("heads")


def too_long(side: Side) -> Any:
    return side.run("revision", "next", rev_id="x" * 40).partition(":")[0], len(list(side.home.glob("m/versions/x*")))


def leaves_nothing(side: Side) -> Any:
    side.revision("a1", body=PERSON + "; op.execute('no SQL at all')")
    side.run("upgrade", "head")
    return [name for name in side.tables() if name != "alembic_version"]


def error_of_a_revision(side: Side) -> Any:
    side.revision("a1", body="raise LookupError('no such tenant')")
    side.run("upgrade", "head")
    return isinstance(side.error, LookupError), "a1.py, line 6" in str(side.error)


def written(side: Side) -> str:
    side.run("upgrade", "head")
    side.run("revision", "next", autogenerate=True, rev_id="b2")
    return (side.home / "m" / "versions" / "b2_next.py").read_text()


def password(side: Side) -> Any:
    side.write("env.py", f"raise RuntimeError('no database at postgresql+psycopg//me:{SECRET}@host')")
    words = [sys.executable, "-m", side.name, "-c", "a.ini", "--raiseerr", "current"]
    return SECRET in subprocess.run(words, cwd=side.home, capture_output=True, text=True, check=False).stderr


def without_message(side: Side) -> Any:
    side.run("upgrade", "head")
    side.run("revision", autogenerate=True, rev_id="b2")
    return [path.name for path in side.home.glob("m/versions/b2*")]


Case = tuple[Callable[[Side], Any], Any, Any]


def transactions_of_postgresql(side: Side) -> int:
    """Return how many transactions two revisions are for PostgreSQL."""
    side.write("env.py", ENV.replace('url="sqlite://"', 'url="postgresql+psycopg://h/d"'))
    side.revision("b2", "a1", "pass")
    return side.run("upgrade", "head", sql=True).count("COMMIT;")


CASES: dict[str, Case] = {  # what is done, Alembic's answer, ours
    "an env.py that runs no migrations": (
        no_migrations,
        "No new upgrade operations detected.\n",
        "refused: CommandError",
    ),
    "rows of a printed statement": (rows, True, False),
    "showing no revision": (lambda side: side.run("show", "base"), "", "refused: CommandError"),
    "a second file with one id": (one_id_twice, False, True),
    "an unreadable version file": (unreadable, ("refused", "refused"), ("", "refused")),
    "an id or label that the file computes": (computed_id, ("", True), ("", False)),
    "an id that is too long": (too_long, ("", 1), ("refused", 0)),
    "transactions in a script for SQLite": (lambda side: "BEGIN" in side.run("upgrade", "head", sql=True), False, True),
    "transactions of a run": (transactions_of_postgresql, 1, 2),
    "one transaction per revision on SQLite": (leaves_nothing, ["person"], []),
    "rows that break a new foreign key on SQLite": (dangling_rows, "", "refused"),
    "errors of a revision": (error_of_a_revision, (True, False), (True, True)),
    "quotes in version files": (lambda side: "'person'" in written(side), True, False),
    "hints in version files": (lambda side: "# looks like a rename of person.mail" in written(side), False, True),
    "passwords in messages": (password, True, False),
    "a revision without a message": (without_message, ["b2_.py"], ["b2_add_email_to_person_and_more.py"]),
}


@pytest.mark.parametrize("name", CASES)
def test_each_row_of_the_documentation_is_different_in_fact(tmp_path, name):
    case, theirs, ours = CASES[name]
    assert case(Side("alembic", tmp_path)) == theirs
    assert case(Side("kernel_core", tmp_path)) == ours


def test_the_documentation_lists_each_difference_that_is_argued():
    text = (HERE.parents[2] / "docs" / "alembic.md").read_text()
    table = text.partition("## What differs on purpose")[2].partition("\n## ")[0]
    listed = [row.group(1).strip().replace("`", "") for row in re.finditer(r"^\|([^|]+)\|", table, re.MULTILINE)]
    assert listed[2:] == list(REASONS) == list(CASES)


def test_each_difference_has_a_reason():
    texts = [entry["why"] for entry in ARGUED["difference"]]
    texts += [why for name, group in ARGUED.items() if name != "difference" for why in group.values()]
    assert len(texts) > 90
    assert min(map(len, texts)) > 40
