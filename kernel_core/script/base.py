"""The version files of an environment: read, listed, and added to."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any, Protocol, cast

from ..alias import alias
from ..util.exc import BrokenScript, CommandError, EnvironmentMissing, MultipleHeads, RevisionError
from ..util.files import write_new
from . import write, write_hooks
from .files import located
from .header import Header, check_syntax, read_source
from .index import Place, look
from .module import execute, load_module, runs
from .revision import Revision, RevisionMap, as_tuple, as_written, split

BODY_CHECK_LIMIT = 1000
_SEPARATORS = {"os": os.pathsep, "space": " ", "newline": "\n", ":": ":", ";": ";"}
_TRUE = frozenset({"1", "true", "yes", "on"})


class Settings(Protocol):
    """What is asked of a configuration."""

    def get_main_option(self, name: str, default: str | None = None) -> str | None: ...


class Script(Revision):
    """One revision and its file; the file is run only when `module` is first touched."""

    __slots__ = ("_module", "header", "path")

    def __init__(self, header: Header) -> None:
        super().__init__(header.revision, header.down_revision, header.depends_on, header.branch_labels)
        self.header = header
        self.path = header.path
        self._module: tuple[int, ModuleType] | None = None

    def __str__(self) -> str:
        return self.cmd_format(False, include_branches=True, include_doc=True, include_parents=True)

    @property
    def doc(self) -> str:
        """The first paragraph of the docstring."""
        return self.header.doc

    @property
    def longdoc(self) -> str:
        """The whole docstring."""
        return self.header.longdoc

    @property
    def create_date(self) -> datetime | None:
        """The moment that the docstring's "Create Date:" gives, None where it has none."""
        return self.header.create_date

    @property
    def source(self) -> str:
        """The text of the file; raises BrokenScript where it cannot be read any more, or is compiled."""
        if not self.path.endswith(".py"):
            raise BrokenScript(self.path, None, "is compiled; its text is not here.")
        return read_source(self.path)

    @property
    def module(self) -> ModuleType:
        """The file run as a module, at the first touch; raises BrokenScript where that fails.

        A kernel keeps its scripts from one command to the next, while each command runs the files anew.
        """
        if self._module is None or self._module[0] != runs.count:
            module = load_module(self.path, f"version_{os.path.splitext(os.path.basename(self.path))[0]}")
            self._module = runs.count, module
        return self._module[1]

    @property
    def log_entry(self) -> str:
        """All that is known of the revision, one fact a line, then its docstring."""
        marks = "".join(f" ({mark})" for mark in self._marks())
        entry = [f"Rev: {self.revision}{marks}"]
        kind = "Merges" if self.is_merge_point else "Parent"
        entry.append(f"{kind}: {', '.join(self.down_revisions) or '<base>'}")
        for title, names in (
            ("Also depends on", as_tuple(self.dependencies)),
            ("Branches into", tuple(sorted(self.nextrev)) if self.is_branch_point else ()),
            ("Branch names", tuple(sorted(self.branch_labels))),
        ):
            if names:
                entry.append(f"{title}: {', '.join(names)}")
        entry += [f"Path: {self.path}", ""]
        entry += [f"    {line}".rstrip() for line in self.longdoc.splitlines()]
        return "\n".join(entry) + "\n"

    def cmd_format(
        self,
        verbose: bool,
        include_branches: bool = False,
        include_doc: bool = False,
        include_parents: bool = False,
        tree_indicators: bool = True,
    ) -> str:
        """The revision as a line (``a -> b (head), doc``), or as `log_entry` where ``verbose``."""
        if verbose:
            return self.log_entry
        text = f"{', '.join(self.down_revisions) or '<base>'} -> {self.revision}" if include_parents else self.revision
        if include_branches and self.branch_labels:
            text += f" ({', '.join(sorted(self.branch_labels))})"
        if tree_indicators:
            text += "".join(f" ({mark})" for mark in self._marks())
        return f"{text}, {self.doc}" if include_doc else text

    def line_of(self, name: str) -> int | None:
        """The line on which an identifier is written."""
        return self.header.lines.get(name)

    def flaw(self) -> CommandError | None:
        """Why the file could not be run, as far as its syntax tells; it is not run to find out."""
        if not self.path.endswith(".py"):
            return None
        try:
            check_syntax(self.source, self.path)
        except BrokenScript as error:
            return error
        return None

    def _marks(self) -> list[str]:
        facts = (("head", self.is_head), ("branchpoint", self.is_branch_point), ("mergepoint", self.is_merge_point))
        return [name for name, holds in facts if holds]


