<%!
from kernel_core.util.source import import_block, literal
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


def upgrade() -> None:
    """Apply this revision."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Undo this revision."""
    ${downgrades if downgrades else "pass"}
