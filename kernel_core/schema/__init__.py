"""The schema at a revision as a MetaData, without a database.

found = at(ScriptDirectory("migrations"), "1f2e")
found.metadata.tables["users"].c.keys()
found.incomplete        # what could not be read: revision, line, reason
"""

from .changes import Change, Renames, compare
from .description import SchemaDescription, TableDescription, describe
from .history import Incomplete, SchemaAt, at, history
from .metadata import apply, metadata_of, state_of
from .revision_schema import RevisionSchema, history_of, read
from .scratch import scratch_database
from .sqlite_statements import apply_statement

__all__ = [
    "Change",
    "Incomplete",
    "Renames",
    "RevisionSchema",
    "SchemaAt",
    "SchemaDescription",
    "TableDescription",
    "apply",
    "apply_statement",
    "at",
    "compare",
    "describe",
    "history",
    "history_of",
    "metadata_of",
    "read",
    "scratch_database",
    "state_of",
]
