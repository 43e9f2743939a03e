"""Whole commands on a database whose every name and value is hostile: nothing that a cell shows is active."""

from __future__ import annotations

import pytest
import sqlalchemy as sa


@pytest.fixture
def shown(notebook, active_nodes):
    """Run a cell; what it returns is shown as HTML, and nothing of that may be active."""

    def run(cell: str):
        value = notebook.run(cell)
        if value is not None:
            bundle = value._repr_mimebundle_()
            assert active_nodes(bundle["text/html"]) == [], cell
        return value

    return run


@pytest.mark.slow
def test_the_whole_road(notebook, shown, some_hostile):
    texts = [text.replace("\0", "") for text in some_hostile]
    metadata = sa.MetaData()
    for at, text in enumerate(texts):
        sa.Table(
            f"{at}{text}"[:60],
            metadata,
            sa.Column(text[:60], sa.Integer, primary_key=True, comment=text),
            sa.Column("e", sa.Enum(text[:50], "other"), server_default=text[:50], comment=text),
            comment=text,
        )
    notebook["metadata"] = metadata
    notebook["message"] = "".join(texts[:4])
    shown("%mig_connect sqlite:///dev.db")
    shown("%mig_init migrations")
    shown("%mig")
    assert len(shown("%mig_diff metadata")) >= len(some_hostile)
    proposal = shown("from mig_ipython import mig\nmig.autogenerate(metadata, message=message, id='a1')")
    assert len(proposal) >= len(some_hostile)
    path = proposal.write()
    assert path.parent.name == "versions"
    shown("%mig_upgrade")
    shown("%mig_history")
    shown("%mig_graph")
    shown("%mig_show a1")
    shown("%mig_upgrade --sql base:head")
    for text in texts[:10]:
        notebook["message"] = text
        shown("mig.revision(message=message)")
    shown("%mig_history")
    shown("%mig_graph")
    shown("%mig_upgrade")
