"""What an environment is told (`Config`), and the program ``mig`` (`CommandLine`)."""

from __future__ import annotations

import argparse
import configparser
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, NoReturn, TextIO

from . import __version__, command
from .runtime.run import RunEvent, RunReport
from .script import Revision, Script
from .util.exc import CommandError
from .util.secrets import mask_url, redact

_EMPTY: Mapping[str, Any] = MappingProxyType({})
_SEPARATORS = {"os": os.pathsep, "space": " ", "newline": "\n", ":": ":", ";": ";"}


class Config:
    """The settings of an environment: an ini file, ``[tool.alembic]`` of a pyproject.toml, or memory alone.

        config = Config("alembic.ini")
        config = Config(); config.set_main_option("script_location", "migrations")

    Where both files have a key, the ini file wins. ``attributes`` carries live objects to ``env.py``: ``connection``,
    ``target_metadata``, ``on_step``, or anything of yours. ``output_buffer`` also receives the SQL of offline mode.
    """

    def __init__(
        self,
        file_: str | os.PathLike[str] | None = None,
        toml_file: str | os.PathLike[str] | None = None,
        ini_section: str = "alembic",
        output_buffer: TextIO | None = None,
        stdout: TextIO | None = None,
        cmd_opts: argparse.Namespace | None = None,
        config_args: Mapping[str, Any] = _EMPTY,
        attributes: Mapping[Any, Any] | None = None,
    ) -> None:
        self.config_file_name = None if file_ is None else os.fspath(file_)
        self.toml_file_name = None if toml_file is None else os.fspath(toml_file)
        self.config_ini_section = ini_section
        self.output_buffer = output_buffer
        self._stdout = stdout
        self.cmd_opts = cmd_opts
        self.config_args = dict(config_args)
        self.attributes: dict[Any, Any] = dict(attributes or {})

    @property
    def stdout(self) -> TextIO:
        """Where `print_stdout` writes."""
        return sys.stdout if self._stdout is None else self._stdout

    @property
    def messaging_opts(self) -> dict[str, Any]:
        """``{"quiet": True}`` where the command line was asked to say little."""
        return {"quiet": bool(getattr(self.cmd_opts, "quiet", False))}

    def print_stdout(self, text: str, *arg: Any) -> None:
        """Print a line; ``text % arg`` where there are arguments."""
        print(redact(str(text) % arg if arg else str(text)), file=self.stdout)

    def get_template_directory(self) -> str:
        """Return the folder of the templates; override it to have your own."""
        return os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")

    # ---- the files ----------------------------------------------------------------------------------------------

    @cached_property
    def file_config(self) -> configparser.ConfigParser:
        """The parsed ini file, empty where there is none; raises CommandError where it cannot be read."""
        home = os.path.dirname(os.path.abspath(self.config_file_name)) if self.config_file_name else ""
        parser = configparser.ConfigParser({"here": home.replace("%", "%%"), **self.config_args})
        if self.config_file_name:
            try:
                parser.read(self.config_file_name, encoding="utf-8")
            except configparser.Error as error:
                raise CommandError(redact(f"{self.config_file_name} cannot be read: {error.message}")) from None
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"{self.config_file_name} cannot be read: {error}.") from None
        if not parser.has_section(self.config_ini_section):
            parser.add_section(self.config_ini_section)
        return parser

    @cached_property
    def toml_alembic_config(self) -> Mapping[str, Any]:
        """The table ``[tool.alembic]`` of the toml file, ``%(here)s`` filled in; empty where there is none."""
        if not self.toml_file_name or not os.path.isfile(self.toml_file_name):
            return {}
        import tomllib  # noqa: PLC0415 - most environments have no toml file

        try:
            with open(self.toml_file_name, "rb") as stream:
                table = tomllib.load(stream).get("tool", {}).get("alembic", {})
        except (OSError, ValueError) as error:
            raise CommandError(f"{self.toml_file_name} cannot be read: {error}") from None
        here = os.path.dirname(os.path.abspath(self.toml_file_name))
        return {name: _filled(value, here) for name, value in table.items()}

    # ---- options ------------------------------------------------------------------------------------------------

    def get_section(self, name: str, default: Any = None) -> Any:
        """Return a section of the ini file as a dict; ``default`` ({} if not given) where there is none."""
        if not self.file_config.has_section(name):
            return {} if default is None else default
        return {option: self._ini(name, option) for option in self.file_config.options(name)}

    def set_section_option(self, section: str, name: str, value: str) -> None:
        """Set an option in memory; the file stays as it is. A ``%`` is written ``%%``."""
        if not self.file_config.has_section(section):
            self.file_config.add_section(section)
        try:
            self.file_config.set(section, name, value)
        except ValueError:
            raise CommandError(f"{name}: a % in a value must be written %%.") from None

    def get_section_option(self, section: str, name: str, default: str | None = None) -> str | None:
        """Return an option of the ini file, ``default`` where it has none."""
        if not self.file_config.has_option(section, name):
            return default
        return self._ini(section, name)

    def set_main_option(self, name: str, value: str) -> None:
        """Set an option of the main section in memory."""
        self.set_section_option(self.config_ini_section, name, value)

    def get_main_option(self, name: str, default: str | None = None) -> str | None:
        """Return an option of the main section, else of ``[tool.alembic]`` as text, else ``default``."""
        found = self.get_section_option(self.config_ini_section, name)
        if found is not None:
            return found
        value = self.toml_alembic_config.get(name)
        if value is None or isinstance(value, (list, dict)):
            return default
        return str(value).lower() if isinstance(value, bool) else str(value)

    def remove_main_option(self, name: str) -> None:
        """Forget an option of the main section."""
        self.file_config.remove_option(self.config_ini_section, name)

    def get_alembic_option(self, name: str, default: Any = None) -> Any:
        """Return an option of the main section, else of ``[tool.alembic]`` in its own type, else ``default``."""
        found = self.get_section_option(self.config_ini_section, name)
        return self.toml_alembic_config.get(name, default) if found is None else found

    def get_alembic_boolean_option(self, name: str) -> bool:
        """Tell whether an option says true."""
        return str(self.get_alembic_option(name, "")).strip().lower() in ("true", "1", "yes", "on")

    def get_version_locations_list(self) -> list[str] | None:
        """Return the folders of version files, None where none are named."""
        return self._paths("version_locations", legacy=r"[,\s]+")

    def get_prepend_sys_paths_list(self) -> list[str] | None:
        """Return the folders to put on ``sys.path``, None where none are named."""
        return self._paths("prepend_sys_path", legacy=r"[,\s:]+" if os.pathsep == ":" else r"[,\s;]+")

    def _paths(self, name: str, legacy: str) -> list[str] | None:
        value = self.get_alembic_option(name)
        if value is None or isinstance(value, list):
            return value
        separator = self.get_main_option("path_separator") or self.get_main_option("version_path_separator")
        if separator is None:
            parts = re.split(legacy, str(value))
        elif separator.strip() in _SEPARATORS:
            parts = str(value).split(_SEPARATORS[separator.strip()])
        else:
            raise CommandError(f"path_separator is {separator!r}; it must be one of: {', '.join(_SEPARATORS)}.")
        return [part.strip() for part in parts if part.strip()]

    def _ini(self, section: str, name: str) -> str:
        try:
            value = self.file_config.get(section, name)
        except configparser.InterpolationError:
            where = self.config_file_name or "the configuration"
            raise CommandError(f"{name} in {where} holds a % that starts no %(name)s; write it as %%.") from None
        if "://" in value:
            mask_url(value)
        return value


