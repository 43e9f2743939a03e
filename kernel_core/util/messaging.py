"""Output of a terminal program; tools for Alembic import it from ``alembic.util.messaging``."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

from .secrets import mask_url, redact

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
"""Control characters other than line breaks and tabs, and marks that change the direction of text."""


def printable(text: str) -> str:
    r"""Return a text for output: without secrets, and with its control characters as in a string literal.

    A name in a database can hold a terminal's escape sequences, or marks that show text in another order.

    >>> print(printable("a\x1b[31mb"))
    a\x1b[31mb
    """
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], redact(text))


def msg(msg: str, newline: bool = True, flush: bool = False, quiet: bool = False) -> None:
    """Print a line, with secrets masked."""
    if not quiet:
        print_replacing(printable(msg), sys.stdout, end="\n" if newline else "")
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
