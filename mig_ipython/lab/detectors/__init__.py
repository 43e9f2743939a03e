"""The mistakes that a workshop recognises: one function for each, by name.

detectors["two_heads"](before, after, Context())      # "The history has 2 heads: 1f2e, 3c4d.", or None
"""

from . import columns, history, losses, rows, schema
from .detector import Context, Detector, detector, detectors

__all__ = ["Context", "Detector", "columns", "detector", "detectors", "history", "losses", "rows", "schema"]
