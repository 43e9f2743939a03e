"""Find the columns that are certainly equal on both sides by plain values, without creating objects."""

from __future__ import annotations

from typing import Any

from sqlalchemy.types import NullType

from ...ddl.overrides import is_third_party
from ...ddl.type_comparison import types_differ
from ...util.sqla_compat import AnyColumn, AnyType, default_sql
from ..context import AutogenContext
from ..databases.catalog import ColumnInfo

TYPE_HOOKS = ("compare_type", "type_synonyms", "type_arg_extract")


class UnchangedColumns:
    """The columns of one comparison that need no closer comparison; equal types are cached.

    ``is_usable`` is False if a hook or a third-party dialect must be called for each column.
    """

    def __init__(self, context: AutogenContext) -> None:
        opts, impl = context.opts, context.impl
        self._dialect, self._synonyms = context.dialect, getattr(impl, "type_synonyms", None)
        self._types_count = opts.get("compare_type", True) is not False
        self._defaults_count = opts.get("compare_server_default", False) not in (False, None)
        self._comments_count = context.dialect.supports_comments
        self._knows_identity = getattr(context.dialect, "supports_identity_columns", False)
        self._known: dict[Any, bool] = {}
        self.is_usable = not (
            context.filters_objects
            or callable(opts.get("compare_type"))
            or callable(opts.get("compare_server_default"))
            or context.comparisons.has_others("column")
            or any(is_third_party(impl, name) for name in TYPE_HOOKS)
            or (self._defaults_count and is_third_party(impl, "compare_server_default"))
        )

    def contains(self, item: ColumnInfo, model: AnyColumn) -> bool:
        """Return whether a reflected column is certainly equal to the metadata's; False where it must be compared."""
        if item.nullable is not model.nullable:
            return False
        if self._comments_count and (item.comment or None) != (model.comment or None):
            return False
        if model.computed is not None or item.computed is not None:
            return False
        if self._defaults_count and not self._same_default(item, model):
            return False
        return not self._types_count or self._same_type(item.type, model.type)

    def _same_default(self, item: ColumnInfo, model: AnyColumn) -> bool:
        if model.identity is not None or item.identity is not None:
            return not self._knows_identity
        if item.default is None or model.server_default is None:
            return item.default is None and model.server_default is None
        return bool(item.default == default_sql(model.server_default, self._dialect))

    def _same_type(self, inspected: AnyType, wanted: AnyType) -> bool:
        """Return whether types are equal, cached by class and attributes; types without a hash are not cached."""
        attributes = wanted.__dict__
        if "dispatch" in attributes:  # where a Boolean or Enum hears of its table; each has its own
            attributes = {name: value for name, value in attributes.items() if name != "dispatch"}
        try:
            key = (inspected, type(wanted), *attributes.items())
            found = self._known.get(key)
        except TypeError:
            return not self._differ(inspected, wanted)
        if found is None:
            found = self._known[key] = not self._differ(inspected, wanted)
        return found

    def _differ(self, inspected: AnyType, wanted: AnyType) -> bool:
        if isinstance(inspected, NullType) or isinstance(wanted, NullType):
            return False
        return types_differ(self._dialect, inspected, wanted, self._synonyms)
