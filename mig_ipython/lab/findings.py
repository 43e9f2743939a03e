"""The result of the checks of an exercise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: ``sentence`` is what the author says of it, or what is there instead.

    ``tried`` is False where it holds only because no revision has run whose downgrade or result it is about.
    """

    passed: bool
    sentence: str
    fingerprint: str
    tried: bool = True

    @property
    def kind(self) -> str:
        """``yes`` where it passed, ``no`` where it failed, "" where it was not tried."""
        return ("yes" if self.passed else "no") if self.tried else ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of all checks of an exercise; ``mistake`` and ``hint`` where one of the named mistakes fits."""

    findings: tuple[Finding, ...]
    mistake: str = ""
    hint: str = ""

    @property
    def passed(self) -> bool:
        """Whether every check passed; an exercise without checks never does."""
        return bool(self.findings) and all(one.passed for one in self.findings)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The fingerprints of the values that were found."""
        return tuple(one.fingerprint for one in self.findings)
