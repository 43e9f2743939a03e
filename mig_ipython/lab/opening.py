"""Open a lesson's folder in the notebook: working folder, connection, environment, models, and further names."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kernel_core.util.exc import CommandError

from ..session import Session

if TYPE_CHECKING:
    from types import ModuleType

DATABASE, ENVIRONMENT, MODELS = "flights.db", "migrations", "models"
_LOADED = "_mig_lab_names"


def open_folder(session: Session, folder: str, *, reload: bool = False) -> None:
    """Make a lesson's folder the working folder, and connect to its database.

    With ``reload`` the files were written again: the models of ``models.py`` replace those of the notebook, and the
    environment is opened anew.
    """
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    path = os.path.join(folder, DATABASE)
    current = session.connections.get(session.current_name or "")
    is_connected = current is not None and current.absolute_url.database == path
    if not is_connected:
        session.connect(f"sqlite:///{path}")
    if reload or not is_connected:
        _open_environment(session, folder)
        session.forget_models()
        load_models(session.namespace, folder)
        _add_names(session)


def _open_environment(session: Session, folder: str) -> None:
    if os.path.isfile(os.path.join(folder, ENVIRONMENT, "env.py")):
        session.open(os.path.join(folder, ENVIRONMENT))
    else:
        session.forget_environment()


def _add_names(session: Session) -> None:
    """Put the names of the workshop into the notebook."""
    session.namespace["sa"] = sa
    session.namespace["engine"] = session.connection.engine
    if importlib.util.find_spec(f"{__package__}.desk") is not None:
        desk = importlib.import_module(f"{__package__}.desk")
        session.namespace["desk"] = desk.Desk(session.connection.engine)


def load_models(namespace: MutableMapping[str, object], folder: str) -> None:
    """Import ``models.py`` of a folder again, and put its names into the notebook in place of those of the last one."""
    for name in _loaded(namespace):
        namespace.pop(name, None)
    sys.modules.pop(MODELS, None)
    module = _import_models(os.path.join(folder, f"{MODELS}.py"))
    names = [] if module is None else [name for name in vars(module) if not name.startswith("_")]
    namespace.update({name: getattr(module, name) for name in names})
    namespace[_LOADED] = [name for name in names if getattr(module, name).__class__.__name__ != "module"]


def _loaded(namespace: MutableMapping[str, object]) -> list[str]:
    found = namespace.get(_LOADED)
    return list(found) if isinstance(found, list) else []


def _import_models(path: str) -> ModuleType | None:
    """Return the module of a file, imported as ``models``; None where there is no file."""
    if not os.path.isfile(path):
        return None
    spec = importlib.util.spec_from_file_location(MODELS, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODELS] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[MODELS]
        raise CommandError(
            f"{MODELS}.py cannot be imported: {error}. Reset the exercise: %mig_lab reset N.M"
        ) from error
    return module
