"""The model of a review, without any display: accepted, edited and ordered operations, with undo."""

from .model import Review
from .row import InvalidText, Row
from .selected_row import SelectedRow

__all__ = ["InvalidText", "Review", "Row", "SelectedRow"]
