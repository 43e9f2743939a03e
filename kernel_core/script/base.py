"""`ScriptDirectory`: the migration environment of a project, to read, list and write version files."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, cast

from ..alias import alias
from ..util.event_loop import running_loop_set_aside
from ..util.exc import BrokenScript, CommandError, EnvironmentMissing, RevisionError
from ..util.files import write_new
from . import write_hooks
from .bytecode import code_at
from .draft import FILE_TEMPLATE, Draft, RevisionRequest
from .files import compiled_of, located
from .folder_cache import FolderContents, Folders, contents_of, run_computed
from .module import execute, on_path, runs
from .problems import problems_of
from .replaced import replaced_ids, replaced_in, seen_at
from .rev_ids import RevIds, as_tuple, compact_ids
from .revision import RevisionMap
from .root import root_of
from .steps import StampStep, Step, downgrade_steps, stamp_steps, upgrade_steps
from .version import Script
from .write import new_id
from .writing_lock import TIMEOUT, writing

__all__ = ["Script", "ScriptDirectory"]

_SEPARATORS = {"os": os.pathsep, "space": " ", "newline": "\n", ":": ":", ";": ";"}
_TRUE = frozenset({"1", "true", "yes", "on"})


class Settings(Protocol):
    """The part of a `Config` that a ScriptDirectory reads."""

    def get_main_option(self, name: str, default: str | None = None) -> str | None: ...


class ScriptDirectory:
    """The folder of a migration environment: ``env.py``, ``script.py.mako`` and the version files.

        scripts = ScriptDirectory.from_config(config)
        scripts.get_current_head()

    ``root`` is the folder in which ``env.py`` runs, by default the working folder (see `root`). Files are written in
    UTF-8 and nothing is printed: ``output_encoding`` and ``messaging_opts`` are for programs that pass Alembic's.

    Reading runs no file. A version file that cannot be read does not hide the others: it is in `broken`.
    """

    def __init__(
        self,
        dir: str | os.PathLike[str],
        file_template: str = FILE_TEMPLATE,
        truncate_slug_length: int | None = 40,
        version_locations: Sequence[str] | None = None,
        sourceless: bool = False,
        output_encoding: str = "utf-8",
        timezone: str | None = None,
        hooks: Sequence[Mapping[str, Any]] | None = (),
        recursive_version_locations: bool = False,
        messaging_opts: Mapping[str, bool] | None = None,
        *,
        prepend_sys_path: Sequence[str] = (),
        root: str | None = None,
    ) -> None:
        self.dir = os.path.abspath(dir)
        self.file_template = file_template
        self.truncate_slug_length = truncate_slug_length or 40
        self.version_locations = [os.fspath(folder) for folder in version_locations or ()] or [
            os.path.join(self.dir, "versions")
        ]
        """The folders of version files as configured; `folders` are their absolute paths."""
        self.folders = tuple(dict.fromkeys(map(located, self.version_locations)))
        self.output_encoding = output_encoding
        self.messaging_opts = dict(messaging_opts or {})
        self.timezone = timezone
        self.recursive_version_locations = recursive_version_locations
        self.prepend_sys_path = tuple(os.path.abspath(path) for path in prepend_sys_path)
        self.sourceless = sourceless
        self.hooks = tuple(hooks or ())
        self.root = root
        self.settings: Settings | None = None
        self._map: RevisionMap | None = None
        self._contents: FolderContents | None = None
        self._heads: Callable[[], Iterable[str]] = tuple
        self._named: frozenset[str] = frozenset()
        self._seen: tuple[RevisionMap, frozenset[str], RevisionMap] | None = None
        if not os.path.isdir(self.dir):
            what = "is a file" if os.path.exists(self.dir) else "does not exist"
            raise EnvironmentMissing(f"{self.dir} {what}. Create an environment there with init.", self.dir)

    @classmethod
    def from_config(cls, config: Settings) -> ScriptDirectory:
        """Return the environment that ``config`` names by ``script_location``; raises EnvironmentMissing."""
        location = getattr(config, "get_alembic_option", config.get_main_option)("script_location")
        if not location:
            raise EnvironmentMissing("The configuration names no environment: set script_location, or use init.")
        root = getattr(config, "root", None) or root_of(location, None)
        length = config.get_main_option("truncate_slug_length")
        if length and not length.strip().isdigit():
            raise CommandError(f"truncate_slug_length is {length!r}; it must be a whole number.")
        locations = _listed(config, "get_version_locations_list", "version_locations")
        found = cls(
            located(root.path(location)),
            file_template=config.get_main_option("file_template") or FILE_TEMPLATE,
            truncate_slug_length=int(length) if length else 40,
            version_locations=[root.path(each) for each in locations],
            timezone=config.get_main_option("timezone"),
            recursive_version_locations=_flag(config, "recursive_version_locations"),
            prepend_sys_path=[
                path
                for each in _listed(config, "get_prepend_sys_paths_list", "prepend_sys_path")
                for path in root.import_paths(each)
            ],
            sourceless=_flag(config, "sourceless"),
            hooks=getattr(config, "get_hooks_list", tuple)(),
            root=root.folder,
        )
        found.settings = config
        if locations:
            found.version_locations = locations
        return found

    def require_environment(self) -> None:
        """Raise EnvironmentMissing if no part of an environment is in the folder."""
        parts = (self.env_py_location, os.path.join(self.dir, "script.py.mako"), *self.folders)
        if not any(map(os.path.exists, parts)):
            raise EnvironmentMissing(
                f"{self.dir} is not a migration environment: it has neither env.py nor versions. Create one with init.",
                self.dir,
            )

    # ---- reading ------------------------------------------------------------------------------------------------

    @property
    def map(self) -> RevisionMap:
        """The graph of all readable revisions; the folders are read once, and again after `reload`."""
        revisions = self._of_versions()
        heads = frozenset(self._heads())
        if self._named:
            heads |= self._named
        if heads <= revisions.known_ids:
            return revisions
        if self._seen is None or self._seen[:2] != (revisions, heads):
            self._seen = revisions, heads, seen_at(revisions, heads, self._source)
        return self._seen[2]

    def _of_versions(self) -> RevisionMap:
        """Return the graph without the replaced files that a database or a command needs."""
        if self._map is None:
            self._contents = contents_of(self._source)
            self._map = self._contents.map
            runs.begin()
        return self._map

    def unchanged(self) -> FolderContents | None:
        """Return the files of which `map` is the graph, if it is still that of the folders.

        It is the same object while no file changes. None where a file changed so recently that a later change could
        not be seen, and for a graph with files that are not in the folders.
        """
        if self._map is None:
            self._of_versions()
            now = self._contents
        else:
            now = contents_of(self._source)
        return now if now is not None and now.map is self.map and not now.unsure else None

    def follow(self, heads: Callable[[], Iterable[str]] | Iterable[str]) -> None:
        """Let `map` be that of a database at ``heads``, which a function may return again each time.

        It differs where the database is inside the range of a squashed revision: then it has the replaced files.
        """
        self._heads = heads if callable(heads) else partial(tuple, tuple(heads))

    def also_see(self, *written: str | Iterable[str] | None) -> None:
        """Let `map` have the files that a squashed revision replaces, where a target or a range names one of their ids.

        directory.also_see("c3:d4")
        """
        texts = [text for each in written for text in ([each] if isinstance(each, str) else each or ())]
        if not texts:
            return
        revisions = self._of_versions()
        self._named |= frozenset(name for text in texts for name in replaced_in(revisions, str(text)))

    def see_all_replaced(self) -> None:
        """Let `map` have all files that squashed revisions replace, as far as they are kept."""
        self._named |= replaced_ids(self._of_versions())

    def use(self, revisions: RevisionMap) -> None:
        """Let `map` be a graph that is in memory only, until `reload`."""
        self._map = revisions

    @property
    def place(self) -> Folders:
        """The folders of version files, and how they are listed."""
        return self._source

    @property
    def _source(self) -> Folders:
        where = self.folders, self.recursive_version_locations, self.sourceless
        return Folders(*where, imports_from=self.prepend_sys_path)

    def run_computed(self) -> None:
        """Run the version files that compute their identifiers, so that `map` has them until `reload`.

        Only for commands that run files anyway: a listing runs none, and such a file is in `unreadable`.
        """
        runs.begin()
        if self._contents is None:
            self._contents = contents_of(self._source)
        self._map = run_computed(self._contents, self._source)

    @property
    def revision_map(self) -> RevisionMap:
        """The same as `map`, under its name in Alembic."""
        return self.map

    def reload(self) -> None:
        """Discard what was read; the folders are read again when needed."""
        self._map = self._contents = None

    @property
    def versions(self) -> str:
        """The first folder of version files."""
        return self.folders[0]

    @property
    def env_py_location(self) -> str:
        """The path of ``env.py``; with ``sourceless`` that of the compiled file, if only that exists."""
        path = os.path.join(self.dir, "env.py")
        if self.sourceless and not os.path.exists(path):
            return next(iter(compiled_of(path)), path)
        return path

    @property
    def unreadable(self) -> tuple[BrokenScript, ...]:
        """The files whose identifiers cannot be read, so that they are not in the graph."""
        revisions = self.map
        return revisions.broken

    @property
    def misplaced(self) -> tuple[BrokenScript, ...]:
        """The files whose place in the graph is wrong: a missing parent, a cycle, an id or a label used twice."""
        return tuple(each for each in problems_of(self.map, bodies=False) if each not in self.unreadable)

    @property
    def broken(self) -> tuple[BrokenScript, ...]:
        """Everything wrong with a version file: unreadable, a missing parent, a cycle, an id used twice, bad syntax.

        With more than 1,000 revisions the bodies of the files are not compiled (a run compiles those that it needs).
        """
        return problems_of(self.map)

    def walk_revisions(self, base: str = "base", head: str = "heads") -> Iterator[Script]:
        """Yield the scripts from ``head`` down to ``base``, both included, newest first."""
        return cast("Iterator[Script]", self.map.iterate_revisions(head, base, inclusive=True))

    def iterate_revisions(
        self, upper: str | Sequence[str] | None, lower: str | Sequence[str] | None, **options: bool
    ) -> Iterator[Script]:
        """Yield the scripts from ``upper`` down to ``lower``, without it; see `RevisionMap.iterate_revisions`."""
        return cast("Iterator[Script]", self.map.iterate_revisions(upper, lower, **options))

    def get_revision(self, id_: str | None) -> Script | None:
        """Return the one script that a name resolves to, None for base; raises ResolutionError."""
        return cast("Script | None", self.map.get_revision(id_))

    def get_revisions(self, id_: str | Sequence[str] | None) -> tuple[Script, ...]:
        """Return the scripts that the names resolve to."""
        return cast("tuple[Script, ...]", self.map.get_revisions(id_))

    def get_heads(self, consider_depends_on: bool = False) -> list[str]:
        """Return the ids of all heads; with ``consider_depends_on`` only those that no other revision depends on."""
        return list(self.map.effective_heads if consider_depends_on else self.map.heads)

    def get_bases(self) -> list[str]:
        """Return the ids of all revisions without a parent."""
        return list(self.map.bases)

    def get_base(self) -> str | None:
        """Return the id of the one base, None without revisions; raises RevisionError if there are several."""
        bases = self.map.bases
        if len(bases) > 1:
            raise RevisionError(f"There are {len(bases)} bases: {', '.join(bases)}. Name one of them.")
        return bases[0] if bases else None

    def get_current_head(self) -> str | None:
        """Return the id of the one head, None without revisions; raises MultipleHeads."""
        return self.map.get_current_head()

    def as_revision_number(self, id_: str | Sequence[str] | None) -> str | tuple[str, ...] | None:
        """Return the full id that a name resolves to, a tuple for ``heads``, None for base."""
        ids = self.map.resolve(id_)
        if id_ == "heads":
            return ids
        return compact_ids(ids)

    # ---- plans, under the names that flask-alembic, pytest-alembic and reflex call --------------------------------

    def _upgrade_revs(self, destination: str | Sequence[str], current_rev: RevIds) -> list[Step]:
        """Return the upgrade steps from the current revisions, in order, for the ``fn`` of an environment."""
        self.follow(self._ids(current_rev))
        self.also_see(destination)
        return list(upgrade_steps(self.map, self._ids(current_rev), destination))

    def _downgrade_revs(self, destination: str | Sequence[str], current_rev: RevIds) -> list[Step]:
        """Return the downgrade steps."""
        self.follow(self._ids(current_rev))
        self.also_see(destination)
        return list(downgrade_steps(self.map, self._ids(current_rev), destination))

    def _stamp_revs(self, revision: str | Sequence[str], heads: RevIds) -> list[StampStep]:
        """Return the stamp step, () if the database is already marked so."""
        self.follow(self._ids(heads))
        self.also_see(revision)
        return list(stamp_steps(self.map, self._ids(heads), revision))

    def _ids(self, written: RevIds) -> frozenset[str]:
        return frozenset(name for name in as_tuple(written) if name != "base")

    # ---- running ------------------------------------------------------------------------------------------------

    def run_env(self) -> None:
        """Run ``env.py``, in which ``alembic`` is this engine (see `alias`) and `prepend_sys_path` is on ``sys.path``.

        It may call ``asyncio.run()`` even if an event loop is running (see `running_loop_set_aside`). Raises
        EnvironmentMissing or BrokenScript if there is no ``env.py`` that can be run.
        """
        if not os.path.isfile(self.env_py_location):
            remedy = "Restore it, or copy that of a new environment: mig init other"
            raise EnvironmentMissing(f"{self.dir} has no env.py, so nothing can run. {remedy}", self.dir)
        runs.begin()
        code = code_at(self.env_py_location)
        with alias(), on_path(self.prepend_sys_path), running_loop_set_aside():
            execute(self.env_py_location, "env_py", code)

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

        ``head`` (by default the one head) are the parents; one that is not a head needs ``splice``. Nothing is written
        if CommandError is raised: for a taken id, an unknown parent, a message that the template would turn into code,
        an existing file, a path outside the folder, or another writer (see `writing`).
        """
        name = revid if revid is not None else new_id()
        hooks = write_hooks.prepared(self.hooks)
        request = RevisionRequest(
            name, message, head, splice, branch_labels, version_path, file_template, depends_on, arguments=template_args
        )
        with self.writing():
            path, text = self.draft_revision(request)
            write_new(path, text)
        write_hooks.run(hooks, path)
        self.reload()
        return cast("Script", self.map.get_revision(name))

    def draft_revision(self, request: RevisionRequest) -> tuple[str, str]:
        """Return the path and the text of the file that `generate_revision` would write, before its write hooks.

        Nothing is written; raises the same errors.
        """
        self.reload()
        if self.settings is not None:  # a template of several databases reads their names from it
            request = replace(request, arguments={"config": self.settings, **request.arguments})
        draft = Draft(self, request)
        return draft.path, draft.text()

    def writing(self, timeout: float = TIMEOUT) -> AbstractContextManager[None]:
        """Lock the environment against other writers, so that what the block has read stays true until it writes.

            with scripts.writing():
                scripts.reload()
                if scripts.get_heads() == the_heads_that_were_seen:
                    scripts.generate_revision(None, "Add age")

        It may be entered again in the same thread. Raises EnvironmentBusy, which names who writes, after ``timeout``
        seconds of waiting.
        """
        return writing((self.dir, *self.folders), timeout)


def _listed(config: Settings, method: str, option: str) -> list[str]:
    """Return a list option: as the configuration splits it, else split by ``path_separator``."""
    ask = getattr(config, method, None)
    if ask is not None:
        return [os.fspath(each) for each in ask() or ()]
    text = config.get_main_option(option)
    separator = _SEPARATORS.get((config.get_main_option("path_separator") or "os").strip(), os.pathsep)
    return [part.strip() for part in text.split(separator) if part.strip()] if text else []


def _flag(config: Settings, option: str) -> bool:
    return (config.get_main_option(option) or "").strip().lower() in _TRUE
