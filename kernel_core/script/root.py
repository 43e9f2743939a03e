"""The folder that the relative paths of an environment start from.

The rule, for ``script_location``, ``version_locations`` and ``prepend_sys_path``, for the folder in which ``env.py``
runs, and so for relative SQLite URLs and a ``.env`` file:

1. The working folder, if ``script_location`` is found from there, as in Alembic.
2. Else the folder of the configuration file. If that file is in the environment's own folder, the folder above it.

An absolute ``script_location`` (``%(here)s/migrations``) is found from everywhere. On the command line the other paths
then start from the working folder, as in Alembic; a folder that does not exist there is looked up next to the file, and
modules are imported from both. A notebook in a folder below the file, or next to it, uses the second rule
(`project_root`), because it cannot change to the project's folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from .files import is_of_package


@dataclass(frozen=True, slots=True)
class Root:
    """The ``folder`` that relative paths start from; ``fallback`` is where they are looked up next."""

    folder: str
    fallback: str

    def path(self, path: str) -> str:
        """Return a path made absolute: in the first of the folders that has it; ``package:folder`` as it is."""
        if os.path.isabs(path) or is_of_package(path):
            return path
        here, there = os.path.join(self.folder, path), os.path.join(self.fallback, path)
        return os.path.normpath(there if os.path.exists(there) and not os.path.exists(here) else here)

    def import_paths(self, path: str) -> tuple[str, ...]:
        """Return the folders of an entry of ``prepend_sys_path``.

        Where the configuration file is above the working folder, these are that of the working folder and then that of
        the file.
        """
        both = (self.path(path), os.path.normpath(os.path.join(self.fallback, path)))
        return tuple(dict.fromkeys(both)) if is_below(self.folder, self.fallback) else both[:1]


def root_of(location: str, file: str | None) -> Root:
    """Return the root for the relative paths of a configuration ``file`` that names ``location``."""
    here = os.getcwd()
    if file is None:
        return Root(here, here)
    above = project_folder(location, file)
    if os.path.isabs(location) or is_of_package(location) or _is_environment(os.path.join(here, location)):
        return Root(here, above)
    return Root(above if _is_environment(os.path.join(os.path.dirname(_absolute(file)), location)) else here, above)


def project_root(location: str, file: str) -> Root:
    """Return the root for a notebook, which is in the project's folder only if the file is in it or below it."""
    found = root_of(location, file)
    above = project_folder(location, file)
    in_project = is_below(os.path.dirname(_absolute(file)), found.folder)
    relative = not os.path.isabs(location) and not is_of_package(location)
    return found if relative or in_project else Root(above, above)


def project_folder(location: str, file: str) -> str:
    """Return the folder of a configuration file; the one above if the file is in the environment's own folder."""
    folder = os.path.dirname(_absolute(file))
    own = not is_of_package(location) and os.path.realpath(os.path.join(folder, location)) == os.path.realpath(folder)
    return os.path.dirname(folder) if own else folder


def is_below(folder: str, other: str) -> bool:
    """Return whether ``folder`` is ``other``, or in it."""
    inner, outer = os.path.realpath(folder), os.path.realpath(other)
    return inner == outer or inner.startswith(os.path.join(outer, ""))


def _is_environment(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "env.py")) or os.path.isdir(os.path.join(folder, "versions"))


def _absolute(file: str) -> str:
    return os.path.abspath(file)
