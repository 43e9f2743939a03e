"""Only one at a time writes revisions into an environment, be it another thread, program, or person.

The lock is the operating system's, on the file ``.writing.lock``, which says who holds it and is gone when nobody does.
A holder that dies frees it at once. Where there are no such locks (a kernel in the browser) there is nobody to keep
out. It is advisory: an editor, or git, writes when it likes.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from ..util.exc import CommandError, EnvironmentBusy

NAME = ".writing.lock"
PATIENCE = 10.0
"""So many seconds somebody waits for another one to finish."""

_POLL = 0.05
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_HERE = 1 << 30
"""Windows locks bytes, which nobody can read then: this one is far behind the name of the holder."""
_TAKEN = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
_NO_SUCH_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL})


def _lock_by_byte(handle: int) -> None:
    import msvcrt  # noqa: PLC0415 - Windows

    os.lseek(handle, _HERE, os.SEEK_SET)
    msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]


def _lock_by_file(handle: int) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[attr-defined,unused-ignore]


_lock: Callable[[int], None] = _lock_by_byte if os.name == "nt" else _lock_by_file


class _Held:
    """Which threads of this process hold which lock, and how often they have entered it."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.depth: dict[tuple[int, str], int] = {}

    def enter(self, path: str, by: int) -> int:
        """Return how often the thread is inside now."""
        with self.guard:
            key = threading.get_ident(), path
            self.depth[key] = self.depth.get(key, 0) + by
            return self.depth[key] or self.depth.pop(key)


_held = _Held()


@contextmanager
def writing(folders: Sequence[str], patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of an environment; it lies in the first of its ``folders`` that can be written to.

    The same thread may enter again. Raises EnvironmentBusy after ``patience`` seconds, CommandError where the folder
    cannot be written to at all.
    """
    path = os.path.join(_folder(folders), NAME)
    try:
        handle = _taken(path, patience) if _held.enter(path, 1) == 1 else None
        try:
            yield
        finally:
            if handle is not None:
                _release(handle, path)
    finally:
        _held.enter(path, -1)


def _folder(folders: Sequence[str]) -> str:
    there = [os.path.realpath(folder) for folder in folders if os.path.isdir(folder)]
    return next((folder for folder in there if os.access(folder, os.W_OK)), there[0])


def _taken(path: str, patience: float) -> int | None:
    """Wait for the lock and return its open file, None where there are no locks."""
    begun = time.monotonic()
    while True:
        handle = _try(path)
        if handle != _BUSY:
            return handle
        waited = time.monotonic() - begun
        if waited >= patience:
            raise EnvironmentBusy(os.path.dirname(path), _holder(path), waited)
        time.sleep(min(_POLL, patience - waited))


_BUSY = -1


def _try(path: str) -> int | None:
    """Return the open file if it is locked now, `_BUSY` if another one has it, None where there are no locks."""
    handle = _opened(path)
    is_mine = False
    try:
        _lock(handle)
        is_mine = os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        pass  # its last holder has just taken the file away: the next try makes a new one
    except (ImportError, OSError) as error:
        code = getattr(error, "errno", None)
        if isinstance(error, ImportError) or code in _NO_SUCH_LOCKS:
            os.unlink(path)
            return None
        if code not in _TAKEN:
            raise _unwritable(path, error) from error
    finally:
        if not is_mine:
            os.close(handle)
    if is_mine:
        _sign(handle)
    return handle if is_mine else _BUSY


def _opened(path: str) -> int:
    """Open the file, which a dead holder may have left; that of another user can be locked without writing to it."""
    try:
        try:
            return os.open(path, _FLAGS, 0o666)
        except PermissionError:
            return os.open(path, os.O_RDONLY)
    except OSError as error:
        raise _unwritable(path, error) from error


def _sign(handle: int) -> None:
    """Write down who holds the lock; where that cannot be done it is held all the same."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, _myself().encode(errors="replace"))


def _release(handle: int, path: str) -> None:
    if os.name == "nt":  # where an open file cannot be taken away
        os.close(handle)
        with suppress(OSError):
            os.unlink(path)
        return
    with suppress(OSError):
        os.unlink(path)
    os.close(handle)


def _myself() -> str:
    import getpass  # noqa: PLC0415 - only who writes needs a name
    import socket  # noqa: PLC0415

    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "an unknown user"
    return f"{user} on {socket.gethostname()} (process {os.getpid()}, since {time.strftime('%H:%M:%S')})"


def _holder(path: str) -> str:
    """Who holds the lock, as they wrote it down; "" where that cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read(200)
    except OSError:
        return ""
    return "".join(character for character in text if character.isprintable()).strip()


def _unwritable(path: str, error: Exception) -> CommandError:
    return CommandError(f"{os.path.dirname(path)} cannot be written to ({getattr(error, 'strerror', None) or error}).")
