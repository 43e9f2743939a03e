"""What a range does, in order: operations that can be rendered again, and revisions that are kept as code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.engine.default import DefaultDialect

from ..autogenerate import render_python_code
from ..operations.containers import BatchOps, UpgradeOps
from ..operations.json_form.codec import Json
from ..operations.operation import MigrateOperation
from ..operations.ops import CreateTableOp
from ..recording import operations_of, read_operations
from ..recording.scripts import Function
from ..script import Script
from ..util.exc import CommandError, NotAsJson


@dataclass(frozen=True, slots=True)
class Item:
    """An operation of a range; ``batch`` is the batch that it was in, None outside of one."""

    operation: MigrateOperation
    batch: BatchOps | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """A revision whose function is kept as it is."""

    script: Script


Part = list[Item] | Code


def parts_of(scripts: Iterable[Script], function: Function) -> list[Part]:
    """Return the parts of one direction; neighbouring revisions that are known are one list."""
    found: list[Part] = []
    for script in scripts:
        items = _items(script, function)
        if items is None:
            found.append(Code(script))
        elif found and isinstance(found[-1], list):
            found[-1] += items
        elif items:
            found.append(items)
    return found


def _items(script: Script, function: Function) -> list[Item] | None:
    """Return the operations of a revision; None if its file, or the code rendered for them, does not show all."""
    recording = operations_of(script, DefaultDialect(), function)
    if not recording.complete:
        return None
    items: list[Item] = []
    for operation in recording.with_batches().ops:
        if isinstance(operation, BatchOps):
            if not operation.ops:
                return None
            items += [Item(each, operation) for each in operation.ops]
        else:
            items.append(Item(operation))
    try:
        return items if is_rendered_exactly(items) else None
    except (CommandError, NotAsJson):
        return None


def is_rendered_exactly(items: list[Item]) -> bool:
    """Return whether the code rendered for operations reads as the same operations again."""
    text, imports = rendered(items)
    source = "\n".join([*sorted(imports), "def upgrade():", f"    {text}"])
    again = read_operations(source, DefaultDialect(), given=("op", "sa"))
    return again.complete and _normal(again.with_batches()) == _normal(grouped(items))


def _normal(operations: UpgradeOps) -> list[Json]:
    """Return operations as JSON, where a table has one form whether its key is a flag of the column or a constraint."""
    found: list[Json] = []
    for operation in operations.ops:
        members = operation.to_json()
        if isinstance(operation, CreateTableOp):
            members["columns"] = CreateTableOp.from_table(operation.to_table()).to_json()["columns"]
        found.append(members)
    return found


def grouped(items: Iterable[Item]) -> UpgradeOps:
    """Return the operations, those of one batch in one batch again."""
    found: list[MigrateOperation] = []
    last: BatchOps | None = None
    for item in items:
        if item.batch is not None and item.batch is last:
            found[-1].ops.append(item.operation)  # type: ignore[attr-defined]
        elif item.batch is not None:
            batch = item.batch
            found.append(BatchOps(batch.table_name, [item.operation], schema=batch.schema, options=batch.options))
        else:
            found.append(item.operation)
        last = item.batch
    return UpgradeOps(found)


def rendered(items: Iterable[Item]) -> tuple[str, set[str]]:
    """Return the body of a function that invokes the operations, and the import lines that it needs."""
    imports: set[str] = set()
    return render_python_code(grouped(items), imports=imports), imports  # type: ignore[arg-type]
