"""The review without its face: which operations are kept, how they were edited, in what order, and the way back."""

from .chosen import Chosen
from .model import Review
from .row import Row, Wrong

__all__ = ["Chosen", "Review", "Row", "Wrong"]
