"""Files that are kept between processes, beside Python's byte code.

They follow Python's settings: ``PYTHONPYCACHEPREFIX`` names another folder, and with ``PYTHONDONTWRITEBYTECODE``
nothing is written. A folder that cannot be written is left as it is. A file is replaced as a whole, so that several
processes may write it at once, and it ends with a checksum, so that a damaged one is not used.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from importlib.util import cache_from_source
from zlib import crc32

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_SKEW = 40_000_000


def kept_path(source: str, extension: str, optimization: str | None = None) -> str | None:
    """Return where a file that is derived from ``source`` is kept; None if this Python keeps none.

        kept_path("versions/1f2e.py", ".mig")       # "versions/__pycache__/1f2e.cpython-311.mig"

    ``optimization`` is that of `importlib.util.cache_from_source`.
    """
    try:
        return cache_from_source(source, optimization=optimization).removesuffix(".pyc") + extension
    except NotImplementedError:  # sys.implementation.cache_tag is None
        return None


def read_kept(path: str, head: bytes) -> memoryview | None:
    """Return what `write_kept` wrote after ``head``; None without such a file, or if it is damaged."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    try:
        size = os.fstat(handle).st_size
        data = os.read(handle, size)
    except OSError:
        return None
    finally:
        os.close(handle)
    end = len(data) - 4
    if len(data) != size or end < len(head) or not data.startswith(head):
        return None
    content = memoryview(data)
    if crc32(content[:end]) != int.from_bytes(content[end:], "little"):
        return None
    return content[len(head) : end]


def write_kept(path: str, head: bytes, content: bytes, source: str, same_clock: bool = False) -> None:
    """Keep ``content`` for later processes, unless Python writes no byte code, or the folder is read-only.

    A user who may not read ``source`` may not read the new file either.

    With ``same_clock`` only if the file system has the clock of this machine and a resolution below a millisecond.
    """
    if sys.dont_write_bytecode:
        return
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f".{os.urandom(8).hex()}.tmp")
    with suppress(OSError):
        mode = os.stat(source).st_mode & 0o666
        begun = time.time_ns()
        try:
            handle = os.open(temporary, _FLAGS, mode)
        except FileNotFoundError:
            os.makedirs(folder, exist_ok=True)
            handle = os.open(temporary, _FLAGS, mode)
        try:
            with os.fdopen(handle, "wb", buffering=0) as stream:
                changed = os.fstat(handle).st_mtime_ns
                usual = bool(changed % 1_000_000) and abs(changed - begun) < _SKEW
                stream.write(b"".join((head, content, crc32(content, crc32(head)).to_bytes(4, "little"))))
            if usual or not same_clock:
                os.replace(temporary, path)
                return
        except BaseException:
            os.unlink(temporary)
            raise
        os.unlink(temporary)
