"""A cache of compiled version files, keyed by their content.

A kernel runs the same version files many times: an offline script, a rehearsal, the upgrade, the next database. The
file is read each time and its bytes are compared, so that also a change within the same second, which a ``.pyc`` would
miss, is noticed.
"""

from __future__ import annotations

import marshal
import threading
from types import CodeType

from .header import compiled_source, read_bytes, source_of

KEPT = 8_000_000
"""The limit of the cache in bytes, of files and their code; the oldest entries are removed first."""


class _Kept:
    """Path -> (the bytes of the file, its code as `marshal` writes it)."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, bytes]] = {}
        self.size = 0
        self._lock = threading.Lock()

    def find(self, path: str, data: bytes) -> bytes | None:
        found = self.files.get(path)
        return found[1] if found is not None and found[0] == data else None

    def add(self, path: str, data: bytes, code: bytes) -> None:
        with self._lock:
            self._remove(path)
            self.files[path] = data, code
            self.size += len(data) + len(code)
            while self.size > KEPT:
                self._remove(next(iter(self.files)))

    def _remove(self, path: str) -> None:
        before = self.files.pop(path, None)
        if before is not None:
            self.size -= len(before[0]) + len(before[1])


_kept = _Kept()


def bytecode_at(path: str) -> bytes:
    """Return the code of the file at ``path`` as `marshal` writes it; raises BrokenScript."""
    if not path.endswith(".py"):
        from .compiled import code_of  # noqa: PLC0415 - hardly any environment has such files

        return marshal.dumps(code_of(path))
    data = read_bytes(path)
    code = _kept.find(path, data)
    if code is None:
        code = marshal.dumps(compiled_source(source_of(data, path), path))
        _kept.add(path, data, code)
    return code


def code_at(path: str) -> CodeType:
    """Return the code of the file at ``path``, which is not run; raises BrokenScript."""
    return unpacked(bytecode_at(path))


def unpacked(bytecode: bytes) -> CodeType:
    """Return the code object of what `bytecode_at` returned."""
    code: CodeType = marshal.loads(bytecode)  # noqa: S302 - it was written a moment ago, in this process
    return code
