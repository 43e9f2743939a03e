"""Where version files are found."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator

from ..util.exc import EnvironmentMissing


def version_files(folder: str, recursive: bool = False) -> Iterator[str]:
    """Yield the paths of the version files in ``folder``, sorted by name; hidden files and ``__init__.py`` are none."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(((entry.name, entry.path, entry.is_dir()) for entry in entries), key=lambda item: item[0])
    except FileNotFoundError:
        return
    except OSError as error:
        raise EnvironmentMissing(f"{folder} cannot be listed ({error.strerror or error}).", folder) from error
    for name, path, is_folder in found:
        if name.startswith(".") or name in ("__init__.py", "__pycache__"):
            continue
        if name.endswith(".py"):
            yield path
        elif recursive and is_folder:
            yield from version_files(path, recursive)


def located(location: str) -> str:
    """Return the folder that ``script_location`` names: a path, or ``package:folder``."""
    package, colon, folder = location.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z_]\w+(\.[A-Za-z_]\w*)*", package):
        return os.path.abspath(location)
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        raise EnvironmentMissing(f"script_location is {location}, and no package {package} can be found.", location)
    return os.path.join(os.path.abspath(next(iter(found.submodule_search_locations))), *folder.split("/"))
