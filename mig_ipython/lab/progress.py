"""The results of a student, in ``workshop/progress.json``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import cast

from kernel_core.util.files import replace as write_file

from .sealed import Json

FILE = "progress.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one exercise: ``when`` it was last checked (ISO 8601, UTC), and the state at that time."""

    exercise: str
    passed: bool = False
    tries: int = 0
    hints: int = 0
    solution_shown: bool = False
    when: str = ""
    hint_given: str = ""
    fingerprints: tuple[str, ...] = ()
    snapshot: Mapping[str, Json] = field(default_factory=dict)


class Progress:
    """The entries by exercise, and where each lesson's folder is: ``positions`` are kept for the student's next run."""

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, FILE)
        self.entries: dict[str, Entry] = {}
        self.positions: dict[str, dict[str, Json]] = {}
        self.notice = ""
        self._read()

    def entry(self, exercise: str) -> Entry:
        """Return the entry of an exercise, an empty one where it was never tried."""
        return self.entries.get(exercise) or Entry(exercise)

    def put(self, entry: Entry) -> None:
        """Keep an entry, and write the file."""
        self.entries[entry.exercise] = entry
        self.write()

    def change(self, exercise: str, **values: object) -> Entry:
        """Change fields of an entry, and write the file; return the entry."""
        entry = replace(self.entry(exercise), **values)  # type: ignore[arg-type]
        self.put(entry)
        return entry

    def write(self) -> None:
        """Write the file; another program that reads it sees the old contents or the new ones."""
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        found = {
            "format": 1,
            "exercises": {key: asdict(self.entries[key]) for key in sorted(self.entries, key=_order)},
            "positions": self.positions,
        }
        write_file(self.path, json.dumps(found, indent=1, ensure_ascii=False) + "\n")

    def _read(self) -> None:
        try:
            with open(self.path, encoding="utf-8") as stream:
                found = json.load(stream)
            self.entries = {key: _entry(key, one) for key, one in found["exercises"].items()}
            self.positions = {str(key): dict(one) for key, one in found.get("positions", {}).items()}
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, AttributeError, OSError):
            self.entries, self.positions = {}, {}
            self._keep_damaged()

    def _keep_damaged(self) -> None:
        """Rename the file that cannot be read, and say so."""
        kept = f"{self.path}.damaged"
        number = 1
        while os.path.exists(kept):
            number += 1
            kept = f"{self.path}.damaged{number}"
        os.replace(self.path, kept)
        self.notice = f"{FILE} could not be read. It was kept as {os.path.basename(kept)}, and a new one was begun."


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _entry(key: str, found: Mapping[str, object]) -> Entry:
    known = {one.name for one in fields(Entry)}
    values = {name: value for name, value in found.items() if name in known}
    entry = Entry(**{**values, "exercise": key})  # type: ignore[arg-type]
    return replace(entry, fingerprints=tuple(cast("list[str]", entry.fingerprints)), snapshot=dict(entry.snapshot))


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in number.split("."))
