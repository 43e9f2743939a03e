"""Scripts (``--sql``): what is printed around the statements of each revision, and what is reported of it."""

import io
import itertools
import re

import pytest

from kernel_core import command
from kernel_core.util.exc import UpgradeFailed

ENV = """
import os
import sqlalchemy as sa
from kernel_core import context

seen = context.config.attributes

def note(step, heads, run_args, ctx):
    ends = step.source_revision_ids, step.destination_revision_ids
    seen["calls"].append((step.is_upgrade, step.is_stamp, *ends, sorted(heads), run_args, ctx.as_sql))
    if sorted(heads) == seen.get("refused"):
        raise ValueError("refused")

def run(**where):
    context.configure(on_version_apply=note, **where, **seen.get("options", {}))
    with context.begin_transaction():
        context.run_migrations(tag="x")

if context.is_offline_mode():
    run(dialect_name=seen["dialect"], output_buffer=seen["out"])
else:
    with sa.create_engine(os.environ["DATABASE_URL"], poolclass=sa.NullPool).connect() as connection:
        run(connection=connection)
"""

BLOCK = "with op.get_context().autocommit_block():\n    op.execute('SELECT 1')\n"
EACH, ONE = {}, {"transaction_per_migration": False}
ON, OFF = {"transactional_ddl": True}, {"transactional_ddl": False}


def table(name):
    return f"op.create_table('t_{name}', sa.Column('id', sa.Integer, primary_key=True))"


class Runs:
    """Runs commands in an environment, and keeps what they print, report, and pass to the callback."""

    def __init__(self, project):
        self.project, self.dialect, self.options, self.refused = project, project.url.partition(":")[0], EACH, None
        project.env(lambda _: ENV)

    def write(self, revision, down, upgrade=None, downgrade=None, **kw):
        """Write a revision with a function that takes the arguments of a run."""
        drop = f"op.drop_table('t_{revision}')"
        path = self.project.write(revision, down, upgrade or table(revision), downgrade or drop, **kw)
        path.write_text(path.read_text().replace("grade():", "grade(tag):"))

    def do(self, verb, target, **kw):
        """Run a command, and return its report."""
        self.out, self.events, self.calls = io.StringIO(), [], []
        config = self.project.config(
            on_step=self.events.append, calls=self.calls, out=self.out, dialect=self.dialect, options=self.options,
            refused=self.refused,
        )  # fmt: skip
        return getattr(command, verb)(config, target, **kw)

    def script(self, verb, target):
        """Return the outline of a script: the statements on one line, without the definition of a table."""
        self.do(verb, target, sql=True)
        return self.printed

    @property
    def printed(self):
        text = re.sub(r"^(GO|/)$|;$| \($(?s:.*?)^\)", "", self.out.getvalue(), flags=re.MULTILINE)
        short = {"BEGIN TRANSACTION": "BEGIN", "SET TRANSACTION READ WRITE": "BEGIN", "alembic_version": "rows"}
        text = re.sub("|".join(short), lambda found: short[found.group()], text)
        return [line for line in map(str.strip, text.splitlines()) if line]

    @property
    def noted(self):
        """What was reported and passed to the callback, in order; but for the time, and whether it is a script."""
        events = [(each.kind, each.revision, each.direction, each.doc, each.index, each.total) for each in self.events]
        return events, [call[:-1] for call in self.calls]


@pytest.fixture
def runs(project):
    return Runs(project)


FIRST = ["CREATE TABLE rows", "-- Running upgrade -> a1, Do a1", "CREATE TABLE t_a1"]
FIRST += ["INSERT INTO rows (version_num) VALUES ('a1')"]
SECOND = ["-- Running upgrade a1 -> b2, Do b2", "CREATE TABLE t_b2"]
SECOND_ROW = "UPDATE rows SET version_num='b2' WHERE rows.version_num = 'a1'"


def in_transactions(how, *parts):
    """Return the parts of a script, each in a transaction, all in one, or in none."""
    begin, commit = ([], []) if how == "none" else (["BEGIN"], ["COMMIT"])
    bodies = [list(itertools.chain(*parts))] if how == "one" else parts
    return [line for body in bodies for line in [*begin, *body, *commit]]


