"""What a check looks at: one function for each, by name.

observed = looks["column"](state, {"table": "airlines", "column": "name", "parts": ["nullable"]})
observed.value        # {"exists": True, "nullable": False}
observed.sentence     # "The column airlines.name is VARCHAR(50), NOT NULL, no default."
"""

from . import constraints, history, rows, runs, tables
from .look import MODIFIERS, Look, LookError, Observed, Spec, key_of, look, looks

__all__ = [
    "MODIFIERS",
    "Look",
    "LookError",
    "Observed",
    "Spec",
    "constraints",
    "history",
    "key_of",
    "look",
    "looks",
    "rows",
    "runs",
    "tables",
]
