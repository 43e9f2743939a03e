"""Databases that are named elsewhere: in a section of an ini file, or by another extension of the notebook."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import URL, Engine

from kernel_core.util.exc import CommandError

_PARTS = ("username", "password", "host", "port", "database")


def section_url(name: str, files: Iterable[str]) -> URL | str:
    """Return the URL of the section ``name`` in the first of the ini files that has one; text where it is written so.

    A section says ``sqlalchemy.url`` or ``url``, or the parts as jupysql writes them: ``drivername``, ``host``...
    Raises CommandError where no file has it, or it names no database.
    """
    looked = []
    for path in files:
        if not os.path.isfile(path):
            continue
        parser = configparser.ConfigParser({"here": os.path.dirname(os.path.abspath(path)).replace("%", "%%")})
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            raise CommandError(f"{path} cannot be read as an ini file. Correct it, or type the URL.") from None
        if parser.has_section(name):
            return _url(parser, name, path)
        looked.append(os.path.basename(path))
    raise CommandError(
        f"No section [{name}] is in {', '.join(looked) or 'an ini file here'}. "
        "Name one that says sqlalchemy.url, or drivername, host and database."
    )


def section_files(ini: str | None) -> list[str]:
    """Return where sections are looked for: the environment's ini file, those here, and jupysql's."""
    home = os.path.join(os.path.expanduser("~"), ".jupysql", "connections.ini")
    return list(dict.fromkeys(filter(None, (ini, "alembic.ini", "connections.ini", "odbc.ini", home))))


def sql_engine() -> Engine:
    """Return the engine of the connection that ``%sql`` (jupysql or ipython-sql) uses now.

    Raises CommandError where that is not loaded, has none, or one that is not SQLAlchemy's.
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
    except configparser.InterpolationError:
        raise CommandError(f"[{name}] of {path} holds a % that starts no %(name)s; write it as %%.") from None
    text = section.get("sqlalchemy.url") or section.get("url")
    if text:
        return text
    if "drivername" not in section:
        raise CommandError(f"[{name}] of {path} names no database. Give it sqlalchemy.url, or drivername and the rest.")
    parts: dict[str, Any] = {key: section[key] for key in _PARTS if section.get(key)}
    if "port" in parts:
        if not parts["port"].isdigit():
            raise CommandError(f"[{name}] of {path} says port = {parts['port']}, which is no number.")
        parts["port"] = int(parts["port"])
    return URL.create(section["drivername"], **parts)
