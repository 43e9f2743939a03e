"""Where an offline script is written, in the encoding that ``output_encoding`` names."""

from __future__ import annotations

import codecs
import io
import sys
from typing import BinaryIO, TextIO, cast

from ..util.exc import CommandError


def script_output(buffer: TextIO | BinaryIO | None, encoding: str | None) -> TextIO:
    """Return the stream for the SQL: ``buffer`` (stdout for None) as it is, or one that keeps to ``encoding``.

    A binary buffer gets encoded bytes; a text buffer gets the text, after a check that it can be encoded. Raises
    CommandError if the encoding is not known.
    """
    if buffer is None:
        buffer = sys.stdout
    is_binary = isinstance(buffer, (io.RawIOBase, io.BufferedIOBase))
    if encoding is None and not is_binary:
        return cast("TextIO", buffer)
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError:
        raise CommandError(f"output_encoding is {encoding!r}, which Python does not know. Try utf-8.") from None
    return cast("TextIO", _Encoded(buffer, encoding or "utf-8", is_binary=is_binary))


class _Encoded:
    """A stream that refuses characters which its encoding lacks; its owner closes it."""

    def __init__(self, buffer: TextIO | BinaryIO, encoding: str, *, is_binary: bool) -> None:
        self._buffer, self.encoding, self._is_binary = buffer, encoding, is_binary

    def write(self, text: str) -> int:
        """Write a text; raises CommandError where a character is not in the encoding."""
        try:
            encoded = text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise CommandError(
                f"{text[error.start : error.end]!r} cannot be written in {self.encoding}. "
                "Choose another output_encoding, such as utf-8."
            ) from None
        if self._is_binary:
            cast("BinaryIO", self._buffer).write(encoded)
        else:
            cast("TextIO", self._buffer).write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream below."""
        self._buffer.flush()
