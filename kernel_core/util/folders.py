"""The working folder: entered temporarily, and how paths are shown relative to it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from contextvars import ContextVar

_UPWARD = 3
"""A path that is more folders up than this is shown as an absolute one."""

_caller: ContextVar[str | None] = ContextVar("caller_folder", default=None)


@contextmanager
def working_in(folder: str) -> Iterator[None]:
    """Make ``folder`` the working folder inside the block; paths are shown as seen from outside of it.

    The working folder is one for all threads of the process.
    """
    token = _caller.set(caller_folder())
    try:
        with chdir(folder):
            yield
    finally:
        _caller.reset(token)


def caller_folder() -> str:
    """Return the working folder, in a `working_in` block that outside of it: the folder in which a person types."""
    return _caller.get() or os.getcwd()


def shown_path(path: str | os.PathLike[str]) -> str:
    """Return a path as a person in the working folder types it: relative, unless that is longer or far up."""
    absolute = os.path.join(caller_folder(), os.fspath(path))
    try:
        relative = os.path.relpath(absolute, caller_folder())
    except ValueError:  # another drive
        return absolute
    far = relative.split(os.sep).count("..") > _UPWARD or len(relative) > len(absolute)
    return absolute if far else relative


def with_relative_paths(text: str) -> str:
    """Return a message with its absolute paths as `shown_path` gives them; the paths in URLs stay as they are.

    A path ends at a blank, a quote or a bracket.
    """
    return _PATH.sub(_relative, text)


def _relative(found: re.Match[str]) -> str:
    shown = shown_path(found[0])
    return found[0] if set(shown) <= {".", os.sep} else shown


_PATH = re.compile(r"(?<![\w/:.~*@-])/[^\s'\"`,;:()\[\]<>*]+(?<![.!?])")
"""An absolute path in a sentence, without the full stop behind it."""
