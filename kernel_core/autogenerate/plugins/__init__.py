"""Comparisons beyond Alembic's, one plugin per file: ``kernel_core.ext.<file>``, chosen by ``autogenerate_plugins``.

Each file has a function ``setup(plugin)``; ``ALIASES`` are further names. Importing this package registers them all.
Their functions have the target ``tables``: they are called with (autogen_context, `Database`, `Differences`) after the
built-in comparisons of all tables, and add operations to `Differences`.
"""

import importlib
import pkgutil

from ...runtime.plugins import Plugin

for _found in pkgutil.iter_modules(__path__):
    _module = importlib.import_module(f"{__name__}.{_found.name}")
    _module.setup(Plugin(f"kernel_core.ext.{_found.name}", aliases=getattr(_module, "ALIASES", ())))
