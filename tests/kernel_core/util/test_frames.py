"""Interrupts: a kept one keeps nothing of what its frames referred to; an error that took its place is recognized."""

import textwrap
import weakref

import pytest

from kernel_core.util.frames import free_frames, interrupt_behind


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
