"""The schema at a revision with what changed before it, or the difference of two: what a command or a cell shows."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property

from sqlalchemy import MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect

from ..operations.ops import AlterColumnOp, RenameTableOp
from ..recording import operations_of
from ..script import ScriptDirectory
from ..script.steps import revisions_up_to
from ..util.counts import counted
from ..util.exc import CommandError
from ..util.files import replace as write_file
from .changes import Change, Renames, compare
from .description import SchemaDescription, TableDescription, describe
from .diagram import Diagram, diagram_of
from .diagram_formats import dot_of, mermaid_of
from .history import Incomplete, SchemaAt, at, at_both, dialect_of, history, run_to
from .listing import lines_of
from .metadata import metadata_of, state_of
from .running import Scratch
from .sources import json_of, models_of, sql_of

ENDINGS = ".svg, .png, .dot, .mmd, .txt, .json, .sql or .py"


@dataclass(frozen=True)
class RevisionSchema:
    """The schema ``found`` at a revision; ``before`` is that of the revision before it, or of the start of ``A:B``.

    ``only`` and ``exclude`` are patterns of table keys and schemas; ``folded`` are schemas drawn as one box, and
    ``columns`` is how many columns a box has; ``changed_only`` draws only what changed. ``ran_on`` is the dialect of
    the scratch database on which the history was run, "" if it was read.

        read(scripts, "1f2e").save("schema.svg")
    """

    name: str
    found: SchemaAt
    before: SchemaAt | None = None
    dialect: Dialect = field(default_factory=DefaultDialect)
    renames: Renames = field(default_factory=Renames)
    is_range: bool = False
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    columns: int | None = None
    ran_on: str = ""
    changed_only: bool = False

    @property
    def metadata(self) -> MetaData:
        """The tables as a MetaData, all of them."""
        return self.found.metadata

    @property
    def incomplete(self) -> tuple[Incomplete, ...]:
        """What could not be read, by revision and line; for a range that of both ends."""
        return tuple(dict.fromkeys((*self.found.incomplete, *(self.before.incomplete if self.before else ()))))

    @cached_property
    def description(self) -> SchemaDescription:
        """The tables that ``only`` and ``exclude`` select, as values."""
        return self._selected(describe(self.found.metadata, self.dialect))

    @cached_property
    def described_before(self) -> SchemaDescription | None:
        """The tables before, as values; None unless exactly one revision comes before it."""
        return None if self.before is None else self._selected(describe(self.before.metadata, self.dialect))

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What changed since the revision before, or between both ends of the range."""
        if self.described_before is None:
            return ()
        return compare(self.described_before, self.description, self.renames)

    @cached_property
    def diagram(self) -> Diagram:
        """The boxes and lines of the diagram; those of a range are the tables that changed and their neighbours."""
        whole = diagram_of(
            self.described_before, self.description, self.changes, folded=self.folded, columns=self.columns
        )
        return _near_changes(whole) if self.is_range or self.changed_only else whole

    @cached_property
    def dot(self) -> str:
        """The diagram in the DOT language of graphviz."""
        return dot_of(self.diagram)

    @cached_property
    def mermaid(self) -> str:
        """The diagram in the Mermaid language."""
        return mermaid_of(self.diagram)

    def lines(self) -> Iterator[str]:
        """Yield the lines of text: what is not known, what changed, and for one revision every table."""
        yield self.title()
        yield from (f"! {sentence}" for sentence in self.missing())
        yield ""
        if self.is_range:
            yield from (f"{each.sign} {each.sentence}" for each in self.changes)
            if not self.changes:
                yield self.no_changes()
        else:
            yield from lines_of(self.description, self.changes)

    def missing(self) -> list[str]:
        """Return a sentence for each revision that is not wholly known, with its first line and the reason."""
        found: dict[str, list[Incomplete]] = {}
        for each in self.incomplete:
            found.setdefault(each.revision, []).append(each)
        sentences = []
        for several in found.values():
            rest = ", ".join(f"{each.line}" for each in several[1:6]) + (", …" if len(several) > 6 else "")
            sentences.append(incomplete_sentence(several[0]) + (f"; also lines {rest}" if rest else ""))
        return sentences

    def title(self) -> str:
        """Return one line: the revision, the number of tables, and whether all is known."""
        tables = counted(len(self.description.tables), "table")
        changed = f", {counted(len(self.changes), 'change')}"
        about = (
            f"Changes of the schema from {self.name.replace(':', ' to ')}"
            if self.is_range
            else f"Schema at {self.name}: {tables}"
        )
        ran = f", run on a scratch database of {self.ran_on}" if self.ran_on else ""
        known = " (incomplete)" if self.incomplete else ""
        return f"{about}{changed if self.before is not None else ''}{ran}{known}"

    def no_changes(self) -> str:
        """Return the sentence for no differences, which is certain only if both ends are known."""
        if self.incomplete:
            return "No change is known; see what could not be read."
        return "No change of tables."

    def json(self) -> dict[str, object]:
        """Return all of it as plain data; ``version`` is that of the form."""
        missing = [{"revision": each.revision, "line": each.line, "reason": each.reason} for each in self.incomplete]
        return {
            "version": 1,
            "revision": self.name,
            "dialect": self.dialect.name,
            "complete": not missing,
            "incomplete": missing,
            **json_of(self.description, self.changes),
        }

    def sql(self) -> str:
        """Return the SQL that creates the tables; a comment says what is missing. Raises CommandError for a range."""
        if self.is_range:
            raise CommandError(f"--sql writes one schema; the SQL between two revisions: mig upgrade {self.name} --sql")
        return self._warning("--") + sql_of(self._selected_metadata(), self.dialect)

    def models(self) -> str:
        """Return declarative classes; raises CommandError for a range, or where sqlacodegen is not installed."""
        if self.is_range:
            raise CommandError("--models writes the classes of one revision. Name one instead of a range.")
        return self._warning("#") + models_of(self._selected_metadata(), self.dialect)

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write it to ``path`` in the format of its ending, and return the path.

        .svg, .png, .dot and .mmd are the diagram, .txt the tables as text, .json plain data, .sql statements, .py
        classes. Raises CommandError for another ending, and for .svg or .png where nothing can draw.
        """
        import json  # noqa: PLC0415 - only for .json

        from ..util.drawing import picture  # noqa: PLC0415 - only for pictures

        shown, ending = os.fspath(path), os.path.splitext(os.fspath(path))[1].lower()
        texts = {
            ".txt": lambda: "\n".join(self.lines()),
            ".json": lambda: json.dumps(self.json(), indent=2, ensure_ascii=False),
            ".sql": self.sql,
            ".py": self.models,
        }
        made = picture(self.dot, self.mermaid, ending) if ending not in texts else None
        if made is None and ending not in texts:
            raise CommandError(f"{shown} cannot be written: its ending is not that of a format. Use {ENDINGS}.")
        if made is not None:
            with open(shown, "wb") as stream:
                stream.write(made)
        else:
            write_file(path, texts[ending]())
        return shown

    def _warning(self, sign: str) -> str:
        return "".join(f"{sign} incomplete: {sentence}\n" for sentence in self.missing())

    def _selected(self, schema: SchemaDescription) -> SchemaDescription:
        return replace(schema, tables={key: each for key, each in schema.tables.items() if self._is_selected(each)})

    def _is_selected(self, table: TableDescription) -> bool:
        def matches(patterns: Collection[str]) -> bool:
            return any(fnmatchcase(name, each) for each in patterns for name in (table.key, table.name, table.schema))

        return (not self.only or matches(self.only)) and not matches(self.exclude)

    def _selected_metadata(self) -> MetaData:
        if not self.only and not self.exclude:
            return self.metadata
        metadata = MetaData(naming_convention=self.metadata.naming_convention)
        for table in self.metadata.tables.values():
            if table.key in self.description.tables:
                table.to_metadata(metadata)
        return metadata


def incomplete_sentence(missing: Incomplete) -> str:
    """Return a sentence about what is not known: ``not known from revision 1f2e, line 12: SQL: CREATE VIEW v``."""
    line = f", line {missing.line}" if missing.line else ""
    return f"not known from revision {missing.revision}{line}: {' '.join(missing.reason.split())}"


def read(
    scripts: ScriptDirectory,
    revisions: str = "head",
    *,
    current: Sequence[str] = (),
    dialect: Dialect | None = None,
    start: MetaData | None = None,
    may_run: bool = True,
    by_running: Scratch = False,
) -> RevisionSchema:
    """Return the schema at a revision, compared with the one before it; or of ``A:B``, compared with that at A.

    ``current`` are the revisions of the database, for ``current`` and ``-1``; other arguments are those of `at`. With
    ``by_running`` both schemas are reflected after running the history, unless both can be read. Raises
    ResolutionError for an unknown revision.
    """
    low, _, high = revisions.rpartition(":")
    is_range = ":" in revisions
    targets = scripts.map.resolve(high or "heads", tuple(current))
    earlier = scripts.map.resolve(low or "base", tuple(current)) if is_range else _parents(scripts, targets)
    known = dialect or DefaultDialect()

    def schema_at(place: tuple[str, ...]) -> SchemaAt:
        if not place:
            return SchemaAt("base", metadata_of(state_of(start, known)))
        return at(scripts, place, dialect=known, start=start, may_run=may_run)

    before: SchemaAt | None
    if targets and earlier:
        before, found = at_both(scripts, earlier, targets, dialect=known, start=start, may_run=may_run)
    else:
        before, found = None if earlier is None else schema_at(earlier), schema_at(targets)
    ran_on = ""
    if by_running is not False and not (found.complete and (before is None or before.complete)):
        ran_on = getattr(dialect_of(by_running), "name", "sqlite")
        found = run_to(scripts, targets, by_running, dialect=known, start=start)
        before = None if earlier is None else run_to(scripts, earlier, by_running, dialect=known, start=start)
    renames = Renames() if earlier is None else _renames(scripts, earlier, targets, known, may_run=may_run)
    shown = ", ".join(targets) or "base"
    name = f"{low or 'base'}:{high or 'heads'}" if is_range else f"revision {shown}" if targets else "base"
    return RevisionSchema(name, found, before, known, renames, is_range, ran_on=ran_on)


def history_of(
    scripts: ScriptDirectory,
    revisions: Collection[str] | None = None,
    *,
    dialect: Dialect | None = None,
    start: MetaData | None = None,
    may_run: bool = False,
) -> Iterator[RevisionSchema]:
    """Yield the schema after each of some revisions, by default all, in the order in which they run.

    Each is compared with the one before it in that order, so that its changes are those of its revision.
    """
    known = dialect or DefaultDialect()
    targets = tuple(scripts.get_heads()) if revisions is None else tuple(revisions)
    before = SchemaAt("base", metadata_of(state_of(start, known)))
    for found in history(scripts, targets, dialect=known, start=start, may_run=may_run) if targets else ():
        if revisions is None or found.revision in revisions:
            renames = _renames_in(scripts, (found.revision,), known, may_run=may_run)
            yield RevisionSchema(f"revision {found.revision}", found, before, known, renames)
        before = found


def _parents(scripts: ScriptDirectory, targets: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the revisions before a single one, () if it is the first; None if there are several targets, or none."""
    if len(targets) != 1:
        return None
    (node,) = scripts.map.nodes(targets)
    return tuple(sorted(scripts.map.name_of(each) for each in scripts.map.whole.parents[node]))


