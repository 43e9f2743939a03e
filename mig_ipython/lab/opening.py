"""Open a lesson's folder in the notebook: working folder, connection, environment, models, and further names."""

from __future__ import annotations

import os

import sqlalchemy as sa

from ..session import Session
from .desk import Desk
from .models_file import load_models

DATABASE, ENVIRONMENT = "flights.db", "migrations"


def open_folder(session: Session, folder: str, *, reload: bool = False) -> None:
    """Make a lesson's folder the working folder, and connect to its database.

    With ``reload`` the files were written again: the models of ``models.py`` replace those of the notebook, and the
    environment is opened again.
    """
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
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
        session.forget_models()
        load_models(session.namespace, folder)
        engine = session.connection.engine
        session.namespace.update(sa=sa, engine=engine, desk=Desk(engine))
