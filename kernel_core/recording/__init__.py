"""The operations of a version file without a database: read from its source, or recorded while it runs."""

from .reader import read_functions, read_operations
from .recorder import Recording, Unread, record, record_script
from .scripts import operations_of
from .side_effects import has_side_effects

__all__ = [
    "Recording",
    "Unread",
    "has_side_effects",
    "operations_of",
    "read_functions",
    "read_operations",
    "record",
    "record_script",
]
