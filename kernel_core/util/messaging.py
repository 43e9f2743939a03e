"""What a tool says to a person in a terminal, by the names under which tools round Alembic import it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

from .secrets import mask_url, redact


def msg(msg: str, newline: bool = True, flush: bool = False, quiet: bool = False) -> None:
    """Print a line, without what is secret in it."""
    if not quiet:
        print_replacing(redact(msg), sys.stdout, end="\n" if newline else "")
        if flush:
            sys.stdout.flush()


def print_replacing(text: str, stream: TextIO, end: str = "\n") -> None:
    """Print a text; a character that the stream's encoding lacks becomes a question mark."""
    try:
        print(text, file=stream, end=end)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        print(text.encode(encoding, "replace").decode(encoding), file=stream, end=end)


def err(message: str, quiet: bool = False) -> NoReturn:
    """Print why it failed, and end the program as failed."""
    msg(f"FAILED: {message}", quiet=quiet)
    sys.exit(-1)


def warn(msg: str, stacklevel: int = 2) -> None:
    """Warn of something, at the place of the caller."""
    warnings.warn(redact(msg), UserWarning, stacklevel=stacklevel + 1)


def obfuscate_url_pw(input_url: object) -> str:
    """Return a URL with its secrets masked."""
    return mask_url(str(input_url))


@contextmanager
def status(status_msg: str, newline: bool = False, quiet: bool = False) -> Iterator[None]:
    """Say what is being done, then whether it was."""
    msg(f"  {status_msg} ...", newline=newline, flush=True, quiet=quiet)
    try:
        yield
    except BaseException:
        msg("  FAILED", flush=True, quiet=quiet)
        raise
    msg("  done", flush=True, quiet=quiet)
