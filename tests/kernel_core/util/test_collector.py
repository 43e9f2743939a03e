"""The garbage collector is off in a block, and afterwards as it was."""

import gc

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