@pytest.mark.parametrize(("dialect", "options", "how"), [
    *((dialect, EACH, "each") for dialect in ("sqlite", "postgresql", "mssql")),
    *((dialect, ONE, "one") for dialect in ("sqlite", "postgresql", "mssql")),
    *((dialect, options, "none") for dialect in ("mysql", "mariadb", "oracle") for options in (EACH, ONE)),
    *((dialect, ON, "each") for dialect in ("mysql", "mariadb", "oracle")),
    *((dialect, ON | ONE, "one") for dialect in ("mysql", "mariadb", "oracle")),
    *((dialect, OFF, "none") for dialect in ("sqlite", "postgresql", "mssql")),
])  # fmt: skip
def test_each_revision_or_the_whole_script_is_in_a_transaction(runs, dialect, options, how):
    runs.dialect, runs.options = dialect, options
    runs.write("a1", None)
    runs.write("b2", "a1")
    assert runs.script("upgrade", "head") == in_transactions(how, FIRST, [*SECOND, SECOND_ROW])
    assert runs.script("downgrade", "b2:base") == in_transactions(
        how,
        [
            "-- Running downgrade b2 -> a1, Do b2", "DROP TABLE t_b2",
            "UPDATE rows SET version_num='a1' WHERE rows.version_num = 'b2'",
        ],
        ["-- Running downgrade a1 -> , Do a1", "DROP TABLE t_a1", "DELETE FROM rows WHERE rows.version_num = 'a1'"],
    )  # fmt: skip
    a_stamp = ["-- Running stamp a1 -> b2", SECOND_ROW]
    assert runs.script("stamp", "a1:b2") == in_transactions(how, a_stamp)


@pytest.mark.parametrize(("dialect", "options", "around"), [
    *((dialect, options, True) for dialect in ("sqlite", "postgresql", "mssql") for options in (EACH, ONE)),
    *((dialect, options, False) for dialect in ("mysql", "mariadb", "oracle") for options in (EACH, ONE)),
    *((dialect, ON, True) for dialect in ("mysql", "mariadb", "oracle")),
])  # fmt: skip
def test_an_autocommit_block_is_printed_between_two_transactions(runs, dialect, options, around):
    runs.dialect, runs.options = dialect, options
    runs.write("a1", None)
    runs.write("b2", "a1", f"{table('b2')}\n{BLOCK}op.execute('SELECT 2')")
    begin, commit = (["BEGIN"], ["COMMIT"]) if around else ([], [])
    body = [*SECOND, *commit, "SELECT 1", *begin, "SELECT 2", SECOND_ROW]
    assert runs.script("upgrade", "a1:head") == [*begin, *body, *commit]


@pytest.mark.parametrize(("target", "rows"), [
    pytest.param("d4", "INSERT a1, UPDATE a1 to b2, INSERT c3, DELETE c3, UPDATE b2 to d4", id="a merge"),
    pytest.param("e5", "INSERT a1, UPDATE a1 to b2, UPDATE b2 to e5", id="a dependency"),
    pytest.param("heads", "INSERT a1, UPDATE a1 to b2, UPDATE b2 to e5, INSERT c3, UPDATE c3 to d4", id="two heads"),
])  # fmt: skip
def test_the_rows_of_branches_are_changed_with_their_revisions(runs, target, rows):
    write_branches(runs)
    printed = "\n".join(runs.script("upgrade", target))
    printed = re.sub(
        r"UPDATE rows SET version_num='(\w+)' WHERE rows.version_num = '(\w+)'", r"UPDATE \2 to \1", printed
    )
    printed = re.sub(r"(INSERT|DELETE)\b.* rows .*'(\w+)'.*", r"\1 \2", printed)
    assert ", ".join(re.findall(r"^(?:INSERT|UPDATE|DELETE)\b.*", printed, re.MULTILINE)) == rows


def write_branches(runs):
    runs.write("a1", None)
    runs.write("b2", "a1")
    runs.write("c3", "a1", labels=("side",))
    runs.write("d4", ("b2", "c3"))
    runs.write("e5", None, needs="b2")


