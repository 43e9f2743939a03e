"""The choice and order of comparisons, and how to stop or replace them."""

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import comparators, compare_metadata, produce_migrations
from kernel_core.operations import ops
from kernel_core.runtime import plugins
from kernel_core.runtime.plugins import Plugin
from kernel_core.util import DispatchPriority, PriorityDispatchResult
from kernel_core.util.exc import CommandError

STOP, CONTINUE = PriorityDispatchResult.STOP, PriorityDispatchResult.CONTINUE
ALL = ["alembic.autogenerate.*", "my.plugin"]


@pytest.fixture
def plugin(monkeypatch):
    monkeypatch.setattr(plugins, "_plugins", dict(plugins._plugins))
    return Plugin("my.plugin")


@pytest.fixture
def compared(connection, make_context):
    """A database and metadata that differ in all that the built-in plugins compare."""
    old = sa.MetaData()
    sa.Table("p", old, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "t",
        old,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("x", sa.String(20), nullable=False, server_default="x", comment="old"),
        sa.Column("gone", sa.Integer, index=True),
        comment="old",
    )
    sa.Table("old", old, sa.Column("id", sa.Integer, primary_key=True))
    old.create_all(connection)
    connection.commit()
    new = sa.MetaData()
    sa.Table("p", new, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "t",
        new,
        sa.Column("id", sa.Integer, sa.ForeignKey("p.id"), primary_key=True),
        sa.Column("x", sa.Integer, server_default="5", comment="new"),
        comment="new",
    )
    sa.Table("new", new, sa.Column("id", sa.Integer, primary_key=True))

    def compare(*patterns):
        context = make_context(
            connection, compare_server_default=True, autogenerate_plugins=patterns or None, renames="off"
        )
        kinds = set()
        for diff in compare_metadata(context, new):
            kinds |= {each[0] for each in (diff if isinstance(diff, list) else [diff])}
        comments = {"modify_comment", "add_table_comment"}
        return kinds - comments if connection.dialect.name == "sqlite" else kinds

    compare.metadata, compare.context = new, lambda **opts: make_context(connection, **opts)
    return compare


EVERY = {
    "add_table", "remove_table", "remove_column", "remove_index", "add_fk", "modify_type", "modify_nullable",
    "modify_default", "modify_comment", "add_table_comment",
}  # fmt: skip


def found(compared):
    comments = {"modify_comment", "add_table_comment"}
    return EVERY - comments if compared.context().dialect.name == "sqlite" else EVERY


@pytest.mark.parametrize(
    ("patterns", "missing"),
    [
        ([], set()),
        (["alembic.autogenerate.*"], set()),
        (["alembic.autogenerate.*", "~alembic.autogenerate.types"], {"modify_type"}),
        (["alembic.autogenerate.*", "~alembic.autogenerate.defaults"], {"modify_default"}),
        (["alembic.autogenerate.*", "~alembic.autogenerate.comments"], {"modify_comment", "add_table_comment"}),
        (
            ["alembic.autogenerate.*", "~kernel_core.autogenerate.constraints"],
            {"modify_nullable", "remove_index", "add_fk"},
        ),
        (["alembic.autogenerate.*", "~alembic.autogenerate.tables"], EVERY),
        (["alembic.autogenerate.schemas"], EVERY),
        (["alembic.autogenerate.tables"], EVERY),
    ],
)
def test_each_built_in_comparison_can_be_switched_off(compared, patterns, missing):
    assert compared(*patterns) == found(compared) - missing


def test_only_a_chosen_plugin_is_called_at_every_target(compared, plugin):
    heard = []
    for target in ("autogenerate", "schema", "table", "column"):
        plugin.add_autogenerate_comparator(lambda *given, at=target: heard.append((at, *given)), target)
    compared()
    assert heard == []
    compared(*ALL)
    assert [each[0] for each in heard].count("schema") == 1
    (schema,) = [each for each in heard if each[0] == "schema"]
    assert isinstance(schema[2], ops.UpgradeOps)
    assert schema[3] == {None}
    tables = {each[4]: each for each in heard if each[0] == "table"}
    assert set(tables) == {"t", "p", "new", "old"}
    assert isinstance(tables["t"][2], ops.ModifyTableOps)
    assert (tables["new"][5], tables["old"][6]) == (None, None)
    assert {str(column.name) for column in tables["old"][5].columns} == {"id"}
    (column,) = [each for each in heard if each[0] == "column" and each[5] == "x"]
    assert isinstance(column[2], ops.AlterColumnOp)
    assert (str(column[6].type), str(column[7].type)) == ("VARCHAR(20)", "INTEGER")
    assert isinstance(next(each for each in heard if each[0] == "autogenerate")[2], ops.UpgradeOps)


