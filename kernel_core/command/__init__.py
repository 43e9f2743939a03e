"""A person's verbs, one function each. They return what came of it; printing is the caller's.

    config = Config("alembic.ini")
    command.upgrade(config, "head")       # a RunReport

What needs no database imports neither SQLAlchemy nor Mako: heads, history, show, branches.
"""

from ..runtime.report import AppliedStep, RunEvent, RunReport
from .environment import Config, scripts_of
from .initializing import Template, init, list_templates
from .inspecting import (
    Standing,
    UnknownRevision,
    branches,
    current,
    current_heads,
    heads,
    history,
    known,
    refuse_behind,
    show,
    shown,
    standings,
)
from .migrating import downgrade, ensure_version, stamp, upgrade
from .writing import check, edit, merge, revision, sentences

__all__ = [
    "AppliedStep",
    "Config",
    "RunEvent",
    "RunReport",
    "Standing",
    "Template",
    "UnknownRevision",
    "branches",
    "check",
    "current",
    "current_heads",
    "downgrade",
    "edit",
    "ensure_version",
    "heads",
    "history",
    "init",
    "known",
    "list_templates",
    "merge",
    "refuse_behind",
    "revision",
    "scripts_of",
    "sentences",
    "show",
    "shown",
    "stamp",
    "standings",
    "upgrade",
]
