"""A drop and an addition that may be one thing under another name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..util.sql import STANDARD, Grammar
from .kinds.column import AddColumnOp, DropColumnOp
from .kinds.table import CreateTableOp, DropTableOp
from .operation import MigrateOperation


@dataclass(frozen=True, slots=True, repr=False)
class RenameCandidate:
    """What looks like a rename.

    ``drop`` and ``add`` are the two operations as they stand in the list (the very objects), ``score`` is from 0 to 1,
    ``reasons`` say in words what speaks for it and what against, ``instead`` are the operations that would take the
    place of both: the rename, and what else differs. ``grammar`` says how SQL text in the list is to be read.
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
        """Whether it is a table, not a column."""
        return isinstance(self.drop, DropTableOp)

    @property
    def old_name(self) -> str:
        """The name in the database: ``users.nick`` of a column."""
        if isinstance(self.drop, DropTableOp):
            return self.drop.shown_table
        return f"{self.drop.shown_table}.{self.drop.column_name}"

    @property
    def new_name(self) -> str:
        """The name in the models, of a column without its table's."""
        return str(self.add.column.name) if isinstance(self.add, AddColumnOp) else self.add.shown_table

    def sentence(self) -> str:
        """Say it in words: ``users.nick may have become nickname (84 %: similar name, same type)``."""
        return f"{self.old_name} may have become {self.new_name} ({self.certainty})"

    @property
    def certainty(self) -> str:
        """The score and its reasons in words."""
        return f"{round(self.score * 100)} %: {', '.join(self.reasons)}"
