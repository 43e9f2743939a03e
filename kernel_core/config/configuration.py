"""`Config`: the settings of an environment."""

from __future__ import annotations

import argparse
import configparser
import os
import sys
import warnings
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, TextIO

from ..script.root import Root, root_of
from ..util.exc import CommandError, InvalidValue
from ..util.files import alembic_table
from ..util.messaging import print_replacing
from ..util.secrets import mask_url, redact
from .paths import split_paths

_EMPTY: Mapping[str, str] = MappingProxyType({})
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off", ""})


class Config:
    """The settings of an environment: an ini file, ``[tool.alembic]`` of a pyproject.toml, or memory alone.

        config = Config("alembic.ini")
        config = Config(); config.set_main_option("script_location", "migrations")

    If both files have a key, that of the ini file is used (the whole order: `kernel_core.config`). ``attributes`` pass
    live objects to ``env.py``: ``connection``, ``target_metadata``, ``on_step``, or your own. Offline mode writes the
    SQL to ``output_buffer``, by default the standard output. With ``prints_results = False`` the functions of `command`
    only return their results, and print nothing.
    """

    prints_results: bool = True

    def __init__(
        self,
        file_: str | os.PathLike[str] | None = None,
        toml_file: str | os.PathLike[str] | None = None,
        ini_section: str = "alembic",
        output_buffer: TextIO | None = None,
        stdout: TextIO | None = None,
        cmd_opts: argparse.Namespace | None = None,
        config_args: Mapping[str, str] = _EMPTY,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        self.config_file_name = None if file_ is None else os.fspath(file_)
        self.toml_file_name = None if toml_file is None else os.fspath(toml_file)
        self.config_ini_section = ini_section
        self.output_buffer = output_buffer
        self._stdout = stdout
        self.cmd_opts = cmd_opts
        self.config_args = dict(config_args)
        self.attributes: dict[str, Any] = dict(attributes or {})
        self._root: Root | None = None

    @property
    def root(self) -> Root:
        """The folder that relative paths start from (by the rule in `script.root`); it may be set."""
        if self._root is not None:
            return self._root
        return root_of(str(self.get_alembic_option("script_location") or ""), self._naming_file)

    @root.setter
    def root(self, root: Root) -> None:
        self._root = root

    @property
    def _naming_file(self) -> str | None:
        """The file that names the environment: the ini file, or the toml file if the ini file has no location."""
        in_ini = self.file_config.has_option(self.config_ini_section, "script_location")
        return self.config_file_name if in_ini else self.toml_file_name or self.config_file_name

    @property
    def stdout(self) -> TextIO:
        """Where `print_stdout` writes."""
        return sys.stdout if self._stdout is None else self._stdout

    @stdout.setter
    def stdout(self, stream: TextIO | None) -> None:
        self._stdout = stream

    @property
    def messaging_opts(self) -> dict[str, bool]:
        """``{"quiet": True}`` with ``--quiet`` on the command line."""
        return {"quiet": bool(getattr(self.cmd_opts, "quiet", False))}

    def print_stdout(self, text: str, *arg: object) -> None:
        """Print a line, ``text % arg`` if there are arguments; nothing with ``--quiet`` on the command line."""
        if not self.messaging_opts["quiet"]:
            print_replacing(redact(str(text) % arg if arg else str(text)), self.stdout)

    def get_template_directory(self) -> str:
        """Return the folder of the templates; override it for your own."""
        return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "templates")

    # ---- the files ----------------------------------------------------------------------------------------------

    @cached_property
    def file_config(self) -> configparser.ConfigParser:
        """The parsed ini file, empty without one; raises CommandError if it cannot be read."""
        home = os.path.dirname(os.path.abspath(self.config_file_name)) if self.config_file_name else "."
        parser = configparser.ConfigParser({"here": home.replace("%", "%%"), **self.config_args})
        self.config_args.setdefault("here", home)
        if self.config_file_name:
            try:
                parser.read(self.config_file_name, encoding="utf-8")
            except configparser.ParsingError as error:
                lines = [number for number, _ in getattr(error, "errors", ())] or [getattr(error, "lineno", 1)]
                numbers = ", ".join(map(str, lines))
                raise CommandError(
                    f"{self.config_file_name} cannot be read: line {numbers} is neither [section] nor name = value."
                ) from None
            except configparser.Error as error:
                raise CommandError(redact(f"{self.config_file_name} cannot be read: {error.message}")) from None
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"{self.config_file_name} cannot be read: {error}.") from None
        if not parser.has_section(self.config_ini_section):
            if not self.config_file_name or self.toml_alembic_config:
                parser.add_section(self.config_ini_section)
        elif self.config_file_name and not parser.has_option(self.config_ini_section, "script_location"):
            self._imply_location(parser, home)
        return parser

    def _imply_location(self, parser: configparser.ConfigParser, home: str) -> None:
        """Set the ini file's folder as the environment if ``env.py`` is in it: Flask-Migrate writes such files."""
        if os.path.isfile(os.path.join(home, "env.py")) and "script_location" not in self.toml_alembic_config:
            parser.set(self.config_ini_section, "script_location", home.replace("%", "%%"))

    @cached_property
    def toml_alembic_config(self) -> Mapping[str, object]:
        """The table ``[tool.alembic]`` of the toml file, with ``%(here)s`` replaced; empty without one."""
        if not self.toml_file_name or not os.path.isfile(self.toml_file_name):
            return {}
        import tomllib  # noqa: PLC0415 - most environments have no toml file

        try:
            with open(self.toml_file_name, "rb") as stream:
                table = alembic_table(tomllib.load(stream), self.toml_file_name)
        except (OSError, ValueError) as error:
            raise CommandError(f"{self.toml_file_name} cannot be read: {error}") from None
        here = os.path.dirname(os.path.abspath(self.toml_file_name))
        return {name: _filled(value, here) for name, value in table.items()}

    # ---- options ------------------------------------------------------------------------------------------------

    def get_section(self, name: str, default: Any = None) -> Any:
        """Return a section of the ini file as a dict; ``default`` without such a section."""
        if not self.file_config.has_section(name):
            return default
        return {option: self._ini(name, option) for option in self.file_config.options(name)}

    def set_section_option(self, section: str, name: str, value: str) -> None:
        """Set an option in memory, not in the file. A ``%`` is written ``%%``."""
        if not self.file_config.has_section(section):
            self.file_config.add_section(section)
        try:
            self.file_config.set(section, name, value)
        except ValueError:
            raise InvalidValue(f"{name}: a % in a value must be written %%.") from None

    def get_section_option(self, section: str, name: str, default: str | None = None) -> str | None:
        """Return an option of the ini file, ``default`` if it is not set.

        Raises CommandError where the file or the section does not exist.
        """
        if not self.file_config.has_section(section):
            raise CommandError(self._without(section))
        if not self.file_config.has_option(section, name):
            return default
        return self._ini(section, name)

    def _without(self, section: str) -> str:
        """Return the sentence that a section does not exist."""
        name = self.config_file_name
        if name and not os.path.exists(name):
            return f"{name} does not exist, so it has no section [{section}]."
        return f"{name or 'The configuration'} has no section [{section}]."

    def set_main_option(self, name: str, value: str) -> None:
        """Set an option of the main section in memory."""
        self.set_section_option(self.config_ini_section, name, value)

    def get_main_option(self, name: str, default: str | None = None) -> str | None:
        """Return an option of the main section, else of ``[tool.alembic]`` as text, else ``default``.

        Raises CommandError where the ini file that was named has no main section, and there is no ``[tool.alembic]``.
        """
        found = self.get_section_option(self.config_ini_section, name)
        if found is not None:
            return found
        value = self.toml_alembic_config.get(name)
        if value is None or isinstance(value, (list, dict)):
            return default
        return str(value).lower() if isinstance(value, bool) else str(value)

    def remove_main_option(self, name: str) -> None:
        """Remove an option of the main section, in memory."""
        if self.file_config.has_section(self.config_ini_section):
            self.file_config.remove_option(self.config_ini_section, name)

    def get_alembic_option(self, name: str, default: object = None) -> Any:
        """Return an option of the main section, else of ``[tool.alembic]`` in its own type, else ``default``."""
        if not self.file_config.has_option(self.config_ini_section, name):
            return self.toml_alembic_config.get(name, default)
        return self._ini(self.config_ini_section, name)

    def get_alembic_boolean_option(self, name: str) -> bool:
        """Return whether an option is true; raises CommandError if it is neither true nor false."""
        value = self.get_alembic_option(name)
        text = "" if value is None else str(value).strip().lower()
        if text not in _TRUE | _FALSE:
            raise CommandError(f"{name} in {self.place_of(name)} is {value!r}; write true or false.")
        return text in _TRUE

    def get_version_locations_list(self) -> list[str] | None:
        """Return the folders of version files, None if the option is not set."""
        return self._paths("version_locations")

    def get_prepend_sys_paths_list(self) -> list[str] | None:
        """Return the folders to put on ``sys.path``, None if the option is not set."""
        return self._paths("prepend_sys_path")

    def get_hooks_list(self) -> list[dict[str, object]]:
        """Return the post-write hooks in order, each with its name and its options (``type``, ``options``...).

        The name is both ``name``, unless the hook has an option of that name, and ``_hook_name`` as in Alembic. The
        hooks are the section ``[post_write_hooks]`` of the ini file, else ``[[tool.alembic.post_write_hooks]]``.
        """
        section = self.get_section("post_write_hooks", {})
        if section.get("hooks"):
            names = [name.strip() for name in section["hooks"].replace("\n", ",").split(",") if name.strip()]
            return [{"name": name, **_options_of(name, section), "_hook_name": name} for name in names]
        hooks = self.toml_alembic_config.get("post_write_hooks", [])
        if not isinstance(hooks, list) or not all(isinstance(hook, dict) and hook.get("name") for hook in hooks):
            raise CommandError(
                f"post_write_hooks in {self.toml_file_name} must be tables [[tool.alembic.post_write_hooks]], "
                "each with a name."
            )
        return [{**hook, "_hook_name": hook["name"]} for hook in hooks]

    def place_of(self, name: str) -> str:
        """Return the file (and section or table) that an option of the main section comes from, for an error."""
        in_toml = not self.file_config.has_option(self.config_ini_section, name) and name in self.toml_alembic_config
        if in_toml:
            return f"{self.toml_file_name} [tool.alembic]"
        return f"{self.config_file_name or 'the configuration'} [{self.config_ini_section}]"

    def _paths(self, name: str) -> list[str] | None:
        value = self.get_alembic_option(name)
        if value is None:
            return None
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return value
        if not isinstance(value, str):
            raise CommandError(f"{name} in {self.place_of(name)} is {value!r}; write a list of paths.")
        option = next((each for each in _SEPARATOR_OPTIONS[name] if self.get_main_option(each)), None)
        separator = self.get_main_option(option) if option else None
        if option == "version_path_separator":
            warnings.warn(
                f"{option} in {self.place_of(option)} is deprecated; rename it to path_separator.",
                DeprecationWarning,
                stacklevel=3,
            )
        return split_paths(value, name, separator, self.place_of(option or name)) or None

    def _ini(self, section: str, name: str) -> str:
        try:
            value = self.file_config.get(section, name)
        except configparser.InterpolationMissingOptionError as error:
            where = self.config_file_name or "the configuration"
            raise CommandError(f"{name} in {where} refers to %({error.reference})s, which is not set there.") from None
        except configparser.InterpolationError:
            where = self.config_file_name or "the configuration"
            raise CommandError(f"{name} in {where} contains a % that begins no %(name)s; write it as %%.") from None
        if "://" in value or ("@" in value and name.endswith(("url", "uri", "dsn"))):
            mask_url(value)
        return value


_SEPARATOR_OPTIONS = {
    "version_locations": ("path_separator", "version_path_separator"),
    "prepend_sys_path": ("path_separator",),
}
"""The options that set how a list is split; the older one applies to the folders of version files only."""


def _options_of(hook: str, section: Mapping[str, str]) -> dict[str, str]:
    """Return the options of one hook: ``black.type`` is the option ``type`` of ``black``."""
    start = hook + "."
    return {name.removeprefix(start): value for name, value in section.items() if name.startswith(start)}


def _filled(value: object, here: str) -> object:
    if isinstance(value, str):
        return value.replace("%(here)s", here).replace("%%", "%")
    if isinstance(value, dict):
        return {name: _filled(each, here) for name, each in value.items()}
    return [_filled(each, here) for each in value] if isinstance(value, list) else value
