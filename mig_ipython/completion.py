"""Complete what is typed after a command: verbs, options, revisions, connections, models."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from IPython.core.completer import SimpleCompletion

SYMBOLS = ("head", "heads", "base", "current")
RELATIVE = ("-1", "-2", "-3", "+1", "+2", "+3")
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
    kind = command.kind_at(_QUOTED.sub(lambda quoted: quoted[0].replace(" ", "_"), rest))
    options = command.options() if context.token.startswith("-") else ()
    values = _matching([*options, *_values(kind, session)], context.token)
    return values if options else _with_paths(values, kind, _last_word(rest), context.token)


def _values(kind: str, session: Callable[[], Any]) -> Iterable[str]:
    """Return the names that the session has for a kind of argument."""
    ask = _BY_KIND.get(kind)
    try:
        return ask(session()) if ask is not None else ()
    except Exception:  # noqa: BLE001 - a broken environment must not break typing
        return ()


def _revisions(session: Any) -> list[str]:
    scripts = session.scripts()
    return [*SYMBOLS, *RELATIVE, *_labels(session), *(script.revision for script in scripts.walk_revisions())]


def _labels(session: Any) -> list[str]:
    return sorted({label for script in session.scripts().walk_revisions() for label in script.branch_labels})


def _with_paths(found: dict[str, Any], kind: str, word: str, token: str) -> dict[str, Any]:
    """Add the files and folders whose paths begin with ``word``; IPython replaces only ``token``, the end of it."""
    scheme = re.match(r"[\w+]+:/{3}", word) if kind.startswith("URL") else None
    if not word.endswith(token) or (kind not in _PATHS and scheme is None):
        return found
    before = scheme[0] if scheme else ""
    paths = _paths(word.removeprefix(before), only_folders=kind == "DIR")
    texts = [f"{before}{path}"[len(word) - len(token) :] for path in paths]
    known = {one.text for one in found["completions"]}
    added = [SimpleCompletion(text=text, type="path") for text in texts if text.rstrip("/") not in known]
    return {**found, "completions": [*found["completions"], *added], "suppress": bool(known or added)}


def _last_word(rest: str) -> str:
    """Return the word at the end of a line, from after an open quote or the last blank."""
    for quote in "\"'":
        if rest.count(quote) % 2:
            return rest.rpartition(quote)[2]
    return re.split(r"\s", rest)[-1]


def _paths(begin: str, *, only_folders: bool) -> list[str]:
    """Return the paths that begin with a text, as it begins; a folder ends with a slash, a hidden one is left out."""
    folder, part = os.path.split(begin)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    return [
        f"{begin[: len(begin) - len(part)]}{entry.name}{'/' if entry.is_dir() else ''}"
        for entry in entries
        if entry.name.startswith(part)
        and (part or not entry.name.startswith((".", "__")))
        and (entry.is_dir() or not only_folders)
    ]


_QUOTED = re.compile(r"""(["'])[^"']*(?:\1|$)""")
_PATHS = frozenset({"DIR", "DIR|FILE", "FILE"})


def _connections(session: Any) -> list[str]:
    return list(session.connections)


def _databases(session: Any) -> list[str]:
    """Return what can be connected to by its name: open connections, and engines of the notebook."""
    from sqlalchemy.engine import Engine

    engines = [name for name, value in session.namespace.items() if isinstance(value, Engine) and name[0] != "_"]
    return [*session.connections, *engines]


def _models(session: Any) -> list[str]:
    return [models.name for models in session.all_models()]


def _tables(session: Any) -> list[str]:
    return sorted({key for models in session.all_models() for key in models.metadata.tables})


def _templates(session: Any) -> list[str]:
    from kernel_core import command
    from kernel_core.config import Config

    config = Config()
    config.prints_results = False
    return [template.name for template in command.list_templates(config)]


def _environments(session: Any) -> list[str]:
    here = [entry.name for entry in os.scandir() if os.path.isfile(os.path.join(entry.path, "env.py"))]
    files = [name for name in ("alembic.ini", "pyproject.toml") if os.path.isfile(name)]
    return sorted(here) + files


def _words(*words: str) -> Callable[[Any], tuple[str, ...]]:
    return lambda _session: words


_BY_KIND: Mapping[str, Callable[[Any], Iterable[str]]] = {
    "REV": _revisions,
    "A:B": _revisions,
    "H": _revisions,
    "B": _labels,
    "NAME": _connections,
    "URL|$NAME|@SECTION|ENGINE": _databases,
    "TARGET": _models,
    "GLOB": _tables,
    "T": _templates,
    "DIR|FILE": _environments,
    "WHICH": _words("all", "safe", "none"),
    "HOW": _words("show", "accept", "off"),
}
"""What may stand in a place, by the kind that the usage of a command names."""


def _matching(names: Iterable[str], token: str) -> dict[str, Any]:
    completions = [SimpleCompletion(text=name, type="mig") for name in names if name.startswith(token)]
    return {"completions": completions, "suppress": bool(completions), "ordered": True, "matched_fragment": token}
