"""One revision that replaces a range of revisions, compared with it.

made = squashed(ScriptDirectory("migrations"), "1f2e:3a4b", dialect)
made.text               # the version file
made.proof.compared     # what was compared
"""

from .plan import SquashRange, range_of
from .proof import Proof
from .source import Squashed, squashed
from .writing import finish, prune, write

__all__ = ["Proof", "SquashRange", "Squashed", "finish", "prune", "range_of", "squashed", "write"]
