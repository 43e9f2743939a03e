"""The results of a student, in ``workshop/progress.json``, and in which exercise each lesson's folder is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TypeAlias, cast

from kernel_core.util.files import replace as write_file

from .sealed import Json
from .writing import writing

FILE = "progress.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one exercise, and the state when it was last checked; times are ISO 8601, UTC.

    ``when`` is the last check, ``first`` the first one. ``hint_given`` is the name of the mistake that fitted, and
    ``mistakes`` how often each one did; ``fingerprints`` are those of the values that the checks found; ``snapshot`` is
    the JSON of the state.
    """

    exercise: str
    passed: bool = False
    tries: int = 0
    hints: int = 0
    solution_shown: bool = False
    when: str = ""
    first: str = ""
    hint_given: str = ""
    mistakes: Mapping[str, int] = field(default_factory=dict)
    fingerprints: tuple[str, ...] = ()
    snapshot: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def of(cls, exercise: str, found: Mapping[str, object]) -> Entry:
        """Return the entry of JSON; fields of a later version are left out. Raises TypeError for other values."""
        known = {one.name: one for one in fields(cls)}
        values = {name: value for name, value in found.items() if name in known}
        entry = cls(**{**values, "exercise": exercise})  # type: ignore[arg-type]
        counts, marks = (entry.tries, entry.hints), (entry.passed, entry.solution_shown)
        if not all(isinstance(one, int) for one in counts) or not all(isinstance(one, bool) for one in marks):
            raise TypeError(f"exercise {exercise} has fields of other types")
        return replace(entry, fingerprints=tuple(map(str, entry.fingerprints)), snapshot=dict(entry.snapshot))

    def to_json(self) -> dict[str, Json]:
        """Return the entry as JSON."""
        found = asdict(self)
        found["fingerprints"] = list(self.fingerprints)
        return found

    def changed(self, **values: object) -> Entry:
        """Return the entry with other values of some fields."""
        return replace(self, **values)  # type: ignore[arg-type]


Found: TypeAlias = "tuple[dict[str, Entry], dict[str, dict[str, Json]]]"
"""The entries by exercise, and the position of each lesson's folder."""


class Progress:
    """The file in a folder; it is read before each change where another notebook has written it.

    ``notice`` says that a damaged file was found, and how it was kept.
    """

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, FILE)
        self.notice = ""
        self._known: tuple[tuple[int, int, int], Found] | None = None

    def entries(self) -> dict[str, Entry]:
        """Return the entries by exercise."""
        return self._read()[0]

    def entry(self, exercise: str) -> Entry:
        """Return the entry of an exercise, an empty one where it was never tried."""
        return self.entries().get(exercise) or Entry(exercise)

    def change(self, exercise: str, position: Mapping[str, Json] | None = None, **values: object) -> Entry:
        """Change fields of an entry, write the file, and return the entry.

        ``position`` is where the folder of the lesson is from now on; without one it stays.
        """
        entries, positions = self._read()
        entry = entries[exercise] = entries.get(exercise, Entry(exercise)).changed(**values)
        if position is not None:
            positions[exercise.partition(".")[0]] = dict(position)
        self._write(entries, positions)
        return entry

    def position(self, lesson: str) -> Mapping[str, Json]:
        """Return in which exercise the folder of a lesson is; empty where it was not written yet."""
        return self._read()[1].get(lesson, {})

    def set_position(self, lesson: str, position: Mapping[str, Json]) -> None:
        """Write in which exercise the folder of a lesson is."""
        entries, positions = self._read()
        positions[lesson] = dict(position)
        self._write(entries, positions)

    @writing()
    def _write(self, entries: Mapping[str, Entry], positions: Mapping[str, Mapping[str, Json]]) -> None:
        """Write the file; another program that reads it sees the old contents or the new ones."""
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        exercises = {key: entries[key].to_json() for key in sorted(entries, key=_order)}
        found = {"format": FORMAT, "exercises": exercises, "positions": positions}
        write_file(self.path, json.dumps(found, ensure_ascii=False) + "\n")

    def _read(self) -> Found:
        """Return entries and positions; a file that cannot be read is kept beside it, and a new one begun.

        The file is read again where its time, size or number differ from those of the last reading.
        """
        try:
            stat = os.stat(self.path)
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if self._known is None or self._known[0] != stamp:
                self._known = (stamp, self._parse())
        except (FileNotFoundError, NotADirectoryError):
            return {}, {}
        entries, positions = self._known[1]
        return dict(entries), dict(positions)

    def _parse(self) -> Found:
        try:
            with open(self.path, encoding="utf-8") as stream:
                found = json.load(stream)
            entries = {str(key): Entry.of(key, one) for key, one in found["exercises"].items()}
            positions = {str(key): cast("dict[str, Json]", dict(one)) for key, one in found["positions"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, IsADirectoryError):
            self._keep_damaged()
            return {}, {}
        return entries, positions

    def _keep_damaged(self) -> None:
        kept, number = f"{self.path}.damaged", 1
        while os.path.exists(kept):
            number += 1
            kept = f"{self.path}.damaged{number}"
        os.replace(self.path, kept)
        self.notice = f"{FILE} could not be read. It is kept as {os.path.basename(kept)}, and a new one was begun."


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in number.split("."))
