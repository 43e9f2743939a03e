"""A cache of compiled version files, keyed by their content.

A kernel runs the same version files many times: an offline script, a rehearsal, the upgrade, the next database. The
file is read each time and its bytes are compared, so that also a change within the same second, which a ``.pyc`` would
miss, is noticed. The code is also kept for later processes, beside Python's byte code, with a digest of the file.
"""

from __future__ import annotations

import marshal
import threading
import warnings
from functools import lru_cache
from importlib.util import MAGIC_NUMBER
from types import CodeType

from .content import content_hash
from .header import compiled_source, read_bytes, source_of
from .pycache import kept_path, read_kept, write_kept

KEPT = 8_000_000
"""The limit of the cache in bytes, of files and their code; the oldest entries are removed first."""
UNPACKED = 1000
"""How many code objects are kept, which take twice as much memory as their bytes."""


class _Kept:
    """Path -> (the bytes of the file, its code as `marshal` writes it, the hash of its content if that is known)."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, bytes, str]] = {}
        self.size = 0
        self._lock = threading.Lock()

    def find(self, path: str, data: bytes) -> bytes | None:
        found = self.files.get(path)
        return found[1] if found is not None and found[0] == data else None

    def add(self, path: str, data: bytes, code: bytes, content: str = "") -> None:
        with self._lock:
            self._remove(path)
            self.files[path] = data, code, content
            self.size += len(data) + len(code)
            while self.size > KEPT:
                self._remove(next(iter(self.files)))

    def _remove(self, path: str) -> None:
        before = self.files.pop(path, None)
        if before is not None:
            self.size -= len(before[0]) + len(before[1])


_kept = _Kept()


_HEAD = b"mig code 2\n" + MAGIC_NUMBER
_NO_HASH = bytes(32)


def hashes_at(path: str, code: bytes | None = None) -> tuple[str, str]:
    """Return the hashes of the content and of the text of a version file (`content_hash`), ("", "") if it is broken.

    ``code`` is what `bytecode_at` returned: then the file is taken as it was compiled, and not read again. The hash of
    the content is kept beside the code, from its first use on.
    """
    from hashlib import sha256  # noqa: PLC0415 - heads and history run nothing

    known = _kept.files.get(path)
    if known is None or known[1] is not code:
        data = read_bytes(path)
        code = _known(path, data)
        known = _kept.files.get(path)
    else:
        data = known[0]
    source = source_of(data, path)
    content = known[2] if known is not None and known[0] == data else ""
    if not content:
        content = content_hash(source)
        if content and code is not None:
            _keep_code(path, data, code, content)
    return content, sha256(source.encode(errors="surrogatepass")).hexdigest()


def bytecode_at(path: str) -> bytes:
    """Return the code of the file at ``path`` as `marshal` writes it; raises BrokenScript."""
    if not path.endswith(".py"):
        from .compiled import code_of  # noqa: PLC0415 - hardly any environment has such files

        return marshal.dumps(code_of(path))
    found = _kept.files.get(path)
    if found is not None:
        data = read_bytes(path, len(found[0]))
        if data == found[0]:
            return found[1]
    else:
        data = read_bytes(path)
    return _known(path, data) or _keep(path, data, compiled_source(source_of(data, path), path))


def check_code(path: str) -> None:
    """Raise BrokenScript if the file at ``path`` does not compile; no warnings are shown.

    Code that gives a warning is not kept, so that the warning is shown when the file is run.
    """
    data = read_bytes(path)
    if _known(path, data) is None:
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            code = compiled_source(source_of(data, path), path)
        if not shown:
            _keep(path, data, code)


def _known(path: str, data: bytes) -> bytes | None:
    """Return the code that was kept for a file with these bytes, by this process or an earlier one."""
    code = _kept.find(path, data)
    if code is not None:
        return code
    place = kept_path(path, ".code")
    content = read_kept(place, _HEAD) if place else None
    start = _identity(path, data)
    if content is None or content[: len(start)] != start:
        return None
    rest = content[len(start) :].tobytes()
    digest, code = rest[: len(_NO_HASH)], rest[len(_NO_HASH) :]
    _kept.add(path, data, code, "" if digest == _NO_HASH else digest.hex())
    return code


def _keep(path: str, data: bytes, compiled: CodeType) -> bytes:
    code = marshal.dumps(compiled)
    _keep_code(path, data, code)
    return code


def _keep_code(path: str, data: bytes, code: bytes, content: str = "") -> None:
    _kept.add(path, data, code, content)
    place = kept_path(path, ".code")
    if place:
        write_kept(place, _HEAD, _identity(path, data) + (bytes.fromhex(content) or _NO_HASH) + code, path)


def _identity(path: str, data: bytes) -> bytes:
    """Return a digest of what the code of a file depends on: its bytes, and its path, which tracebacks show."""
    from hashlib import blake2b  # noqa: PLC0415 - heads and history run nothing

    name = path.encode("utf-8", "surrogatepass")
    return blake2b(b"".join((len(name).to_bytes(4, "little"), name, data)), digest_size=32).digest()


def code_at(path: str) -> CodeType:
    """Return the code of the file at ``path``, which is not run; raises BrokenScript."""
    return unpacked(bytecode_at(path))


@lru_cache(maxsize=UNPACKED)
def unpacked(bytecode: bytes) -> CodeType:
    """Return the code object of what `bytecode_at` returned."""
    code: CodeType = marshal.loads(bytecode)  # noqa: S302 - this engine wrote it, in this process or beside Python's byte code
    return code
