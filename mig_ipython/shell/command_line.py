"""Parse a typed line, or the arguments of a Python call, and call ``run(session, args)`` of the command."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections import ChainMap
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from kernel_core.util.exc import CommandError

from ..errors import MigError, WrongArguments, user_errors
from ..magics import Command
from ..session import Session, session_of
from .notice import print_change
from .tokenizer import SILENT, Word, read_line

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class HelpShown(Exception):
    """``--help`` printed the help, so the command does not run."""


class LineParser(argparse.ArgumentParser):
    """An argument parser that raises CommandError where argparse would exit the process.

    ``-1`` and ``-3:current`` are revisions, not options.
    """

    def __init__(self, command: Command) -> None:
        self.typed = command.typed
        super().__init__(
            prog=self.typed,
            description=command.description,
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100),
            allow_abbrev=False,
        )
        self.color = False
        self._negative_number_matcher = re.compile(r"^-\d.*$")
        command.module.arguments(self)

    @property
    def declared(self) -> list[argparse.Action]:
        """The arguments in their order, also those of which one excludes the others."""
        return self._actions

    def excluding(self, given: Collection[str]) -> list[str]:
        """Return those of the names in ``given`` that exclude each other, [] where all of them may be given."""
        # argparse publishes no way to read its groups, and a call does not pass through `parse_args`
        groups = ([action.dest for action in each._group_actions] for each in self._mutually_exclusive_groups)  # noqa: SLF001
        both = ([name for name in group if name in given] for group in groups)
        return next((names for names in both if len(names) > 1), [])

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"unrecognized arguments: (\S+)", message)
        if unknown:
            raise CommandError(
                f"{self.typed} does not know {unknown[1]}.{self._nearest(unknown[1])} Usage: {self.usage_line()}"
            )
        raise CommandError(f"{self.typed}: {self._explained(message)}. Usage: {self.usage_line()}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise HelpShown

    def usage_line(self) -> str:
        """Return the usage on one line."""
        return " ".join(self.format_usage().removeprefix("usage: ").split())

    def kind_at(self, typed: str) -> str:
        """Return the metavar of the argument that comes next after ``typed``, "" where there is none."""
        *words, last = typed.split(" ")
        options = {name: action for action in self.declared for name in action.option_strings}
        option, equals, _ = last.partition("=")
        if equals and option in options:
            return str(options[option].metavar or "")
        if words and words[-1] in options and options[words[-1]].nargs != 0:
            return str(options[words[-1]].metavar or "")
        takes = {name for name, action in options.items() if action.nargs not in (0, "?")}
        pairs = zip(["", *words], words, strict=False)
        plain = sum(not word.startswith("-") and before not in takes for before, word in pairs if word)
        places = [action for action in self.declared if not action.option_strings]
        if places and (plain >= len(places)) and places[-1].nargs in ("*", "+"):
            plain = len(places) - 1
        return str(places[plain].metavar or "") if plain < len(places) else ""

    def options(self) -> list[str]:
        """Return the long options."""
        return [name for action in self.declared for name in action.option_strings if len(name) > 2]

    def _explained(self, message: str) -> str:
        """Return a message of argparse; for an option without its value, a description of that value."""
        bare = re.fullmatch(r"argument (\S+): expected one argument", message)
        for action in self.declared if bare else ():
            if bare and bare[1] == "/".join(action.option_strings):
                return f"{action.option_strings[-1]} needs {action.metavar} after it: {action.help}"
        return message

    def _nearest(self, option: str) -> str:
        options = [name for action in self.declared for name in action.option_strings]
        near = difflib.get_close_matches(option.partition("=")[0], options, 1)
        return f" The nearest is {near[0]}." if near else ""


def usage(command: Command) -> str:
    """Return the command's help: usage, examples, options."""
    return LineParser(command).format_help()


def unknown_command(
    typed: str, commands: Mapping[str, Command], namesake: Command | None, *, is_cell: bool
) -> MigError:
    """Return the error for a command that does not exist; the table of all is displayed where none has a similar name.

    ``namesake`` is the command of that name that is typed with the other number of percent signs.
    """
    if typed.startswith("%"):
        return MigError(
            f"%{typed} is not on the first line of its cell. Move it, with what follows, to a separate cell."
        )
    magic = f"{'%%' if is_cell else '%'}{typed if typed.startswith('mig') else f'mig {typed}'}"
    if namesake is not None:
        where = "the first line of a cell" if namesake.is_cell else "a line"
        return MigError(f"{magic}: this command is typed {namesake.typed}, on {where}.")
    whole = typed.startswith("mig")
    names = [command.typed if whole else command.verb for command in commands.values()]
    near = difflib.get_close_matches(magic if whole else typed, names, 1)
    if not near:
        from IPython.display import display

        from ..magics.help import commands_help

        display(commands_help())  # type: ignore[no-untyped-call]
    fact = f"{magic} is not a command" if whole else f"%mig has no command {typed!r}"
    return MigError(f"{fact}.{f' The nearest is {near[0]}.' if near else ''} %mig help lists all.")


