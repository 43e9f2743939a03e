"""Containers of operations: the upgrade, the downgrade, the changes to one table, and a whole script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Protocol, Self, TypeVar

from sqlalchemy import MetaData, Table

from ..util import files
from ..util.exc import CommandError, UnknownEffect
from ..util.sqla_compat import copy_column
from .add_constraint import AddConstraintOp
from .base import AbstractOperations, Operations
from .batch import BatchOptions
from .json_form.arguments import constructed
from .json_form.codec import Json, JsonObject, encode, register_value
from .kinds.table import CreateTableOp, DropTableOp
from .operation import DiffTuple, Hint, MigrateOperation, slug
from .registry import read_from_json
from .renames import RenameCandidate
from .schema_state import SchemaState

T = TypeVar("T")


@read_from_json
class OpContainer(MigrateOperation):
    """A sequence of operations, which run in this order."""

    json_name = "operations"

    def __init__(self, ops: Iterable[MigrateOperation] = ()) -> None:
        self.ops: list[MigrateOperation] = list(ops)

    def is_empty(self) -> bool:
        """Return whether it has no operation, apart from empty containers."""
        return not any(True for _ in self.leaves())

    def leaves(self) -> Iterator[MigrateOperation]:
        """Yield the operations, also those of nested containers."""
        for operation in self.ops:
            if isinstance(operation, OpContainer):
                yield from operation.leaves()
            else:
                yield operation

    def replaced(self, instead: Mapping[int, MigrateOperation]) -> Self:
        """Return a copy with other operations in place of some, by their ``id()``."""
        return self.changed(
            ops=[
                each.replaced(instead) if isinstance(each, OpContainer) else instead.get(id(each), each)
                for each in self.ops
            ]
        )

    def as_diffs(self) -> list[DiffTuple | list[DiffTuple]]:
        """Return the diff tuples of ``compare_metadata``; those of one ALTER COLUMN are a nested list."""
        diffs: list[DiffTuple | list[DiffTuple]] = []
        for operation in self.leaves():
            several = getattr(operation, "to_diff_tuples", None)
            if several is not None:
                diffs.append(several())
            else:
                diffs.append(operation.to_diff_tuple())
        return diffs

    def apply(self, operations: AbstractOperations) -> None:
        for operation in self.ops:
            operations.invoke(operation)

    def apply_to(self, schema: SchemaState) -> None:
        for operation in self.ops:
            operation.apply_to(schema)
            for further in operation.followed_by:
                further.apply_to(schema)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return tuple(hint for operation in self.leaves() for hint in operation.hints(dialect_name))

    def sentence(self) -> str:
        return "; ".join(operation.sentence() for operation in self.leaves()) or "Nothing to do"

    def slug(self) -> str:
        """Return a suggested message for these operations, such as ``create_users_and_more``; "" if there are none.

        What belongs to a table that is created or dropped here is not mentioned besides the table.
        """
        leaves, of_tables = list(self.leaves()), (CreateTableOp, DropTableOp)
        whole = {operation.table_key for operation in leaves if isinstance(operation, of_tables)}
        named = [
            each for each in leaves if isinstance(each, of_tables) or getattr(each, "table_key", None) not in whole
        ]
        parts = list(dict.fromkeys(filter(None, map(_slug_of, named))))
        if leaves and not parts:
            return f"auto_{datetime.now(tz=UTC):%Y%m%d_%H%M}"
        return _joined(parts)

    def _reversed_ops(self) -> list[MigrateOperation]:
        undone: list[MigrateOperation] = []
        for operation in reversed(self.ops):
            own_way = getattr(operation, "undone_by", None)  # an add-on's class may lack it
            undone += [operation.reverse()] if own_way is None else own_way(operation)
        return undone


_SLUG_LENGTH = 40
"""The longest suggested message: the default of ``truncate_slug_length``, so that a file name has all of it."""
_MORE = "_and_more"


def _slug_of(operation: object) -> str:
    """Return the slug of an operation; for an add-on's class that does not derive from ours, its name."""
    own = getattr(operation, "slug", None)
    return str(own()) if callable(own) else slug(type(operation).__name__)


def _joined(parts: Sequence[str]) -> str:
    """Return as many parts as fit, joined by ``_``; if some are left out, ``_and_more`` at the end.

    >>> _joined(["create_users", "create_orders"])
    'create_users_create_orders'
    """
    for count in range(min(len(parts), _SLUG_LENGTH), 0, -1):
        text = "_".join(parts[:count]) + (_MORE if count < len(parts) else "")
        if len(text) <= _SLUG_LENGTH:
            return text
    return files.slug(parts[0], _SLUG_LENGTH) if parts else ""


