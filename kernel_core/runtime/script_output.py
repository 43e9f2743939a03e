"""Where an offline script is written, in the encoding that ``output_encoding`` names."""

from __future__ import annotations

import codecs
import io
import sys
from typing import Any, TextIO, cast

from ..util.exc import CommandError


def script_output(buffer: Any, encoding: str | None) -> TextIO:
    """Return the stream for the SQL: ``buffer`` (stdout for None) as it is, or one that keeps to ``encoding``.

    A binary buffer gets encoded bytes; a text buffer gets the text, once it is sure that it can be encoded. Raises
    CommandError where the encoding is not known.
    """
    if buffer is None:
        buffer = sys.stdout
    if encoding is None and (
        isinstance(buffer, io.TextIOBase) or not isinstance(buffer, (io.RawIOBase, io.BufferedIOBase))
    ):
        return cast("TextIO", buffer)
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError:
        raise CommandError(f"output_encoding is {encoding!r}, which Python does not know. Try utf-8.") from None
    return cast("TextIO", _Encoded(buffer, encoding or "utf-8"))


class _Encoded:
    """A stream that refuses what its encoding cannot say; closing it is the owner's business."""

    def __init__(self, buffer: Any, encoding: str) -> None:
        self._buffer, self.encoding = buffer, encoding
        self._binary = isinstance(buffer, (io.RawIOBase, io.BufferedIOBase))

    def write(self, text: str) -> int:
        """Write a text; raises CommandError where a character is not in the encoding."""
        try:
            encoded = text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise CommandError(
                f"{text[error.start : error.end]!r} cannot be written in {self.encoding}. "
                "Choose another output_encoding, such as utf-8."
            ) from None
        self._buffer.write(encoded if self._binary else text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        self._buffer.flush()
