"""The commands, one function each: they return their result, and print it through ``Config.print_stdout``.

    config = Config("alembic.ini")
    command.upgrade(config, "head")       # a RunReport

The commands that need no database (heads, history, show, branches) import neither SQLAlchemy nor Mako.
"""

from ..runtime.report import AppliedStep, RunEvent, RunReport
from .adopting import Adopted, adopt
from .commuting import Target, check_merge
from .environment import Config, scripts_of
from .initializing import Template, init, list_templates
from .inspecting import (
    DatabaseHeads,
    UnknownRevision,
    branches,
    current,
    current_heads,
    heads,
    heads_by_database,
    history,
    known,
    refuse_behind,
    show,
    shown,
)
from .locating import locate
from .migrating import downgrade, ensure_version, stamp, upgrade
from .operations import operations_between, operations_of
from .rebasing import Rebased, rebase, rebased
from .rehearsing import rehearse
from .schema import schema
from .squashing import prune, squash
from .unfinished import abandon, resume
from .writing import check, edit, merge, revision, sentences

__all__ = [
    "Adopted",
    "AppliedStep",
    "Config",
    "DatabaseHeads",
    "Rebased",
    "RunEvent",
    "RunReport",
    "Target",
    "Template",
    "UnknownRevision",
    "abandon",
    "adopt",
    "branches",
    "check",
    "check_merge",
    "current",
    "current_heads",
    "downgrade",
    "edit",
    "ensure_version",
    "heads",
    "heads_by_database",
    "history",
    "init",
    "known",
    "list_templates",
    "locate",
    "merge",
    "operations_between",
    "operations_of",
    "prune",
    "rebase",
    "rebased",
    "refuse_behind",
    "rehearse",
    "resume",
    "revision",
    "schema",
    "scripts_of",
    "sentences",
    "show",
    "shown",
    "squash",
    "stamp",
    "upgrade",
]
