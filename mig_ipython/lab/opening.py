"""Open a lesson's folder in the notebook: working folder, connection, environment, models, and further names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from weakref import WeakKeyDictionary, WeakSet

import sqlalchemy as sa

from ..session import Session
from ..workspace.models import metadata_of
from .desk import Desk
from .models_file import load_models
from .writing import writing

DATABASE, ENVIRONMENT = "flights.db", "migrations"


@dataclass(slots=True)
class _Opened:
    """The folder that a notebook has open, and the models that it had before the first one."""

    folder: str
    own_models: WeakSet[sa.MetaData]


_opened: WeakKeyDictionary[Session, _Opened] = WeakKeyDictionary()


def open_folder(session: Session, folder: str, *, reload: bool = False) -> None:
    """Make a lesson's folder the working folder, and connect to its database.

    With ``reload`` the files were written again: the models of ``models.py`` replace those of the notebook, and the
    environment is opened again. Where another lesson was open, `clear_lesson` comes first.
    """
    with writing():
        os.makedirs(folder, exist_ok=True)
        os.chdir(folder)
    reload = _enter(session, folder) or reload
    path = os.path.join(folder, DATABASE)
    current = session.connections.get(session.current_name or "")
    is_connected = current is not None and current.absolute_url.database == path
    if not is_connected:
        session.connect(f"sqlite:///{path}")
    if reload or not is_connected:
        if os.path.isfile(os.path.join(folder, ENVIRONMENT, "env.py")):
            session.open(os.path.join(folder, ENVIRONMENT))
        else:
            session.forget_environment()
        engine = session.connection.engine
        session.namespace.update(sa=sa, engine=engine, desk=Desk(engine))
    if reload:
        session.forget_models()
        load_models(session.namespace, folder)


def is_open(session: Session, folder: str) -> bool:
    """Return whether this notebook has the folder open."""
    opened = _opened.get(session)
    return opened is not None and opened.folder == folder


def clear_lesson(session: Session) -> None:
    """Remove from the notebook what its cells have left of a lesson, so that the next one does not find it.

    That is: connections to databases of lessons, the panels and the list of files that were written, and each variable
    that is a desk or has models, but for models that were there before the first lesson.
    """
    opened = _opened.get(session)
    if opened is None:
        return
    lessons = os.path.join(os.path.dirname(opened.folder), "")
    for name, connection in list(session.connections.items()):
        if str(connection.absolute_url.database or "").startswith(lessons):
            session.close(name)
            session.closed.discard(name)
    session.forget_files()
    session.forget_models()
    for name, value in list(session.namespace.items()):
        metadata = metadata_of(value)
        if isinstance(value, Desk) or (metadata is not None and metadata not in opened.own_models):
            del session.namespace[name]


def _enter(session: Session, folder: str) -> bool:
    """Record the folder that is opened, and clear what is left of another one; return whether it is not open yet."""
    opened = _opened.get(session)
    if opened is None:
        found = (metadata_of(value) for value in list(session.namespace.values()))
        _opened[session] = _Opened(folder, WeakSet(one for one in found if one is not None))
        return True
    if opened.folder == folder:
        return False
    clear_lesson(session)
    opened.folder = folder
    return True
