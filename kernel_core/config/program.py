"""The program ``mig``: reads arguments, calls `command`, prints the result."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NoReturn

from .. import RELEASE
from ..util.exc import CommandError, ProgramExit, UpgradeFailed
from ..util.folders import with_relative_paths
from ..util.interrupts import interrupt_behind, none_lost
from ..util.secrets import redact, remember_environment
from .configuration import Config
from .installed import installed_names, run_installed
from .output import printed
from .plain_warnings import plain_warnings
from .usage import COMMANDS, Command, command_of


class CommandLine:
    """The program ``mig``.

        CommandLine().main(["-c", "alembic.ini", "upgrade", "head"])

    A user error ends it with ``FAILED: ...`` on stderr and exit code 255.
    """

    def __init__(self, prog: str | None = None) -> None:
        self.prog = prog or "mig"
        self.parser = _globals(self.prog)
        self._commands = self.parser.add_subparsers(title="commands", metavar="COMMAND")
        for name, command in COMMANDS.items():
            self._add(name, command)

    def register_command(self, fn: Callable[..., object]) -> None:
        """Add a custom command: its name, arguments and help are those of ``fn(config, ...)``.

            def promote(config: Config, revision: str, sql: bool = False) -> None:
                "Stamp another database."

            line = CommandLine(); line.register_command(promote); line.main()

        An argument without a default is positional (``revisions`` takes several); one with a default is an option, a
        flag where the default is a bool. What ``fn`` returns is not printed; use ``config.print_stdout``.
        """
        self._add(fn.__name__, command_of(fn))

    def main(self, argv: Sequence[str] | None = None) -> None:
        """Run one command; raises SystemExit if it fails.

        Without ``argv`` the process is this program: its arguments are read, and Python warnings are shown as
        ``Warning: ...``. A program that calls this with ``argv`` keeps its own way of showing warnings.
        """
        with none_lost(), plain_warnings() if argv is None else contextlib.nullcontext():
            self._main(list(sys.argv[1:] if argv is None else argv))

    def _main(self, arguments: list[str]) -> None:
        if arguments[:1] == ["--alias"]:
            self._run_aliased(arguments[1:])
        code = run_installed(arguments, [*self._commands.choices], self.prog)
        if code is not None:
            raise SystemExit(code)
        if arguments[:1] in ([], ["-h"], ["--help"]):
            self._list_installed()
        options = self.parser.parse_args(arguments)
        if not hasattr(options, "mig_command"):
            self.parser.print_help(sys.stderr)
            raise SystemExit(2)
        self.run_cmd(config_of(options), options)

    def _list_installed(self) -> None:
        """Name the commands of installed packages at the end of the help."""
        names = [name for name in installed_names() if name not in self._commands.choices]
        if names:
            self.parser.epilog = f"{self.parser.epilog} Commands of installed packages: {', '.join(names)}."

    def _run_aliased(self, arguments: Sequence[str]) -> NoReturn:
        from .aliased import run_aliased  # noqa: PLC0415 - only this option starts programs

        try:
            raise SystemExit(run_aliased(arguments))
        except CommandError as error:
            _fail(error)

    def run_cmd(self, config: Config, options: argparse.Namespace) -> None:
        """Run the command that ``options`` holds."""
        remember_environment()
        config.prints_results = options.mig_command.prints
        try:
            for line in options.mig_command.run(config, options):
                printed(redact(line), options, config.stdout)
            if config.stdout is sys.stdout:
                sys.stdout.flush()  # else Python notices a closed pipe only when it exits, and prints an error
        except KeyboardInterrupt as error:
            _stop(error)
        except ProgramExit as error:
            _exit(error)
        except SystemExit as error:
            _report_exit(error)
            if options.mig_command.not_run is not None:
                raise SystemExit(options.mig_command.not_run) from None
            raise
        except Exception as error:
            _end_failed(error, options)
            raise

    def _add(self, name: str, command: Command) -> None:
        about = command.about
        example = f"example:\n  {self.prog} {command.example}" if command.example else None
        sub = self._commands.add_parser(
            name,
            help=about.partition("\n")[0],
            description=about,
            epilog=example,
            formatter_class=_Formatter,
        )
        sub.set_defaults(mig_command=command)
        for flags, settings in command.arguments:
            sub.add_argument(*flags, **settings)


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> None:
    """Run the command line."""
    try:
        CommandLine(prog).main(argv)
    except KeyboardInterrupt as error:  # before the command began
        _stop(error)


def config_of(options: argparse.Namespace) -> Config:
    """Return the configuration that the global options name; raises SystemExit if they name several."""
    named: list[str] = options.config or os.environ.get("ALEMBIC_CONFIG", "").split(os.pathsep)
    named = [name for name in named if name]
    toml = [name for name in named if name.endswith(".toml")]
    ini = [name for name in named if not name.endswith(".toml")]
    if len(ini) > 1 or len(toml) > 1:
        raise SystemExit(f"{options.prog}: -c takes one ini file and one toml file, not {', '.join(named)}")
    file = None if toml and not ini else ini[0] if ini else "alembic.ini"
    return Config(
        file_=file,
        toml_file=toml[0] if toml else _pyproject(file or ""),
        ini_section=options.name,
        cmd_opts=options,
    )


def _pyproject(ini: str) -> str:
    """Return the pyproject.toml that is read by default: in the working folder, else next to the ini file."""
    beside = os.path.join(os.path.dirname(ini), "pyproject.toml")
    return beside if os.path.isfile(beside) and not os.path.isfile("pyproject.toml") else "pyproject.toml"


def _stop(error: KeyboardInterrupt) -> NoReturn:
    """End the program after an interrupt, with what the run says of it."""
    print("\n".join(["Stopped.", *getattr(error, "__notes__", ())]), file=sys.stderr)
    raise SystemExit(130) from None


def _end_failed(error: Exception, options: argparse.Namespace) -> None:
    """End the program after an error; with ``--raiseerr`` return, and its traceback will show no secret."""
    if isinstance(error, BrokenPipeError) and _is_output_closed():
        _end_unread(error)
    if (interrupt := interrupt_behind(error)) is not None:
        _stop(interrupt)
    if not options.raiseerr:
        _fail(error, options.mig_command.not_run)
    sys.excepthook = _show_redacted


def _report_exit(error: SystemExit) -> None:
    """Print where a file of the project has ended the program: its exit code alone may say that all is well."""
    from ..util.mistakes import mistake_in_project  # noqa: PLC0415 - most programs end otherwise

    place = mistake_in_project(error)
    if place is not None:
        text = f"{place.path}, line {place.line} ended the program ({place.what.rstrip('.')})."
        print(with_relative_paths(redact(text)), file=sys.stderr)


def _exit(error: ProgramExit) -> NoReturn:
    """End the program with the code that a command has chosen."""
    if str(error):
        print(f"FAILED: {with_relative_paths(redact(str(error)))}", file=sys.stderr)
    raise SystemExit(error.code) from None


def _is_output_closed() -> bool:
    """Return whether the program that reads stdout has ended; a BrokenPipeError may also be that of a database."""
    import select  # noqa: PLC0415 - only after such an error

    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLERR)
    except (AttributeError, OSError):  # no such function on Windows, no file behind a stdout that was replaced
        return False
    return bool(poll.poll(0))


def _end_unread(error: BrokenPipeError) -> NoReturn:
    """End the program because its reader has ended, as in ``mig history | head -1``: silently, as other programs do."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python prints what is left while it exits
    if isinstance(error, CommandError):  # a print() in a version file
        _fail(error)
    raise SystemExit(128 + 13) from None  # as if SIGPIPE had ended it


