"""The commands of the program with their options and an example each."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .commands import history, running, writing
from .configuration import Config

Argument = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its function, its arguments, an example without the program's name."""

    run: Callable[[Config, argparse.Namespace], Iterable[str]]
    arguments: tuple[Argument, ...] = ()
    example: str = ""
    prints: bool = False
    """Whether the functions of `command` print their results while it runs."""
    not_run: int | None = None
    """The exit code where the command could not run, of one whose code 0 says that something holds.

    A file of the project that ends the program must not make it 0. None: its own code counts, as with Alembic.
    """

    @property
    def about(self) -> str:
        """The help text."""
        return inspect.cleandoc(self.run.__doc__ or "")


def _argument(*flags: str, **settings: Any) -> Argument:
    return flags, settings


def seconds(text: str) -> float:
    """Return a number of seconds; argparse reports the error."""
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


def _flag(*names: str, help: str) -> Argument:
    return names, {"action": "store_true", "help": help}


_SQL = _flag("--sql", help="print the SQL, run nothing")
_TAG = _argument("--tag", help="a text that env.py can read")
_LOCK_TIMEOUT = _argument(
    "--lock-timeout",
    type=seconds,
    metavar="SECONDS",
    help="how long to wait while another run upgrades, downgrades or stamps this database; default: no limit",
)
_STATEMENT_LOCK_TIMEOUT = _argument(
    "--statement-lock-timeout",
    type=seconds,
    metavar="SECONDS",
    help="how long each statement may wait for a lock of another session; default: the limit of the database",
)
_RETRIES = _argument(
    "--retries",
    type=int,
    metavar="N",
    help="how often a revision is tried again that failed by a lock and was rolled back; default: 0",
)
_NO_LOCK = _flag("--no-lock", help="do not lock: other runs may upgrade this database at the same time")
_VERBOSE = _flag("-v", "--verbose", help="show all fields")
_JSON = _flag("--json", help="print JSON, for programs")
_MESSAGE = _argument("-m", "--message", help="message of the revision")
_LABEL = _argument("--branch-label", help="label for the branch that begins here")
_ID = _argument("--rev-id", help="id of the revision, instead of a random one")
_SPLICE = _flag("--splice", help="allow a parent that is not a head, which begins a branch")
_PURGE = _flag("--purge", help="delete the rows of the version table first")
_RANGE = _argument("-r", "--rev-range", help="from:to, as in -r base:head or -r-3:current")
_HERE = _flag("-i", "--indicate-current", help="mark the current revisions of the database")
_RESOLVE = _flag("--resolve-dependencies", help="leave out heads that another revision depends on")
_CHECK_HEADS = _flag("-c", "--check-heads", help="fail if the database is not at every head")
_AUTOGENERATE = _flag("--autogenerate", help="fill it with the differences between the database and the metadata")
_RENAMES = _argument(
    "--renames",
    choices=("show", "accept", "off"),
    help="how a drop and an addition that may be a rename are written",
)
_NOT_CONNECTED = _flag("--sql", help="do not connect")
_HEAD = _argument("--head", default="head", help="parent revision, or branch@head")
_PATH = _argument("--version-path", help="folder of the new file, if there are several")
_NEEDS = _argument("--depends-on", action="append", help="a revision that must be applied before; may be repeated")
_TEMPLATE = _argument("-t", "--template", default="generic", help="template to use (see list_templates)")
_PACKAGE = _flag("--package", help="make the folders Python packages")
_ALEMBIC = _flag("--alembic", help="write files that import alembic, so that plain Alembic runs them too")
_REVISIONS = _argument("revisions", nargs="+", help="revisions, or heads")
_MERGED = _argument("revisions", nargs="*", help="revisions, or heads; default: heads")
_COMMUTE = _flag("--check", help="write nothing: report whether their order matters, and fail if it does")
_REBASE = _argument(
    "--rebase",
    metavar="HEAD",
    help="write no merge: put what only HEAD has after the other head (or after the revision that is named)",
)
_RUN = _flag("--run", help="with --check: run them on a scratch database even if their code does more than change it")
_NO_RUN = _flag("--no-run", help="with --check: run nothing, compare the schema that the files describe")
_SQUASHED = _argument("range", nargs="?", help="the first and the last revision of the range: a1b2:c3d4")
_SHOW_ONLY = _flag("--show", help="print the version file, write nothing")
_AS_IS = _flag("--no-optimize", help="keep every operation of the range")
_NO_RUN_SQUASH = _flag("--no-run", help="do not compare by running both on scratch databases")
_PRUNE = _argument("--prune", metavar="REV", help="delete the files that the squashed REV replaces")
_EXECUTED = _flag("--executed", help="the statement that was running has been executed")
_NOT_EXECUTED = _flag("--not-executed", help="the statement that was running has not been executed")
_FORCE = _flag("--force", help="undo what has a reverse, although something else stays")
_FORGET = _flag("--forget", help="undo nothing: the database was repaired by hand")
_EDITED = _flag("--edited", help="run the version file although it was edited since")
_STAMP_AT = _argument(
    "--stamp",
    nargs="?",
    const="",
    metavar="REV",
    help="mark the database as being at the revision that fits; name it where several do",
)
_DESPITE_DRIFT = _flag(
    "--despite-drift", help="stamp although the schema deviates, or a revision could not be followed"
)
_SCHEMA = _argument("--schema", action="append", help="read only this schema of the database; may be repeated")
_MODELS = _argument("--models", metavar="FILE", help="write model classes for the tables into a new file")
_PREVIEW = _flag("--preview", help="print the version file and what stays outside, write nothing")
_SQL_OF_BASELINE = _flag("--sql", help="print the SQL that the baseline runs on an empty database, write nothing")
_OPERATIONS = _flag("--operations-json", help="print the operations of each revision as JSON, run nothing")
_SCHEMA_AT = (
    _argument("revision", nargs="?", default="head", metavar="REV|A:B", help="a revision, or from:to (default: head)"),
    _argument("--save", metavar="FILE", help="write a .svg, .png, .dot, .mmd, .txt, .json, .sql or .py file"),
    _JSON,
    _flag("--sql", help="print the SQL that creates the tables"),
    _flag("--models", help="print declarative classes (needs the extra models)"),
    _flag("--dot", help="print the diagram in the language of graphviz"),
    _flag("--mermaid", help="print the diagram in the language of mermaid"),
    _argument("--only", action="append", metavar="GLOB", help="only these tables or schemas; may be repeated"),
    _argument("--exclude", action="append", metavar="GLOB", help="not these tables or schemas; may be repeated"),
    _argument("--fold", action="append", metavar="SCHEMA", help="draw one box for a schema; may be repeated"),
    _argument("--columns", type=int, metavar="N", help="how many columns a box of the diagram has"),
    _flag("--changed", help="draw only what changed, and what it refers to"),
    _flag("--record", help="run functions that cannot be read, with an op that only records"),
    _flag("--by-running", help="run the history on a scratch database, where it cannot be read"),
)
_BY_RUNNING = _flag("--by-running", help="run revisions that cannot be followed on a scratch database")
_SAMPLE = _argument(
    "--sample", type=int, metavar="N", help="copy at most N rows of each table, and the rows that these refer to"
)
_LOCK = (_LOCK_TIMEOUT, _NO_LOCK)
_LOCKS = (*_LOCK, _STATEMENT_LOCK_TIMEOUT, _RETRIES)