@read_from_json
class ModifyTableOps(OpContainer):
    """Changes to one table; rendered as a batch if ``render_as_batch`` is on."""

    def __init__(self, table_name: str, ops: Iterable[MigrateOperation], *, schema: str | None = None) -> None:
        super().__init__(ops)
        self.table_name, self.schema = table_name, schema

    def reverse(self) -> ModifyTableOps:
        return ModifyTableOps(self.table_name, self._reversed_ops(), schema=self.schema)


@read_from_json
class BatchOps(ModifyTableOps):
    """The changes of a ``with op.batch_alter_table(...)`` block, and the options of the batch."""

    json_name = "batch"

    def __init__(
        self,
        table_name: str,
        ops: Iterable[MigrateOperation],
        *,
        schema: str | None = None,
        options: BatchOptions | None = None,
    ) -> None:
        super().__init__(table_name, ops, schema=schema)
        self.options = options or BatchOptions()

    def apply(self, operations: AbstractOperations) -> None:
        if not isinstance(operations, Operations):
            raise CommandError(f"The batch of {self.shown_table} is inside another batch. Take it out.")
        given = {each.name: getattr(self.options, each.name) for each in fields(BatchOptions)}
        with operations.batch_alter_table(self.table_name, schema=self.schema, **given) as batch_operations:
            for operation in self.ops:
                batch_operations.invoke(operation)

    def apply_to(self, schema: SchemaState) -> None:
        """Apply the operations, and what a rebuild adds; raises UnknownEffect where it replaces what is reflected."""
        rebuilds = self.options.may_rebuild(schema.dialect.name)
        if rebuilds and (self.options.copy_from is not None or self.options.reflect_args):
            raise UnknownEffect(f"a batch on {self.shown_table} with copy_from or reflect_args")
        convention = schema.convention
        if self.options.naming_convention:
            schema.convention = MetaData(naming_convention=dict(self.options.naming_convention))
        try:
            super().apply_to(schema)
        finally:
            schema.convention = convention
        if self.options.table_args and rebuilds:
            state = schema.table(self.table_key)
            copied = [copy_column(each) for each in state.columns.values()]
            made = MetaData(naming_convention=dict(self.options.naming_convention) or None)
            table = Table(state.name, made, *copied, *self.options.table_args, schema=state.schema)
            schema.add_items(state, table, constraint_of=AddConstraintOp.from_constraint)

    def reverse(self) -> BatchOps:
        """Return the batch that undoes this one; it reads the table as it is then, not ``copy_from``."""
        options = replace(self.options, copy_from=None)
        return BatchOps(self.table_name, self._reversed_ops(), schema=self.schema, options=options)


def _encoded_options(options: BatchOptions) -> dict[str, Json]:
    default = BatchOptions()
    given = {each.name: getattr(options, each.name) for each in fields(options)}
    return {name: encode(value) for name, value in given.items() if value != getattr(default, name)}


def _read_options(json: JsonObject) -> BatchOptions:
    made: BatchOptions = constructed(BatchOptions, {name: json.get(name) for name in sorted(json.names())})
    return made


register_value("batch options", BatchOptions, _encoded_options, _read_options)


class NamesConstraints(Protocol):
    """Predicts the names that a database will give to unnamed constraints."""

    def named(self, operations: Iterable[MigrateOperation]) -> Mapping[int, MigrateOperation]:
        """Return the operations with ``generated_name`` set, by the ``id()`` of the ones given; not those that stay.

        The names are those that the database gives if the operations run in this order.
        """


@read_from_json
class UpgradeOps(OpContainer):
    """The operations of ``upgrade()``; ``upgrade_token`` is the variable of the template for them.

    ``renames`` are the drops and additions that may be renames; ``names`` predicts the names of unnamed constraints,
    which change if operations are left out or edited. JSON has neither.
    """

    json_omitted = frozenset({"renames", "names"})

    def __init__(
        self,
        ops: Iterable[MigrateOperation] = (),
        upgrade_token: str = "upgrades",
        *,
        renames: Sequence[RenameCandidate] = (),
        names: NamesConstraints | None = None,
    ) -> None:
        super().__init__(ops)
        self.upgrade_token = upgrade_token
        self.renames, self.names = tuple(renames), names

    def replaced(self, instead: Mapping[int, MigrateOperation]) -> Self:
        """Return a copy with other operations in place of some, by their ``id()``; in its renames too."""
        return super().replaced(instead).changed(renames=tuple(each.replaced(instead) for each in self.renames))

    def named(self) -> Self:
        """Return a copy in which unnamed constraints have the names that the database will give them."""
        return self if self.names is None else self.replaced(self.names.named(self.leaves()))

    def reverse_into(self, downgrade_ops: DowngradeOps) -> DowngradeOps:
        """Fill ``downgrade_ops`` with the reverse operations, the last one first, and return it."""
        downgrade_ops.ops[:] = self._reversed_ops()
        return downgrade_ops

    def reverse(self) -> DowngradeOps:
        return self.reverse_into(DowngradeOps())


