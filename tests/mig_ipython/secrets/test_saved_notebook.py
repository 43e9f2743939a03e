"""A saved notebook, its widgets and the page made from it hold no password; its failures neither."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = (
    "%load_ext mig_ipython",
    "import logging, os, sys\nlogging.basicConfig(level=logging.DEBUG, stream=sys.stdout)\nimport sqlalchemy as sa",
    "%mig_connect $SHOP --as shop",
    "%mig_init migrations",
    "models = sa.MetaData()\nt = sa.Table('t', models, sa.Column('x', sa.String(99)))",
    "p = %mig_autogenerate models -m 'Add t' --id a1\np",
    "telling = sa.MetaData()\nu = sa.Table('u', telling, sa.Column('x', sa.String(99)), comment=os.environ['SHOP'])",
    "from mig_ipython.widgets.review import ReviewPanel\nq = %mig_autogenerate telling\nReviewPanel(q)",
    "p.write()",
    "%mig_upgrade",
    "%mig",
    "%mig_graph",
    "%mig_show a1 --sql",
    "%%migration 'Fails' --write --up\ndef upgrade():\n    op.execute(\"SELECT nonsense AS '%s'\" % __import__('os').environ['SHOP'])\ndef downgrade():\n    pass",
    "%%migration 'Fails too'\nraise ValueError(__import__('os').environ['SHOP'])",
    "%tb",
    "from mig_ipython import mig\nmig.connect(os.environ['SHOP'] + 'nowhere')",
    "mig.connect(os.environ['SHOP'].replace('ysql+pymysql', 'ysql+nothing'))",
    "mig.session.connection.engine",
    "mig.open(os.environ['SHOP'])",
)

FAILING = ("%%migration 'Fails' ", "%tb", "from mig_ipython import mig\nmig.connect", "mig.connect(", "mig.open(")
"""How the cells begin that end with an error; 'Fails too' is only shown, so its code is read and not run."""


@pytest.mark.sweep
def test_a_saved_notebook_its_widgets_and_its_page_hold_no_password(guarded_mariadb, secret, tmp_path, monkeypatch):
    from nbconvert import HTMLExporter

    monkeypatch.setenv("SHOP", guarded_mariadb)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(book, timeout=60, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
    saved = nbformat.writes(book)
    states = book.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    failed = [cell.source for cell in book.cells if any(out.output_type == "error" for out in cell.outputs)]
    assert len(states) > 20
    assert failed == [cell for cell in CELLS if cell.startswith(FAILING)]
    assert "***" in saved
    assert secret.leaks(saved) == []
    assert secret.leaks(HTMLExporter(template_name="lab").from_notebook_node(book)[0]) == []
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or path.suffix == ".pyc" or secret.leaks(path.read_bytes()) == [], path
