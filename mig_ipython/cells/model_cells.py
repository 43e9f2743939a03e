"""``%%mig_models``: a cell that defines models and can be run again.

SQLAlchemy refuses to define a table a second time. Here the tables and classes of the cell's last run are removed
before it runs, and restored where it fails; otherwise all of them are replaced at once.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import MetaData
from sqlalchemy.exc import SQLAlchemyError

from kernel_core.snapshot import changes
from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import redact

from ..views.declared import Declared
from ..workspace.models import candidates, find_models, metadata_of
from .table_replacement import TableReplacement, described, orphaned_tables

RunCell: TypeAlias = Callable[[str], None]
"""Runs the source of a cell in the namespace of the notebook."""

_AS_BEFORE = "The models are as they were before this cell."


@dataclass(slots=True)
class ModelCell:
    """The tables of one cell by their keys, and the names of its classes and variables, since its last run."""

    tables: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


class ModelCells:
    """The ``%%mig_models`` cells of a notebook.

    A cell is identified by its id where the front end sends it, else by a table or class of an earlier run.
    """

    def __init__(self) -> None:
        self._cells: dict[str, ModelCell] = {}

    def run(
        self,
        cell: str,
        target: str | None,
        namespace: MutableMapping[str, Any],
        run: RunCell,
        cell_id: str | None = None,
    ) -> Declared:
        """Run a cell and return the models that it defines.

        Where it fails the models are restored; an error of SQLAlchemy is raised as CommandError, any other as it is.
        """
        tables, names = definitions_in(cell)
        owner = self._owner(cell_id, tables, names)
        metadata = _metadata(target, namespace) or MetaData()
        old = TableReplacement(metadata, namespace, owner.tables | tables, owner.names | names)
        with _restored_on_failure(old):
            run(cell)
            found = find_models([target] if target is not None else (), namespace)
        now = found.metadata
        assert isinstance(now, MetaData)
        new = {key: table for key, table in now.tables.items() if old.others.get(key) is not table}
        old.replace(new)
        self._hand_over(owner, new, names)
        return Declared(
            found.name,
            len(now.tables),
            tuple(new),
            changes(old.described, {key: described(table) for key, table in new.items()}),
            ghosts=tuple(orphaned_tables(now, namespace, {key for one in self._cells.values() for key in one.tables})),
            left_over=tuple(old.left_over()),
            stale=tuple(old.stale()),
        )

    def _owner(self, cell_id: str | None, tables: set[str], names: set[str]) -> ModelCell:
        if cell_id is not None:
            return self._cells.setdefault(cell_id, ModelCell())
        for cell in self._cells.values():
            if cell.names & names or cell.tables & tables:
                return cell
        return self._cells.setdefault(f"cell {len(self._cells) + 1}", ModelCell())

    def _hand_over(self, owner: ModelCell, new: Mapping[str, object], names: set[str]) -> None:
        """Record the definitions of the cell, and remove them from a cell that had them before."""
        for cell in self._cells.values():
            cell.tables -= set(new)
            cell.names -= names
        owner.tables, owner.names = set(new), names


@contextmanager
def _restored_on_failure(old: TableReplacement) -> Iterator[None]:
    """Remove the old tables inside the block, and restore them where it fails; the error says so."""
    old.remove()
    try:
        yield
    except BaseException as error:
        old.restore()
        if isinstance(error, SQLAlchemyError):
            raise CommandError(f"{redact(str(error).splitlines()[0])} {_AS_BEFORE}") from error
        if isinstance(error, CommandError):
            raise CommandError(f"{error}\n{_AS_BEFORE}") from error
        error.add_note(_AS_BEFORE)
        raise


def definitions_in(cell: str) -> tuple[set[str], set[str]]:
    """Return the tables whose names are literals in a cell, and the names of its classes and variables."""
    try:
        tree = ast.parse(cell)
    except SyntaxError:
        return set(), set()  # IPython syntax, or a mistake that is reported when the cell runs
    tables: set[str] = set()
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(one.id for one in node.targets if isinstance(one, ast.Name))
    for inner in ast.walk(tree):
        if isinstance(inner, ast.Assign) and any(_is_called(one, "__tablename__") for one in inner.targets):
            tables.update(_text(inner.value))
        elif isinstance(inner, ast.Call) and _is_called(inner.func, "Table") and inner.args:
            tables.update(_text(inner.args[0]))
    return tables, names


def _is_called(node: ast.expr, name: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)


def _text(node: ast.expr) -> tuple[str, ...]:
    return (node.value,) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ()


def _metadata(target: str | None, namespace: Mapping[str, object]) -> MetaData | None:
    """Return the MetaData that is named, or the only one in the notebook so far, with tables or without."""
    if target is not None:
        return metadata_of(namespace.get(target))
    known = candidates(namespace)
    if len(known) > 1:
        find_models((), namespace)  # raises, naming them
    if known:
        return metadata_of(namespace[known[0].name])
    several = {id(one): one for value in list(namespace.values()) if (one := metadata_of(value)) is not None}
    return next(iter(several.values())) if len(several) == 1 else None