class ScriptDirectory:
    """The folder of a migration environment: ``env.py``, ``script.py.mako`` and the version files.

        scripts = ScriptDirectory.from_config(config)
        scripts.get_current_head()

    Reading runs nothing. A version file that cannot be read does not hide the others: it is in `broken`.
    """

    def __init__(
        self,
        dir: str | os.PathLike[str],
        file_template: str = write.FILE_TEMPLATE,
        truncate_slug_length: int | None = 40,
        version_locations: Sequence[str] | None = None,
        timezone: str | None = None,
        recursive_version_locations: bool = False,
        prepend_sys_path: Sequence[str] = (),
        sourceless: bool = False,
        hooks: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.dir = os.path.abspath(dir)
        self.file_template = file_template
        self.truncate_slug_length = truncate_slug_length or 40
        folders = version_locations or (os.path.join(self.dir, "versions"),)
        self.version_locations = tuple(dict.fromkeys(located(os.fspath(folder)) for folder in folders))
        self.timezone = timezone
        self.recursive_version_locations = recursive_version_locations
        self.prepend_sys_path = tuple(os.path.abspath(path) for path in prepend_sys_path)
        self.sourceless = sourceless
        self.hooks = tuple(hooks)
        self._map: RevisionMap | None = None
        if not os.path.isdir(self.dir):
            what = "is a file" if os.path.exists(self.dir) else "does not exist"
            raise EnvironmentMissing(f"{self.dir} {what}. Make an environment there with init.", self.dir)
        if not os.path.exists(self.env_py_location) and not any(map(os.path.isdir, self.version_locations)):
            raise EnvironmentMissing(
                f"{self.dir} is no migration environment: it has neither env.py nor versions. Make one with init.",
                self.dir,
            )

    @classmethod
    def from_config(cls, config: Settings) -> ScriptDirectory:
        """Return the environment that ``config`` names by ``script_location``; raises EnvironmentMissing."""
        location = config.get_main_option("script_location")
        if not location:
            raise EnvironmentMissing("The configuration names no environment: set script_location, or use init.")
        length = config.get_main_option("truncate_slug_length")
        if length and not length.strip().isdigit():
            raise CommandError(f"truncate_slug_length is {length!r}; it must be a whole number.")
        return cls(
            located(location),
            file_template=config.get_main_option("file_template") or write.FILE_TEMPLATE,
            truncate_slug_length=int(length) if length else 40,
            version_locations=_listed(config, "get_version_locations_list", "version_locations"),
            timezone=config.get_main_option("timezone"),
            recursive_version_locations=_flag(config, "recursive_version_locations"),
            prepend_sys_path=_listed(config, "get_prepend_sys_paths_list", "prepend_sys_path"),
            sourceless=_flag(config, "sourceless"),
            hooks=getattr(config, "get_hooks_list", tuple)(),
        )

    # ---- reading ------------------------------------------------------------------------------------------------

    @property
    def map(self) -> RevisionMap:
        """The graph of all readable revisions; this object looks at the folders once, until `reload`."""
        if self._map is None:
            place = Place(self.version_locations, self.recursive_version_locations, self.sourceless)
            self._map = look(place, Script).map
            runs.begin()
        return self._map

    def reload(self) -> None:
        """Forget what was read; the next question reads the folder again."""
        self._map = None

    @property
    def versions(self) -> str:
        """The first folder of version files."""
        return self.version_locations[0]

    @property
    def env_py_location(self) -> str:
        """The path of ``env.py``."""
        return os.path.join(self.dir, "env.py")

    @property
    def unreadable(self) -> tuple[BrokenScript, ...]:
        """The files whose identifiers cannot be read, so that they are in no graph."""
        revisions = self.map
        return revisions.broken

    @property
    def broken(self) -> tuple[BrokenScript, ...]:
        """Everything wrong with a version file: unreadable, a missing parent, a cycle, an id used twice, bad syntax.

        In a folder of more than 1,000 revisions bodies are not looked at (a run does it for those on its way).
        """
        revisions = self.map
        found = list(revisions.broken)
        each_body = len(revisions) <= BODY_CHECK_LIMIT
        wrong = {*revisions.missing, *revisions.duplicates, *revisions.cyclic}
        for name in revisions.ids if each_body else sorted(wrong):
            found += self._flaws_of(name)
        found += self._labels_used_twice()
        return tuple(sorted(found, key=lambda error: error.path))

    def walk_revisions(self, base: str = "base", head: str = "heads") -> Iterator[Script]:
        """Yield the scripts from ``head`` down to ``base``, both included, newest first."""
        return cast("Iterator[Script]", self.map.iterate_revisions(head, base, inclusive=True))

    def iterate_revisions(
        self, upper: str | Sequence[str] | None, lower: str | Sequence[str] | None, **options: bool
    ) -> Iterator[Script]:
        """Yield the scripts from ``upper`` down to ``lower``, without it; see `RevisionMap.iterate_revisions`."""
        return cast("Iterator[Script]", self.map.iterate_revisions(upper, lower, **options))

    def get_revision(self, id_: str | None) -> Script | None:
        """Return the one script of that name, None for base; raises ResolutionError."""
        return cast("Script | None", self.map.get_revision(id_))

    def get_revisions(self, id_: str | Sequence[str] | None) -> tuple[Script, ...]:
        """Return the scripts that the names stand for."""
        return cast("tuple[Script, ...]", self.map.get_revisions(id_))

    def get_heads(self, consider_depends_on: bool = False) -> list[str]:
        """Return the ids of all heads; with ``consider_depends_on`` only those that no other revision depends on."""
        return list(self.map.effective_heads if consider_depends_on else self.map.heads)

    def get_bases(self) -> list[str]:
        """Return the ids of all revisions without a parent."""
        return list(self.map.bases)

    def get_base(self) -> str | None:
        """Return the id of the one base, None where there is no revision; raises RevisionError if there are several."""
        bases = self.map.bases
        if len(bases) > 1:
            raise RevisionError(f"There are {len(bases)} bases: {', '.join(bases)}. Name one of them.")
        return bases[0] if bases else None

    def get_current_head(self) -> str | None:
        """Return the id of the one head, None where there is no revision; raises MultipleHeads."""
        heads = self.map.heads
        if len(heads) > 1:
            raise MultipleHeads(heads)
        return heads[0] if heads else None

    def as_revision_number(self, id_: str | Sequence[str] | None) -> str | tuple[str, ...] | None:
        """Return the full id that a name stands for, a tuple for ``heads``, None for base."""
        ids = self.map.resolve(id_)
        if id_ == "heads":
            return ids
        return as_written(ids)

    # ---- running ------------------------------------------------------------------------------------------------

    def run_env(self) -> None:
        """Run ``env.py`` anew, in which ``alembic`` is this engine (see `alias`).

        Raises EnvironmentMissing or BrokenScript where there is none that could be run.
        """
        if not os.path.isfile(self.env_py_location):
            raise EnvironmentMissing(f"{self.dir} has no env.py, so nothing can be run. Make one with init.", self.dir)
        self.prepare_path()
        runs.begin()
        check_syntax(read_source(self.env_py_location), self.env_py_location)
        with alias():
            execute(self.env_py_location, "env_py")

    def prepare_path(self) -> None:
        """Put the folders of ``prepend_sys_path`` first on ``sys.path``, where they are not on it."""
        sys.path[:0] = [path for path in self.prepend_sys_path if path not in sys.path]

    # ---- writing ------------------------------------------------------------------------------------------------

    def generate_revision(
        self,
        revid: str | None,
        message: str | None,
        head: str | Sequence[str] | None = None,
        splice: bool = False,
        branch_labels: str | Collection[str] | None = None,
        version_path: str | os.PathLike[str] | None = None,
        file_template: str | None = None,
        depends_on: str | Sequence[str] | None = None,
        **template_args: Any,
    ) -> Script:
        """Write a new version file and return it.

            scripts.generate_revision(None, "Add age", upgrades='op.add_column(...)')

        ``head`` (by default the one head) are the parents; one that is no head needs ``splice``. Nothing is written
        where CommandError is raised: a taken id, an unknown parent, a message that the template would turn into code, a
        file that exists, a path outside the folder.
        """
        name = revid if revid is not None else write.new_id()
        hooks = write_hooks.prepared(self.hooks)
        path, text = self.draft_revision(
            name, message, head, splice, branch_labels, version_path, file_template, depends_on, **template_args
        )
        write_new(path, text)
        write_hooks.run(hooks, path)
        self.reload()
        return cast("Script", self.map.get_revision(name))

    def draft_revision(
        self,
        revid: str,
        message: str | None,
        head: str | Sequence[str] | None = None,
        splice: bool = False,
        branch_labels: str | Collection[str] | None = None,
        version_path: str | os.PathLike[str] | None = None,
        file_template: str | None = None,
        depends_on: str | Sequence[str] | None = None,
        **template_args: Any,
    ) -> tuple[str, str]:
        """Return the path and the text of the file that `generate_revision` would write, before its write hooks.

        Nothing is written; what it would refuse is refused here.
        """
        self.reload()
        name = write.checked_id(revid)
        if name in self.map:
            raise RevisionError(f"Revision {name} exists already. Choose another id.")
        parents = self._parents(head, splice)
        folder = self._folder(version_path, parents)
        moment = self._now()
        file = write.file_name(file_template or self.file_template, name, message, moment, self.truncate_slug_length)
        path = write.version_path(folder, file)
        if not self.recursive_version_locations and os.path.dirname(path) != os.path.realpath(folder):
            raise CommandError(f"{file} would stand in a folder that is not read. Set recursive_version_locations.")
        values: dict[str, Any] = {
            "imports": "",
            "upgrades": "",
            "downgrades": "",
            **template_args,
            "up_revision": name,
            "down_revision": as_written(parents),
            "branch_labels": self._new_labels(branch_labels),
            "depends_on": as_written(self._dependencies(depends_on)),
            "create_date": moment,
        }
        return path, write.script_text(os.path.join(self.dir, "script.py.mako"), path, message, values)

    def _parents(self, head: str | Sequence[str] | None, splice: bool) -> tuple[str, ...]:
        named = split("head" if head is None else head)
        if self.map.broken and any(part in ("head", "heads") for part in named):
            raise CommandError(
                f"The head is not certain while a version file cannot be read: {self.map.broken[0]} "
                "Correct it, or name the parent of the new revision."
            )
        parents = self.map.resolve(named)
        for parent in parents:
            if not splice and parent not in self.map.heads:
                raise RevisionError(f"Revision {parent} is not a head. To make a new branch from it, ask for splice.")
        return parents

    def _dependencies(self, depends_on: str | Sequence[str] | None) -> tuple[str, ...]:
        if not depends_on:
            return ()
        written: list[str] = []
        for part in split(depends_on):
            written += (part,) if part in self.map.labels else self.map.resolve(part)
        return tuple(dict.fromkeys(written))

    def _new_labels(self, labels: str | Collection[str] | None) -> tuple[str, ...] | None:
        checked = tuple(dict.fromkeys(map(write.checked_label, as_tuple(labels))))
        for label in checked:
            if label in self.map.labels or label in self.map:
                raise RevisionError(f'"{label}" names a branch or a revision already. Choose another label.')
        return checked or None

    def _folder(self, asked: str | os.PathLike[str] | None, parents: tuple[str, ...]) -> str:
        if asked is not None:
            folder = os.path.abspath(asked)
            if folder not in self.version_locations:
                raise CommandError(f"{folder} is not one of version_locations: {', '.join(self.version_locations)}.")
            return folder
        if len(self.version_locations) == 1:
            return self.versions
        for script in self.get_revisions(parents) if parents else ():
            for folder in self.version_locations:
                if os.path.commonpath((folder, script.path)) == folder:
                    return folder
        raise CommandError(f"There are several version_locations; name one: {', '.join(self.version_locations)}.")

    def _now(self) -> datetime:
        if not self.timezone:
            return datetime.now()  # noqa: DTZ005 - a person's own clock, as Alembic's files have it
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - only few environments ask for it

        for name in (self.timezone, self.timezone.upper(), self.timezone.title()):
            try:
                return datetime.now(ZoneInfo(name))
            except (KeyError, ValueError, OSError):
                continue
        raise CommandError(f"The timezone {self.timezone!r} is not known here. Correct it, or install tzdata.")

    # ---- files --------------------------------------------------------------------------------------------------

    def _flaws_of(self, name: str) -> list[BrokenScript]:
        scripts = cast("tuple[Script, ...]", (self.map.at(self.map.node_of(name)), *self.map.duplicates.get(name, ())))
        found: list[BrokenScript] = []
        if name in self.map.cyclic:
            cycle = self.map.cyclic[name]
            found.append(BrokenScript(scripts[0].path, scripts[0].line_of(cycle.what), str(cycle)))
        if name in self.map.missing:
            lost = self.map.missing[name]
            line = scripts[0].line_of("down_revision" if set(lost) & set(scripts[0].down_revisions) else "depends_on")
            reason = f"needs revision {', '.join(lost)}, which is in no file here."
            found.append(BrokenScript(scripts[0].path, line, reason))
        for script in scripts[1:]:
            reason = f"revision {name} is taken by {scripts[0].path}. Keep one of them."
            found.append(BrokenScript(script.path, script.line_of("revision"), reason))
        return found + [flaw for flaw in (script.flaw() for script in scripts) if isinstance(flaw, BrokenScript)]

    def _labels_used_twice(self) -> list[BrokenScript]:
        found: list[BrokenScript] = []
        for label, names in self.map.labels.items():
            others = [name for name in (*names, *((label,) if label in self.map else ())) if name != names[-1]]
            if others:
                script = cast("Script", self.map.at(self.map.node_of(names[-1])))
                reason = f'branch label "{label}" names {", ".join(others)} too. Choose another one.'
                found.append(BrokenScript(script.path, script.line_of("branch_labels"), reason))
        return found


def _listed(config: Settings, method: str, option: str) -> list[str]:
    """The value of a list option: as the configuration splits it, else split here by ``path_separator``."""
    ask = getattr(config, method, None)
    if ask is not None:
        return [os.fspath(each) for each in ask() or ()]
    text = config.get_main_option(option)
    separator = _SEPARATORS.get((config.get_main_option("path_separator") or "os").strip(), os.pathsep)
    return [part.strip() for part in text.split(separator) if part.strip()] if text else []


def _flag(config: Settings, option: str) -> bool:
    return (config.get_main_option(option) or "").strip().lower() in _TRUE
