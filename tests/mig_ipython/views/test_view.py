"""What all views share."""

from __future__ import annotations

import pytest

from mig_ipython.views.html import Html
from mig_ipython.views.view import View


class Stopped(View):
    """A view whose rendering is interrupted."""

    def text(self) -> str:
        raise KeyboardInterrupt

    def html(self) -> Html:
        return Html("")


def test_stop_while_a_result_is_displayed_is_one_line() -> None:
    with pytest.raises(KeyboardInterrupt) as stopped:
        Stopped()._repr_mimebundle_()
    line = "KeyboardInterrupt: The command has ended. Its result was not displayed."
    assert stopped.value._render_traceback_() == [line]
