"""The report comes to the same result as the student's notebook: for every answer in the lessons' sources."""

from __future__ import annotations

import json

import pytest
from answers import sources

from mig_ipython.lab.lesson import FOLDER, file_of, read_lesson
from mig_ipython.lab.progress import Entry
from mig_ipython.lab.report import is_verified
from mig_ipython.lab.source.answers import try_answers
from mig_ipython.lab.source.shell import lesson_shell


@pytest.mark.sweep
@pytest.mark.parametrize("source", sources(), ids=lambda source: f"lesson {source.number}")
def test_a_snapshot_is_verified_exactly_where_the_answer_passed(source):
    path = file_of(source.number, FOLDER)
    lesson = read_lesson(path)
    other = []
    with lesson_shell() as shell:
        for answer, result in try_answers(source, path, shell):
            entry = Entry.of(answer.exercise, json.loads(json.dumps(result.record)))
            if is_verified(lesson.exercise(answer.exercise), entry) != result.passed:
                other.append(str(answer))
    assert other == []
