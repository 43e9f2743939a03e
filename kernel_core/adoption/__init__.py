"""Databases without a history: the revision whose schema they have, or a baseline where there is none.

found = locate(migration_context, ScriptDirectory("migrations"))
found.best.revisions, found.best.deviations

baseline = baseline_of(migration_context)
baseline.proposed, baseline.outside
"""

from .baseline import Baseline, baseline_of, sql_of
from .candidate import Candidate, Located, ScratchUse
from .locating import compare_at, locate
from .model_classes import ModelClasses, model_classes
from .model_source import source_of_models

__all__ = [
    "Baseline",
    "Candidate",
    "Located",
    "ModelClasses",
    "ScratchUse",
    "baseline_of",
    "compare_at",
    "locate",
    "model_classes",
    "source_of_models",
    "sql_of",
]
