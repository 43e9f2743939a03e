"""Output of a terminal program; tools for Alembic import it from ``alembic.util.messaging``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

from .secrets import mask_url, redact


def msg(msg: str, newline: bool = True, flush: bool = False, quiet: bool = False) -> None:
    """Print a line, with secrets masked."""
    if not quiet:
        print_replacing(redact(msg), sys.stdout, end="\n" if newline else "")
        if flush:
            sys.stdout.flush()


def print_replacing(text: str, stream: TextIO, end: str = "\n") -> None:
    """Print a text; characters that the encoding of the stream does not have are question marks."""
    try:
        print(text, file=stream, end=end)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        print(text.encode(encoding, "replace").decode(encoding), file=stream, end=end)


def err(message: str, quiet: bool = False) -> NoReturn:
    """Print an error and exit with a failure."""
    msg(f"FAILED: {message}", quiet=quiet)
    sys.exit(-1)


def warn(msg: str, stacklevel: int = 2) -> None:
    """Issue a warning with the location of the caller."""
    warnings.warn(redact(msg), UserWarning, stacklevel=stacklevel + 1)


def obfuscate_url_pw(input_url: object) -> str:
    """Return a URL with its secrets masked."""
    return mask_url(str(input_url))


@contextmanager
def status(status_msg: str, newline: bool = False, quiet: bool = False) -> Iterator[None]:
    """Print what is being done, and at the end of the block whether it succeeded."""
    msg(f"  {status_msg} ...", newline=newline, flush=True, quiet=quiet)
    try:
        yield
    except BaseException:
        msg("  FAILED", flush=True, quiet=quiet)
        raise
    msg("  done", flush=True, quiet=quiet)
