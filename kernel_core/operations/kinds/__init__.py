"""One file per subject. Importing this folder imports every file in it, which registers its operations."""

import importlib
import pkgutil

for _found in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_found.name}")
