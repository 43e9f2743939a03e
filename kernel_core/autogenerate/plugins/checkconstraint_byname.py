"""Compare CHECK constraints by their names only, as Alembic's opt-in plugin of this name does."""

from __future__ import annotations

from ...runtime.plugins import Plugin
from ...util.sqla_compat import final_name, is_type_bound
from ..compare.differences import Differences
from ..compare.reflect import Database
from ..context import AutogenContext
from ..databases.catalog import CheckInfo
from .checks import database_checks, model_checks, note_checks, same_check_by_hook

ALIASES = ("alembic.ext.checkconstraint_byname",)


def setup(plugin: Plugin) -> None:
    """Compare checks, unless another plugin has."""
    plugin.add_autogenerate_comparator(compare_names, "tables", "checks")


def compare_names(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Find checks whose name only one side has, except those of Boolean and Enum types."""
    for pair in differences.tables:
        wanted = {final_name(each, context.dialect): each for each in model_checks(context, pair)}
        there: dict[str | None, CheckInfo] = {
            each.name: each for each in database_checks(context, pair) if each.name is not None
        }
        same = {
            name
            for name in wanted.keys() & there.keys()
            if same_check_by_hook(context, pair, wanted[name], there[name]) is not False
        }
        dropped = [each for name, each in there.items() if name not in same]
        missing = [
            each for name, each in wanted.items() if name is not None and name not in same and not is_type_bound(each)
        ]
        note_checks(context, pair, dropped, missing)
