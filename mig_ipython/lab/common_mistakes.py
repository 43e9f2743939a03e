"""Mistakes of every exercise: they give the hint where none of an exercise's own fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .lesson import Check, Exercise, Wrong

_OF_FILES = {
    "environment_removed": "The file `migrations/env.py` is gone, so no revision can be read or run. Begin again: "
    "`%mig_lab reset {number}`.",
    "models_broken": "The file `models.py` is gone, or it cannot be run: the error is above. Correct it, or begin "
    "again: `%mig_lab reset {number}`.",
    "broken_script": "A version file cannot be read: `%mig_history` shows which, and why. Correct it, or begin again: "
    "`%mig_lab reset {number}`.",
}
"""What no other check can be about; they come before the mistakes of an exercise."""

_COMMON = {
    "cell_failed": "The cell stopped at the error above, and what follows in it has not run. The last line of the "
    "error says what is wrong. Correct the cell, and run it again.",
    "two_heads": "The history has more than one head now, so the next upgrade has no one target. Join them with "
    '`%mig_merge -m "..."`, or begin again: `%mig_lab reset {number}`.',
    "revision_removed": "A version file that was there is gone. Other databases may have run it. Begin again: "
    "`%mig_lab reset {number}`.",
    "edited_applied": "You changed the file of a revision that has run. It will not run again, here or anywhere else. "
    "Begin again, `%mig_lab reset {number}`, and write a new revision.",
    "edited_since": "The file of a revision was edited after it had run: your database has the old version of it, "
    "every other one gets the new one. `%mig_history` shows which. Correct the cell of the exercise, and run that cell "
    "again: it begins before the revision. To keep your work in other cells, go down first: `%mig_downgrade -1`, then "
    "`%mig_upgrade`.",
    "stamped_not_run": "The version table says that the revision has run, and nothing of what it does is in the "
    "database: a stamp runs nothing. Begin again, `%mig_lab reset {number}`, and use `%mig_upgrade`.",
    "upgrade_fails": "A revision is written, and its `upgrade()` ends with an error, tried on a copy: `%mig_rehearse` "
    "shows where. Correct it in the cell of the exercise, and run that cell again.",
    "not_upgraded": "A revision is written, and it has not run: `%mig_upgrade`.",
    "no_revision": "The models have changed, and no revision was written. A class changes no table.",
    "nothing_done": "Nothing has changed yet: neither the database nor the history nor the models.",
}
"""A detector for each hint, the first that fits first."""

_OF_DOWNGRADES = {
    "no_downgrade": "The upgrade is right. The `downgrade()` undoes nothing of it: write the reverse of each step, the "
    "last one first.",
    "downgrade_fails": "The upgrade is right. The `downgrade()` ends with an error, tried on a copy: "
    "`%mig_rehearse` shows it for a revision that has not run, `%mig_downgrade -1 --yes` for one that has.",
    "lossy_downgrade": "The upgrade is right. The `downgrade()` runs, and does not restore what was there, tried on a "
    "copy: compare tables and rows before and after.",
}
"""The same where only checks of the downgrade fail."""


def common_mistakes(exercise: Exercise) -> tuple[Wrong, ...]:
    """Return the mistakes that are tried after those of an exercise, but for those that it has itself."""
    own = {wrong.name for wrong in exercise.wrong}
    return tuple(
        Wrong(name, hint.format(number=exercise.number), when=name)
        for name, hint in {**_OF_FILES, **_COMMON, **_OF_DOWNGRADES}.items()
        if name not in own
    )


def mistakes_for(exercise: Exercise, failed: Sequence[Check]) -> Iterator[Wrong]:
    """Yield the mistakes to be tried, in their order, where these checks fail."""
    common = common_mistakes(exercise)
    yield from (wrong for wrong in common if wrong.name in _OF_FILES)
    yield from exercise.wrong
    is_downgrade = bool(failed) and all("at" in check.spec or check.look == "reversible" for check in failed)
    for wrong in common:
        if is_downgrade or wrong.name not in _OF_DOWNGRADES:
            yield wrong