def _filled(value: Any, here: str) -> Any:
    if isinstance(value, str):
        return value.replace("%(here)s", here).replace("%%", "%")
    return [_filled(each, here) for each in value] if isinstance(value, list) else value


# ---- the program ------------------------------------------------------------------------------------------------

Verb = Callable[[Config, argparse.Namespace], Iterable[str]]


class CommandLine:
    """The program ``mig``: reads arguments, calls `command`, prints what came of it.

        CommandLine().main(["-c", "alembic.ini", "upgrade", "head"])

    What a person did wrong ends it with ``FAILED: ...`` on stderr and exit code 255.
    """

    def __init__(self, prog: str | None = None) -> None:
        self.prog = prog or "mig"
        self.parser = _parser(self.prog)

    def main(self, argv: Sequence[str] | None = None) -> None:
        """Run one command; raises SystemExit where it fails."""
        options = self.parser.parse_args(argv)
        if not hasattr(options, "verb"):
            self.parser.print_help(sys.stderr)
            raise SystemExit(2)
        self.run_cmd(_config_of(options), options)

    def run_cmd(self, config: Config, options: argparse.Namespace) -> None:
        """Run the command that ``options`` holds."""
        mask_url(os.environ.get("DATABASE_URL", ""))
        try:
            for line in options.verb(config, options):
                print(redact(line), file=config.stdout)
        except KeyboardInterrupt as error:
            print("\n".join(["Stopped.", *getattr(error, "__notes__", ())]), file=sys.stderr)
            raise SystemExit(130) from None
        except Exception as error:
            if options.raiseerr:
                raise
            _fail(error)


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> None:
    """Run the command line."""
    CommandLine(prog).main(argv)


