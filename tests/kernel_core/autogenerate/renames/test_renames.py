"""Renames, from the comparison of two schemas to the database that keeps its rows."""

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import compare_metadata, produce_migrations, render_python_code
from kernel_core.autogenerate.renames import accept, accept_all, candidates
from kernel_core.config import Config
from kernel_core.operations import Operations, ops
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def schema(*tables):
    """A MetaData of (name, *columns and constraints)."""
    metadata = sa.MetaData(naming_convention=CONVENTION)
    for name, *items in tables:
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), *items)
    return metadata


def person(*items, name="person"):
    return (name, sa.Column("born", sa.Date), *items, sa.Column("note", sa.Text))


@pytest.fixture
def proposed(connection, make_context):
    """Create one schema, and return the script that migrates it to another."""

    def propose(before, after, **opts):
        before.create_all(connection)
        connection.commit()
        context = make_context(connection, target_metadata=after, **opts)
        return context, produce_migrations(context, after)

    return propose


def found(script):
    return [(each.old_name, each.new_name) for each in script.upgrade_ops.renames]


def run(context, operations):
    imports = set()
    batch = context.dialect.name == "sqlite"
    body = render_python_code(operations, render_as_batch=batch, imports=imports, migration_context=context)
    namespace = {}
    exec("\n".join(["import sqlalchemy as sa", *sorted(imports), "def migrate(op):", f"    {body}"]), namespace)
    namespace["migrate"](Operations(context))


def there_and_back(context, before, after, script):
    """Accept all candidates, run the generated code, compare, and do the same for the downgrade."""
    accepted = accept_all(script.upgrade_ops)
    down = accepted.reverse()
    run(context, accepted)
    assert compare_metadata(context, after) == []
    run(context, down)
    assert compare_metadata(context, before) == []
    return accepted


def test_a_column_of_another_name_is_a_candidate_and_still_dropped_and_added(proposed):
    before, after = schema(person(sa.Column("mail", sa.String(50)))), schema(person(sa.Column("email", sa.String(50))))
    _, script = proposed(before, after)
    assert found(script) == [("person.mail", "email")]
    candidate = script.upgrade_ops.renames[0]
    assert candidate.score > 0.8
    assert candidate.sentence().startswith("person.mail may have become email (9")
    assert {"similar name", "same type", "same position"} <= set(candidate.reasons)
    assert [type(leaf) for leaf in script.upgrade_ops.leaves()] == [ops.AddColumnOp, ops.DropColumnOp]


def test_the_script_says_so_in_a_comment(proposed):
    before, after = schema(person(sa.Column("mail", sa.String(50)))), schema(person(sa.Column("email", sa.String(50))))
    context, script = proposed(before, after)
    lines = render_python_code(script.upgrade_ops, migration_context=context).splitlines()
    assert lines[0].startswith("# looks like a rename of person.mail (9")
    assert lines[1].strip().startswith("op.add_column(")
    assert "looks like" not in render_python_code(script.downgrade_ops, migration_context=context)
    inside = render_python_code(script.upgrade_ops, migration_context=context, render_as_batch=True).splitlines()
    assert inside[1].strip().startswith("# looks like a rename")


def test_a_name_with_a_line_break_cannot_leave_its_comment(sqlite, make_context):
    evil = "mail\nimport os\n\u2028os"
    before, after = schema(person(sa.Column(evil, sa.Text))), schema(person(sa.Column("mail_import_os_os", sa.Text)))
    before.create_all(sqlite)
    context = make_context(sqlite)
    script = produce_migrations(context, after)
    assert found(script) == [(f"person.{evil}", "mail_import_os_os")]
    code = render_python_code(script.upgrade_ops, migration_context=context)
    assert code.startswith("# looks like a rename of person.mail import os os (")
    assert not any(line.strip().startswith("import os") for line in code.splitlines())


