<%!
import re
from kernel_core.util.source import import_block, literal
%>\
<%
names = [name for name in re.split(r"[,\s]+", config.get_main_option("databases", "")) if name]
%>\
"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision or "<base>" | comma,n}
Create Date: ${create_date}
"""

<%block filter="import_block">
from collections.abc import Sequence

import sqlalchemy as sa
from kernel_core import op
${imports if imports else ""}
</%block>

revision: str = ${literal(up_revision)}
down_revision: str | Sequence[str] | None = ${literal(down_revision)}
branch_labels: str | Sequence[str] | None = ${literal(branch_labels)}
depends_on: str | Sequence[str] | None = ${literal(depends_on)}


def upgrade(engine_name: str) -> None:
    """Apply this revision in one of the databases."""
    globals()[f"upgrade_{engine_name}"]()


def downgrade(engine_name: str) -> None:
    """Undo this revision in one of the databases."""
    globals()[f"downgrade_{engine_name}"]()
% for name in names:


def upgrade_${name}() -> None:
    """Apply this revision in ${name}."""
    ${context.get(f"{name}_upgrades") or "pass"}


def downgrade_${name}() -> None:
    """Undo this revision in ${name}."""
    ${context.get(f"{name}_downgrades") or "pass"}
% endfor