COMMANDS: dict[str, Command] = {
    "list_templates": Command(writing.list_templates, (), "list_templates"),
    "init": Command(
        writing.init,
        (_argument("directory", help="folder of the environment"), _TEMPLATE, _PACKAGE, _ALEMBIC),
        "init --template async migrations",
    ),
    "revision": Command(
        writing.revision,
        (_MESSAGE, _AUTOGENERATE, _RENAMES, _NOT_CONNECTED, _HEAD, _SPLICE, _LABEL, _PATH, _ID, _NEEDS),
        'revision --autogenerate -m "Add age to users"',
    ),
    "check": Command(writing.check, (_RENAMES, _JSON), "check", not_run=255),
    "merge": Command(
        writing.merge,
        (_MERGED, _MESSAGE, _LABEL, _ID, _SPLICE, _COMMUTE, _RUN, _NO_RUN, _REBASE, _JSON),
        'merge heads -m "Join both branches"',
        not_run=255,
    ),
    "squash": Command(
        writing.squash,
        (_SQUASHED, _MESSAGE, _SHOW_ONLY, _AS_IS, _NO_RUN_SQUASH, _PRUNE),
        'squash a1b2:c3d4 -m "The first release"',
        not_run=255,
    ),
    "upgrade": Command(
        running.upgrade,
        (_argument("revision", help="where to: head, +1, an id; from:to with --sql"), _SQL, _OPERATIONS, _TAG, *_LOCKS),
        "upgrade head",
    ),
    "downgrade": Command(
        running.downgrade,
        (_argument("revision", help="where to: base, -1, an id; from:to with --sql"), _SQL, _OPERATIONS, _TAG, *_LOCKS),
        "downgrade -1",
    ),
    "rehearse": Command(
        running.rehearse,
        (
            _argument("revision", nargs="?", default="", help="where to; default: head, with --downgrade -1"),
            _flag("--downgrade", help="rehearse a downgrade, and the upgrade back"),
            _SAMPLE,
            _flag("--schema-only", help="copy no rows"),
            _flag("--mask", help="hide the values of text also where a blocker shows them"),
            _flag("--no-reverse", help="leave out the reverse run: the downgrade after the upgrade"),
            _JSON,
            _flag("--html", help="print an HTML page"),
            _flag("--markdown", help="print Markdown, for a comment of a pull request"),
        ),
        "rehearse head --sample 1000 --markdown",
        not_run=2,
    ),
    "abandon": Command(running.abandon, (_FORCE, _FORGET, *_LOCK), "abandon"),
    "resume": Command(running.resume, (_EXECUTED, _NOT_EXECUTED, _EDITED, *_LOCK), "resume"),
    "show": Command(history.show, (_argument("revision", help="an id, head, heads, current"), _JSON), "show head"),
    "history": Command(history.history, (_RANGE, _VERBOSE, _HERE, _JSON), "history -i -r-3:current"),
    "heads": Command(history.heads, (_VERBOSE, _RESOLVE, _JSON), "heads --json"),
    "branches": Command(history.branches, (_VERBOSE, _JSON), "branches -v"),
    "current": Command(history.current, (_VERBOSE, _CHECK_HEADS, _JSON), "current --check-heads", not_run=255),
    "stamp": Command(
        running.stamp,
        (_argument("revisions", nargs="+", help="revisions, or heads, or base"), _SQL, _TAG, _PURGE, *_LOCK),
        "stamp --purge head",
    ),
    "locate": Command(
        running.locate, (_STAMP_AT, _DESPITE_DRIFT, _BY_RUNNING, _JSON, *_LOCK), "locate --stamp", not_run=255
    ),
    "adopt": Command(
        running.adopt,
        (_MESSAGE, _ID, _PATH, _SCHEMA, _MODELS, _PREVIEW, _SQL_OF_BASELINE, *_LOCK),
        "adopt --models models.py",
        not_run=255,
    ),
    "schema": Command(history.schema, _SCHEMA_AT, "schema head --save schema.svg"),
    "edit": Command(writing.edit, (_argument("revision", help="an id, head, current"),), "edit head"),
    "ensure_version": Command(running.ensure_version, (_SQL,), "ensure_version --sql"),
}

