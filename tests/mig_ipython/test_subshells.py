"""JupyterLab sends the messages of widgets to a subshell of the kernel: what a person does is done in that order.

https://jupyter-client.readthedocs.io/en/stable/messaging.html#create-subshell
"""

from __future__ import annotations

import pytest
from live_kernel import errors, started

PANEL = """\
import threading, time
import ipywidgets
from mig_ipython.widgets.review.parts import Status, button

seen, fields, threads = [], [], set()
begun, held = threading.Event(), threading.Event()
status = Status()

def note(what):
    seen.append(what)
    threads.add(threading.current_thread())

def make():
    fields.append(ipywidgets.Text())
    status.watch(fields[-1], lambda change: note(change["new"]))

make()
opener = button("Open", "Open it", make, status)
writer = button("Write", "Write it", lambda: note("written"), status)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel with a subshell."""
    with started(tmp_path_factory.mktemp("subshells")) as page:
        client = page.client
        client.control_channel.send(client.session.msg("create_subshell_request", {}))
        page.subshell = client.get_control_msg(timeout=60)["content"]["subshell_id"]
        yield page


@pytest.fixture
def page(kernel):
    """A small panel: a cell made its buttons and a field, a click made another field."""
    assert errors(kernel.run(PANEL)) == []
    send(kernel, "comm_msg", pressed(number(kernel, "opener")))
    said(kernel, "len(fields) == 2")
    return kernel


def said(page, expression):
    """Wait until an expression is true in the kernel."""
    waiting = f"import asyncio\nfor _ in range(300):\n    if {expression}: break\n    await asyncio.sleep(0.02)\nelse: raise TimeoutError"
    assert errors(page.run(waiting)) == []


def value(page, expression):
    content = next(each["content"] for each in page.run(expression) if each["msg_type"] == "execute_result")
    return content["data"]["text/plain"]


def send(page, kind, content):
    message = page.client.session.msg(kind, content)
    message["header"]["subshell_id"] = page.subshell
    page.client.shell_channel.send(message)


def number(page, name):
    return value(page, f"{name}.model_id").strip("'")


def pressed(comm):
    return {"comm_id": comm, "data": {"method": "custom", "content": {"event": "click"}}}


def typed(comm, text):
    return {"comm_id": comm, "data": {"method": "update", "state": {"value": text}, "buffer_paths": []}}


def silent(code):
    return {"code": code, "silent": True, "user_expressions": {}, "allow_stdin": False}


MADE_BY = pytest.mark.parametrize("field", [0, 1], ids=["a field that a cell made", "a field that a click made"])


@MADE_BY
def test_a_click_after_typing_is_done_after_it(page, field):
    """ipykernel takes a message to the thread that last sent something to that widget, so that two may change places."""
    field, writer = number(page, f"fields[{field}]"), number(page, "writer")
    send(page, "execute_request", silent("time.sleep(0.5)"))
    send(page, "comm_msg", typed(field, "a name"))
    send(page, "comm_msg", pressed(writer))
    said(page, "len(seen) == 2")
    assert value(page, "seen") == "['a name', 'written']"
    assert value(page, "threads == {threading.main_thread()}") == "True"


@MADE_BY
def test_typing_after_a_click_is_done_after_it(page, field):
    field, writer = number(page, f"fields[{field}]"), number(page, "writer")
    send(page, "execute_request", silent("time.sleep(0.5)"))
    send(page, "comm_msg", pressed(writer))
    send(page, "comm_msg", typed(field, "a name"))
    said(page, "len(seen) == 2")
    assert value(page, "seen") == "['written', 'a name']"


def test_a_second_click_while_a_cell_runs_does_nothing(page):
    writer = number(page, "writer")
    page.client.execute("begun.set(); held.wait(60)")
    send(page, "execute_request", silent("begun.wait(60)"))
    send(page, "comm_msg", pressed(writer))
    send(page, "comm_msg", pressed(writer))
    send(page, "execute_request", silent("held.set()"))
    said(page, "seen and not writer.disabled")
    assert value(page, "seen") == "['written']"