@read_from_json
class DowngradeOps(OpContainer):
    """The operations of ``downgrade()``; ``downgrade_token`` is the variable of the template for them."""

    def __init__(self, ops: Iterable[MigrateOperation] = (), downgrade_token: str = "downgrades") -> None:
        super().__init__(ops)
        self.downgrade_token = downgrade_token

    def reverse(self) -> UpgradeOps:
        return UpgradeOps(self._reversed_ops())


@read_from_json
class MigrationScript(MigrateOperation):
    """A version file to be written: its operations, its message, its id and its place in the history.

    ``upgrade_ops`` and ``downgrade_ops`` are one container each, or a list with one for each MetaData or engine.
    """

    def __init__(
        self,
        rev_id: str | None,
        upgrade_ops: UpgradeOps | Sequence[UpgradeOps],
        downgrade_ops: DowngradeOps | Sequence[DowngradeOps],
        *,
        message: str | None = None,
        imports: set[str] | None = None,
        head: str | None = None,
        splice: bool | None = None,
        branch_label: str | Sequence[str] | None = None,
        version_path: str | None = None,
        depends_on: str | Sequence[str] | None = None,
    ) -> None:
        self.rev_id, self.message, self.head, self.splice = rev_id, message, head, splice
        self.imports = set() if imports is None else imports
        self.branch_label, self.version_path, self.depends_on = branch_label, version_path, depends_on
        self.upgrade_ops_list = list(upgrade_ops) if isinstance(upgrade_ops, Sequence) else [upgrade_ops]
        self.downgrade_ops_list = list(downgrade_ops) if isinstance(downgrade_ops, Sequence) else [downgrade_ops]

    @property
    def upgrade_ops(self) -> UpgradeOps | None:
        """The container of the upgrade; raises ValueError if there are several (``upgrade_ops_list``)."""
        return _only(self.upgrade_ops_list, "upgrade_ops")

    @upgrade_ops.setter
    def upgrade_ops(self, value: UpgradeOps | None) -> None:
        self.upgrade_ops_list = [] if value is None else [value]

    @property
    def downgrade_ops(self) -> DowngradeOps | None:
        """The container of the downgrade; raises ValueError if there are several (``downgrade_ops_list``)."""
        return _only(self.downgrade_ops_list, "downgrade_ops")

    @downgrade_ops.setter
    def downgrade_ops(self, value: DowngradeOps | None) -> None:
        self.downgrade_ops_list = [] if value is None else [value]

    def json_arguments(self) -> dict[str, object]:
        given = {"upgrade_ops": self.upgrade_ops_list, "downgrade_ops": self.downgrade_ops_list}
        names = ("rev_id", "message", "head", "splice", "branch_label", "version_path", "depends_on")
        given |= {name: getattr(self, name) for name in names if name == "rev_id" or getattr(self, name) is not None}
        return given | ({"imports": sorted(self.imports)} if self.imports else {})

    def slug(self) -> str:
        """Return a suggested message for all upgrades of the script; "" if it does nothing."""
        return OpContainer(self.upgrade_ops_list).slug()


def _only(containers: list[T], name: str) -> T | None:
    if len(containers) > 1:
        raise ValueError(f"There are {len(containers)} of them; read {name}_list instead of {name}.")
    return containers[0] if containers else None


def grouped(operations: Iterable[MigrateOperation]) -> list[MigrateOperation]:
    """Return a flat list in which consecutive changes to one table are one `ModifyTableOps`.

    Operations that create, drop or rename a table, or have none, are not grouped.
    """
    result: list[MigrateOperation] = []
    for operation in operations:
        place = operation.table_key if getattr(operation, "alters_table", False) else None
        if place is None:
            result.append(operation)
            continue
        last = result[-1] if result else None
        if isinstance(last, ModifyTableOps) and (last.schema, last.table_name) == place:
            last.ops.append(operation)
        else:
            result.append(ModifyTableOps(place[1], [operation], schema=place[0]))
    return result
