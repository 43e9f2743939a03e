"""The schema at a revision as a MetaData, without a database.

found = at(ScriptDirectory("migrations"), "1f2e")
found.metadata.tables["users"].c.keys()
found.incomplete        # what could not be read: revision, line, reason
"""

from .history import Incomplete, SchemaAt, at, history
from .metadata import apply, metadata_of, state_of

__all__ = ["Incomplete", "SchemaAt", "apply", "at", "history", "metadata_of", "state_of"]