def _renames(
    scripts: ScriptDirectory, before: tuple[str, ...], after: tuple[str, ...], dialect: Dialect, *, may_run: bool
) -> Renames:
    """Return the renames of the revisions between two places of which one is before the other; else none."""
    upper, lower = (scripts.map.ancestors(each) for each in (after, before))
    if lower <= upper:
        return _renames_of(scripts, lower, after, dialect, may_run=may_run)
    if upper <= lower:
        return _renames_of(scripts, upper, before, dialect, may_run=may_run).reversed()
    return Renames()


def _renames_of(
    scripts: ScriptDirectory, done: frozenset[str], target: tuple[str, ...], dialect: Dialect, *, may_run: bool
) -> Renames:
    names = [name for name in revisions_up_to(scripts.map, target) if name not in done]
    return _renames_in(scripts, names, dialect, may_run=may_run)


def _renames_in(scripts: ScriptDirectory, names: Iterable[str], dialect: Dialect, *, may_run: bool) -> Renames:
    tables: dict[str, str] = {}
    columns: dict[tuple[str, str], str] = {}
    for name in names:
        script = scripts.get_revision(name)
        assert script is not None, "a plan has only revisions with a file"
        recording = operations_of(script, dialect, may_run=may_run, makes_tables=False, is_part=True)
        for operation in recording.with_batches().leaves():
            if isinstance(operation, RenameTableOp):
                _rename_table(tables, columns, operation)
            elif isinstance(operation, AlterColumnOp) and operation.modify_name:
                key = _key(operation.table_name, operation.schema)
                first = columns.pop((key, operation.column_name), operation.column_name)
                if first != operation.modify_name:
                    columns[key, operation.modify_name] = first
    return Renames(tables, columns)


def _rename_table(tables: dict[str, str], columns: dict[tuple[str, str], str], operation: RenameTableOp) -> None:
    old, new = (_key(name, operation.schema) for name in (operation.table_name, operation.new_table_name))
    first = tables.pop(old, old)
    if first != new:
        tables[new] = first
    for key, column in [each for each in columns if each[0] == old]:
        columns[new, column] = columns.pop((key, column))


def _key(name: str, schema: str | None) -> str:
    return f"{schema}.{name}" if schema else name


def _near_changes(diagram: Diagram) -> Diagram:
    """Return the boxes that changed, those that a changed line joins, and the lines between them."""
    changed = {box.key for box in diagram.boxes if box.sign}
    changed |= {key for line in diagram.lines if line.sign for key in (line.source, line.target)}
    near = changed | {line.target for line in diagram.lines if line.source in changed}
    return Diagram(
        tuple(box for box in diagram.boxes if box.key in near),
        tuple(line for line in diagram.lines if line.source in near and line.target in near),
    )
