"""Interrupts: none is lost, a kept one keeps nothing of its frames, an error that took the place of one is recognized."""

import gc
import signal
import sys
import textwrap
import time
import weakref

import pytest

from kernel_core.util.interrupts import free_frames, interrupt_behind, none_lost


class Held:
    """What a variable of a frame refers to."""


def fail(error, held):
    kept = Held()
    held.append(weakref.ref(kept))
    raise error


def interrupt_of_two_errors(held):
    """Raise an interrupt that has a cause, and was raised while another error was handled."""
    kept = []
    try:
        fail(ValueError(), held)
    except ValueError as error:
        kept.append(error)
    try:
        fail(KeyError(), held)
    except KeyError:
        raise KeyboardInterrupt from kept.pop()


def test_the_frames_of_an_interrupt_of_its_cause_and_of_what_it_followed_are_cleared():
    held = []
    with pytest.raises(KeyboardInterrupt) as kept:
        interrupt_of_two_errors(held)
    assert [each() is not None for each in held] == [True, True]
    free_frames(kept.value)
    assert [each() for each in held] == [None, None]


def test_the_variables_of_a_frame_that_still_runs_stay():
    here = Held()
    with pytest.raises(KeyboardInterrupt) as kept:
        fail(KeyboardInterrupt(), [])
    free_frames(kept.value)
    assert isinstance(here, Held)


def error_of(code):
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - each code raises another one
        exec(textwrap.dedent(code), {})
    return raised.value


TAKEN = {
    "in finally": "try:\n    raise KeyboardInterrupt('it')\nfinally:\n    {}['lock']",
    "while it was handled": "try:\n    raise KeyboardInterrupt('it')\nexcept KeyboardInterrupt:\n    {}['lock']",
    "and wrapped": """
        try:
            try:
                raise KeyboardInterrupt('it')
            finally:
                {}['lock']
        except KeyError as error:
            raise ValueError('wrapped') from error
        """,
}
MEANT = {
    "an error alone": "{}['lock']",
    "hidden": "try:\n    raise KeyboardInterrupt\nexcept KeyboardInterrupt:\n    raise ValueError from None",
    "an exit": "try:\n    raise KeyboardInterrupt\nexcept KeyboardInterrupt:\n    raise SystemExit(3)",
    "handled before": "try:\n    raise KeyboardInterrupt\nexcept KeyboardInterrupt:\n    pass\n{}['lock']",
}


@pytest.mark.parametrize("code", TAKEN.values(), ids=TAKEN)
def test_an_interrupt_is_found_behind_the_error_that_took_its_place(code):
    assert interrupt_behind(error_of(code)).args == ("it",)


@pytest.mark.parametrize("code", MEANT.values(), ids=MEANT)
def test_no_interrupt_is_behind_an_error_that_was_meant(code):
    assert interrupt_behind(error_of(code)) is None


def test_an_error_that_follows_itself_is_looked_at_once():
    first, second = ValueError(), KeyError()
    first.__context__, second.__context__ = second, first
    assert interrupt_behind(first) is None


# ---- where Python cannot raise one -----------------------------------------------------------------------------------


class Destroyed:
    """What is interrupted when nothing refers to it any more."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


def in_a_destructor(then=lambda: None):
    Destroyed()
    then()


def in_the_callback_of_a_weak_reference():
    held = Held()
    reference = weakref.ref(held, lambda _: signal.raise_signal(signal.SIGINT))
    del held
    assert reference() is None


def in_a_garbage_collection():
    gc.callbacks.append(lambda phase, _: phase == "start" and signal.raise_signal(signal.SIGINT))
    try:
        gc.collect()
    finally:
        gc.callbacks.pop()


UNRAISABLE = [in_a_destructor, in_the_callback_of_a_weak_reference, in_a_garbage_collection]


def wait(after):
    after()
    for _ in range(500):
        time.sleep(0.01)


@pytest.fixture
def reported(python_handles_interrupts):
    """What Python reports because it cannot raise it."""
    before, found = sys.unraisablehook, []
    sys.unraisablehook = lambda unraisable: found.append(unraisable.exc_type)
    yield found
    sys.unraisablehook = before


@pytest.mark.parametrize("interrupted", UNRAISABLE)
def test_an_interrupt_that_python_cannot_raise_comes_again(interrupted, reported):
    with pytest.raises(KeyboardInterrupt), none_lost():
        wait(after=interrupted)
    assert reported == []


@pytest.mark.parametrize("interrupted", UNRAISABLE)
def test_at_the_end_of_the_block_it_is_raised(interrupted, reported):
    after = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), none_lost(), none_lost():
        interrupted()
    time.sleep(0.05)  # and not once more
    assert reported == []
    assert sys.unraisablehook is after


def test_where_there_are_no_threads_it_is_raised_at_the_end_of_the_block(
    monkeypatch, capsys, python_handles_interrupts
):
    def no_thread(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", no_thread)
    with pytest.raises(KeyboardInterrupt), none_lost():
        in_a_destructor()
    assert capsys.readouterr().err == ""


def test_the_error_of_the_block_is_raised_in_place_of_a_lost_interrupt(reported):
    with pytest.raises(ZeroDivisionError), none_lost():
        in_a_destructor(then=lambda: 1 / 0)
    time.sleep(0.05)
    assert reported == []


def test_other_errors_are_reported_as_before(reported):
    with none_lost():
        held = Held()
        kept = weakref.ref(held, lambda _: {}["it"])
        del held
    assert reported == [KeyError]
    assert kept() is None
