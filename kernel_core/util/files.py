"""Write files so that a reader sees the old one or the whole new one, and never outside their folder."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from pathlib import Path

from .exc import CommandError


def write_new(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` (UTF-8) to a file that must not exist yet; all of it appears at once.

    Raises CommandError where the file is already there.
    """
    temporary = _temporary_beside(path, text)
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise CommandError(f"{os.fspath(path)} already exists; it was left as it is. Choose another name.") from None
    finally:
        os.unlink(temporary)


def replace(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` (UTF-8) to a file in place of what it held; all of it appears at once."""
    os.replace(_temporary_beside(path, text), path)


def inside(folder: str | os.PathLike[str], name: str) -> str:
    """Return the path of ``name`` in ``folder``.

    Raises CommandError where the path would leave the folder (``../``, an absolute path, a link to elsewhere).
    """
    root = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(root, name))
    if os.path.commonpath((root, path)) != root or path == root:
        raise CommandError(
            f"{name!r} would be written outside {os.fspath(folder)}; nothing was written. Choose a plain name."
        )
    return path


def slug(message: str, length: int = 40) -> str:
    """Return ``message`` as the tail of a file name: lower-case words joined by ``_``, cut at a word.

    >>> slug("Add e-mail & é to ../users")
    'add_e_mail_e_to_users'
    """
    plain = unicodedata.normalize("NFKD", message.lower())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    words = re.findall(r"\w+", plain)
    text = "_".join(words)
    if len(text) <= length:
        return text
    cut = text[: length + 1].rpartition("_")[0]
    return cut or text[:length]


def _temporary_beside(path: str | os.PathLike[str], text: str) -> str:
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=target.parent)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(temporary, 0o666 & ~umask)
    return temporary
