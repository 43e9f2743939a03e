"""Databases named outside of the notebook: in a setting, an ini file, a variable, a Flask application, or ``%sql``."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

from kernel_core.util.exc import CommandError
from kernel_core.util.folders import shown_path
from kernel_core.util.secrets import mask_url

from .connection import with_absolute_path
from .environment import Environment
from .settings import Mig

_PARTS = ("username", "password", "host", "port", "database")


def resolved(target: object, namespace: Mapping[str, object], environment: Environment | None) -> object:
    """Return what ``$NAME``, ``@NAME`` or the name of a variable refers to; anything else as it is.

    ``$NAME`` is an environment variable or, if there is none, a variable of the notebook; ``@NAME`` a section of an ini
    file. Raises CommandError where it is not defined.
    """
    if not isinstance(target, str):
        return target
    if target.startswith("@"):
        return section_url(target[1:], section_files(environment.ini if environment else None), environment)
    if target.startswith("$"):
        name = target[1:].strip("{}")
        if name not in os.environ and name not in namespace:
            raise CommandError(
                f"{target} is set neither in the environment nor in this notebook. Set it, or type the URL."
            )
        return os.environ.get(name, namespace.get(name))
    return namespace.get(target, target) if target.isidentifier() else target


def default_database(settings: Mig, environment: Environment | None) -> NamedDatabase | None:
    """Return the database that ``%mig_connect`` takes without an argument, None where none is configured.

    ``%config Mig.database``, else ``sqlalchemy.url`` of the environment's configuration, else ``$DATABASE_URL``, which
    comes first where ``env.py`` reads it. Where ``env.py`` is that of Flask-Migrate, the database of the Flask
    application whose context is pushed comes before ``$DATABASE_URL``. Raises CommandError where ``sqlalchemy.url``
    cannot be read.
    """
    if settings.database:
        return NamedDatabase(settings.database, "%config Mig.database")
    variable = NamedDatabase("$DATABASE_URL", "$DATABASE_URL") if "DATABASE_URL" in os.environ else None
    if environment is None or (variable and environment.reads_variable("DATABASE_URL")):
        return variable
    of_flask = flask_database() if environment.is_of_flask else None
    return configured_database(environment) or of_flask or variable


def connect_command(environment: Environment | None) -> str:
    """Return the command to type where there is no `default_database`."""
    if environment is not None and environment.is_of_flask:
        return "%mig_connect URL (your Flask application's SQLALCHEMY_DATABASE_URI)"
    return "%mig_connect sqlite:///dev.db"


def section_url(name: str, files: Iterable[str], environment: Environment | None = None) -> URL | str:
    """Return the URL of the section ``name`` in the first ini file that has it; as text where it is one option.

    The section sets ``sqlalchemy.url`` or ``url``, or the parts of the URL as in jupysql: ``drivername``, ``host``...
    A relative SQLite path in the ini file of ``environment`` starts from the project's folder. Raises CommandError
    where no file has the section, or it names no database.
    """
    searched = []
    for path in files:
        if not os.path.isfile(path):
            continue
        parser = configparser.ConfigParser({"here": os.path.dirname(os.path.abspath(path)).replace("%", "%%")})
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            raise CommandError(f"{path} cannot be read as an ini file. Correct it, or type the URL.") from None
        if parser.has_section(name):
            found = _url(parser, name, path)
            if environment is None or path != environment.ini or "sqlite" not in str(found):
                return found
            return with_absolute_path(make_url(found), environment.project_folder)
        searched.append(os.path.basename(path))
    raise CommandError(
        f"No section [{name}] is in {', '.join(searched) or 'an ini file here'}. "
        "Name one that sets sqlalchemy.url, or drivername, host and database."
    )


@dataclass(frozen=True, slots=True)
class NamedDatabase:
    """A database with the place that names it, such as ``sqlalchemy.url in alembic.ini [alembic]``."""

    target: URL | str
    place: str

    def __str__(self) -> str:
        if self.place == self.target:
            return self.place
        shown = f"sqlite {shown_path(self.target.database or '')}" if _is_file(self.target) else mask_url(self.target)
        return f"{shown} ({self.place})"


def _is_file(target: URL | str) -> TypeGuard[URL]:
    return isinstance(target, URL) and target.get_backend_name() == "sqlite" and bool(target.database)


def configured_database(environment: Environment) -> NamedDatabase | None:
    """Return the database that ``sqlalchemy.url`` of an environment's configuration names; None where it names none.

    The placeholder URL of Alembic's template is ignored. A relative SQLite path starts from the project's folder.
    Raises CommandError where the value cannot be read as a URL.
    """
    config = environment.config()
    text = config.get_main_option("sqlalchemy.url")
    if not text or text.startswith("driver://"):
        return None
    file, _, section = config.place_of("sqlalchemy.url").partition(" [")
    place = f"sqlalchemy.url in {shown_path(file)} [{section}"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise CommandError(f"{place} is not a database URL. Write it like dialect://user@host/database.") from None
    return NamedDatabase(with_absolute_path(url, environment.project_folder), place)


def flask_database() -> NamedDatabase | None:
    """Return the database of the Flask application whose context is pushed; None where none is, or it has none."""
    flask: Any = sys.modules.get("flask")
    if flask is None or not flask.has_app_context():
        return None
    engine = getattr(flask.current_app.extensions.get("sqlalchemy"), "engine", None)
    if not isinstance(engine, Engine):
        return None
    return NamedDatabase(engine.url, "SQLALCHEMY_DATABASE_URI of the Flask application")


def sections(environment: Environment | None) -> list[str]:
    """Return the names of the sections that configure a database, in the files that `section_url` searches."""
    parser = configparser.RawConfigParser()
    parser.read(section_files(environment.ini if environment else None), encoding="utf-8")
    options = ("sqlalchemy.url", "url", "drivername")
    return [name for name in parser.sections() if any(parser.has_option(name, option) for option in options)]


def section_files(ini: str | None) -> list[str]:
    """Return the ini files that are searched: the environment's, those in the working folder, and jupysql's."""
    home = os.path.join(os.path.expanduser("~"), ".jupysql", "connections.ini")
    return list(dict.fromkeys(filter(None, (ini, "alembic.ini", "connections.ini", "odbc.ini", home))))


def sql_engine() -> Engine:
    """Return the engine of the connection that ``%sql`` (jupysql or ipython-sql) uses now.

    Raises CommandError where ``%sql`` is not loaded, not connected, or its connection is not SQLAlchemy's.
    """
    module = sys.modules.get("sql.connection")
    owner = getattr(module, "ConnectionManager", None) or getattr(module, "Connection", None)
    if owner is None:
        raise CommandError("No %sql is loaded in this notebook. Load it (%load_ext sql) and connect, or type the URL.")
    current: Any = owner.current
    if current is None:
        raise CommandError("%sql is not connected. Connect it first (%sql sqlite:///dev.db), or type the URL.")
    live = next(
        (found for name in ("connection_sqlalchemy", "session") if (found := getattr(current, name, None)) is not None),
        None,
    )
    engine = getattr(live, "engine", None)
    if not isinstance(engine, Engine):
        raise CommandError(
            "The connection of %sql is not one of SQLAlchemy, so it cannot be taken over. Type the URL instead."
        )
    return engine


def _url(parser: configparser.ConfigParser, name: str, path: str) -> URL | str:
    try:
        section = dict(parser.items(name))
    except configparser.InterpolationMissingOptionError as error:
        raise CommandError(f"[{name}] of {path} refers to %({error.reference})s, which is not set there.") from None
    except configparser.InterpolationError:
        raise CommandError(f"[{name}] of {path} contains a % that is not part of a %(name)s; write it as %%.") from None
    text = section.get("sqlalchemy.url") or section.get("url")
    if text:
        return text
    if "drivername" not in section:
        raise CommandError(
            f"[{name}] of {path} names no database. Set sqlalchemy.url, or drivername and the other parts."
        )
    parts: dict[str, Any] = {key: section[key] for key in _PARTS if section.get(key)}
    if "port" in parts:
        if not parts["port"].isdigit():
            raise CommandError(f"[{name}] of {path} sets port = {parts['port']}, which is not a number.")
        parts["port"] = int(parts["port"])
    return URL.create(section["drivername"], **parts)