def test_priorities_order_and_a_dialects_own_function_comes_before_the_general_one(sqlite, make_context, plugin):
    heard = []

    def hear(word, **options):
        plugin.add_autogenerate_comparator(lambda *given: heard.append(word), "schema", **options)

    hear("last", priority=DispatchPriority.LAST)
    hear("medium")
    hear("of sqlite", qualifier="sqlite")
    hear("of others", qualifier="mssql")
    hear("first", priority=DispatchPriority.FIRST)
    compare_metadata(make_context(sqlite, autogenerate_plugins=ALL), sa.MetaData())
    assert heard == ["first", "of sqlite", "medium", "last"]


@pytest.mark.parametrize(
    ("target", "element", "missing"),
    [
        ("column", "types", {"modify_type"}),
        ("column", "server_default", {"modify_default"}),
        ("column", "nullable", {"modify_nullable"}),
        ("column", "comment", {"modify_comment"}),
        ("table", "indexes", {"remove_index"}),
        ("table", "foreignkeys", {"add_fk"}),
        ("table", "comments", {"add_table_comment"}),
        ("schema", "tables", EVERY),
        ("autogenerate", "schemas", EVERY),
        ("column", "another", set()),
        ("column", None, set()),
    ],
)
def test_stop_ends_its_chain_and_replaces_the_built_in_comparison(compared, plugin, target, element, missing):
    plugin.add_autogenerate_comparator(lambda *given: STOP, target, element, priority=DispatchPriority.FIRST)
    assert compared(*ALL) == found(compared) - missing


def test_a_plugin_that_replaces_one_comparison_wholly(compared, plugin):
    def compare_types(context, operation, schema, table, name, inspected, model):
        if name == "x":
            operation.modify_type = sa.Text()
        return STOP

    plugin.add_autogenerate_comparator(compare_types, "column", "types", priority=DispatchPriority.FIRST)
    context = compared.context(autogenerate_plugins=ALL, renames="off")
    script = produce_migrations(context, compared.metadata)
    (alteration,) = [each for each in script.upgrade_ops.leaves() if isinstance(each, ops.AlterColumnOp)]
    assert isinstance(alteration.modify_type, sa.Text)


def test_a_plugin_may_take_out_and_add_to_the_changes_of_a_table(compared, plugin):
    def soften(context, modify_table_ops, schema, name, reflected, model):
        if name == "t":
            kept = [each for each in modify_table_ops.ops if not isinstance(each, ops.DropIndexOp)]
            modify_table_ops.ops[:] = [*kept, ops.ExecuteSQLOp("ANALYZE t", reverse_sql="ANALYZE t")]

    plugin.add_autogenerate_comparator(soften, "table", priority=DispatchPriority.LAST)
    script = produce_migrations(compared.context(autogenerate_plugins=ALL), compared.metadata)
    sentences = [each.sentence() for each in script.upgrade_ops.leaves()]
    assert "Run SQL: ANALYZE t" in sentences
    assert not any(sentence.startswith("Drop index") for sentence in sentences)


def test_functions_in_the_older_registry_are_called_in_every_environment(sqlite, make_context, monkeypatch):
    heard = []
    monkeypatch.setattr(comparators, "added", [])

    @comparators.dispatch_for("schema")
    def every(context, upgrade_ops, schemas):
        heard.append("every")

    @comparators.dispatch_for("schema", "sqlite")
    def of_sqlite(context, upgrade_ops, schemas):
        heard.append("sqlite")

    @comparators.dispatch_for("schema", qualifier="mssql", priority=DispatchPriority.FIRST)
    def of_others(context, upgrade_ops, schemas):
        heard.append("mssql")

    compare_metadata(make_context(sqlite), sa.MetaData())
    assert heard == ["sqlite", "every"]
    heard.clear()
    compare_metadata(make_context(sqlite, autogenerate_plugins=["alembic.autogenerate.tables"]), sa.MetaData())
    assert heard == [], "who asks for schemas was not chosen"


def test_of_equal_priority_the_functions_of_the_registry_come_before_those_of_plugins(sqlite, make_context, plugin):
    """As in Alembic: what an add-on without a plugin appends comes first in the version file."""
    heard = []
    plugin.add_autogenerate_comparator(lambda *given: heard.append(("plugin", len(given[1].ops))), "schema")
    comparators.dispatch_for("schema")(lambda *given: heard.append(("registry", len(given[1].ops))))
    metadata = sa.MetaData()
    sa.Table("new", metadata, sa.Column("id", sa.Integer))
    compare_metadata(make_context(sqlite, autogenerate_plugins=ALL), metadata)
    assert heard == [("registry", 0), ("plugin", 1)]


def test_a_wrong_choice_is_refused_before_anything_is_read(sqlite, make_context):
    with pytest.raises(CommandError, match=r"Unknown plugin 'alembic\.autogenerate\.tabels'"):
        compare_metadata(make_context(sqlite, autogenerate_plugins=["alembic.autogenerate.tabels"]), sa.MetaData())
