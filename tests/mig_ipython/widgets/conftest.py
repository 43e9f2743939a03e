"""A panel over a proposal that only records the calls it gets."""

from __future__ import annotations

import pytest
from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, Text, text

from kernel_core.autogenerate import render_python_code
from kernel_core.operations import ops
from kernel_core.operations.containers import UpgradeOps, grouped
from kernel_core.util.exc import CommandError
from mig_ipython.review import Review
from mig_ipython.widgets.review import ReviewPanel


class FakeDraft:
    """The file that the review of a FakeProposal becomes."""

    def __init__(self, proposal):
        self.proposal, self.message, self.path = proposal, "more flights", None
        self.head = self.label = self.depends_on = None
        self.heads = ["a1"]
        self.kept = ""

    def places(self):
        return (*((f"{head} first", head) for head in self.heads), ("base: a new branch", "base"))

    def problems(self):
        found = {}
        if len(self.heads) > 1 and not self.head:
            found["head"] = "There are several heads."
        if self.label and " " in self.label:
            found["label"] = f"{self.label!r} cannot be a branch label."
        return found

    @property
    def suggested_message(self):
        return UpgradeOps(row.operation for row in self.proposal.review.rows if row.accepted).slug()

    def file_name(self, message=None):
        return f"ab12_{(message or '').replace(' ', '_')}.py"

    def text(self, message=None):
        return f'"""{message}"""\n{render_python_code(self.proposal.review.accepted())}'

    def found_text(self, message=None):
        return f'"""{message}"""\n{render_python_code(self.proposal.found)}'

    def left(self):
        return ""

    def refuse_elsewhere(self):
        """The notebook stays where it is."""

    def edited(self):
        return ""

    def delete(self):
        if self.kept:
            raise CommandError(self.kept)
        path, self.path = self.path, None
        return path


class FakeProposal:
    """What the panel needs of a proposal; it records the calls it gets."""

    describe_source = "`Base` (2 tables)"
    revisions, marks = "revision base → ab12", False

    def __init__(self, leaves, dialect="sqlite", target="sqlite dev.db"):
        self.found = UpgradeOps(grouped(leaves))
        self.review = Review(self.found, dialect=dialect, target=target)
        self.draft = FakeDraft(self)
        self.done = []
        self.failure = None
        self.needs_environment = False

    def make_environment(self):
        self.needs_environment = False

    def again(self):
        self.review = Review(UpgradeOps(grouped(leaves()[:2])), dialect="sqlite", target="sqlite dev.db")

    def write(self, message=None):
        if self.failure:
            raise self.failure
        self.review.accepted()
        self.done.append(("write", message))
        self.draft.path = self.draft.file_name(message)
        return self.draft.path

    def upgrade(self, on_step=None, *, yes=False):
        if self.failure:
            raise self.failure
        self.done.append(("upgrade",))
        return "Upgraded sqlite dev.db: base → ab12\nand more"


def leaves():
    planes = Table("planes", MetaData(), Column("tailnum", String(8), primary_key=True), Column("year", Integer))
    return [
        ops.CreateTableOp.from_table(planes),
        ops.CreateIndexOp("ix_planes_year", "planes", ["year"]),
        ops.AddColumnOp("flights", Column("cancelled", Boolean, nullable=False, server_default=text("0"))),
        ops.AddColumnOp("flights", Column("carrier", String(2), nullable=False)),
        ops.DropColumnOp.from_column_and_tablename(None, "flights", Column("note", Text)),
    ]


@pytest.fixture(name="leaves")
def five_leaves():
    """Five operations: a new table with an index, and changes to a table that exists."""
    return leaves()


@pytest.fixture
def propose():
    """Make a proposal of some operations."""
    return FakeProposal


@pytest.fixture
def proposal():
    return FakeProposal(leaves())


@pytest.fixture
def panel(proposal):
    panel = ReviewPanel(proposal)
    yield panel
    panel.close()
