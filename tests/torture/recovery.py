"""Completing or abandoning what a run left, as a person does, and comparing the result with that of an undisturbed run."""

from __future__ import annotations

import random
import re

from clean_runs import DOWN, UP, CleanRuns, Verb
from databases import difference
from runs import Ended

UNFINISHED = "mig resume"
"""In the message of a run that finds a half revision in the journal."""

_CANNOT = re.compile(r"this cannot be undone: (.*)\. Nothing was changed\.", re.DOTALL)
_STAYS = re.compile(r"^stays: (.*)$", re.MULTILINE)
_CHANGES_ROWS = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b")


def violation(clean: CleanRuns, verb: Verb, *, may_resume: bool, kill_resume: random.Random | None = None) -> str:
    """Complete a run that was stopped; return what is wrong then, "" if nothing is.

    With ``may_resume`` a half revision that the journal names is completed first. With ``kill_resume`` the process that
    does so is killed as well, before a random one of its driver calls.
    """
    ended = clean.start(*verb).wait()
    said = []
    if ended.status and may_resume and UNFINISHED in ended.printed:
        if kill_resume:
            clean.start("resume", at=kill_resume.randint(1, 40)).wait()
        for command in (("resume",), verb):
            ended = clean.start(*command).wait()
            said.append(ended.printed)
    wrong = difference(clean.database.fingerprint(), clean.after[verb])
    if ended.status or wrong:
        return "\n".join([*said, ended.printed, *wrong])
    return ""


def not_abandoned(clean: CleanRuns, verb: Verb, *, kill_abandon: random.Random | None = None) -> str | None:
    """Abandon what a run left; return what is wrong then, "" if nothing is, and None if there was nothing to abandon.

    A refusal must change nothing. Then the rest is undone with ``--force``. Unless it says that a change of the catalog
    stays, the catalog must be the one before the revision. With ``kill_abandon`` the process that abandons is killed as
    well, before a random one of its driver calls, and the next one goes on.
    """
    before = clean.database.fingerprint()
    if kill_abandon and not clean.start("abandon", at=kill_abandon.randint(1, 40)).wait().was_killed:
        return None
    ended = clean.start("abandon").wait()
    if refused := _CANNOT.search(ended.printed):
        if changed := difference(clean.database.fingerprint(), before):
            return "\n".join([ended.printed, "a refusal changed something:", *changed])
        ended = clean.start("abandon", "--force").wait()
    elif "No revision is unfinished" in ended.printed and not kill_abandon:
        return None
    return _wrong_after_abandon(clean, verb, ended, refused[1] if refused else "")


def _wrong_after_abandon(clean: CleanRuns, verb: Verb, ended: Ended, refused: str) -> str:
    if ended.status:
        return ended.printed
    stays = _STAYS.findall(ended.printed)
    parts = [part for text in stays for part in text.split("; ")]
    if refused and not stays:
        return f"{refused} could not be undone, and is not said to stay: {ended.printed}"
    if not all(map(_CHANGES_ROWS.match, parts)):
        return ""
    at = "".join(clean.database.heads()) or "base"
    wrong = difference(clean.database.catalog(), clean.catalogs[verb][at])
    again = clean.start(*verb).wait()
    if again.status:
        wrong.append(again.printed)
    elif later := difference(clean.database.catalog(), clean.catalogs[verb][verb[1]]):
        wrong += ["after the next run:", *later]
    return "\n".join([f"at {at}: {ended.printed}", *wrong]) if wrong else ""


def disturb(clean: CleanRuns, moments: random.Random) -> None:
    """Upgrade and downgrade; one of both is killed before a call of the driver, and then completed or abandoned."""
    for verb in (UP, DOWN):
        clean.start(*verb, at=moments.randint(1, len(clean.calls[verb]))).wait()
        ended = clean.start(*verb).wait()
        if UNFINISHED in ended.printed:
            if moments.random() < 0.5 or clean.start("abandon").wait().status:  # it refuses what cannot be undone
                clean.succeed("resume")
            clean.succeed(*verb)
