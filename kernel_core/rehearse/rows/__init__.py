"""Compare the rows of a clone with those of the copy that was kept: by SQL, on the server, table by table."""

from .compare import compare_rows
from .kept import Kept
from .renames import Renames

__all__ = ["Kept", "Renames", "compare_rows"]