def _fail(error: Exception) -> NoReturn:
    """End the program: in one line where a person can help it, with the traceback where we must."""
    text = str(error) if isinstance(error, CommandError) else None
    if text is None:
        from .runtime.failure import explained  # noqa: PLC0415 - only needed where SQLAlchemy is in use anyway

        text = explained(error)
    if text is None:
        sys.stderr.write(redact("".join(traceback.format_exception(error))))
        raise SystemExit(1) from None
    print(f"FAILED: {redact(text)}", file=sys.stderr)
    raise SystemExit(255) from None


def _config_of(options: argparse.Namespace) -> Config:
    named: list[str] = options.config or os.environ.get("ALEMBIC_CONFIG", "").split()
    toml = [name for name in named if name.endswith(".toml")]
    ini = [name for name in named if not name.endswith(".toml")]
    if len(ini) > 1 or len(toml) > 1:
        raise SystemExit(f"{options.prog}: -c takes one ini file and one toml file, not {', '.join(named)}")
    only_toml = bool(toml) and not ini
    return Config(
        file_=None if only_toml else ini[0] if ini else "alembic.ini",
        toml_file=toml[0] if toml else "pyproject.toml",
        ini_section=options.name,
        cmd_opts=options,
    )


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="Migrate databases, one revision after the other.")
    parser.set_defaults(prog=prog)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("-c", "--config", action="append", metavar="FILE", help="ini or toml file (alembic.ini)")
    parser.add_argument("-n", "--name", default="alembic", metavar="SECTION", help="section of the ini file")
    parser.add_argument("-x", action="append", metavar="KEY=VALUE", help="an argument for env.py; may be repeated")
    parser.add_argument("--raiseerr", action="store_true", help="show the traceback of an error")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing of what was done")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (verb, *arguments) in _VERBS.items():
        about = (verb.__doc__ or "").strip()
        sub = verbs.add_parser(name, help=about, description=about)
        sub.set_defaults(verb=verb)
        for flags, settings in arguments:
            sub.add_argument(*flags, **settings)
    return parser


