"""The pages of the reference, generated from the code when the site is built, so that no name is typed twice.

`pages` returns the Markdown of each page by its path. A line ``::: kernel_core.op.add_column`` is replaced by
mkdocstrings with the signature and the docstring of that name. Importing this module needs no package of the extra
``docs``.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from traitlets.config import Configurable

from kernel_core import alias, command, config, op
from kernel_core.autogenerate import plugins as _plugins  # noqa: F401 - registers kernel_core.ext.*
from kernel_core.config import CommandLine
from kernel_core.operations import ops
from kernel_core.runtime.environment import EnvironmentContext
from kernel_core.runtime.migration import MigrationContext, MigrationInfo
from kernel_core.runtime.plugins import Plugin, chosen_plugins
from kernel_core.util import DispatchPriority, PriorityDispatchResult, exc
from mig_ipython.lab.detectors import detectors
from mig_ipython.lab.looks import MODIFIERS, looks
from mig_ipython.magics import Command, find_commands
from mig_ipython.proposals.proposal import Proposal
from mig_ipython.session import session_of
from mig_ipython.shell.command_line import LineParser
from mig_ipython.workspace.settings import Mig

DIRECTIVES = tuple(name for name in dir(op) if not name.startswith("_") and callable(getattr(op, name)))
"""Every directive of ``op``."""

CONTEXT_NAMES = tuple(name for name in vars(EnvironmentContext) if not name.startswith("_"))
"""Every name of ``context``, which are those of EnvironmentContext."""


def pages() -> dict[str, str]:
    """Return the Markdown of each page of the reference by its path below ``docs/``."""
    made = {f"reference/{name}.md": make() for name, make in _PAGES.items()}
    lines = [f"- [{_title(text)}]({path.rpartition('/')[2]}): {_lead(text)}" for path, text in made.items()]
    lines.insert(4, "- [Configuration files](configuration.md): the keys of `alembic.ini` and `[tool.alembic]`.")
    intro = (
        "# Reference\n\nThese pages are generated from the code: every public name, command, option and setting.\n\n"
    )
    return {"reference/index.md": intro + "\n".join(lines) + "\n", **made}


# ---- the notebook ----------------------------------------------------------------------------------------------------


def magics() -> str:
    """Return the page of the magics, each with its arguments and what it returns."""
    text = _head(
        "Magics",
        "Every command of the notebook. `%mig VERB ...` is the same as `%mig_VERB ...`, and `mig.VERB(...)` is the "
        "same from Python (`from mig_ipython import mig`): options become keyword arguments, `--only users` is "
        '`only=["users"]`.',
    )
    return text + "".join(_magic(one) for one in find_commands().values())


def _magic(one: Command) -> str:
    parser = LineParser(one)
    name = one.typed
    links = " or ".join(f"[`{kind.__name__}`][{_name(kind)}]" for kind in returned(one))
    parser.formatter_class = lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=76)
    usage = parser.format_usage().removeprefix("usage: ").rstrip()
    about = inspect.cleandoc(one.description)
    return f"\n## {name}\n\n{about}\n\n```text\n{usage}\n```\n\n{_arguments(parser.declared)}\nReturns {links}.\n"


def returned(one: Command) -> tuple[type, ...]:
    """Return the classes of what a command returns, from the annotation of its ``run``; without None."""
    hint = typing.get_type_hints(one.module.run)["return"]
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return tuple(kind for kind in kinds if kind is not type(None))


def settings() -> str:
    """Return the page of the settings."""
    rows = []
    for name, trait in setting_traits().items():
        default = trait.default() if callable(trait.default) else trait.default_value
        rows.append((f"`{name}`", _code(repr(default)), _cell(trait.help)))
    return _SETTINGS + _table(("setting", "default", "meaning"), rows)


_SETTINGS = """\
# Settings

The settings of the notebook: `%config Mig`, or the table `[tool.mig]` of `pyproject.toml`.

```text
%config Mig.target = "Base"
```

or, in the nearest `pyproject.toml` upwards:

```toml
[tool.mig]
target = "Base"
exclude = ["tmp_*"]
```

