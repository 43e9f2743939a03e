"""Which notebook works in a lesson's folder: another one that began the lesson would reset the work of the first."""

from __future__ import annotations

import os
import sys
import uuid

from kernel_core.util.exc import CommandError
from kernel_core.util.file_lock import FileLock

from .writing import writing

KERNEL = uuid.uuid4().hex[:12]
"""This kernel, in the position of a folder that it has written."""


class Claim:
    """The lesson in whose folder this notebook works; ``workshop`` is the folder above it.

    The lock ends with the kernel. Python in a browser has no such locks: there a notebook only says afterwards that
    another one has been in the folder (`WorkingFolder.visitor`).
    """

    def __init__(self, workshop: str) -> None:
        self._folder = os.path.join(workshop, ".begun")
        self._lesson = 0
        self._lock: FileLock | None = None

    def take(self, lesson: int, *, confirmed: bool = False) -> None:
        """Claim the folder of a lesson, in place of the one before.

        Raises CommandError where another kernel that is alive works in it, unless that is ``confirmed``; then it is not
        asked again.
        """
        if self._lesson == lesson:
            return
        lock = None if sys.platform == "emscripten" else self._acquired(lesson)
        if lock is not None and not confirmed and not lock[1]:
            raise CommandError(
                f"Another notebook is open in lesson {lesson}: {lock[0].holder() or 'its kernel is running'}. This one "
                "would reset its working folder. Go on in that notebook, or shut its kernel down. To reset the folder "
                f"all the same: %mig_lab start {lesson} --yes"
            )
        self.end()
        self._lesson = lesson
        if lock is not None and lock[1]:
            self._lock = lock[0]

    def end(self) -> None:
        """Give the folder up."""
        if self._lock is not None:
            self._lock.release()
        self._lesson, self._lock = 0, None

    @writing()
    def _acquired(self, lesson: int) -> tuple[FileLock, bool]:
        """Return the lock of a lesson, and whether it is held now."""
        os.makedirs(self._folder, exist_ok=True)
        lock = FileLock(os.path.join(self._folder, f"{lesson}.lock"))
        return lock, lock.acquire()
