"""`Script`: a revision with its version file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from types import CodeType, ModuleType

from ..util.exc import BrokenScript, CommandError
from .bytecode import bytecode_at, check_code, code_at, hashes_at, unpacked
from .header import REPLACES, Header, date_in, first_paragraph, header_of_module, read_source, replaces_of, tidy
from .module import load_module, on_path, runs
from .rev_ids import as_tuple
from .revision import Revision

_NONE: frozenset[str] = frozenset()


class Script(Revision):
    """A revision with its version file, which is run only when `module` is first used.

    ``imports_from`` are folders that are on ``sys.path`` while it is run.
    """

    __slots__ = ("_checked", "_docstring", "_imports_from", "_module", "lines", "path")

    def __init__(self, header: Header, imports_from: tuple[str, ...] = ()) -> None:
        revision, down_revision, branch_labels, depends_on, docstring, path, lines = header
        self.revision = revision
        # What compact_ids() returns, for the many with at most one.
        self.down_revision = down_revision[0] if len(down_revision) == 1 else down_revision or None
        self.dependencies = depends_on[0] if len(depends_on) == 1 else depends_on or None
        self.own_labels = frozenset(branch_labels) if branch_labels else _NONE
        self._map, self._node = None, -1
        self.path: str = path
        self._imports_from = imports_from
        self.lines: Mapping[str, int] = lines
        self._docstring = docstring
        self._module: tuple[int, ModuleType] | None = None
        self._checked: tuple[int, bytes] | None = None

    @classmethod
    def run(cls, path: str, imports_from: tuple[str, ...] = ()) -> Script:
        """Return the script of a file that computes its identifiers, which runs it; raises BrokenScript."""
        module = _run(path, imports_from)
        script = cls(header_of_module(module, path), imports_from)
        script._module = runs.count, module
        return script

    def __str__(self) -> str:
        return self.cmd_format(False, include_branches=True, include_doc=True, include_parents=True)

    @property
    def header(self) -> Header:
        """The identifiers and the docstring of the file."""
        return Header(
            revision=self.revision,
            down_revision=self.down_revisions,
            branch_labels=tuple(sorted(self.own_labels)),
            depends_on=as_tuple(self.dependencies),
            docstring=self._docstring,
            path=self.path,
            lines=self.lines,
        )

    @property
    def doc(self) -> str:
        """The first paragraph of the docstring."""
        return first_paragraph(self._docstring)

    @property
    def longdoc(self) -> str:
        """The whole docstring."""
        return tidy(self._docstring)

    @property
    def replaces(self) -> tuple[str, ...]:
        """The revisions in place of which a squashed one is, with its own id last; () for all others."""
        return replaces_of(self.source, self.path) if REPLACES in self.lines and self.path.endswith(".py") else ()

    @property
    def create_date(self) -> datetime | None:
        """The date in the docstring's "Create Date:" line, None without one."""
        return date_in(self.longdoc)

    @property
    def source(self) -> str:
        """The text of the file; raises BrokenScript if it cannot be read any more, or is compiled."""
        if not self.path.endswith(".py"):
            raise BrokenScript(self.path, None, "is compiled; its text is not here.")
        return read_source(self.path)

    @property
    def hashes(self) -> tuple[str, str]:
        """The hashes of what the file does and of its text, ("", "") if it is broken or compiled.

        During a run those of what `prepare` compiled.
        """
        code = self._checked[1] if self._checked is not None and self._checked[0] == runs.count else None
        try:
            return hashes_at(self.path, code) if self.path.endswith(".py") else ("", "")
        except BrokenScript:
            return "", ""

    @property
    def module(self) -> ModuleType:
        """The file as a module, which is run at the first use; raises BrokenScript if that fails.

        A kernel keeps its scripts from one command to the next, while each command runs the files again.
        """
        if self._module is None or self._module[0] != runs.count:
            self._module = runs.count, _run(self.path, self._imports_from, self.code)
            self._checked = None
        return self._module[1]

    @property
    def code(self) -> CodeType:
        """The code of the file, not run; during a run that which `prepare` compiled. Raises BrokenScript."""
        if self._checked is not None and self._checked[0] == runs.count:
            return unpacked(self._checked[1])
        return code_at(self.path)

    def unbound(self) -> Script:
        """Return a copy of the script that is in no map yet."""
        script = Script(self.header, self._imports_from)
        script._module = self._module
        return script

    @property
    def log_entry(self) -> str:
        """All fields of the revision, one a line, then its docstring."""
        marks = "".join(f" ({mark})" for mark in self._marks())
        entry = [f"Rev: {self.revision}{marks}"]
        kind = "Merges" if self.is_merge_point else "Parent"
        entry.append(f"{kind}: {', '.join(self.down_revisions) or '<base>'}")
        for title, names in (
            ("Also depends on", as_tuple(self.dependencies)),
            ("Branches into", tuple(sorted(self.nextrev)) if self.is_branch_point else ()),
            ("Branch names", tuple(sorted(self.branch_labels))),
            ("Replaces", self.replaces),
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
        """Return a line for the revision (``a (dependency) -> b (head), doc``), with ``verbose`` its `log_entry`.

        Without ``tree_indicators`` the marks "branchpoint" and "mergepoint" are left out.
        """
        if verbose:
            return self.log_entry
        text = self.revision
        if include_parents:
            needs = f" ({', '.join(as_tuple(self.dependencies))})" if self.dependencies else ""
            text = f"{', '.join(self.down_revisions) or '<base>'}{needs} -> {text}"
        if include_branches and self.branch_labels:
            text += f" ({', '.join(sorted(self.branch_labels))})"
        text += "".join(f" ({mark})" for mark in self._marks(tree_indicators))
        return f"{text}, {self.doc}" if include_doc else text

    def line_of(self, name: str) -> int | None:
        """Return the line on which an identifier is assigned."""
        return self.lines.get(name)

    def problem(self) -> CommandError | None:
        """Return the syntax error of the file, None without one; the file is not run."""
        if not self.path.endswith(".py"):
            return None
        try:
            check_code(self.path)
        except BrokenScript as error:
            return error
        return None

    def prepare(self) -> CommandError | None:
        """Return the `problem`; the bytecode is kept for the run, because it takes less memory than a code object."""
        try:
            self._checked = runs.count, bytecode_at(self.path)
        except BrokenScript as error:
            return error
        return None

    def _marks(self, tree_indicators: bool = True) -> list[str]:
        head = "effective head" if self.is_needed else "head"
        facts = [(head, self.is_head)]
        if tree_indicators:
            facts += [("branchpoint", self.is_branch_point), ("mergepoint", self.is_merge_point)]
        return [name for name, holds in facts if holds]


def _run(path: str, imports_from: tuple[str, ...], code: CodeType | None = None) -> ModuleType:
    stem = f"version_{path[path.rfind(os.sep) + 1 :].rpartition('.')[0]}"  # the path ends in .py or .pyc
    if not imports_from:
        return load_module(path, stem, code)
    with on_path(imports_from):
        return load_module(path, stem, code)