`%config` and IPython's own configuration take precedence over the file. `mig.session.settings.save()` writes the
settings that differ from their defaults into the file. Passwords are refused: name an environment variable.
"""


def setting_traits() -> dict[str, Any]:
    """Return the traits of ``%config Mig`` without those of every Configurable."""
    common = Configurable.class_trait_names()
    return {name: trait for name, trait in Mig.class_traits(config=True).items() if name not in common}


def notebook() -> str:
    """Return the page of the objects that the commands return."""
    kinds = {kind for one in find_commands().values() for kind in returned(one)}
    kinds |= {typing.get_type_hints(Proposal.__getitem__)["return"], typing.get_type_hints(session_of)["return"]}
    names = sorted(map(_name, kinds), key=lambda name: name.rpartition(".")[2])
    text = _head(
        "Notebook objects",
        "What the commands return, and `mig`. Each object is shown as text and as HTML by the cell that it ends.",
    )
    text += "\nFrom Python:\n\n```python\nfrom mig_ipython import mig\n\nplan = mig.upgrade(plan=True)\n```\n\n"
    text += "`mig.session` holds the open `connection`, the `environment` and the last `proposal`.\n"
    return text + _members(names)


# ---- the workshop ----------------------------------------------------------------------------------------------------


def checks_page() -> str:
    """Return the page of what the checks of a workshop look at, and of the mistakes that they recognise."""
    text = _head(
        "Checks of workshops",
        "What a `[[check]]` of an exercise looks at, and the mistakes that a `[[wrong]]` recognises. "
        "How they are used: [Write a lesson](../workshop.md#write-a-lesson).",
    )
    text += (
        "\n## Looks\n\n`look = ...` names one; the other fields belong to it. The value that it gives after the "
        "solution passes. Ask for few `parts`: what is not asked for is not compared, so more right answers pass. "
        f"Every look has these fields too:\n{_table(('field', 'meaning'), _fields(MODIFIERS, ()))}"
    )
    text += "".join(_check(one.name, one.description, one.fields, one.required, one.example) for one in looks.values())
    text += (
        "\n## Detectors\n\n`when = ...` names one. It compares the state after the answer with the state in which the "
        "exercise began; the first mistake that fits gives the hint, so the special ones come first.\n"
    )
    known = detectors.values()
    return text + "".join(_check(one.name, one.description, one.fields, one.required, one.example) for one in known)


def _check(name: str, about: str, fields: Mapping[str, str], required: Sequence[str], example: str) -> str:
    rows = _table(("field", "meaning"), _fields(fields, required)) if fields else ""
    shown = f"\n```toml\n{example}\n```\n" if example.count("\n") else ""
    return f"\n### {name}\n\n{about}\n{rows}{shown}"


def _fields(fields: Mapping[str, str], required: Sequence[str]) -> list[tuple[str, str]]:
    return [(_code(name) + (" (required)" if name in required else ""), _cell(text)) for name, text in fields.items()]


# ---- the command line ------------------------------------------------------------------------------------------------


def mig() -> str:
    """Return the page of the program ``mig``."""
    parser = CommandLine().parser
    text = _head("The program mig", "The command line of the engine, with the commands and options of `alembic`.")
    options = [action for action in parser._actions if action.option_strings]
    text += f"\n## Options for every command\n\n{_arguments(options)}\n"
    for name, sub in program_commands().items():
        example = (sub.epilog or "").strip().removeprefix("example:\n").strip()
        shown = f"```text\n{example}\n```\n\n" if example else ""
        text += f"\n## mig {name}\n\n{sub.description}\n\n{shown}{_arguments(sub._actions)}"
    return text


def program_commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command of ``mig``."""
    (commands,) = (one for one in CommandLine().parser._actions if isinstance(one, argparse._SubParsersAction))
    return dict(commands.choices)


# ---- the engine ------------------------------------------------------------------------------------------------------


def op_page() -> str:
    """Return the page of ``op``."""
    text = _head("op", "The directives that a version file calls: `from kernel_core import op`.")
    rows = [(f"[`{name}`][kernel_core.op.{name}]", _cell(_first(getattr(op, name)))) for name in DIRECTIVES]
    return (
        text + _table(("directive", "what it does"), rows) + _members(f"kernel_core.op.{name}" for name in DIRECTIVES)
    )


def context_page() -> str:
    """Return the page of ``context``."""
    text = _head("context", "The names that `env.py` uses: `from kernel_core import context`.")
    names = [f"kernel_core.context.{name}" for name in CONTEXT_NAMES]
    rows = [(f"[`{name.rpartition('.')[2]}`][{name}]", _cell(_first(_found(name)))) for name in names]
    return text + _table(("name", "what it does"), rows) + _members(names)


