"""The functions that ``env.py`` calls: those of the current `EnvironmentContext`.

from kernel_core import context

context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
"""

import sys

from .runtime.environment import EnvironmentContext, current_environment
from .util.proxy import ProxyModule

_current = current_environment
_kind = EnvironmentContext
_absent = "env.py is run by a command, such as upgrade; it cannot be run by itself."

sys.modules[__name__].__class__ = ProxyModule
