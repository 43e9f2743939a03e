"""The review as a panel: rows to tick on one side, the chosen row in full on the other."""

from .panel import Reviewable, ReviewPanel

__all__ = ["ReviewPanel", "Reviewable"]
