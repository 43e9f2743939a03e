"""Create an environment from a template."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ..util.exc import CommandError
from ..util.files import alembic_table, replace, write_new
from .environment import Config
from .printing import print_files, say

if TYPE_CHECKING:
    from mako.template import Template as Mako  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Template:
    """A template of `init`: its name and the first line of its README."""

    name: str
    about: str


def list_templates(config: Config) -> tuple[Template, ...]:
    """Return and print the templates of `init`, by name."""
    found = _templates(config)
    say(config, "Available templates:\n")
    for each in found:
        say(config, f"{each.name} - {each.about}")
    say(config, "\nChoose one of them: mig init --template generic migrations")
    return found


def _templates(config: Config) -> tuple[Template, ...]:
    folder = config.get_template_directory()
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("_"))
    return tuple(Template(name, _about(os.path.join(folder, name, "README"))) for name in names)


def init(
    config: Config,
    directory: str | os.PathLike[str],
    template: str = "generic",
    package: bool = False,
    alembic: bool = False,
) -> list[str]:
    """Create an environment in ``directory``, and the configuration files that ``config`` names.

    An existing ini file is not changed; ``[tool.alembic]`` is added to a ``pyproject.toml`` without it. Returns the
    paths of the files written. With ``alembic`` the files import ``alembic``: they run here and with Alembic itself.

    Raises CommandError, and creates nothing, where the folder is not empty or the template is unknown.
    """
    folder, source = os.path.abspath(directory), os.path.join(config.get_template_directory(), template)
    known = [each.name for each in _templates(config)]
    if template not in known:
        raise CommandError(f"Unknown template {template!r}. Choose one of: {', '.join(known)}.")
    if os.path.exists(folder) and (not os.path.isdir(folder) or os.listdir(folder)):
        raise CommandError(f"{folder} exists and is not empty; nothing was created. Choose another folder.")
    names = sorted(name for name in os.listdir(source) if os.path.isfile(os.path.join(source, name)))
    made: list[str] = []
    if "pyproject.toml.mako" in names:
        made += _add_toml(config, os.path.join(source, "pyproject.toml.mako"), folder)
    if "alembic.ini.mako" in names:
        made += _write_ini(config, os.path.join(source, "alembic.ini.mako"), folder, alembic)
    for name in names:
        if not name.endswith((".ini.mako", ".toml.mako")):
            text = _text(os.path.join(source, name))
            made.append(_written(os.path.join(folder, name), _for_alembic(text) if alembic else text))
    os.makedirs(os.path.join(folder, "versions"), exist_ok=True)
    packages = (folder, os.path.join(folder, "versions")) if package else ()
    made += [_written(os.path.join(parent, "__init__.py"), "") for parent in packages]
    config.set_main_option("script_location", folder.replace("%", "%%"))
    print_files(config, made)
    return made


def _for_alembic(text: str) -> str:
    """Return the text of a template's file with Alembic's names, without the parts that only this engine has."""
    ours = "from kernel_core.util.source import import_block, literal\n"
    text = text.replace(f"<%!\n{ours}%>\\\n", "").replace(ours, "").replace("${literal(", "${repr(")
    text = text.replace('<%block filter="import_block">\n', "").replace("</%block>\n", "")
    return text.replace("kernel_core", "alembic")


def _write_ini(config: Config, template: str, folder: str, alembic: bool) -> Sequence[str]:
    """Write the ini file unless it exists, or ``config`` is in memory only."""
    path = config.config_file_name
    if path is None or os.path.exists(path):
        return ()
    text = _filled(template, script_location=_location(path, folder))
    return (_written(path, _for_alembic(text) if alembic else text),)


def _add_toml(config: Config, template: str, folder: str) -> Sequence[str]:
    """Add ``[tool.alembic]`` to the toml file (named, or next to the ini file), unless it has that table."""
    import json  # noqa: PLC0415 - heads and history start faster without these
    import tomllib  # noqa: PLC0415

    path = config.toml_file_name
    if path is None:
        if config.config_file_name is None:
            return ()
        path = os.path.join(os.path.dirname(config.config_file_name), "pyproject.toml")
    before = _text(path) if os.path.exists(path) else ""
    try:
        if alembic_table(tomllib.loads(before), path):
            return ()
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"{path} cannot be read: {error}. Nothing was created; correct it first.") from None
    added = _filled(template, script_location=json.dumps(_location(path, folder), ensure_ascii=False))
    replace(path, f"{before.rstrip()}\n\n{added}" if before.strip() else added)
    return (path,)


def _location(file: str, folder: str) -> str:
    """Return ``folder`` as it is written in ``file``: relative to the file if it is below it, with each % doubled."""
    home = os.path.dirname(os.path.abspath(file))
    if not folder.startswith(home.rstrip(os.sep) + os.sep) and folder != home:
        return folder.replace("%", "%%")
    return "%(here)s/" + os.path.relpath(folder, home).replace(os.sep, "/").replace("%", "%%")


def _filled(template: str, **values: str) -> str:
    return str(_compiled(_text(template)).render_unicode(**values))


@lru_cache(maxsize=4)
def _compiled(text: str) -> Mako:
    from mako.template import Template as Mako  # noqa: PLC0415 - only init needs it

    return Mako(text)  # noqa: S702 - a configuration, not HTML


def _about(readme: str) -> str:
    return _text(readme).partition("\n")[0].strip() if os.path.exists(readme) else ""


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def _written(path: str, text: str) -> str:
    write_new(path, text)
    return path