def run_line(
    command: Command, shell: InteractiveShell | None, line: str, cell: str | None, local_names: Mapping[str, object]
) -> Any:
    """Run a command from the text after its name; raises MigError for what a person can fix.

    ``local_names`` are the variables of the function that contains the line, if there is one.
    """
    with user_errors():
        session = session_of(shell)
        names = ChainMap({} if local_names is session.namespace else dict(local_names), session.namespace)
        words, ending, _ = read_line(line, None if cell is not None else names)
        parser = LineParser(command)
        try:
            args = parser.parse_args(words)
        except HelpShown:
            return None
        args.is_silent = bool(ending)
        if command.takes_cell:
            args.cell = cell
        _take_variables(session, parser, args, names)
        result = command.module.run(session, args)
        if not ending:
            print_change(command.verb, result, session.namespace)
        return None if ending == SILENT else result


def _take_variables(
    session: Session, parser: LineParser, args: argparse.Namespace, names: ChainMap[str, object]
) -> None:
    """Replace the name of a variable by its value, where a command takes an object, a database or a revision."""
    local_names = names.maps[0]
    for action in parser.declared:
        given = getattr(args, action.dest, None)
        if action.metavar == "TARGET":
            setattr(args, action.dest, _each(given, lambda word: _object(word, local_names)))
        elif str(action.metavar).startswith("URL|") and isinstance(given, Word):
            args.literal = given.literal
            setattr(args, action.dest, local_names[given] if given in local_names else _database(given))
        elif action.metavar in _REVISIONS:
            setattr(args, action.dest, _each(given, lambda word: _revision(session, word, names)))


def _each(given: object, change: Callable[[object], object]) -> object:
    """Return an argument with each of its words changed."""
    if isinstance(given, list):
        return [change(one) for one in given]
    return given if given is None else change(given)


_REVISIONS = frozenset({"REV", "A:B", "H"})
_SYMBOLIC = frozenset({"head", "heads", "base", "current"})


def _database(word: Word) -> object:
    """Return the database that a word names; ``$NAME`` of an environment variable that is set stays as it is."""
    is_set = word.typed.startswith("$") and word.typed[1:].strip("{}") in os.environ
    return word.typed if is_set else word.value


def _object(word: object, local_names: Mapping[str, object]) -> object:
    """Return the object that a word names: ``$Base``, or a variable of the function that contains the line."""
    if isinstance(word, Word) and not isinstance(word.value, str):
        return word.value
    return local_names.get(word, word) if isinstance(word, str) else word


def _revision(session: Session, word: object, names: Mapping[str, object]) -> object:
    """Return the text of the variable of that name where no revision has this name; else ``word``."""
    value = names.get(word) if isinstance(word, str) and word.isidentifier() and word not in _SYMBOLIC else None
    if not isinstance(value, str) or not isinstance(word, str):
        return word
    try:
        session.workspace().scripts(word).get_revision(word)
    except CommandError:
        return value
    return word


def run_call(command: Command, values: tuple[object, ...], options: Mapping[str, object]) -> Any:
    """Run a command from Python values; raises MigError like the magic, WrongArguments for unknown arguments."""
    with user_errors():
        parser = LineParser(command)
        args = bound(parser, command, values, dict(options))
        args.is_silent = False
        session = session_of(None)
        result = command.module.run(session, args)
        if "get_ipython" in session.namespace:
            print_change(command.verb, result, session.namespace)
        return result


def bound(
    parser: LineParser, command: Command, values: tuple[object, ...], options: dict[str, object]
) -> argparse.Namespace:
    """Return the arguments that ``parser`` declares, filled from a Python call."""
    args = argparse.Namespace(**{action.dest: action.default for action in parser.declared if action.dest != "help"})
    if command.takes_cell:
        args.cell = options.pop("cell", None)
    rest = _placed(parser, args, list(values))
    if rest:
        raise WrongArguments(f"mig.{command.verb}() takes fewer positional arguments: {parser.usage_line()}")
    for name, value in options.items():
        if not hasattr(args, name):
            known = ", ".join(vars(args))
            raise WrongArguments(f"mig.{command.verb}() has no argument {name!r}; it has {known or 'none'}.")
        setattr(args, name, value)
    excluding = parser.excluding([name for name, value in options.items() if value])
    if excluding:
        raise WrongArguments(f"mig.{command.verb}() takes only one of {' and '.join(excluding)}.")
    for action in parser.declared:
        if action.required and getattr(args, action.dest) in (None, []):
            raise CommandError(f"mig.{command.verb}() needs {action.dest}.")
    return args


def _placed(parser: LineParser, args: argparse.Namespace, values: list[object]) -> list[object]:
    """Set the positional arguments from ``values`` and return the values that are too many."""
    for action in parser.declared:
        if action.option_strings or not values:
            continue
        if action.nargs in ("*", "+"):
            setattr(args, action.dest, values)
            return []
        setattr(args, action.dest, values.pop(0))
    return values
