"""The faults of ``%mig_lab fault NAME``: each does something to the folder of the lesson, and says what."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kernel_core.util.exc import CommandError

from ..state import DATABASE
from ..views.faults import NAMES
from ..views.sentences import Sentences
from .crash import Armed, Crash, crashing
from .lock import HAS_THREADS, Holder
from .people import alter_by_hand, push_revision

SECONDS = 10.0
"""How long the lock is held where it ends by itself."""


@dataclass(frozen=True, slots=True)
class Request:
    """Where a fault happens and how: ``upgrade`` runs an upgrade now, for a crash that happens at once."""

    folder: str
    on: str = ""
    database: str = ""
    upgrade: Callable[[], object] | None = None

    def path(self) -> str:
        """Return the path of the database; raises CommandError where there is none, or it is outside of the folder."""
        name = self.database or DATABASE
        path = os.path.realpath(os.path.join(self.folder, name))
        if not path.startswith(os.path.realpath(self.folder) + os.sep):
            raise CommandError(f"{name} is not in the folder of the lesson.")
        if not os.path.isfile(path):
            raise CommandError(f"There is no {name} in this folder. Start a lesson first, such as %mig_lab start 7.")
        return path


@dataclass
class Faults:
    """The faults that are under way in one notebook: a crash that waits, a lock that is held."""

    armed: Armed | None = None
    holder: Holder | None = None
    names: Mapping[str, str] = field(default_factory=lambda: NAMES)

    def cause(self, name: str, request: Request) -> Sentences:
        """Cause a fault; ``off`` ends those that are under way. Raises CommandError for an unknown name."""
        causes = {
            "crash": self._crash,
            "teammate": self._teammate,
            "production": self._production,
            "lock": self._lock,
            "off": self._off,
        }
        if name not in causes:
            raise CommandError(f"%mig_lab has no fault {name!r}. Faults: {', '.join(causes)}.")
        return causes[name](request)

    def _crash(self, request: Request) -> Sentences:
        path = request.path()
        if request.upgrade is not None:
            crashed = crashing(path, request.upgrade)
            done = "It was stopped in the middle, as by a power failure." if crashed else "No revision was pending."
            return Sentences(
                (f"An upgrade of {os.path.basename(path)} ran. {done}", "What is there now: `%mig_status`")
            )
        if self.armed is not None:
            self.armed.disarm()
        self.armed = Armed(path)
        self.armed.arm()
        return Sentences(
            (
                f"The next upgrade or downgrade of {os.path.basename(path)} crashes in the middle.",
                "Nothing tidies up after it: the file is left as a power failure would leave it.",
                "Cancel it: `%mig_lab fault off`",
            )
        )

    def _teammate(self, request: Request) -> Sentences:
        name, what = push_revision(request.folder, request.on)
        return Sentences(
            (f"A teammate has pushed revision `{name}`: it {what}.", "You have pulled it. The history: `%mig_history`")
        )

    def _production(self, request: Request) -> Sentences:
        usual = "production.db" if os.path.isfile(os.path.join(request.folder, "production.db")) else DATABASE
        path = Request(request.folder, database=request.database or usual).path()
        changed = alter_by_hand(path)
        return Sentences(
            (f"Somebody has altered {os.path.basename(path)} by hand, in {len(changed)} statements, and told nobody.",)
        )

    def _lock(self, request: Request) -> Sentences:
        path = request.path()
        self._release()
        self.holder = Holder(path)
        self.holder.hold(SECONDS)
        end = (
            f"It ends by itself after {SECONDS:.0f} seconds; run your command meanwhile."
            if HAS_THREADS
            else "A browser has no second thread: the lock stays until you release it by `%mig_lab fault off`."
        )
        return Sentences((f"Another connection is writing to {os.path.basename(path)} and holds its lock.", end))

    def _off(self, request: Request) -> Sentences:
        ended = []
        if self.armed is not None and self.armed.is_armed:
            ended.append("The next upgrade does not crash.")
        if self.holder is not None and self.holder.is_holding:
            ended.append("The lock is released.")
        self.end()
        return Sentences((" ".join(ended) or "No fault is under way.",))

    def end(self) -> None:
        """End the faults that are under way."""
        if self.armed is not None:
            self.armed.disarm()
        self._release()

    def _release(self) -> None:
        if self.holder is not None:
            self.holder.release()
            self.holder = None


__all__ = ["NAMES", "Crash", "Faults", "Request"]
