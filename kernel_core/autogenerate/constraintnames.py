"""Give unnamed constraints the name under which a downgrade can drop them."""

from __future__ import annotations

from ..ddl.generated_names import GeneratedNames
from ..operations.containers import UpgradeOps
from .context import AutogenContext


def settle_names(context: AutogenContext, upgrade_ops: UpgradeOps) -> GeneratedNames | None:
    """Set the name that the database will give each unnamed constraint; return the finder, for other lists.

    None where the database is of a kind whose names cannot be told before.
    """
    impl = context.impl
    names: GeneratedNames | None = None if impl is None else impl.generated_names(context.connection)
    if names is not None:
        names.assign(upgrade_ops.leaves())
    return names
