"""The base class of all views: plain text and HTML with the same content."""

from __future__ import annotations

from typing import Any

from kernel_core.util.messaging import printable

from ..errors import shorten_interrupt
from .html import Html


class View:
    """An object that a cell displays. Subclasses define `text` and `html`."""

    def text(self) -> str:
        """Return all of it as plain text."""
        raise NotImplementedError

    def html(self) -> Html:
        """Return all of it as a self-contained piece of HTML."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return printable(self.text())

    def _repr_html_(self) -> str | None:
        return self.html()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        try:
            return {"text/plain": repr(self), "text/html": str(self.html())}
        except KeyboardInterrupt as error:  # IPython displays a result after its command has ended
            error.add_note("The command has ended. Its result was not displayed.")
            shorten_interrupt(error)
            raise
