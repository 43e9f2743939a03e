"""The review as a panel: the list of rows on one side, the details of the selected row on the other."""

from .panel import ReviewPanel
from .reviewable import Reviewable

__all__ = ["ReviewPanel", "Reviewable"]