@pytest.mark.parametrize("options", [EACH, ONE])
@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_a_script_is_reported_as_a_run_on_a_database_is(request, database, options):
    name = "project" if database == "sqlite" else f"{database}_project"
    runs = Runs(request.getfixturevalue(name))
    runs.dialect, runs.options = database, options
    write_branches(runs)
    for verb, start, target in [
        ("upgrade", "base", "b2"), ("downgrade", "b2", "a1"), ("upgrade", "a1", "d4"), ("downgrade", "d4", "base"),
        ("stamp", "base", "d4"), ("stamp", "d4", "c3"), ("stamp", "c3", "base"),
    ]:  # fmt: skip
        printed = runs.do(verb, f"{start}:{target}", sql=True)
        of_script, as_sql = runs.noted, [call[-1] for call in runs.calls]
        assert {each.seconds for each in runs.events} == {0.0}
        report = runs.do(verb, target)
        assert of_script == runs.noted != ([], [])
        assert (as_sql, [call[-1] for call in runs.calls]) == ([True] * len(as_sql), [False] * len(as_sql))
        steps = [step._replace(seconds=0.0) for step in report.steps]
        assert (list(printed.steps), printed.before, printed.after) == (steps, report.before, report.after)


@pytest.mark.parametrize("options", [EACH, ONE])
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql", "mssql", "oracle"])
@pytest.mark.parametrize(("code", "kept", "said"), [
    ("raise ValueError('no')", "", "ValueError: no."),
    (f"{BLOCK}    raise ValueError('no')", "COMMIT; SELECT 1", "ValueError: no."),
    (f"{BLOCK}raise ValueError('no')", "COMMIT; SELECT 1; BEGIN", "ValueError: no."),
    ("op.get_bind().execute(sa.text('SELECT 1')).all()", "SELECT 1", "The result of a statement is not known"),
    ("pass", SECOND_ROW, "ValueError: refused."),
])  # fmt: skip
def test_what_fails_ends_a_script_after_what_it_has_printed(runs, dialect, options, code, kept, said):
    runs.dialect, runs.options, runs.refused = dialect, options, ["b2"]
    runs.write("a1", None)
    runs.write("b2", "a1", f"{table('b2')}\n{code}")
    runs.write("c3", "b2")
    with pytest.raises(UpgradeFailed) as raised:
        runs.script("upgrade", "head")
    error = raised.value
    transactional = dialect not in ("mysql", "oracle")
    how = "none" if not transactional else "one" if options is ONE else "each"
    after_kept = [each for each in kept.split("; ") if each and (transactional or each not in ("BEGIN", "COMMIT"))]
    whole = in_transactions(how, FIRST, [*SECOND, *after_kept])
    assert runs.printed == whole[: -1 if transactional else None], "it is not committed"
    assert (error.revision, error.standing_at, error.applied) == ("b2", ("a1",), ("a1",))
    assert re.match(rf"Revision b2 \(b2\.py(, line \d+)?\) failed: {re.escape(said)}", str(error))
    assert "The script is incomplete." in str(error)
    reported = [(each.kind, each.revision, each.index, each.total, each.seconds) for each in runs.events]
    assert reported == [
        ("start", "a1", 1, 3, 0.0), ("done", "a1", 1, 3, 0.0), ("start", "b2", 2, 3, 0.0), ("failed", "b2", 2, 3, 0.0)
    ]  # fmt: skip


@pytest.mark.parametrize("options", [EACH, ONE])
@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_what_stops_a_script_is_raised_with_the_revision_that_it_has_stopped(runs, raised, options):
    runs.options = options
    runs.write("a1", None)
    runs.write("b2", "a1", f"raise {raised.__name__}")
    with pytest.raises(raised) as stopped:
        runs.script("upgrade", "head")
    assert stopped.value.__notes__ == ["Stopped in upgrade of b2. The script is incomplete."]
    assert [each.kind for each in runs.events] == ["start", "done", "start", "failed"]


def test_a_revision_without_a_function_fails_after_its_comment(runs):
    runs.dialect = "postgresql"
    runs.write("a1", None)
    path = runs.project.write("b2", "a1")
    path.write_text(path.read_text().replace("def upgrade", "def upgraded"))
    with pytest.raises(UpgradeFailed, match=r"b2\.py has no function upgrade\(\)\. Write one\."):
        runs.script("upgrade", "head")
    assert runs.printed[-2:] == ["BEGIN", "-- Running upgrade a1 -> b2, Do b2"]
