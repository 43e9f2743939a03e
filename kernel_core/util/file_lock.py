"""A lock on a file, held by one thread of one process. The operating system releases it when the holder dies.

The file exists only while the lock is held, and contains a description of the holder. The lock is advisory: it stops
only others that use this class. It uses ``flock``, which also excludes threads of the same process; on Windows a byte
of the file is locked instead.

Python in a browser has no file locks, and several notebooks, each with its own kernel, on one drive. There the lock is
the existence of the file, which only one kernel can create. A kernel that is ended while it holds the lock leaves the
file: after `STALE_AFTER` seconds it is taken over.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_LOCKED_BYTE = 1 << 30
"""Windows denies reading a locked byte, so the lock is on one far behind the description of the holder."""
_HELD_BY_ANOTHER = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
_NOT_SUPPORTED = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL})


def _lock_byte(handle: int) -> None:
    import msvcrt  # noqa: PLC0415 - Windows

    os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
    msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]


def _lock_whole_file(handle: int) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[attr-defined,unused-ignore]


_lock: Callable[[int], None] = _lock_byte if os.name == "nt" else _lock_whole_file


def _is_locked(path: str) -> bool:
    """Return whether the file is locked, by a lock that others that look can hold too; it is not created."""
    import fcntl  # noqa: PLC0415 - not on Windows

    try:
        handle = os.open(path, _FLAGS & ~(os.O_RDWR | os.O_CREAT))
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # type: ignore[attr-defined,unused-ignore]
    except OSError as error:
        if error.errno in _NOT_SUPPORTED:
            return False
        if error.errno not in _HELD_BY_ANOTHER:
            raise
        return True
    finally:
        os.close(handle)
    return False


STALE_AFTER = 60.0
"""Seconds after which a file that is itself the lock (in a browser) counts as left by a kernel that was ended."""


def _has_file_locks() -> bool:
    """Return whether the system can lock an open file; in a browser the module ``fcntl`` is empty, or missing."""
    if os.name == "nt":
        return True
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return False
    return hasattr(fcntl, "flock")


class FileLock:
    """A lock on the file ``path``, which is created when the lock is acquired and deleted when it is released.

        lock = FileLock("shop.db.lock")
        if lock.acquire():
            try: ...
            finally: lock.release()
        else:
            print(f"held by {lock.holder()}")

    Acquiring is reentrant for a thread, also through another `FileLock` on the same path; each needs its release.
    """

    _depths: dict[tuple[int, str], int] = {}  # noqa: RUF012 - shared by all locks of the process, on purpose
    _guard = threading.Lock()

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)
        self._handle: int | None = None
        self._created = False

    def acquire(self) -> bool:
        """Acquire the lock if it is free, without waiting; return whether this thread holds it now.

        Raises OSError if the file cannot be created or opened.
        """
        key = threading.get_ident(), self.path
        with self._guard:
            depth = self._depths.get(key, 0)
        if depth == 0 and not self._try():
            return False
        with self._guard:
            self._depths[key] = depth + 1
        return True

    def release(self) -> None:
        """Release the lock once; call it in the thread that acquired it."""
        key = threading.get_ident(), self.path
        with self._guard:
            depth = self._depths.get(key, 0) - 1
            if depth > 0:
                self._depths[key] = depth
                return
            self._depths.pop(key, None)
        handle, self._handle = self._handle, None
        if self._created:
            self._created = False
            with suppress(OSError):
                os.unlink(self.path)
        if handle is None:
            return
        if os.name == "nt":  # an open file cannot be deleted there
            os.close(handle)
        with suppress(OSError):
            os.unlink(self.path)
        if os.name != "nt":
            os.close(handle)

    def is_held_by_another(self) -> bool:
        """Return whether another thread or process holds the lock now.

        Others that call this at the same time are not taken for a holder. Raises OSError if the file cannot be opened.
        """
        with self._guard:
            if self._depths.get((threading.get_ident(), self.path)):
                return False
        if not _has_file_locks():
            return os.path.exists(self.path) and not _is_stale(self.path)
        if os.name == "nt":
            is_free = self.acquire()
            if is_free:
                self.release()
            return not is_free
        return _is_locked(self.path)

    def holder(self) -> str:
        """Return the description that the holder wrote into the file; "" if it cannot be read."""
        try:
            with open(self.path, encoding="utf-8", errors="replace") as stream:
                text = stream.read(200)
        except OSError:
            return ""
        return "".join(character for character in text if character.isprintable()).strip()

    def _try(self) -> bool:
        """Lock the file; return whether it is held now, also if the file system has no locks."""
        if not _has_file_locks():
            return self._create()
        handle = self._open()
        is_held = False
        try:
            _lock(handle)
            # The last holder may have deleted the file after we opened it: then ours is no longer the file at the path.
            is_held = os.path.samestat(os.fstat(handle), os.stat(self.path))
        except FileNotFoundError:
            pass
        except (ImportError, OSError) as error:
            code = getattr(error, "errno", None)
            if isinstance(error, ImportError) or code in _NOT_SUPPORTED:
                os.unlink(self.path)
                return True
            if code not in _HELD_BY_ANOTHER:
                raise
        finally:
            if not is_held:
                os.close(handle)
        if is_held:
            self._handle = handle
            _describe_holder(handle)
        return is_held

    def _create(self) -> bool:
        """Create the file if it does not exist, or is stale; return whether this call created it."""
        for _ in range(2):
            try:
                handle = os.open(self.path, _FLAGS | os.O_EXCL, 0o666)
            except FileExistsError:
                if not _is_stale(self.path):
                    return False
                with suppress(FileNotFoundError):
                    os.unlink(self.path)
                continue
            _describe_holder(handle)
            os.close(handle)  # the drive of JupyterLite stores a file when it is closed
            self._created = True
            return True
        return False

    def _open(self) -> int:
        """Open the file. One of another user, left by a killed process, can be locked without write permission."""
        try:
            return os.open(self.path, _FLAGS, 0o666)
        except PermissionError:
            return os.open(self.path, os.O_RDONLY)


def _describe_holder(handle: int) -> None:
    """Write the description of this process into the file; the lock is held even if that fails."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, this_process().encode(errors="replace"))


def _is_stale(path: str) -> bool:
    """Return whether a file is older than `STALE_AFTER`, or was deleted meanwhile."""
    try:
        return time.time() - os.stat(path).st_mtime > STALE_AFTER
    except OSError:
        return True


def this_process() -> str:
    """Return user, host, process id and time: ``ana on laptop (process 4711, since 12:30:05)``."""
    if sys.platform == "emscripten":  # there, all kernels have one user, one host and one process id
        return f"a notebook in this browser (since {time.strftime('%H:%M:%S')})"
    import getpass  # noqa: PLC0415 - needed only while a lock is held
    import socket  # noqa: PLC0415

    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "an unknown user"
    return f"{user} on {socket.gethostname()} (process {os.getpid()}, since {time.strftime('%H:%M:%S')})"