def test_an_accepted_rename_keeps_the_values(connection, proposed):
    before, after = schema(person(sa.Column("mail", sa.String(50)))), schema(person(sa.Column("email", sa.String(80))))
    context, script = proposed(before, after)
    connection.execute(before.tables["person"].insert().values(id=1, mail="a@b"))
    accepted = accept(script.upgrade_ops, script.upgrade_ops.renames[0])
    assert [leaf.sentence() for leaf in accepted.leaves()] == [
        "Alter column mail of person: type VARCHAR(50) → String(80), rename to email"
    ]
    assert len(list(script.upgrade_ops.leaves())) == 2, "the list that was given is as it was"
    down = accepted.reverse()
    run(context, accepted)
    assert compare_metadata(context, after) == []
    assert connection.execute(sa.text("SELECT email FROM person")).scalar() == "a@b"
    run(context, down)
    assert connection.execute(sa.text("SELECT mail FROM person")).scalar() == "a@b"


def test_objects_recreated_only_because_of_the_name_are_kept(proposed):
    def tables(name, constraint, index):
        item = sa.Column(name, sa.String(20), nullable=False)
        return schema(
            person(item, sa.UniqueConstraint(name, name=constraint), sa.Index(index, name)),
            ("pet", sa.Column("owner", sa.String(20)), sa.ForeignKeyConstraint(["owner"], [f"person.{name}"])),
        )

    before, after = tables("mail", "one_mail", "by_mail"), tables("email", "one_mail", "by_mail")
    context, script = proposed(before, after)
    accepted = there_and_back(context, before, after, script)
    assert [leaf.sentence() for leaf in accepted.leaves()] == ["Alter column mail of person: rename to email"]


def test_objects_renamed_by_a_convention_are_recreated(proposed):
    def tables(name):
        return schema(person(sa.Column(name, sa.String(20), nullable=False, index=True, unique=False)))

    before, after = tables("mail"), tables("email")
    context, script = proposed(before, after)
    accepted = there_and_back(context, before, after, script)
    assert [leaf.sentence() for leaf in accepted.leaves()] == [
        "Drop index ix_person_mail of person",
        "Alter column mail of person: rename to email",
        "Create index ix_person_email on person (email)",
    ]


def test_an_index_over_an_expression_of_the_column_is_the_same(postgresql, make_context):
    before, after = (schema(person(sa.Column(name, sa.String(20)))) for name in ("mail", "email"))
    sa.Index("by_lower", sa.func.lower(before.tables["person"].c.mail))
    sa.Index("by_lower", sa.func.lower(after.tables["person"].c.email))
    before.create_all(postgresql)
    context = make_context(postgresql)
    script = produce_migrations(context, after)
    accepted = there_and_back(context, before, after, script)
    assert [type(leaf) for leaf in accepted.leaves()] == [ops.AlterColumnOp]


def test_several_columns_are_each_paired_with_their_own(proposed):
    before = schema(person(*(sa.Column(name, sa.String(20)) for name in ("mail", "phone_nr", "nick"))))
    after = schema(person(*(sa.Column(name, sa.String(20)) for name in ("phone_number", "email", "shoe_size"))))
    context, script = proposed(before, after)
    assert sorted(found(script)) == [("person.mail", "email"), ("person.phone_nr", "phone_number")]
    there_and_back(context, before, after, script)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (sa.Column("created_at", sa.DateTime), sa.Column("updated_at", sa.DateTime)),
        (sa.Column("first_name", sa.String(20)), sa.Column("last_name", sa.String(20))),
        (sa.Column("mail", sa.String(20)), sa.Column("email", sa.Integer)),
        (sa.Column("mail", sa.String(20)), sa.Column("email", sa.String(20), sa.Computed("'x'"))),
        (sa.Column("price", sa.Integer), sa.Column("weight", sa.Integer)),
        (sa.Column("is_active", sa.Boolean), sa.Column("is_deleted", sa.Boolean)),
    ],
    ids=lambda column: column.name,
)
def test_an_unlikely_rename_is_not_a_candidate(sqlite, make_context, old, new):
    schema(person(old)).create_all(sqlite)
    assert found(produce_migrations(make_context(sqlite), schema(person(new)))) == []


