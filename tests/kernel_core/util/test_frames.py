"""An interrupt that is kept, as a notebook keeps its last one, keeps nothing of what its frames referred to."""

import weakref

import pytest

from kernel_core.util.frames import free_frames


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
