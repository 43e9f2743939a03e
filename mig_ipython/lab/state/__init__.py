"""The state of a student's folder: what looks and detectors work on.

state = State.read("workshop/lesson_2")
State.from_json(state.to_json())        # the same without rows and files
"""

from .database import Database, DatabaseUnreadable, Row, Value
from .schema import OWN_TABLES, Schema, Table
from .state import DATABASE, NotRecorded, State

__all__ = [
    "DATABASE",
    "OWN_TABLES",
    "Database",
    "DatabaseUnreadable",
    "NotRecorded",
    "Row",
    "Schema",
    "State",
    "Table",
    "Value",
]