def test_one_name_split_in_two_is_not_a_candidate(proposed):
    before = schema(person(sa.Column("name", sa.String(20))))
    after = schema(person(sa.Column("first_name", sa.String(20)), sa.Column("last_name", sa.String(20))))
    assert found(proposed(before, after)[1]) == []


def test_values_that_would_not_fit_lower_the_score(connection):
    before = schema(person(sa.Column("mail", sa.String(50))))
    after = schema(person(sa.Column("email", sa.String(10))))
    before.create_all(connection)
    context = MigrationContext.configure(connection, opts={"target_metadata": after, "config": Config()})
    assert "similar name" in produce_migrations(context, after).upgrade_ops.renames[0].reasons
    connection.execute(before.tables["person"].insert().values(mail="far.too.long@example.org"))
    connection.commit()
    found_now = produce_migrations(context, after).upgrade_ops.renames
    assert [each.reasons[-1] for each in found_now] in ([], ["1 of 1 values would not fit"])
    fitting = schema(person(sa.Column("email", sa.String(60))))
    assert produce_migrations(context, fitting).upgrade_ops.renames[0].reasons[-1] == "the one sampled value fits"


def test_a_program_that_compares_by_itself_reads_no_rows(sqlite):
    """pytest-alembic compares the code of two comparisons, between which rows are inserted."""
    before, after = schema(person(sa.Column("mail", sa.Text))), schema(person(sa.Column("email", sa.Text)))
    before.create_all(sqlite)
    context = MigrationContext.configure(sqlite)
    code = render_python_code(produce_migrations(context, after).upgrade_ops)
    sqlite.execute(before.tables["person"].insert().values(mail="a@b"))
    sqlite.commit()
    assert "looks like a rename of person.mail" in code
    assert render_python_code(produce_migrations(context, after).upgrade_ops) == code


def test_few_rows_are_read_with_one_query_per_table(sqlite):
    columns = [f"word{number}_old" for number in range(4)]
    before = schema(person(*(sa.Column(name, sa.String(9)) for name in columns)))
    before.create_all(sqlite)
    sqlite.execute(before.tables["person"].insert(), [dict.fromkeys(columns, "x") for _ in range(500)])
    sqlite.commit()
    after = schema(person(*(sa.Column(name.removesuffix("_old"), sa.String(9)) for name in columns)))
    said = []
    sa.event.listen(sqlite, "before_cursor_execute", lambda *heard: said.append(heard[2]))
    script = produce_migrations(MigrationContext.configure(sqlite, opts={"config": Config()}), after)
    assert len(script.upgrade_ops.renames) == 4
    reading = [statement for statement in said if "word0_old" in statement]
    assert len(reading) == 1
    assert "LIMIT" in reading[0]
    assert "all 200 sampled values fit" in script.upgrade_ops.renames[0].reasons


def test_a_foreign_key_to_the_same_table_raises_the_score(proposed):
    def tables(name):
        key = sa.Column(name, sa.Integer, sa.ForeignKey("person.id"))
        return schema(person(), ("pet", key, sa.Column("kind", sa.String(9))))

    before, after = tables("owner_id"), tables("owned_by_id")
    context, script = proposed(before, after)
    assert found(script) == [("pet.owner_id", "owned_by_id")]
    assert "both refer to person.id" in script.upgrade_ops.renames[0].reasons
    there_and_back(context, before, after, script)


def big(name, *items):
    columns = [sa.Column(word, sa.String(20)) for word in ("street", "city", "zip_code", "phone")]
    return (name, *columns, *items)


