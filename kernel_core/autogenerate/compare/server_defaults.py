"""Compare server defaults."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy.schema import FetchedValue, Identity

from ...ddl.default_comparison import defaults_differ
from ...util.sql import sequence_of_default
from ...util.sqla_compat import AnyColumn, default_argument, default_sql
from ..context import AutogenContext
from ..databases import DefaultPair
from .equivalent_defaults import default_pair


def default_differs(
    context: AutogenContext, inspected: AnyColumn, model: AnyColumn, same: Collection[DefaultPair] = ()
) -> bool:
    """Return whether the defaults differ, by ``compare_server_default`` and the dialect; without that option none does.

    The hook gets (migration_context, inspected column, model column, inspected default, model default, that as SQL or
    as the plain text that it is) and returns a bool, or None to let the dialect decide. A generated column
    cannot be altered: a change there is a warning. ``same`` are pairs of texts that the database finds equal.
    """
    if inspected.computed is not None or model.computed is not None:
        _compare_computed(context, inspected, model)
        return False
    option = context.opts.get("compare_server_default", False)
    if option in (False, None):
        return False
    if inspected.identity is not None or model.identity is not None:
        return _knows_identity(context) and _identity_differs(context, inspected.identity, model.identity)
    if _is_left_to_the_database(model):
        return False
    one, two = _sql(inspected, context), _sql(model, context)
    if (one is None and two is None) or _take_from_one_sequence(context, one, two):
        return False
    if callable(option):
        rendered = default_argument(model.server_default)
        rendered = rendered if isinstance(rendered, str) else two
        answer = option(context.migration_context, inspected, model, one, model.server_default, rendered)
        if answer is not None:
            return bool(answer)
    if context.impl is None:
        return defaults_differ(one, two, context.dialect)
    if not context.impl.compare_server_default(inspected, model, two, one):
        return False
    wanted = default_argument(model.server_default)
    return not same or default_pair(context, inspected.type, one, wanted) not in same


def _take_from_one_sequence(context: AutogenContext, one: str | None, two: str | None) -> bool:
    """Return whether both are the next value of one sequence, with or without its schema."""
    default = context.dialect.default_schema_name
    taken, other = sequence_of_default(one), sequence_of_default(two)
    return taken is not None and other is not None and taken.key(default) == other.key(default)


def known_default(column: AnyColumn) -> Any:
    """Return the ``existing_server_default`` of an alteration: None for none.

    False for a column that the database numbers (SERIAL, identity), whose default is not part of the column.
    """
    if column.server_default is None and (column.autoincrement is True or column.identity is not None):
        return False
    return column.server_default


def _sql(column: AnyColumn, context: AutogenContext) -> str | None:
    return None if column.server_default is None else default_sql(column.server_default, context.dialect)


def _is_left_to_the_database(column: AnyColumn) -> bool:
    """Return whether the default is a ``FetchedValue()``, whose value the metadata does not have."""
    return isinstance(default_argument(column.server_default), FetchedValue)


def _knows_identity(context: AutogenContext) -> bool:
    """Return whether the database has identity columns; others create a plain column for an ``Identity()``."""
    return bool(getattr(context.dialect, "supports_identity_columns", False))


def _identity_differs(context: AutogenContext, inspected: Identity | None, model: Identity | None) -> bool:
    """Return whether an option differs that the metadata states and the dialect does not ignore."""
    if inspected is None or model is None:
        return inspected is not model
    if bool(inspected.always) != bool(model.always):
        return True
    options = {"start", "increment", "minvalue", "maxvalue", "cycle", "cache", "order", "on_null"}
    options -= set(getattr(context.impl, "identity_attrs_ignore", ("order", "on_null")))
    return any(
        getattr(model, name) is not None and getattr(inspected, name) != getattr(model, name) for name in options
    )


def _compare_computed(context: AutogenContext, inspected: AnyColumn, model: AnyColumn) -> None:
    if (inspected.computed is None) != (model.computed is None):
        context.warn(
            f"{model.table.name}.{model.name} {'is not' if model.computed is None else 'is'} a generated column in the "
            "models, unlike in the database; this cannot be altered. Drop the column and add it again.",
        )
