"""The models of a lesson: ``models.py`` of the working folder, whose names are put into the notebook."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from types import ModuleType
from typing import TYPE_CHECKING, cast

from kernel_core.util.exc import CommandError

from ..workspace.models import candidates, metadata_of
from .folder import lesson_of

if TYPE_CHECKING:
    from sqlalchemy import MetaData

MODELS = "models"
BASE = "Base"
_LOADED = "_mig_lab_names"
"""The variable of the notebook that lists the names which were put there."""


def load_models(namespace: MutableMapping[str, object], folder: str) -> None:
    """Run ``models.py`` of a folder, and put its names into the notebook in place of those of the last one.

    Classes that a cell has added to the old models are removed from the notebook too. Raises CommandError where the
    file cannot be run.
    """
    _remove_names(namespace)
    path = os.path.join(folder, f"{MODELS}.py")
    namespace[_LOADED] = _run(path, namespace) if os.path.isfile(path) else []


def models_of(namespace: MutableMapping[str, object], folder: str) -> MetaData | None:
    """Return the MetaData of ``Base``, else the only one of the notebook; None if there is none.

    Without a file ``models.py`` in the folder the exercise is not about models, whatever else the notebook has.
    """
    if not os.path.isfile(os.path.join(folder, f"{MODELS}.py")):
        return None
    found = metadata_of(namespace.get(BASE))
    if found is not None:
        return found
    known = candidates(namespace)
    return known[0].several[0] if len(known) == 1 else None


def _remove_names(namespace: MutableMapping[str, object]) -> None:
    loaded = namespace.get(_LOADED)
    names = list(loaded) if isinstance(loaded, list) else []
    old = {id(metadata_of(namespace.get(name))) for name in names} - {id(None)}
    of_old = [name for name, value in namespace.items() if id(metadata_of(value)) in old]
    for name in {*names, *of_old}:
        namespace.pop(name, None)


def _run(path: str, namespace: MutableMapping[str, object]) -> list[str]:
    """Run the file in the notebook, as a cell; return the names that it has defined, without those of modules.

    It is not imported: commands that compare models read the modules of a project from their files, and would not see
    the classes that ``%%mig_models`` has changed since.
    """
    before = dict(namespace)
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        exec(compile(text, path, "exec"), cast("dict[str, object]", namespace))  # noqa: S102 - the lesson's own file
    except (Exception, SystemExit) as error:
        raise CommandError(
            f"{MODELS}.py cannot be run: {type(error).__name__}: {error}. Correct it, or begin the exercise again: "
            f"%mig_lab reset {lesson_of(os.path.dirname(path))}.M"
        ) from error
    finally:
        namespace.update({name: value for name, value in before.items() if name.startswith("__")})
    changed = (name for name, value in namespace.items() if name not in before or before[name] is not value)
    return [name for name in changed if not name.startswith("_") and not isinstance(namespace[name], ModuleType)]
