"""A small add-on as somebody would write it for Alembic: an operation, what it does, how it is written, and a plugin."""

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult


@Operations.register_operation("create_a_view")
class CreateAViewOp(MigrateOperation):
    def __init__(self, name, query):
        self.name, self.query = name, query

    @classmethod
    def create_a_view(cls, operations, name, query):
        return operations.invoke(cls(name, query))

    def reverse(self):
        return DropAViewOp(self.name, self.query)

    def to_diff_tuple(self):
        return ("add_view", self.name, self.query)


@Operations.register_operation("drop_a_view")
class DropAViewOp(MigrateOperation):
    def __init__(self, name, query=None):
        self.name, self.query = name, query

    @classmethod
    def drop_a_view(cls, operations, name):
        return operations.invoke(cls(name))

    def reverse(self):
        return CreateAViewOp(self.name, self.query)

    def to_diff_tuple(self):
        return ("remove_view", self.name)


@Operations.implementation_for(CreateAViewOp)
def create_a_view(operations, operation):
    operations.execute(f"CREATE VIEW {operation.name} AS {operation.query}")


@Operations.implementation_for(DropAViewOp)
def drop_a_view(operations, operation):
    operations.execute(f"DROP VIEW {operation.name}")


@renderers.dispatch_for(CreateAViewOp)
def render_create(autogen_context, op):
    return f"op.create_a_view({op.name!r}, {op.query!r})"


@renderers.dispatch_for(DropAViewOp)
def render_drop(autogen_context, op):
    return f"op.drop_a_view({op.name!r})"


def compare_views(autogen_context: AutogenContext, upgrade_ops, schemas):
    wanted = autogen_context.metadata.info.get("views", {})
    found = set(autogen_context.inspector.get_view_names())
    for name in sorted(wanted.keys() - found):
        upgrade_ops.ops.append(CreateAViewOp(name, wanted[name]))
    for name in sorted(found - wanted.keys()):
        upgrade_ops.ops.append(DropAViewOp(name))
    return PriorityDispatchResult.CONTINUE


def keep_integers(autogen_context, alter_column_op, schema, tname, cname, conn_col, metadata_col):
    if str(conn_col.type) == "INTEGER":
        return PriorityDispatchResult.STOP
    return PriorityDispatchResult.CONTINUE


def note_tables(autogen_context, modify_table_ops, schema, tname, conn_table, metadata_table):
    note = (tname, conn_table is not None, metadata_table is not None, type(modify_table_ops).__name__)
    autogen_context.metadata.info["tables"].append(note)
    return PriorityDispatchResult.CONTINUE


def setup(plugin: Plugin) -> None:
    plugin.add_autogenerate_comparator(compare_views, "schema", "views", priority=DispatchPriority.LAST)
    plugin.add_autogenerate_comparator(keep_integers, "column", "types", priority=DispatchPriority.FIRST)
    plugin.add_autogenerate_comparator(note_tables, "table", qualifier="sqlite")
    plugin.add_autogenerate_comparator(note_tables, "table", qualifier="postgresql")