_KNOWN: dict[str, Argument] = {
    flags[-1].lstrip("-").replace("-", "_"): (flags, settings)
    for flags, settings in (
        _SQL, _TAG, _VERBOSE, _JSON, _MESSAGE, _LABEL, _ID, _SPLICE, _PURGE, _RANGE, _HERE, _RESOLVE, _CHECK_HEADS,
        _AUTOGENERATE, _RENAMES, _HEAD, _PATH, _NEEDS, _TEMPLATE, _PACKAGE,
    )
}  # fmt: skip


def command_of(function: Callable[..., object]) -> Command:
    """Return a function ``fn(config, ...)`` as a command; parameters named like built-in options get their flags.

    Raises TypeError if it takes no configuration, or takes ``*args``.
    """
    accepted = list(inspect.signature(function).parameters.values())
    parameters = accepted[1:]
    if not accepted or any(each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in parameters):
        raise TypeError(f"{function.__name__}() cannot be a command: write it as fn(config, name, option=...).")

    def run(settings: Config, options: argparse.Namespace) -> Iterable[str]:
        positional = [getattr(options, each.name) for each in parameters if each.kind is not each.KEYWORD_ONLY]
        named = {each.name: getattr(options, each.name) for each in parameters if each.kind is each.KEYWORD_ONLY}
        function(settings, *positional, **named)
        return ()

    run.__doc__ = function.__doc__
    return Command(run, tuple(_argument_of(each) for each in parameters), prints=True)


def _argument_of(parameter: inspect.Parameter) -> Argument:
    name, default = parameter.name, parameter.default
    if default is parameter.empty:
        return _REVISIONS if name == "revisions" else _argument(name)
    if name in _KNOWN:
        flags, settings = _KNOWN[name]
        return flags, settings if settings.get("action") == "store_true" else {**settings, "default": default}
    flag = "--" + name.replace("_", "-")
    if isinstance(default, bool):
        return _argument(flag, action="store_false" if default else "store_true", dest=name)
    return _argument(flag, default=default, dest=name, **({"type": type(default)} if default is not None else {}))
