"""What the panel needs of a proposal, and of the file that its review becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from kernel_core.runtime.report import RunEvent

from ...review import Review
from ...views.rehearsal import RehearsalReport
from .place import Placed
from .script import Written


class Draft(Placed, Written, Protocol):
    """The file that the review becomes."""

    message: str | None

    @property
    def path(self) -> Any:
        """The version file; None before it is written."""

    @property
    def suggested_message(self) -> str:
        """The message that the accepted operations suggest."""

    def is_applied(self) -> bool:
        """Return whether the revision is applied."""

    def has_moved(self) -> bool:
        """Return whether the current revision has changed since the review was made."""

    def left(self) -> str:
        """Return the sentence that the notebook now uses another database or environment; "" where it does not."""

    def refuse_elsewhere(self) -> None:
        """Raise Stale where `left` returns a sentence."""

    def edited(self) -> str:
        """Return the sentence that the file was edited since it was written here; "" where it was not."""

    def delete(self) -> Any:
        """Delete the file that was written and return its path. Raises CommandError if it must be kept."""


class Reviewable(Protocol):
    """What the panel needs of a proposal."""

    review: Review

    @property
    def draft(self) -> Draft:
        """The file that the review becomes."""

    @property
    def describe_source(self) -> str:
        """Description of the models; code is between backticks."""

    @property
    def revisions(self) -> str:
        """The current and the new revision, as text."""

    @property
    def needs_environment(self) -> bool:
        """Whether there is no environment to write into yet."""

    @property
    def marks(self) -> bool:
        """Whether writing marks the database as being at the revision, as for a baseline."""

    def make_environment(self) -> object:
        """Create the environment."""

    def again(self) -> object:
        """Compare again and start a new review."""

    def write(self, message: str | None = None) -> Any:
        """Write the version file and return its path."""

    def rehearse(self) -> RehearsalReport:
        """Upgrade a clone of the database by the accepted operations, and return what that did."""

    def rehearse_rewrite(self, which: int | str, name: str, sql: str = "") -> RehearsalReport:
        """Upgrade a clone with a rewrite of one row, and return what that did, with the verdict about the rewrite."""

    def upgrade(self, on_step: Callable[[RunEvent], object] | None = None, *, yes: bool = False) -> object:
        """Upgrade the database to the written revision and return a report; ``yes`` confirms data loss."""
