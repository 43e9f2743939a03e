"""One proposal for the command line and the notebook: options, hooks, and the files that it becomes."""

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import combined, propose, template_args, write
from kernel_core.autogenerate.renames import chosen_renames
from kernel_core.migration import MigrationContext
from kernel_core.operations import ops
from kernel_core.script import ScriptDirectory


class Config:
    """The configuration file's part of a Config."""

    def __init__(self, **options):
        self.options, self.attributes = options, {}

    def get_main_option(self, name):
        return self.options.get(name)


def models(*columns):
    metadata = sa.MetaData()
    sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return metadata


def context_of(connection, **opts):
    return MigrationContext.configure(connection, opts=opts)


@pytest.fixture
def renamed(sqlite):
    """A database with the column ``mail``; the models have ``email``."""
    models(sa.Column("mail", sa.String(50))).create_all(sqlite)
    return sqlite, models(sa.Column("email", sa.String(50)))


@pytest.mark.parametrize(
    ("given", "of_env", "of_file", "expected"),
    [
        ("off", "accept", "show", "off"),
        (None, "accept", "off", "accept"),
        (None, None, "off", "off"),
        (None, None, None, "show"),
    ],
)
def test_the_argument_counts_before_env_py_and_env_py_before_the_file(sqlite, given, of_env, of_file, expected):
    context = context_of(sqlite, renames=of_env, config=Config(renames=of_file))
    assert chosen_renames(context, given) == expected


def test_a_rename_is_listed_and_remarked_in_the_proposed_operations(renamed):
    connection, metadata = renamed
    proposed = propose(context_of(connection), metadata)
    (candidate,) = proposed.renames
    assert any(leaf is candidate.add for leaf in proposed.operations.leaves())
    assert "# looks like a rename of person.mail" in template_args(proposed)["upgrades"]
    (alteration,) = propose(context_of(connection), metadata, renames="accept").operations.leaves()
    assert alteration.modify_name == "email"


def test_plugins_are_those_of_env_py_else_those_that_are_given(sqlite):
    models().create_all(sqlite)
    metadata = models()
    sa.Table("pet", metadata, sa.Column("id", sa.Integer))
    metadata.tables["person"].append_constraint(sa.CheckConstraint("id > 0", name="positive"))
    only_checks = ["kernel_core.autogenerate.schemas", "kernel_core.autogenerate.tables", "kernel_core.ext.checks"]

    def kinds(**options):
        plugins = options.pop("plugins", None)
        found = propose(context_of(sqlite, **options), metadata, plugins=plugins).operations
        return [type(each) for each in found.leaves()]

    assert kinds() == [ops.CreateTableOp]
    assert kinds(plugins=only_checks) == [ops.CreateTableOp, ops.CreateCheckConstraintOp]
    assert kinds(plugins=only_checks, autogenerate_plugins=["kernel_core.autogenerate.*"]) == [ops.CreateTableOp]


def test_both_hooks_change_the_scripts_and_their_imports_are_written(sqlite):
    asked = []

    def first(context, revision, directives):
        asked.append(("first", revision))
        directives[0].imports.add("import of_the_command")

    def second(context, revision, directives):
        asked.append(("second", revision))
        directives[0].rev_id = "0007"

    context = context_of(sqlite, process_revision_directives=second, template_args={"owner": "Ada"})
    proposed = propose(context, models(), revision=("a1",), hook=first)
    assert asked == [("first", ("a1",)), ("second", ("a1",))]
    kept = proposed.only(ops.UpgradeOps([ops.ExecuteSQLOp("SELECT 1", reverse_sql="SELECT 2")]))
    assert kept.scripts[0].rev_id == "0007"
    arguments = template_args(kept)
    assert arguments["owner"] == "Ada"
    assert arguments["imports"] == "import of_the_command"
    assert "SELECT 1" in arguments["upgrades"]


def test_a_hook_that_asks_for_no_file_gets_none(sqlite):
    def nothing(context, revision, directives):
        directives[:] = []

    proposed = propose(context_of(sqlite), models(), hook=nothing)
    assert proposed.scripts == ()
    assert proposed.operations.is_empty()
    assert list(write(proposed, None)) == []


def test_the_proposals_of_two_databases_make_one_file(sqlite, tmp_path):
    (tmp_path / "versions").mkdir()
    (tmp_path / "script.py.mako").write_text(
        "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\nbranch_labels = depends_on = None\n"
        "def upgrade_one():\n    ${one_up}\ndef upgrade_two():\n    ${two_up}\n"
        "def downgrade_one():\n    ${one_down}\ndef downgrade_two():\n    ${two_down}\n"
    )
    parts = []
    for name in ("one", "two"):
        tables = sa.MetaData()
        sa.Table(f"of_{name}", tables, sa.Column("id", sa.Integer))
        context = context_of(sqlite, upgrade_token=f"{name}_up", downgrade_token=f"{name}_down")
        parts.append(propose(context, tables))
    (script,) = write(combined(parts), ScriptDirectory(str(tmp_path)))
    one, _, two = script.source.partition("def upgrade_two")
    assert "of_one" in one
    assert "of_two" not in one
    assert "of_two" in two


def test_warnings_are_returned_as_well(sqlite):
    sqlite.exec_driver_sql("CREATE VIEW person AS SELECT 1 AS id")
    with pytest.warns(UserWarning, match="is a view in the database"):
        proposed = propose(context_of(sqlite), models())
    assert len(proposed.warnings) == 1
    assert '"person" is a view' in proposed.warnings[0]
