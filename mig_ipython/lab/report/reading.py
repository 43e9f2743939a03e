"""Read what students handed in. Nothing of it is run or displayed; every size is limited, links are not followed."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kernel_core.util.collector import without_collector

from ..progress import Entry
from ..views.outcome import RECORD_TYPE

LARGEST_FILE = 8_000_000
"""The bytes of the largest file that is read."""
LARGEST_SUBMISSION = 48_000_000
"""The bytes that are read of one student."""
MOST_FILES = 200
"""The files of one student that are read."""
MOST_ENTRIES = 5_000
"""The names in the folders of one student that are considered."""
DEEPEST = 8
_LONGEST_NAME = 80
_MOST_PROBLEMS = 20
_EXERCISE = re.compile(r"\d{1,3}\.\d{1,3}")
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(slots=True)
class Submission:
    """What one student handed in: the records of exercises, and sentences about files that were not read."""

    student: str
    records: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    files: int = 0
    size: int = 0
    names: int = 0
    has_progress: bool = False

    def problem(self, path: str, what: str) -> None:
        """Note a file that was not read."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(f"{shown(os.path.basename(path))}: {what}")


def read_submissions(folder: str) -> Iterator[Submission]:
    """Yield what is in a folder, sorted by student: a folder for each, or a file named after each.

    Read are files ``progress.json`` in any folder and JSON files directly in ``folder``; where a student has none with
    results, the outputs of notebooks. One student at a time is in memory. Raises OSError where ``folder`` itself cannot
    be read.
    """
    places: dict[str, list[tuple[str, bool]]] = {}
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        is_folder = entry.is_dir(follow_symlinks=False)
        if not entry.name.startswith(".") and (is_folder or entry.name.endswith((".ipynb", ".json"))):
            name = shown(entry.name if is_folder else os.path.splitext(entry.name)[0])
            places.setdefault(name, []).append((entry.path, is_folder))
    for name in sorted(places, key=str.casefold):
        submission = Submission(name)
        paths = [path for place, is_dir in places[name] for path in (_files(place, submission) if is_dir else [place])]
        for path in sorted(paths, key=_is_notebook):
            if not (_is_notebook(path) and submission.has_progress):
                _read_file(path, submission)
        yield submission


def shown(name: str) -> str:
    """Return a name that can be displayed: without control characters and marks that turn text round, not too long.

    >>> shown("ada" + chr(7))
    'ada�'
    """
    plain = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name)
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[: _LONGEST_NAME - 1]}…"


def _files(folder: str, submission: Submission, depth: int = 1) -> Iterator[str]:
    """Yield the files of a student that may hold results; links are noted and not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda each: each.name)
    except OSError as error:
        submission.problem(folder, f"the folder cannot be read ({error.strerror}).")
        return
    for entry in entries:
        submission.names += 1
        if submission.names > MOST_ENTRIES:
            submission.problem(folder, f"more than {MOST_ENTRIES} files; the rest was not read.")
            return
        if entry.is_symlink():
            submission.problem(entry.path, "a link, which is not followed.")
        elif entry.is_dir(follow_symlinks=False):
            if entry.name.startswith((".", "__pycache__")):
                continue
            if depth >= DEEPEST:
                submission.problem(entry.path, "a folder too deep; it was not read.")
                continue
            yield from _files(entry.path, submission, depth + 1)
        elif entry.name == "progress.json" or entry.name.endswith(".ipynb"):
            yield entry.path


def _read_file(path: str, submission: Submission) -> None:
    submission.files += 1
    if submission.files > MOST_FILES:
        if submission.files == MOST_FILES + 1:
            submission.problem(path, f"more than {MOST_FILES} files; the rest was not read.")
        return
    try:
        document = _document(path, submission)
        records = list(_records(document))
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        submission.problem(path, _reason(error))
        return
    submission.records += records
    if not _is_notebook(path):
        submission.has_progress = submission.has_progress or bool(records)
        if not records:
            submission.problem(path, "no results of exercises are in it.")


def _is_notebook(path: str) -> bool:
    return path.endswith(".ipynb")


def _document(path: str, submission: Submission) -> object:
    """Return the JSON of a file; raises ValueError for one that is too large or no plain file."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if os.path.islink(path):
            raise ValueError("a link, which is not followed.") from error
        raise
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a plain file.")
        if status.st_size > LARGEST_FILE:
            raise ValueError(f"{status.st_size // 1_000_000} MB, which is too large; it was not read.")
        content = stream.read(LARGEST_FILE + 1)
    submission.size += len(content)
    if submission.size > LARGEST_SUBMISSION:
        raise ValueError(f"more than {LARGEST_SUBMISSION // 1_000_000} MB in all; it was not read.")
    with without_collector():  # a document of a million values has no cycles, and it would visit each again
        return json.loads(content)


def _records(document: object) -> Iterator[Entry]:
    """Yield the records of a progress file, or of the outputs of a notebook."""
    if not isinstance(document, Mapping):
        return
    exercises = document.get("exercises")
    for number, found in exercises.items() if isinstance(exercises, Mapping) else ():
        yield from _entry(number, found)
    cells = document.get("cells")
    for cell in cells if isinstance(cells, list) else ():
        outputs = cell.get("outputs") if isinstance(cell, Mapping) else None
        for output in outputs if isinstance(outputs, list) else ():
            data = output.get("data") if isinstance(output, Mapping) else None
            found = data.get(RECORD_TYPE) if isinstance(data, Mapping) else None
            if isinstance(found, Mapping):
                yield from _entry(found.get("exercise"), found)


def _entry(number: object, found: object) -> Iterator[Entry]:
    """Yield the entry, unless its fields have other types than they must."""
    if not isinstance(number, str) or not _EXERCISE.fullmatch(number) or not isinstance(found, Mapping):
        return
    try:
        entry = Entry.of(number, found)
    except (TypeError, ValueError):
        return
    texts = (entry.when, entry.first, entry.hint_given)
    if all(isinstance(each, str) for each in texts) and isinstance(entry.mistakes, Mapping):
        yield entry


def _reason(error: BaseException) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not in UTF-8; it was not read."
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON (line {error.lineno}); it was not read."
    if isinstance(error, OSError):
        return f"it cannot be read ({error.strerror})."
    if isinstance(error, RecursionError | MemoryError):
        return "too deeply nested; it was not read."
    return shown(str(error))