def command_page() -> str:
    """Return the page of the functions of ``command``."""
    names = [name for name in command.__all__ if name != "Config" and not _is_of_runtime(getattr(command, name))]
    text = _head("command", "The commands as functions: `from kernel_core import command`; each takes a Config first.")
    rows = [(f"[`{name}`][kernel_core.command.{name}]", _cell(_first(getattr(command, name)))) for name in names]
    return text + _table(("name", "what it does"), rows) + _members(f"kernel_core.command.{name}" for name in names)


def config_page() -> str:
    """Return the page of Config and CommandLine."""
    text = _head("Config", "The settings of an environment in Python: `from kernel_core.config import Config`.")
    return text + _members(f"kernel_core.config.{name}" for name in config.__all__)


def operations_page() -> str:
    """Return the page of the operation classes."""
    text = _head("Operations", "The classes behind the directives: `from kernel_core.operations import ops`.")
    rows = [
        (f"[`{name}`][kernel_core.operations.ops.{name}]", _cell(_first(getattr(ops, name)))) for name in ops.__all__
    ]
    bases = ("kernel_core.operations.base.Operations", "kernel_core.operations.base.BatchOperations")
    return (
        text
        + _table(("class", "what it represents"), rows)
        + _members(f"kernel_core.operations.ops.{name}" for name in ops.__all__)
        + f"\n::: {bases[0]}\n    options:\n      members: [context, register_operation, implementation_for]\n"
        + f"\n::: {bases[1]}\n    options:\n      members: [add_column, alter_column, drop_column]\n"
    )


def autogenerate_page() -> str:
    """Return the page of comparing and rendering."""
    text = _head("autogenerate", "Compare models with a database, and write the operations as Python.")
    return text + _members(_exported("kernel_core.autogenerate"))


def script_page() -> str:
    """Return the page of version files and revisions."""
    text = _head(
        "script", "Version files and the graph of revisions: `from kernel_core.script import ScriptDirectory`."
    )
    return text + _members(_exported("kernel_core.script")) + _members(["kernel_core.script.write_hooks.register"])


def rehearse_page() -> str:
    """Return the page of rehearsals: the command, and what it returns."""
    text = _head("rehearse", 'A run on a clone of the database: `found = command.rehearse(config, "head")`.')
    return text + _members(_exported("kernel_core.rehearse"))


def runtime_page() -> str:
    """Return the page of MigrationContext, EnvironmentContext and the reports of a run."""
    text = _head("runtime", "One run on one database: its context, its events and its report.")
    kinds = (MigrationContext, MigrationInfo, command.RunReport, command.AppliedStep, command.RunEvent)
    functions = (alias.install, alias.uninstall, alias.alias)
    text += _members(map(_name, (*kinds, *functions)))
    return text + f"\n::: {_name(EnvironmentContext)}\n    options:\n      members: false\n"


def dialects_page() -> str:
    """Return the page of DefaultImpl and of the statements that a dialect can spell."""
    text = _head("Dialects", "How a database spells a change: override these for a custom dialect.")
    statements = importlib.import_module("kernel_core.ddl.base")
    elements = [name for name in statements.__all__ if name[0].isupper()]
    return text + _members(["kernel_core.ddl.impl.DefaultImpl", *(f"kernel_core.ddl.base.{name}" for name in elements)])


def plugins_page() -> str:
    """Return the page of the plugins that `autogenerate_plugins` chooses from."""
    text = _head(
        "Plugins",
        "The comparisons that `context.configure(autogenerate_plugins=[...])` chooses from. By default those of "
        "Alembic run, `alembic.autogenerate.*`. In a notebook `%config Mig.beyond` adds the others where `env.py` "
        "chooses nothing.",
    )
    text += (
        '\n```python\nPLUGINS = ["alembic.autogenerate.*", "kernel_core.ext.*", "~kernel_core.ext.collations"]\n```\n'
    )
    for plugin in installed_plugins():
        aliases = [name for name in plugin.names if name != plugin.name]
        named = f"\nAlso named `{'`, `'.join(aliases)}`.\n" if aliases else ""
        text += f"\n## {plugin.name}\n\n{_about(plugin)}\n{named}"
    return (
        text
        + "\n## Write your own\n"
        + _members(map(_name, (Plugin, chosen_plugins, DispatchPriority, PriorityDispatchResult)))
    )