def _init(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Make an environment in a new folder."""
    made = command.init(config, options.directory, template=options.template, package=options.package)
    return [] if options.quiet else [f"made {os.path.relpath(path)}" for path in made]


def _revision(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Write a new version file."""
    names = ("message", "autogenerate", "sql", "head", "splice", "branch_label", "version_path", "rev_id", "depends_on")
    written = command.revision(config, **{name: getattr(options, name) for name in names})
    return _made(written, options)


def _merge(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Write a version file that joins several revisions."""
    names = ("message", "branch_label", "rev_id", "splice")
    return _made(command.merge(config, options.revisions, **{name: getattr(options, name) for name in names}), options)


def _upgrade(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Bring the database up to a revision."""
    _watch(config, options)
    return _ran(command.upgrade(config, options.revision, sql=options.sql, tag=options.tag), options)


def _downgrade(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Bring the database down to a revision."""
    _watch(config, options)
    return _ran(command.downgrade(config, options.revision, sql=options.sql, tag=options.tag), options)


def _stamp(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Say where the database stands, running nothing."""
    target = options.revisions[0] if len(options.revisions) == 1 else options.revisions
    return _ran(command.stamp(config, target, sql=options.sql, tag=options.tag, purge=options.purge), options)


def _current(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show where the database stands."""
    return [_line(each, options) for each in command.current(config)]


def _heads(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show the newest revision of each branch."""
    return [_line(each, options) for each in command.heads(config, resolve_dependencies=options.resolve_dependencies)]


def _history(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show revisions, newest first."""
    scripts = command.history(config, options.rev_range)
    here = set(command.current_heads(config)) if options.indicate_current else set()
    lines = [_line(each, options, parents=True, here=each.revision in here) for each in scripts]
    broken = [f"cannot be read: {error}" for error in command.scripts_of(config).unreadable]
    return lines + broken


def _branches(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show the revisions from which several others go on."""
    lines: list[str] = []
    for each in command.branches(config):
        lines += [_line(each, options), *(f"    -> {name}" for name in sorted(each.nextrev))]
    return lines


def _show(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show all that is known of a revision."""
    return [command.show(config, options.revision).log_entry]


def _watch(config: Config, options: argparse.Namespace) -> None:
    """Print each revision as it is done; the SQL of offline mode is all that is printed there."""

    def tell(event: RunEvent) -> None:
        if event.kind == "done":
            config.print_stdout(f"{event.direction} {event.revision}  {event.doc}  ({event.seconds:.2f} s)")

    if not options.quiet and not options.sql:
        config.attributes.setdefault("on_step", tell)


def _ran(report: RunReport, options: argparse.Namespace) -> list[str]:
    if report.sql is not None:
        return [report.sql.rstrip("\n")] if report.sql else []
    if options.quiet:
        return []
    before, after = (", ".join(heads) or "base" for heads in (report.before, report.after))
    if not report.steps:
        return [f"{report.target} stands at {before}; there is nothing to do."]
    return [f"{report.target}: {before} -> {after}"]


def _made(written: Script | Sequence[Script] | None, options: argparse.Namespace) -> list[str]:
    scripts = [] if written is None else [written] if isinstance(written, Script) else list(written)
    return [] if options.quiet else [f"made {os.path.relpath(script.path)}" for script in scripts]


def _line(revision: Revision, options: argparse.Namespace, *, parents: bool = False, here: bool = False) -> str:
    mark = " (current)" if here else ""
    if not isinstance(revision, Script):
        return f"{revision.revision} ({revision.doc})"
    if options.verbose:
        return revision.log_entry.replace("\n", f"{mark}\n", 1)
    text = revision.cmd_format(False, include_branches=True, include_parents=parents, tree_indicators=True)
    return f"{text}{mark}, {revision.doc}" if revision.doc else text + mark


def _argument(*flags: str, **settings: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return flags, settings


_SQL = _argument("--sql", action="store_true", help="print the SQL, run nothing")
_TAG = _argument("--tag", help="a text for env.py")
_VERBOSE = _argument("-v", "--verbose", action="store_true", help="show all that is known")
_MESSAGE = _argument("-m", "--message", help="what the revision is for")
_LABEL = _argument("--branch-label", help="a name for the branch that begins here")
_ID = _argument("--rev-id", help="the id of the revision, instead of a random one")
_SPLICE = _argument("--splice", action="store_true", help="begin a branch at a revision that is no head")
_VERBS: dict[str, tuple[Any, ...]] = {
    "init": (
        _init,
        _argument("directory", help="folder of the environment"),
        _argument("-t", "--template", default="generic", help="which template to take"),
        _argument("--package", action="store_true", help="make Python packages of the folders"),
    ),
    "revision": (
        _revision,
        _MESSAGE,
        _argument("--autogenerate", action="store_true", help="fill it with what the database lacks of the models"),
        _argument("--sql", action="store_true", help="do not connect"),
        _argument("--head", default="head", help="the revision that it follows, or branch@head"),
        _SPLICE,
        _LABEL,
        _argument("--version-path", help="folder of the new file, where there are several"),
        _ID,
        _argument("--depends-on", action="append", help="a revision that must be applied before; may be repeated"),
    ),
    "merge": (_merge, _argument("revisions", nargs="+", help="revisions, or heads"), _MESSAGE, _LABEL, _ID, _SPLICE),
    "upgrade": (_upgrade, _argument("revision", help="where to: head, +1, an id; from:to with --sql"), _SQL, _TAG),
    "downgrade": (_downgrade, _argument("revision", help="where to: base, -1, an id; from:to with --sql"), _SQL, _TAG),
    "stamp": (
        _stamp,
        _argument("revisions", nargs="+", help="revisions, or heads, or base"),
        _SQL,
        _TAG,
        _argument("--purge", action="store_true", help="forget where it stood before"),
    ),
    "current": (_current, _VERBOSE),
    "heads": (_heads, _VERBOSE, _argument("--resolve-dependencies", action="store_true", help="without implied ones")),
    "history": (
        _history,
        _argument("-r", "--rev-range", help="from:to, as in base:head or -3:current"),
        _VERBOSE,
        _argument("-i", "--indicate-current", action="store_true", help="mark where the database stands"),
    ),
    "branches": (_branches, _VERBOSE),
    "show": (_show, _argument("revision", help="an id, head, current")),
}
