"""Whether two heads commute: whether both orders of their revisions lead to the same database.

found = check(ScriptDirectory("migrations"), "1f2e", "3a4b")
found.verdict           # "commute", "conflict", "equal when run" or "not known"
found.pair              # the first two operations that conflict, with file and line
"""

from .checking import check, check_all
from .verdict import Commutation, Place, Verdict

__all__ = ["Commutation", "Place", "Verdict", "check", "check_all"]