def installed_plugins() -> tuple[Plugin, ...]:
    """Return the plugins of this package."""
    ours = chosen_plugins(["*"])
    return tuple(one for one in ours if one.name.startswith(("alembic.autogenerate.", "alembic.ext.", "kernel_core.")))


def _about(plugin: Plugin) -> str:
    """Return what a plugin compares."""
    built_in = BUILT_IN.get(plugin.name)
    if built_in is not None:
        return built_in
    return inspect.cleandoc(sys.modules[plugin.comparators[0].function.__module__].__doc__ or "")


BUILT_IN = {
    "kernel_core.autogenerate.schemas": "Which schemas are compared, and schemas that only the models name.",
    "kernel_core.autogenerate.tables": "Tables and columns that are added or dropped.",
    "kernel_core.autogenerate.types": "Types of columns.",
    "kernel_core.autogenerate.constraints": "Nullability of columns, indexes, unique constraints and foreign keys.",
    "kernel_core.autogenerate.defaults": "Server defaults (where `compare_server_default` is set), identity and "
    "generated columns.",
    "kernel_core.autogenerate.comments": "Comments of tables and columns.",
}
"""What the comparisons that are not in a module of their own compare."""


def errors_page() -> str:
    """Return the page of the errors, with their tree."""
    lead = "What a command raises. `mig` prints the message of a `CommandError` after `FAILED:`, without a traceback."
    tree = inspect.cleandoc(exc.__doc__ or "").replace("\n::\n", "\n")
    errors = [one for one in vars(exc).values() if inspect.isclass(one) and issubclass(one, Exception)]
    return _head("Errors", lead) + f"\n{tree}\n" + _members(map(_name, errors))


_PAGES: dict[str, Callable[[], str]] = {
    "magics": magics,
    "settings": settings,
    "notebook": notebook,
    "mig": mig,
    "checks": checks_page,
    "op": op_page,
    "context": context_page,
    "command": command_page,
    "config": config_page,
    "operations": operations_page,
    "autogenerate": autogenerate_page,
    "plugins": plugins_page,
    "script": script_page,
    "rehearse": rehearse_page,
    "runtime": runtime_page,
    "dialects": dialects_page,
    "errors": errors_page,
}


# ---- Markdown --------------------------------------------------------------------------------------------------------


def _head(title: str, lead: str) -> str:
    return f"# {title}\n\n{lead}\n"


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ")


def _lead(text: str) -> str:
    """Return the first sentence below the title of a page."""
    return text.split("\n")[2].partition(". ")[0].rstrip(".") + "."


def _name(thing: Any) -> str:
    """Return the full name of a class or function."""
    return f"{thing.__module__}.{thing.__qualname__}"


def _members(names: Iterable[str]) -> str:
    return "".join(f"\n::: {name}\n" for name in names)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n" + "\n".join(lines) + "\n"


def _arguments(actions: Iterable[argparse.Action]) -> str:
    """Return the table of arguments, "" where there is none but ``--help``."""
    rows = [(_code(_spelled(one)), _cell(one.help or "")) for one in actions if one.dest != "help"]
    return _table(("argument", "meaning"), rows).lstrip() if rows else ""


def _spelled(action: argparse.Action) -> str:
    """Return an argument as it is typed: ``-m, --message MSG``."""
    value = action.metavar or ("|".join(action.choices) if action.choices else action.dest.upper())
    if not action.option_strings:
        return str(action.metavar or action.dest)
    takes = action.nargs != 0 and not isinstance(action, argparse._VersionAction)
    return ", ".join(action.option_strings) + (f" {value}" if takes else "")


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("%", "&#37;" if "%(" in text else "%")


def _first(thing: Any) -> str:
    """Return the first paragraph of a docstring."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def _found(name: str) -> Any:
    return vars(EnvironmentContext)[name.rpartition(".")[2]]


def _exported(module: str) -> Iterator[str]:
    """Yield the full names of the classes and functions that a package exports."""
    package = importlib.import_module(module)
    for name in package.__all__:
        if not inspect.ismodule(getattr(package, name)):
            yield f"{module}.{name}"


def _is_of_runtime(thing: Any) -> bool:
    return getattr(thing, "__module__", "").endswith("runtime.run")
