"""Compare metadata with a database, return the differences as operations, and write operations as Python."""

from . import plugins
from .api import (
    AutogenContext,
    RevisionContext,
    compare_metadata,
    produce_migrations,
    render_python_code,
    script_template_args,
)
from .compare import comparators
from .proposal import Proposed, combined, propose, template_args, write
from .render import render_op_text, renderers
from .rewriter import Rewriter

__all__ = [
    "AutogenContext",
    "Proposed",
    "RevisionContext",
    "Rewriter",
    "combined",
    "comparators",
    "compare_metadata",
    "plugins",
    "produce_migrations",
    "propose",
    "render_op_text",
    "render_python_code",
    "renderers",
    "script_template_args",
    "template_args",
    "write",
]
