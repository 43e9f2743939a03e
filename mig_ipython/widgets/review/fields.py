"""The control for a field of an operation, by the kind of the field, with a line for its error."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import ipywidgets as widgets
from sqlalchemy import types as sqltypes
from sqlalchemy.types import TypeEngine

from kernel_core.operations.fields import Field
from kernel_core.util.secrets import redact

from ...review import Row
from .parts import BUTTONED, LABELLED, Entry, Status, lean

_HELP = {
    "identifier": "a name",
    "type": "for example String(120) or Numeric(10, 2)",
    "default": "'text' in quotes, a number, or SQL",
    "columns": "names separated by commas",
    "text": "empty for none",
}


class FieldControl(Entry):
    """A field of the selected row; ``on_text(name, text)`` runs after a change by the user.

    A value in which a secret stands is shown masked and cannot be edited here.
    """

    def __init__(
        self, field: Field, row: Row, dialect_name: str, status: Status, on_text: Callable[[str, str], object]
    ) -> None:
        super().__init__(_control(field, row.text_of(field.name), dialect_name))
        self.field, self._on_text, self._quiet = field, on_text, False
        self._secret = False
        self.show(row)
        status.watch(self.control, self._changed)

    def show(self, row: Row, *, disabled: bool = False) -> None:
        """Show the value of the field in a row, and its error."""
        text = row.text_of(self.field.name)
        self._secret = redact(text) != text
        self._quiet = True
        try:
            self.control.value = _allowed(self.control, redact(text))
        finally:
            self._quiet = False
        self.control.disabled = disabled or self._secret
        wrong = row.invalid.get(self.field.name)
        self.wrong(wrong.reason if wrong else "")

    def _changed(self, change: Any) -> None:
        if not self._quiet and not self._secret:
            self._on_text(self.field.name, change["new"])


def _control(field: Field, text: str, dialect_name: str) -> Any:
    tip = f"{field.title}: {_HELP[field.kind]}" if field.kind in _HELP else field.title
    common: dict[str, Any] = {
        "description": field.title,
        "tooltip": tip,
    }
    if field.kind in ("boolean", "choice"):
        options = ["yes", "no"] if field.kind == "boolean" else list(field.choices)
        if field.optional:
            options.insert(0, "none" if field.kind == "boolean" else "")
        if text not in options:
            options.append(text)
        labels = [(option or "none", option) for option in options]
        tips = [f"{field.title}: {label}" for label, _ in labels]
        look = lean(widgets.ToggleButtons, style=BUTTONED)
        return widgets.ToggleButtons(options=labels, value=text, tooltips=tips, **common, **look)
    common |= {"value": text, "continuous_update": False, "placeholder": _HELP.get(field.kind, "")}
    common |= lean(widgets.Text, style=LABELLED)
    if field.kind == "type":
        return widgets.Combobox(options=type_names(dialect_name), **common)
    if field.kind == "sql":
        return widgets.Textarea(rows=3, **common)
    return widgets.Text(**common)


def _allowed(control: Any, text: str) -> str:
    """Return ``text``; a control with options gets it as an option first."""
    if isinstance(control, widgets.ToggleButtons) and text not in (value for _, value in control.options):
        control.options = [*control.options, (text, text)]
    return text


@cache
def type_names(dialect_name: str) -> tuple[str, ...]:
    """Return the names of the offered types: SQLAlchemy's common ones first, then those of the dialect."""
    common: tuple[str, ...] = (
        "String(80)",
        "Text()",
        "Integer()",
        "BigInteger()",
        "SmallInteger()",
        "Float()",
        "Numeric(10, 2)",
    )
    common += (
        "Boolean()",
        "Date()",
        "DateTime()",
        "Time()",
        "Interval()",
        "LargeBinary()",
        "JSON()",
        "Uuid()",
        "Enum('a', 'b')",
    )
    try:
        module = __import__(f"sqlalchemy.dialects.{dialect_name}", fromlist=["__all__"])
    except ImportError:  # a third party's dialect keeps its types elsewhere
        return common
    named = (name for name in sorted(dir(module)) if name.isupper() and not hasattr(sqltypes, name))
    own = (name for name in named if _is_type(getattr(module, name)))
    return (*common, *(f"{name}()" for name in own))


def _is_type(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, TypeEngine)
