"""Preview of one operation: its SQL, and its Python in ``upgrade()`` and in ``downgrade()``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import StringIO

from sqlalchemy import Table
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError

from kernel_core.autogenerate import AutogenContext, render_op_text
from kernel_core.ddl.impl import DefaultImpl
from kernel_core.operations import Operations
from kernel_core.operations.containers import OpContainer, UpgradeOps, grouped
from kernel_core.operations.kinds.constraint import DropConstraintOp
from kernel_core.operations.operation import MigrateOperation
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError, IrreversibleOperation, UnsupportedOperation

TableOf = Callable[[str | None, str], Table | None]
"""Return a table of the database by schema and name; None if it is not known."""


def sql_of(operation: MigrateOperation, dialect: Dialect, opts: Mapping[str, object], table_of: TableOf) -> str:
    """Return the SQL of ``operation`` for that database, without running it.

    If it depends on the state of the database, and that is not known, a comment is returned instead.
    """
    try:
        return _printed(operation, dialect, opts, None)
    except UnsupportedOperation as error:
        return _rebuilt(operation, dialect, opts, table_of, error)
    except (CommandError, SQLAlchemyError) as error:
        return comment("--", str(error))


def python_of(operation: MigrateOperation, dialect: Dialect, opts: Mapping[str, object]) -> str:
    """Return the lines of ``upgrade()`` for ``operation``."""
    return _python(UpgradeOps(grouped([operation])), dialect, opts)


def _python(operations: OpContainer, dialect: Dialect, opts: Mapping[str, object]) -> str:
    context = MigrationContext.configure(dialect=dialect, opts=_offline(opts, StringIO()))
    autogen = AutogenContext(context, autogenerate=False)
    if opts.get("render_as_batch") is None:
        autogen.opts["render_as_batch"] = DefaultImpl.get_by_dialect(dialect).needs_batch
    try:
        return render_op_text(autogen, operations)
    except (CommandError, SQLAlchemyError) as error:
        return comment("#", str(error))


def downgrade_of(operation: MigrateOperation, dialect: Dialect, opts: Mapping[str, object]) -> str:
    """Return the lines of ``downgrade()`` for ``operation``, or a comment with the reason why there are none."""
    try:
        back = UpgradeOps(grouped([operation])).reverse()
    except IrreversibleOperation as error:
        return comment("#", str(error))
    reason = no_downgrade(operation, dialect.name)
    return "\n".join(
        filter(None, (comment("#", f"cannot be downgraded: {reason}") if reason else "", _python(back, dialect, opts)))
    )


def no_downgrade(operation: MigrateOperation, dialect_name: str) -> str:
    """Return the reason why an operation cannot be downgraded; "" if it can.

    An unnamed constraint can be dropped where the name that the database gives it is known.
    """
    try:
        back = operation.reverse() if operation.undone_by is None else None
    except (IrreversibleOperation, NotImplementedError) as error:
        return str(error) or "it has no reverse operation"
    if not isinstance(back, DropConstraintOp) or back.constraint_name is not None:
        return ""
    if back.constraint_type == "primary" and dialect_name in ("mysql", "mariadb", "sqlite"):
        return ""
    return "unnamed. Fill in a name for the constraint"


def comment(mark: str, text: str) -> str:
    """Return ``text`` as comment lines; every line gets the mark, so that none can become code."""
    return "\n".join(f"{mark} {line}" for line in text.splitlines() or [""])


def _printed(operation: MigrateOperation, dialect: Dialect, opts: Mapping[str, object], copy_from: Table | None) -> str:
    buffer = StringIO()
    context = MigrationContext.configure(dialect=dialect, opts=_offline(opts, buffer))
    operations = Operations(context)
    place = operation.table_key if getattr(operation, "alters_table", False) else None
    if place is not None and context.impl.needs_batch:
        with operations.batch_alter_table(place[1], schema=place[0], copy_from=copy_from) as batch:
            batch.invoke(operation)
    else:
        operations.invoke(operation)
    return buffer.getvalue().strip() or "-- No statement: this database does not store it."


def _rebuilt(
    operation: MigrateOperation, dialect: Dialect, opts: Mapping[str, object], table_of: TableOf, reason: Exception
) -> str:
    """Return the SQL that rebuilds the operation's table, from its current definition."""
    place = operation.table_key
    table = table_of(*place) if place is not None else None
    if place is None:
        return comment("--", str(reason))
    if table is None:
        return comment(
            "--",
            f"{dialect.name} cannot alter {place[1]} in place, so the table is rebuilt: created again with this\n"
            "change, its rows copied, its indexes, triggers and views kept. The statements depend on the table.",
        )
    note = comment("--", f"{dialect.name} rebuilds {place[1]} where it cannot alter it in place; the rows are kept:")
    try:
        return f"{note}\n{_printed(operation, dialect, opts, table)}"
    except (CommandError, SQLAlchemyError) as error:
        return comment("--", str(error))


def _offline(opts: Mapping[str, object], buffer: StringIO) -> dict[str, object]:
    """Return the environment's options for a run that only prints, without those of the script and its plan."""
    kept = {name: value for name, value in opts.items() if name not in ("script", "fn", "config", "starting_rev")}
    return {**kept, "as_sql": True, "output_buffer": buffer}
