"""Rename candidates: a drop and an addition that may be a rename."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..util.sql import STANDARD, Grammar
from .kinds.column import AddColumnOp, DropColumnOp
from .kinds.table import CreateTableOp, DropTableOp
from .operation import MigrateOperation


@dataclass(frozen=True, slots=True, repr=False)
class RenameCandidate:
    """A drop and an addition that look like a rename.

    ``drop`` and ``add`` are the same objects as in the list of operations, ``score`` is from 0 to 1, ``reasons`` are
    arguments for and against, ``instead`` are the operations that would replace both: the rename and other changes.
    ``grammar`` is that of the SQL text in the list.
    """

    drop: DropColumnOp | DropTableOp
    add: AddColumnOp | CreateTableOp
    score: float
    reasons: tuple[str, ...]
    instead: tuple[MigrateOperation, ...]
    grammar: Grammar = STANDARD

    def __repr__(self) -> str:
        return f"<{self.sentence()}>"

    def replaced(self, instead: Mapping[int, MigrateOperation]) -> RenameCandidate:
        """Return the candidate with other operations of the same classes in place of some, by their ``id()``."""
        drop, add = instead.get(id(self.drop), self.drop), instead.get(id(self.add), self.add)
        assert isinstance(drop, (DropColumnOp, DropTableOp))
        assert isinstance(add, (AddColumnOp, CreateTableOp))
        return replace(self, drop=drop, add=add, instead=tuple(instead.get(id(each), each) for each in self.instead))

    @property
    def is_table(self) -> bool:
        """Whether a table is renamed, not a column."""
        return isinstance(self.drop, DropTableOp)

    @property
    def old_name(self) -> str:
        """The name in the database: ``users.nick`` of a column."""
        if isinstance(self.drop, DropTableOp):
            return self.drop.shown_table
        return f"{self.drop.shown_table}.{self.drop.column_name}"

    @property
    def new_name(self) -> str:
        """The name in the models; for a column without the table."""
        return str(self.add.column.name) if isinstance(self.add, AddColumnOp) else self.add.shown_table

    def sentence(self) -> str:
        """Return a sentence: ``users.nick may have become nickname (84 %: similar name, same type)``."""
        return f"{self.old_name} may have become {self.new_name} ({self.certainty})"

    @property
    def certainty(self) -> str:
        """The score and its reasons as text."""
        return f"{round(self.score * 100)} %: {', '.join(self.reasons)}"
