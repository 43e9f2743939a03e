"""An interrupt of the kernel stops what a button does, as it stops a cell."""

from __future__ import annotations

import signal
import threading

import pytest

from mig_ipython.widgets.review.parts import Status, button


@pytest.fixture(params=[signal.SIG_IGN, signal.default_int_handler], ids=["between cells", "in a message"])
def handler(request):
    """The handler of SIGINT that ipykernel has installed."""
    before = signal.signal(signal.SIGINT, request.param)
    yield request.param
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("note", ["", "The database is at b2."])
def test_an_interrupt_is_said_and_the_button_can_be_used_again(handler, note):
    done, ends = [], []

    def act():
        try:
            signal.raise_signal(signal.SIGINT)
            done.append("went on")
        except KeyboardInterrupt as error:
            if note:
                error.add_note(note)
            raise

    status = Status(on_end=lambda: ends.append(1))
    made = button("Run", "Run it", act, status)
    made.click()
    assert (status.text, done) == (f"Not done: Interrupted. {note}".strip(), [])
    assert (made.disabled, ends) == (False, [1])
    assert signal.getsignal(signal.SIGINT) is handler
    made.click()
    assert (done, len(ends)) == ([], 2)


def test_in_another_thread_no_handler_is_installed(handler):
    status, seen = Status(), []
    made = button("Run", "Run it", lambda: seen.append(signal.getsignal(signal.SIGINT)), status)
    thread = threading.Thread(target=made.click)
    thread.start()
    thread.join()
    assert seen == [handler]