def _fail(error: Exception, not_run: int | None = None) -> NoReturn:
    """End the program: with one line for an error that a user can correct, else with the traceback.

    Its exit code is ``not_run``, by default that of Alembic.
    """
    text = str(error) if isinstance(error, CommandError) else None
    if text is None:
        from ..runtime.failure import explained  # noqa: PLC0415 - only needed where SQLAlchemy is in use anyway

        text = explained(error)
    if text is None and isinstance(error, OSError):
        text = _of_system(error)
    if text is None:
        import traceback  # noqa: PLC0415 - only a bug needs it

        sys.stderr.write(redact("".join(traceback.format_exception(error))))
        raise SystemExit(1 if not_run is None else not_run) from None
    if isinstance(error, UpgradeFailed) and "already exists" in error.failure:
        text += f"\nIf the database has all of its changes already, mark it as applied: mig stamp {error.revision}"
    print(f"FAILED: {with_relative_paths(redact(text))}", file=sys.stderr)
    raise SystemExit(255 if not_run is None else not_run) from None


def _show_redacted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show the traceback of an error that ends the process, with its secrets masked."""
    import traceback  # noqa: PLC0415 - heads and history never need it

    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def _of_system(error: OSError) -> str:
    """Return the message for an error of the file system, with a remedy."""
    remedies = {
        errno.ENOSPC: "Free some space on that disk.",
        errno.EDQUOT: "Free some space; the quota is used up.",
        errno.EROFS: "It is read-only: choose another folder.",
        errno.EACCES: "Choose a folder that you may write to, or change its permissions.",
        errno.EPERM: "Choose a folder that you may write to, or change its permissions.",
    }
    path = next((os.fsdecode(each) for each in (error.filename, error.filename2) if isinstance(each, str | bytes)), "")
    remedy = remedies.get(error.errno or 0, "")
    return f"{path}{': ' if path else ''}{error.strerror or error}. {remedy}".rstrip()


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Reads the terminal's width itself: argparse would import modules for it, 5 ms even if no help is shown."""

    def __init__(self, prog: str) -> None:
        try:
            columns = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size().columns
        except (ValueError, OSError):
            columns = 0
        super().__init__(prog, width=(columns or 80) - 2)


def _globals(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        formatter_class=_Formatter,
        description="Migrate databases by revisions.",
        epilog=f"{prog} COMMAND --help shows the options of a command and an example.",
    )
    parser.set_defaults(prog=prog)
    parser.add_argument("--version", action="version", version=f"%(prog)s {RELEASE}")
    parser.add_argument(
        "-c",
        "--config",
        action="append",
        metavar="FILE",
        help="ini or toml file; one of each may be given (alembic.ini)",
    )
    parser.add_argument("-n", "--name", default="alembic", metavar="SECTION", help="section of the ini file (alembic)")
    parser.add_argument("-x", action="append", metavar="KEY=VALUE", help="an argument for env.py; may be repeated")
    parser.add_argument("--raiseerr", action="store_true", help="show the traceback of an error")
    parser.add_argument(
        "--alias",
        nargs=argparse.REMAINDER,
        metavar="PROGRAM",
        help="run a program (or -m MODULE) in which alembic is this engine; must be the first option",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print no results")
    return parser
