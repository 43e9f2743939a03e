"""JupyterLab reads the messages of widgets in a subshell's thread: what they do runs where cells run, in their order."""

from __future__ import annotations

import re
import sys
import threading
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, String, Text
from traitlets import HasTraits

from kernel_core.operations import ops
from kernel_core.operations.containers import UpgradeOps
from mig_ipython.review import Review
from mig_ipython.widgets.review import ReviewPanel


@pytest.fixture
def kernel(monkeypatch):
    """A kernel whose loop keeps what it is to call, as it does while a cell runs."""
    import IPython

    waiting = []
    loop = SimpleNamespace(add_callback=waiting.append)
    events = SimpleNamespace(trigger=lambda event: None)
    shell = SimpleNamespace(kernel=SimpleNamespace(io_loop=loop), events=events)
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    assert "IPython" in sys.modules
    return waiting


def in_a_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def send(control, value, trait="value"):
    """Give a control the message that a front end sends when its value is changed."""
    data = {"method": "update", "state": {trait: value}, "buffer_paths": []}
    control.comm.handle_msg({"content": {"data": data}, "buffers": []})


def check(panel, number):
    return panel.rows.checks[panel.review.row(number).key]


def row_button(panel, number):
    return panel.rows.buttons[panel.review.row(number).key]


def test_a_click_in_another_thread_waits_for_the_thread_of_the_cells(panel, proposal, kernel):
    """JupyterLab calls back in a subshell's thread; a connection of SQLite made in a cell cannot be used there."""
    seen = []
    proposal.write = lambda message=None: seen.append(threading.current_thread()) or "x.py"
    in_a_thread(panel.footer.write.click)
    assert seen == []
    assert panel.footer.write.disabled
    assert len(kernel) == 1
    kernel.pop()()
    assert seen == [threading.main_thread()]


def test_a_second_click_while_the_first_waits_does_nothing(panel, proposal, kernel):
    check(panel, 5).value = False
    in_a_thread(panel.footer.upgrade.click)
    in_a_thread(panel.footer.upgrade.click)
    assert len(kernel) == 1
    kernel.pop()()
    assert proposal.done == [("write", "more flights"), ("upgrade",)]


def test_a_tick_in_another_thread_reaches_the_model(panel, kernel):
    in_a_thread(lambda: send(check(panel, 5), False))
    assert panel.review.row(5).accepted
    kernel.pop()()
    assert not panel.review.row(5).accepted


def test_a_database_in_memory_is_the_same_one_in_a_click(kernel, propose):
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(80))")
    proposal = propose([])
    alter = ops.AlterColumnOp("users", "name", modify_type=String(200))
    other = ops.AddColumnOp("users", Column("email", Text))
    proposal.review = Review(UpgradeOps([other, alter]), dialect=engine.dialect, connect=engine.connect)
    panel = ReviewPanel(proposal)
    in_a_thread(row_button(panel, 2).click)
    kernel.pop()()
    assert "VARCHAR(200)" in re.sub("<[^>]*>", "", panel.detail._pages[0].value)
    engine.dispose()


def field(name, number=4):
    def control(panel):
        row_button(panel, number).click()
        return panel.detail.fields[name].control

    return control


def filled_form(panel):
    panel.add_sql.open.click()
    return panel.add_sql.sql


CONTROLS = {
    "text": (field("name"), "airline"),
    "type": (field("type_"), "String(3)"),
    "default": (field("server_default"), "'AA'"),
    "yes or no": (field("nullable"), 0),
    "tick": (lambda panel: check(panel, 5), False),
    "message": (lambda panel: panel.footer.message, "airlines"),
    "search": (lambda panel: panel.header.search, "carrier"),
    "filter": (lambda panel: panel.header.table, "planes"),
    "branch label": (lambda panel: panel.footer.place.label, "airlines"),
    "SQL": (filled_form, "SELECT 1"),
}
"""A control of the panel, and a value that is sent to it."""


@pytest.mark.parametrize(("control", "value"), CONTROLS.values(), ids=CONTROLS)
def test_what_is_typed_while_the_panel_shows_an_earlier_edit_is_kept(panel, kernel, monkeypatch, control, value):
    """ipywidgets holds the changes of a control while it reads a message; one by the panel must not be among them."""
    control = control(panel)
    trait = "index" if hasattr(control, "index") else "value"
    before, reading, shown = getattr(control, trait), threading.Event(), threading.Event()

    def set_trait(name, value):
        HasTraits.set_trait(control, name, value)
        if threading.current_thread() is not threading.main_thread():
            reading.set()
            shown.wait(10)

    monkeypatch.setattr(control, "set_trait", set_trait)
    thread = threading.Thread(target=send, args=(control, value, trait))
    thread.start()
    while thread.is_alive() and not reading.wait(0.01):
        pass
    setattr(control, trait, before)
    panel.show()
    shown.set()
    thread.join()
    assert getattr(control, trait) == before
    while kernel:
        kernel.pop(0)()
    assert getattr(control, trait) == value != before


def test_values_and_clicks_are_read_in_the_order_in_which_they_were_sent(panel, proposal, kernel):
    name = field("name")(panel)
    in_a_thread(lambda: send(name, "airline"))
    in_a_thread(panel.footer.write.click)
    in_a_thread(lambda: send(panel.footer.message, "too late"))
    while kernel:
        kernel.pop(0)()
    assert 'add_column("flights", sa.Column("airline"' in proposal.draft.text()
    assert proposal.done == [("write", "more flights")]


def test_a_message_to_a_control_that_is_closed_before_it_is_read_does_nothing(panel, kernel):
    name = field("name")(panel)
    in_a_thread(lambda: send(name, "airline"))
    row_button(panel, 5).click()
    assert name.comm is None
    kernel.pop()()
    assert panel.review.row(4).text_of("name") == "carrier"
