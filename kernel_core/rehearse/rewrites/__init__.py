"""Safer ways to do what an operation does, as operations that a review can show, edit and undo."""

from .offers import rewrites_of
from .rewrite import Rewrite

__all__ = ["Rewrite", "rewrites_of"]
