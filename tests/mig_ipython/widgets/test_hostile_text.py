"""A database whose every name, comment, default and value is hostile, in every widget of the panel."""

from __future__ import annotations

import ipywidgets
import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import produce_migrations
from kernel_core.operations.ops import AddColumnOp, CreateForeignKeyOp, ExecuteSQLOp
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError
from mig_ipython.widgets.review import ReviewPanel


def models(texts, schema=None) -> sa.MetaData:
    """A table for each text that bears it in every place that a table has for one."""
    metadata = sa.MetaData()
    for at, text in enumerate(texts):
        sa.Table(
            f"{at}{text}",
            metadata,
            sa.Column(f"{text}i", sa.Integer, primary_key=True, comment=text),
            sa.Column(f"{text}d", sa.String(200), server_default=text),
            sa.Column("e", sa.Enum(text, "other", name=f"{at}{text}"[:60], create_constraint=True)),
            sa.CheckConstraint("1 = 1", name=f"{at}{text}c"),
            sa.Index(f"{at}{text}x", f"{text}d"),
            comment=text,
            schema=schema,
        )
    return metadata


@pytest.fixture
def operations(some_hostile):
    """What the comparison with an empty database finds, and operations that it would not find."""
    texts = [text.replace("\0", "") for text in some_hostile]
    with sa.create_engine("sqlite://").connect() as live:
        found = produce_migrations(MigrationContext.configure(connection=live), models(texts)).upgrade_ops.ops
    more = [CreateForeignKeyOp(text, text, text, [text], [text], source_schema=text) for text in texts]
    more += [
        AddColumnOp(text, sa.Column(text, sa.Text, comment=text, server_default=text), schema=text) for text in texts
    ]
    return [*found, *more, *(ExecuteSQLOp(text, reverse_sql=text) for text in texts)]


def everything(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from everything(child)


def check(panel, active_nodes) -> int:
    """Look at each widget; return how many pieces of HTML there were."""
    seen = set()
    for widget in everything(panel.widget):
        if isinstance(widget, ipywidgets.HTML):
            seen.add(widget.value)
        elif isinstance(widget, ipywidgets.DOMWidget) and hasattr(widget, "description_allow_html"):
            assert not widget.description_allow_html
    assert active_nodes("".join(seen)) == []
    return len(seen)


@pytest.mark.slow
def test_no_widget_makes_html_of_text(operations, propose, some_hostile, active_nodes):
    panel = ReviewPanel(propose(operations, dialect="postgresql", target="".join(some_hostile)))
    panel.proposal.draft.message = "".join(some_hostile)
    panel.footer.folds.turn("Script")
    assert len(panel.review) >= 5 * len(some_hostile)
    assert check(panel, active_nodes) > len(some_hostile) * 3 // 4
    panel.rows.more.click()
    for number in range(1, len(panel.review) + 1, 7):
        panel.rows.buttons[panel.review.row(number).key].click()
        panel.detail.tabs.selected_index = number % 3
        assert active_nodes("".join(str(page.value) for page in panel.detail._pages)) == []
        assert active_nodes(panel.detail._head.value + panel.detail._notes.value) == []
    assert check(panel, active_nodes) > len(some_hostile) * 3 // 4
    panel.close()


@pytest.mark.slow
def test_what_was_typed_and_what_went_wrong_are_text_too(propose, leaves, some_hostile, active_nodes):
    proposal = propose(leaves)
    panel = ReviewPanel(proposal)
    panel.rows.buttons[panel.review.row(4).key].click()
    for text in some_hostile:
        for field in ("name", "type_", "server_default", "comment"):
            panel.detail.fields[field].control.value = text
        proposal.failure = CommandError(text)
        panel.footer.place.label.value = f"{text} "
        panel.footer.message.value = text
        panel.header.search.value = text
        panel.add_sql.sql.value = text
        panel.stale.say(text)
        panel.footer.write.click()
        panel.status.fail(CommandError(text))
        assert check(panel, active_nodes) > 5
        panel.header.search.value = ""
    panel.review.add_sql("DROP TABLE x")
    panel.footer.upgrade.click()
    check(panel, active_nodes)
    panel.close()
