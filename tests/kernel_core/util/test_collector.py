"""The garbage collector is off in a block, and afterwards as it was."""

import gc
import time

import pytest

from kernel_core.util.collector import without_collector


@pytest.mark.parametrize("before", [True, False])
def test_the_collector_is_off_in_the_block_and_afterwards_as_it_was(before) -> None:
    was_enabled = gc.isenabled()
    (gc.enable if before else gc.disable)()
    try:
        with without_collector():
            assert not gc.isenabled()
        assert gc.isenabled() is before
        with pytest.raises(ValueError, match="inside"), without_collector():
            raise ValueError("inside")
        assert gc.isenabled() is before
    finally:
        (gc.enable if was_enabled else gc.disable)()


def test_what_was_made_in_the_block_is_not_young_afterwards() -> None:
    was_enabled = gc.isenabled()
    gc.unfreeze()  # tests/conftest.py has frozen what it imported
    gc.enable()
    try:
        with without_collector():
            made = [[] for _ in range(10 * gc.get_threshold()[0] + 1000)]
        young = {id(each) for each in gc.get_objects(generation=0)}
        assert young.isdisjoint(map(id, made))
        assert gc.get_freeze_count() == 0
    finally:
        (gc.enable if was_enabled else gc.disable)()
        gc.freeze()


def test_what_is_frozen_stays_so_and_nothing_else_is() -> None:
    was_enabled = gc.isenabled()
    gc.enable()
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with without_collector():
            made = [[] for _ in range(10 * gc.get_threshold()[0] + 1000)]
        assert abs(gc.get_freeze_count() - frozen) < 500 < frozen  # another thread may free some of them
        assert len(made) > 500
    finally:
        (gc.enable if was_enabled else gc.disable)()


@pytest.mark.slow
def test_after_a_small_block_frozen_objects_are_not_visited() -> None:
    was_enabled = gc.isenabled()
    gc.enable()
    many = [[] for _ in range(1_000_000)]
    gc.freeze()  # as a server does before it forks
    try:
        began = time.process_time()
        for _ in range(1000):
            with without_collector():
                pass
        assert time.process_time() - began < 1, "counting a million frozen objects takes milliseconds each time"
    finally:
        (gc.enable if was_enabled else gc.disable)()
        del many
