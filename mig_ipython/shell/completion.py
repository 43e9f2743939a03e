"""Tab completion after a command: verbs, options, revisions, connections, models, paths."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult

from ..magics import Command
from ..session import Session
from ..workspace.models import candidates
from .command_line import LineParser

SYMBOLS = ("head", "heads", "base", "current")
RELATIVE = ("-1", "-2", "-3", "+1", "+2", "+3")
NOTHING: SimpleMatcherResult = {"completions": []}


def complete(
    context: CompletionContext, commands: Mapping[str, Command], session: Callable[[], Session]
) -> SimpleMatcherResult:
    """Return IPython's completions at the cursor in a line that begins with one of our magics.

    ``commands`` are the commands by verb; ``session`` returns the session and is called only where its names are
    completed. Where it fails nothing is completed, so that pressing Tab never raises an error.
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
    parser = LineParser(command)
    kind = parser.kind_at(_QUOTED.sub(lambda quoted: quoted[0].replace(" ", "_"), rest))
    if kind.startswith("URL") and _last_word(rest).startswith("@"):
        return _matching(_values("@SECTION", session), context.token)
    options = parser.options() if context.token.startswith("-") else ()
    if options:
        return _matching([*options, *_values(kind, session)], context.token)
    return _with_paths(list(_values(kind, session)), kind, _last_word(rest), context.token)


def _values(kind: str, session: Callable[[], Session]) -> Iterable[str]:
    """Return the session's names for a kind of argument."""
    names = _BY_KIND.get(kind)
    try:
        return names(session()) if names is not None else ()
    except Exception:  # noqa: BLE001 - a broken environment must not break typing
        return ()


def _revisions(session: Session) -> list[str]:
    scripts = session.workspace().scripts()
    return [*SYMBOLS, *RELATIVE, *_labels(session), *(script.revision for script in scripts.walk_revisions())]


def _labels(session: Session) -> list[str]:
    return sorted(
        {label for script in session.workspace().scripts().walk_revisions() for label in script.branch_labels}
    )


def _with_paths(names: Iterable[str], kind: str, word: str, token: str) -> SimpleMatcherResult:
    """Return the completions of ``token``, with the paths that begin with ``word``, which ends with the token."""
    scheme = re.match(r"[\w+]+:/{3}", word) if kind.startswith("URL") else None
    if not word.endswith(token) or (kind not in _PATHS and scheme is None):
        return _matching(names, token)
    found = [name for name in names if name.startswith(token)]
    before = scheme[0] if scheme else ""
    paths = _paths(word.removeprefix(before), only_folders=kind == "DIR")
    texts = [f"{before}{path}"[len(word) - len(token) :] for path in paths]
    added = [SimpleCompletion(text=text, type="path") for text in texts if text.rstrip("/") not in found]
    return _result([*_completions(found), *added], token)


def _last_word(rest: str) -> str:
    """Return the word at the end of a line: what follows an open quote, or the last blank."""
    for quote in "\"'":
        if rest.count(quote) % 2:
            return rest.rpartition(quote)[2]
    return re.split(r"\s", rest)[-1]


def _paths(begin: str, *, only_folders: bool) -> list[str]:
    """Return the paths that begin with a text, folders with a slash at the end; hidden ones only after a dot."""
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


def _connections(session: Session) -> list[str]:
    return list(session.connections)


def _databases(session: Session) -> list[str]:
    """Return the names that `%mig_connect` takes: open connections, and engines of the notebook."""
    from sqlalchemy.engine import Engine

    engines = [name for name, value in session.namespace.items() if isinstance(value, Engine) and name[0] != "_"]
    return [*session.connections, *engines]


def _sections(session: Session) -> list[str]:
    from ..workspace.named_databases import sections

    return sections(session.workspace().opened)


def _models(session: Session) -> list[str]:
    return [models.name for models in candidates(session.namespace)]


def _tables(session: Session) -> list[str]:
    return sorted({key for models in candidates(session.namespace) for one in models.several for key in one.tables})


def _templates(session: Session) -> list[str]:
    from kernel_core import command
    from kernel_core.config import Config

    config = Config()
    config.prints_results = False
    return [template.name for template in command.list_templates(config)]


def _environments(session: Session) -> list[str]:
    here = [entry.name for entry in os.scandir() if os.path.isfile(os.path.join(entry.path, "env.py"))]
    files = [name for name in ("alembic.ini", "pyproject.toml") if os.path.isfile(name)]
    return sorted(here) + files


def _words(*words: str) -> Callable[[Session], tuple[str, ...]]:
    return lambda _session: words


def _lab_actions(session: Session) -> list[str]:
    from ..magics.line_cell_lab import ACTIONS

    return [*ACTIONS, *_lab_numbers(session)]


def _lab_numbers(session: Session) -> list[str]:
    """Return the exercises of the workshop, and its lessons."""
    from ..lab.workshop import workshop_of

    return workshop_of(session).numbers()


_BY_KIND: Mapping[str, Callable[[Session], Iterable[str]]] = {
    "REV": _revisions,
    "A:B": _revisions,
    "REV|A:B": _revisions,
    "H": _revisions,
    "B": _labels,
    "NAME": _connections,
    "URL|$NAME|@SECTION|ENGINE": _databases,
    "@SECTION": _sections,
    "TARGET": _models,
    "GLOB": _tables,
    "T": _templates,
    "DIR|FILE": _environments,
    "WHICH": _words("all", "safe", "none"),
    "HOW": _words("show", "accept", "off"),
    "ACTION|N.M": _lab_actions,
    "N|N.M": _lab_numbers,
}
"""The names for an argument, by its metavar in the usage of the command."""


def _matching(names: Iterable[str], token: str) -> SimpleMatcherResult:
    return _result(_completions(name for name in names if name.startswith(token)), token)


def _completions(names: Iterable[str]) -> list[SimpleCompletion]:
    return [SimpleCompletion(text=name, type="mig") for name in names]


def _result(completions: list[SimpleCompletion], token: str) -> SimpleMatcherResult:
    return {"completions": completions, "suppress": bool(completions), "ordered": True, "matched_fragment": token}