def test_a_table_of_another_name_is_a_candidate(connection, proposed):
    def tables(name):
        pet = ("pet", sa.Column("owner_id", sa.Integer, sa.ForeignKey(f"{name}.id", name="fk_owner")))
        return schema(big(name, sa.UniqueConstraint("phone", name="one_phone"), sa.Index("by_city", "city")), pet)

    before, after = tables("people"), tables("persons")
    context, script = proposed(before, after)
    assert found(script) == [("people", "persons")]
    connection.execute(before.tables["people"].insert().values(id=1, city="Ulm"))
    connection.execute(before.tables["pet"].insert().values(id=1, owner_id=1))
    accepted = accept_all(script.upgrade_ops)
    assert [leaf.sentence() for leaf in accepted.leaves()] == ["Rename table people to persons"]
    down = accepted.reverse()
    run(context, accepted)
    assert compare_metadata(context, after) == []
    assert connection.execute(sa.text("SELECT city FROM persons")).scalar() == "Ulm"
    run(context, down)
    assert compare_metadata(context, before) == []


def test_other_changes_of_a_renamed_table_are_made(proposed):
    before = schema(big("person", sa.Column("gone", sa.Text), sa.UniqueConstraint("city", name="u1")))
    after = schema(big("persons", sa.Column("came", sa.Integer), sa.UniqueConstraint("zip_code", name="u2")))
    after.tables["persons"].c.street.type = sa.String(99)
    context, script = proposed(before, after)
    accepted = there_and_back(context, before, after, script)
    assert [leaf.sentence().split(" of ")[0] for leaf in accepted.leaves()] == [
        "Rename table person to persons",
        "Add column came Integer, to persons",
        "Alter column street",
        "Drop unique constraint u1",
        "Create unique constraint u2 on persons (zip_code)",
        "Drop column gone from persons",
    ]


def test_small_tables_with_common_columns_are_not_candidates(proposed):
    before = schema(("colours", sa.Column("name", sa.String(20))))
    after = schema(("sizes", sa.Column("name", sa.String(20))))
    assert found(proposed(before, after)[1]) == []


def test_a_candidate_whose_operations_are_not_in_the_list_is_refused(proposed):
    before, after = schema(person(sa.Column("mail", sa.Text))), schema(person(sa.Column("email", sa.Text)))
    _, script = proposed(before, after)
    left = ops.UpgradeOps([leaf for leaf in script.upgrade_ops.leaves() if isinstance(leaf, ops.AddColumnOp)])
    with pytest.raises(CommandError, match="Include both, unchanged"):
        accept(left, script.upgrade_ops.renames[0])


def test_the_option_accepts_renames_or_does_not_search(connection, make_context):
    before, after = schema(person(sa.Column("mail", sa.Text))), schema(person(sa.Column("email", sa.Text)))
    before.create_all(connection)
    accepted = produce_migrations(make_context(connection, renames="accept"), after)
    assert [leaf.sentence() for leaf in accepted.upgrade_ops.leaves()] == [
        "Alter column mail of person: rename to email"
    ]
    assert [leaf.sentence() for leaf in accepted.downgrade_ops.leaves()] == [
        "Alter column email of person: rename to mail"
    ]
    unseen = produce_migrations(make_context(connection, renames="off"), after)
    assert found(unseen) == []
    assert all(leaf.remark == "" for leaf in unseen.upgrade_ops.leaves())
    with pytest.raises(CommandError, match="show, accept, off"):
        produce_migrations(make_context(connection, renames="yes"), after)


def test_candidates_can_be_searched_without_a_comparison(sqlite, make_context):
    column = sa.Table("t", sa.MetaData(), sa.Column("mail", sa.Text)).c.mail
    other = sa.Table("t", sa.MetaData(), sa.Column("email", sa.Text)).c.email
    drop = ops.DropColumnOp.from_column_and_tablename(None, "t", column)
    upgrade = ops.UpgradeOps([drop, ops.AddColumnOp("t", other)])
    from kernel_core.autogenerate import AutogenContext

    context = AutogenContext(make_context(sqlite), sa.MetaData())
    assert [each.new_name for each in candidates(context, upgrade)] == ["email"]
    assert upgrade.renames == ()
