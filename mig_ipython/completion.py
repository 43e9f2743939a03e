"""Complete what is typed after a command: verbs, options, revisions, connections, models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from IPython.core.completer import SimpleCompletion

SYMBOLS = ("head", "heads", "base", "current")
NOTHING: dict[str, Any] = {"completions": []}


def complete(context: Any, commands: Mapping[str, Any], session: Callable[[], Any]) -> dict[str, Any]:
    """Return IPython's completions for the cursor's place in a line that begins with one of our magics.

    ``commands`` are the commands by verb; ``session`` returns the session and is called only where names are asked
    for. A session that cannot answer completes nothing: Tab is no place for errors.
    """
    line = context.line_with_cursor[: context.cursor_position]
    found = re.match(r".*?(%{1,2})(mig(?:_(\w+))?|migration)(\s+)(.*)$", line, re.DOTALL)
    if found is None:
        return NOTHING
    verb, rest = found[3], found[5]
    if found[2] == "mig":
        verb, blank, rest = rest.partition(" ")
        if not blank:
            return _matching((name for name, one in commands.items() if not one.is_cell), context.token)
    command = commands.get("migration" if found[2] == "migration" else verb)
    if command is None:
        return NOTHING
    if context.token.startswith("-"):
        return _matching(command.options(), context.token)
    return _matching(_values(command, rest, session), context.token)


def _values(command: Any, rest: str, session: Callable[[], Any]) -> Iterable[str]:
    """Return what may stand here, by the kind that the command's usage names."""
    kind = command.kind_at(rest)
    try:
        if kind in ("REV", "A:B", "H"):
            return _revisions(session())
        if kind == "NAME":
            return list(session().connections)
        if kind == "TARGET":
            return [models.name for models in session().all_models()]
    except Exception:  # noqa: BLE001 - a broken environment must not break typing
        return ()
    return ()


def _revisions(session: Any) -> list[str]:
    scripts = session.scripts()
    labels = sorted({label for script in scripts.walk_revisions() for label in script.branch_labels})
    return [*SYMBOLS, *labels, *(script.revision for script in scripts.walk_revisions())]


def _matching(names: Iterable[str], token: str) -> dict[str, Any]:
    completions = [SimpleCompletion(text=name, type="mig") for name in names if name.startswith(token)]
    return {"completions": completions, "suppress": bool(completions), "ordered": True, "matched_fragment": token}
