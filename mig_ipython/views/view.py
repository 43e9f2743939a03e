"""The base class of all views: plain text and HTML with the same content."""

from __future__ import annotations

from typing import Any

from kernel_core.util.secrets import redact

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
        return redact(self.text())

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": str(self.html())}
