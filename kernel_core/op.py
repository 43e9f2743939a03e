"""The directives that version files call: those of the current `Operations`.

from kernel_core import op

def upgrade():
    op.add_column("users", Column("email", String(120)))
"""

import sys

from .operations.base import Operations, current_operations
from .util.proxy import ProxyModule

_current = current_operations
_kind = Operations
_absent = "Run it through upgrade or downgrade, or inside `with Operations.context(migration_context):`."

sys.modules[__name__].__class__ = ProxyModule
