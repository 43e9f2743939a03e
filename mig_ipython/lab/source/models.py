"""A change of ``models.py`` between two exercises, written as the classes that change."""

from __future__ import annotations

import re

_CLASS = re.compile(r"(?m)^(?=class \w)")
_BASE = re.compile(r"(?m)^class Base\b")


def patched(models: str, text: str) -> str:
    """Return the models after a ```` ```models ```` fence: ``text`` itself where it defines ``Base``, else a change.

    Each class of a change replaces the class of its name; one with a new name is added at the end.

        patched(models, "class Plane(Base): ...")
    """
    if _BASE.search(text) or not models.strip():
        return text
    classes = {_name(part): part.strip() for part in _CLASS.split(models)}
    for part in _CLASS.split(text.strip()):
        if part.strip():
            classes[_name(part)] = part.strip()
    return "\n\n\n".join(part for part in classes.values() if part) + "\n"


def _name(part: str) -> str:
    """Return the name of the class that a part defines, "" for the imports before the first one."""
    found = re.match(r"class (\w+)", part)
    return found[1] if found else ""
