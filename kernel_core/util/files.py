"""Write files atomically, and never outside their folder."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from .exc import CommandError


def write_new(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` (UTF-8) to a new file, atomically.

    Raises CommandError if the file exists.
    """
    temporary = _temporary_beside(path, text)
    try:
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except (OSError, AttributeError):  # a file system without links: some disks, the browser's
            _write(path, text)
    except FileExistsError:
        raise CommandError(f"{os.fspath(path)} already exists; it was left as it is. Choose another name.") from None
    finally:
        os.unlink(temporary)


def replace(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` (UTF-8) to a file, replacing its content atomically."""
    os.replace(_temporary_beside(path, text), path)


def replace_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file, replacing its content atomically; its permissions stay, and so does a link to it."""
    target = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(target), f".{os.urandom(8).hex()}.tmp")
    try:
        _write(temporary, data)
        os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def alembic_table(document: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return ``[tool.alembic]`` of a toml file, empty if there is none; raises CommandError if it is not a table."""
    tool = document.get("tool", {})
    for name, value in (("tool", tool), ("tool.alembic", tool.get("alembic", {}) if isinstance(tool, dict) else {})):
        if not isinstance(value, dict):
            raise CommandError(f"{name} in {path} is {value!r}; it must be a table, such as [tool.alembic].")
    return dict(tool.get("alembic", {}))


def inside(folder: str | os.PathLike[str], name: str) -> str:
    """Return the path of ``name`` in ``folder``.

    Raises CommandError if the path is outside the folder (``../``, an absolute path, a link).
    """
    root = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(root, name))
    if os.path.commonpath((root, path)) != root or path == root:
        raise CommandError(
            f"{name!r} would be written outside {os.fspath(folder)}; nothing was written. Choose a plain name."
        )
    return path


def slug(message: str, length: int = 40) -> str:
    """Return ``message`` as the end of a file name: lower-case words joined by ``_``, shortened at a word.

    >>> slug("Add e-mail & é to ../users")
    'add_e_mail_é_to_users'
    """
    words = re.findall(r"\w+", unicodedata.normalize("NFC", message.lower()))
    text = "_".join(words)
    if len(text) <= length:
        return text
    cut = text[: length + 1].rpartition("_")[0]
    return cut or text[:length]


def _temporary_beside(path: str | os.PathLike[str], text: str) -> str:
    folder = os.path.dirname(os.fspath(path)) or os.curdir
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f".{os.urandom(8).hex()}.tmp")
    try:
        _write(temporary, text)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return temporary


def _write(path: str | os.PathLike[str], text: str | bytes) -> None:
    """Write a new file and flush it to the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text if isinstance(text, bytes) else text.encode())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        error.filename = error.filename or os.fspath(path)
        raise
