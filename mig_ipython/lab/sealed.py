"""Text that is not readable by eye, and fingerprints of values.

A sealed text keeps solutions and hints out of sight in an editor, a diff or a search; it is not encrypted. A
fingerprint is a salted SHA-256 of a value's JSON: the value that a check expects is not in the student's files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from typing import TypeAlias

from kernel_core.util.exc import CommandError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def seal(value: Json) -> list[str]:
    """Return a JSON value as lines of text.

    >>> unseal(seal({"hint": "Rename it."}))
    {'hint': 'Rename it.'}
    """
    packed = zlib.compress(canonical(value).encode(), 9)
    text = base64.b64encode(packed).decode("ascii")
    return [text[place : place + 120] for place in range(0, len(text), 120)]


def unseal(lines: Sequence[str]) -> Json:
    """Return what `seal` has written; raises CommandError where the text is damaged."""
    try:
        value: Json = json.loads(zlib.decompress(base64.b64decode("".join(lines), validate=True)))
    except (ValueError, zlib.error) as error:
        raise CommandError(
            "The file of the lesson is damaged. Install mig_ipython again, or build the lesson."
        ) from error
    return value


def canonical(value: Json) -> str:
    """Return the one JSON text of a value: sorted keys, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def fingerprint(value: Json, salt: str) -> str:
    """Return the salted SHA-256 of a value, 32 hexadecimal digits."""
    return hashlib.sha256(f"{salt}\n{canonical(value)}".encode()).hexdigest()[:32]
