"""Errors of the file system where a student's files are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kernel_core.util.exc import CommandError


@contextmanager
def writing() -> Iterator[None]:
    """Raise CommandError with a remedy where a file or a folder cannot be written.

    It is also a decorator: ``@writing()``.
    """
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"{error.filename or 'A file'} cannot be written: {error.strerror or error}. Copy the notebook into a "
            "folder that can be written, and start the lesson there."
        ) from error
