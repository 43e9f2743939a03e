"""The schema of a database as lines of text: tables, views, types, sequences, triggers, comments, privileges.

before = snapshot_of(connection)
...
changes(before.tables, after.tables)
before.coverage()     # which schemas, views, types and triggers were read, and what was not
"""

from .compared import Change, Schema, Snapshot, changes, differences, subject_of
from .reading import schema_of, snapshot_of

__all__ = ["Change", "Schema", "Snapshot", "changes", "differences", "schema_of", "snapshot_of", "subject_of"]
