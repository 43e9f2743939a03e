"""What a notebook waits for: opening an environment, the graph, the review of 500 rows, ``%mig_diff`` again.

pytest -m peer benchmarks/test_notebook.py -s

The review is compared with the bare widgets of 200 rows, opening with ``import sqlalchemy``, the others with Alembic.
Seconds are CPU seconds; messages to the browser are counted in ``tests/mig_ipython/widgets/test_long_review.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.peer
ROUNDS = 5

SHELL = """
import os, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "mig_ipython")
os.chdir({folder!r})
start = time.process_time()
"""
OPEN = SHELL + 'shell.run_line_magic("mig_open", "migrations")\n'
GRAPH = OPEN + 'shell.display_formatter.format(shell.run_line_magic("mig_graph", ""))\n'
LISTING = """
import time
start = time.process_time()
from alembic.script import ScriptDirectory
assert len(list(ScriptDirectory({folder!r}).walk_revisions())) == 1000
"""
IMPORT = "import time, IPython.core.interactiveshell\nstart = time.process_time()\nimport sqlalchemy\n"


def seconds(code: str, folder: Path) -> float:
    """The CPU seconds of a new process from ``start`` on."""
    may_write = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        code.format(folder=str(folder)) + "print(time.process_time() - start)",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=may_write)
    return float(done.stdout.splitlines()[-1])


def best(*ways: Callable[[], float]) -> list[float]:
    """The fewest seconds of each way; they take turns."""
    rounds = [[way() for way in ways] for _ in range(ROUNDS + 1)][1:]
    return [min(each) for each in zip(*rounds, strict=True)]


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


@pytest.fixture
def thousand(tmp_path, environment_of):
    """Folders with environments of 1,000 revisions, for us and for Alembic."""
    pytest.importorskip("alembic", reason='The yardstick is missing: pip install -e ".[peer]".')
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    environment_of("kernel_core", ours / "migrations").write(1_000)
    environment_of("alembic", theirs).write(1_000)
    return ours, theirs


def test_opening_takes_half_the_time_of_import_sqlalchemy(thousand):
    ours, library = best(lambda: seconds(OPEN, thousand[0]), lambda: seconds(IMPORT, thousand[0]))
    print(f"\n%mig_open of 1,000 revisions: {ours:.3f} s, import sqlalchemy: {library:.3f} s")
    assert ours < library / 2


def test_the_graph_of_a_thousand_revisions_in_a_new_kernel(thousand, compared):
    ours, theirs = best(lambda: seconds(GRAPH, thousand[0]), lambda: seconds(LISTING, thousand[1]))
    compared("%mig_open and %mig_graph of 1,000 revisions, new kernel; Alembic only lists them", ours, theirs, limit=2)


def test_the_review_of_500_rows_costs_little_more_than_the_bare_widgets_of_200():
    widgets = pytest.importorskip("ipywidgets")
    from kernel_core.operations.containers import UpgradeOps
    from kernel_core.operations.ops import AddColumnOp, CreateIndexOp
    from mig_ipython.review import Review
    from mig_ipython.widgets.review import ReviewPanel

    class Draft:
        message, head, label, depends_on, path = "many", None, None, None, None
        suggested_message = "many"

        def places(self):
            return (("base", "base"),)

        def problems(self):
            return {}

        def file_name(self, message=None):
            return "many.py"

    class Proposal:
        draft, describe_source, revisions, needs_environment, marks = Draft(), "`models`", "", False, False

    pairs = [
        (AddColumnOp(f"t{n}", sa.Column("c", sa.Text)), CreateIndexOp(f"ix{n}", f"t{n}", ["c"])) for n in range(250)
    ]
    Proposal.review = Review(UpgradeOps([op for pair in pairs for op in pair]), dialect="sqlite")
    panels = []

    def bare():
        layout, style, check_style = widgets.Layout(), widgets.Button().style, widgets.Checkbox().style
        for number in range(200):
            widgets.Checkbox(description=str(number), layout=layout, style=check_style)
            widgets.Button(description=str(number), layout=layout, style=style)

    def key():
        panels[-1].header.search.value = "" if panels[-1].header.search.value else "ix1"

    ours, floor, typed = best(
        lambda: timed(lambda: panels.append(ReviewPanel(Proposal()))), lambda: timed(bare), lambda: timed(key)
    )
    print(f"\nreview of 500 rows: {ours:.3f} s, 200 bare rows: {floor:.3f} s, a key in search: {typed * 1000:.1f} ms")
    assert ours < 3 * floor
    assert typed < ours / 2


def test_a_second_diff_without_a_difference(tmp_path, compared, monkeypatch):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.chdir(tmp_path)
    metadata = sa.MetaData()
    for number in range(300):
        columns = [sa.Column(f"c{each}", sa.String(50)) for each in range(6)]
        sa.Table(
            f"t{number}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            *columns,
            sa.Index(f"ix{number}", "c1"),
        )
    engine = sa.create_engine("sqlite:///app.db")
    metadata.create_all(engine)
    shell = InteractiveShell()
    shell.user_ns["metadata"] = metadata
    shell.run_line_magic("load_ext", "mig_ipython")
    shell.run_line_magic("mig_connect", "sqlite:///app.db")
    shell.run_line_magic("mig_init", "migrations")

    def ours() -> float:
        return timed(lambda: shell.run_line_magic("mig_diff", "metadata"))

    def theirs() -> float:
        with engine.connect() as live:
            return timed(
                lambda: compare_metadata(MigrationContext.configure(live, opts={"compare_type": True}), metadata)
            )

    assert not shell.run_line_magic("mig_diff", "metadata")
    mine, other = best(ours, theirs)
    compared("%mig_diff again, 300 tables without a difference, SQLite", mine, other, limit=2.5)
    engine.dispose()
