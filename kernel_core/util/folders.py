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
    """Make ``folder`` the working folder inside the block; paths are still shown relative to the one outside.

    The working folder is that of all threads of the process.
    """
    token = _caller.set(caller_folder())
    try:
        with chdir(folder):
            yield
    finally:
        _caller.reset(token)


def caller_folder() -> str:
    """Return the working folder; inside a `working_in` block the one outside, in which a person works."""
    return _caller.get() or os.getcwd()


def shown_path(path: str | os.PathLike[str]) -> str:
    """Return a path relative to the working folder, or absolute if that is shorter or the path is far up."""
    absolute = os.path.join(caller_folder(), os.fspath(path))
    try:
        relative = os.path.relpath(absolute, caller_folder())
    except ValueError:  # another drive
        return absolute
    far = relative.split(os.sep).count("..") > _UPWARD or len(relative) > len(absolute)
    return absolute if far else relative


def with_relative_paths(text: str) -> str:
    """Return a message with its absolute paths replaced by those of `shown_path`; paths in URLs are not replaced.

    A path ends at a space, a quote or a parenthesis.
    """
    return _PATH.sub(_relative, text)


def _relative(found: re.Match[str]) -> str:
    shown = shown_path(found[0])
    return found[0] if set(shown) <= {".", os.sep} else shown


_PATH = re.compile(r"(?<![\w/:.~*@-])/[^\s'\"`,;:()\[\]<>*]+(?<![.!?])")
"""An absolute path in a sentence, without a full stop at the end."""
