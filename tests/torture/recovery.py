"""Completing what a run left, as a person does, and comparing the result with that of an undisturbed run."""

from __future__ import annotations

from clean_runs import CleanRuns, Verb
from databases import difference

UNFINISHED = "mig resume"
"""In the message of a run that finds a half revision in the journal."""


def violation(clean: CleanRuns, verb: Verb, *, may_resume: bool) -> str:
    """Complete a run that was stopped; return what is wrong then, "" if nothing is.

    With ``may_resume`` a half revision that the journal names is completed first.
    """
    ended = clean.start(*verb).wait()
    said = []
    if ended.status and may_resume and UNFINISHED in ended.printed:
        for command in (("resume",), verb):
            ended = clean.start(*command).wait()
            said.append(ended.printed)
    wrong = difference(clean.database.fingerprint(), clean.after[verb])
    if ended.status or wrong:
        return "\n".join([*said, ended.printed, *wrong])
    return ""
