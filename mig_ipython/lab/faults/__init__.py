"""What goes wrong in real life, to be practised: a crash, a teammate's revision, an altered database, a held lock.

Faults().cause("teammate", Request("workshop/lesson_6"))
"""

from .crash import Crash, crashing
from .faults import Faults, Request
from .people import alter_by_hand, push_revision

__all__ = [
    "Crash",
    "Faults",
    "Request",
    "alter_by_hand",
    "crashing",
    "push_revision",
]
