"""CHECK constraints, compared by their conditions."""

import contextlib

import pytest
import sqlalchemy as sa

BYNAME = ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"]
CONVENTION = {"ck": "ck_%(table_name)s_%(constraint_name)s"}


def schema(*checks, convention=None):
    metadata = sa.MetaData(naming_convention=convention)
    sa.Table(
        "person",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("age", sa.Integer),
        sa.Column("size", sa.Integer),
        sa.Column("name", sa.String(20)),
        sa.Column("Mixed Case", sa.Integer),
        sa.Column("grown", sa.Boolean(create_constraint=True, name="ck_grown")),
        sa.Column("kind", sa.Enum("a", "b'c", native_enum=False, create_constraint=True, name="ck_kind")),
        *(sa.CheckConstraint(words, name=name) for name, words in checks),
    )
    return metadata


def test_a_changed_condition_is_dropped_and_created(migration):
    before, after = schema(("adult", "age >= 18")), schema(("adult", "age >= 21"))
    assert migration.there_and_back(before, after) == [
        "Drop check adult of person",
        "Create check adult on person: age >= 21",
    ]


@pytest.mark.slow
def test_added_and_dropped_checks_are_found(migration):
    before, after = schema(("gone", "age > 1"), ("same", "age > 2")), schema(("same", "age > 2"), ("new", "age > 3"))
    assert migration.there_and_back(before, after) == [
        "Drop check gone of person",
        "Create check new on person: age > 3",
    ]


SPELLINGS = [
    "age>=0   AND age<150",
    "age IN (1, 2, 3) OR name IN ('x', 'it''s')",
    "name NOT LIKE 'a%'",
    "(age BETWEEN 1 AND 5) OR NOT (age = 7)",
    "coalesce(age, 0) + 1 > 0",
    "CASE WHEN age > 1 THEN 2 ELSE 3 END > 1",
    "lower(name) <> 'colon: x'",
    "length(name) * (age + 1) > 0",
]


def test_the_spelling_of_the_database_does_not_differ(migration):
    named = [(f"c{number}", words) for number, words in enumerate(SPELLINGS)]
    metadata = schema(*named, *((None, words.replace("age", "size")) for words in SPELLINGS))
    migration.create(metadata)
    assert migration.found(metadata) == []


def test_a_quoted_name_stays_quoted(migration):
    quote = migration.connection.dialect.identifier_preparer.quote("Mixed Case")
    metadata = schema(("one", f"{quote} > 1"))
    migration.create(metadata)
    assert migration.found(metadata) == []


def test_an_unnamed_check_is_found_by_its_condition(migration):
    migration.create(schema((None, "age >= 18")))
    assert migration.found(schema((None, "age >= 18"))) == []
    after = schema((None, "age >= 21"), (None, "'x:y' <> name"))
    script = migration.script(after)
    sentences = [leaf.sentence() for leaf in script.upgrade_ops.leaves()]
    assert sentences[0].startswith("Drop check ")
    assert "Create check on person: age >= 21" in sentences
    migration.run(script.upgrade_ops)
    assert migration.found(after) == []


def test_one_of_two_unnamed_checks_is_dropped(migration):
    before, after = schema((None, "age>1"), (None, "size < 5 /* ) */")), schema((None, "size < 5"))
    assert [each.split()[:2] for each in migration.there_and_back(before, after)] == [["Drop", "check"]]


def test_a_check_without_a_name_is_reported_with_the_remedy(mariadb_migration):
    metadata = schema()
    mariadb_migration.create(metadata)
    mariadb_migration.connection.exec_driver_sql(
        "ALTER TABLE person MODIFY age int CHECK (age > 1), ADD COLUMN doc json"
    )
    metadata.tables["person"].append_column(sa.Column("doc", sa.JSON))
    with pytest.warns(
        UserWarning, match=r"CHECK \(`age` > 1\) inside column \"age\" of \"person\".*MODIFY age"
    ) as said:
        assert mariadb_migration.found(metadata) == []
    assert len(said) == 1


def test_a_naming_convention_gives_the_name(migration):
    before = schema(("adult", "age >= 18"), convention=CONVENTION)
    after = schema(("adult", "age >= 21"), convention=CONVENTION)
    assert migration.there_and_back(before, after)[0] == "Drop check ck_person_adult of person"


def test_a_check_of_a_new_column_is_compared(migration):
    before, after = schema(("adult", "age >= 18")), schema(("adult", "age >= 18"), ("height", "height > 0"))
    after.tables["person"].append_column(sa.Column("height", sa.Integer))
    assert "Create check height on person: height > 0" in migration.there_and_back(before, after)


def with_a_check_inside_a_column(words, *, name="adult", convention=None):
    """Return metadata with a CHECK inside a Column; MariaDB accepts that only without a name."""
    metadata = schema(convention=convention)
    check = sa.CheckConstraint(words, name=name)
    metadata.tables["person"].append_column(sa.Column("height", sa.Integer, check))
    return metadata


@pytest.mark.parametrize(("name", "convention"), [("adult", None), (None, None), ("adult", CONVENTION)])
def test_a_check_of_a_column_is_compared_as_one_of_the_table(migration, name, convention):
    if migration.name == "mysql":
        name = convention = None
    before = with_a_check_inside_a_column("height IN (1, 2)", name=name, convention=convention)
    after = with_a_check_inside_a_column("height IN (1, 3)", name=name, convention=convention)
    migration.create(before)
    assert migration.found(before) == []
    with (
        pytest.warns(UserWarning, match="cannot be dropped by a name")
        if migration.name == "mysql"
        else contextlib.nullcontext()
    ):
        found = migration.found(after)
    assert [each.rpartition(": ")[2] for each in found if each.startswith("Create check")] == ["height IN (1, 3)"]


def test_the_script_of_a_new_column_creates_its_check(migration):
    found = migration.there_and_back(schema(), with_a_check_inside_a_column("height IN (1, 2)"))
    assert "Create check adult on person: height IN (1, 2)" in found


def test_the_script_of_a_new_table_creates_the_checks_of_its_columns(migration):
    after = schema()
    sa.Table("new", after, sa.Column("a", sa.Integer, sa.CheckConstraint("a IN (1, 2)", name="few")))
    migration.there_and_back(schema(), after)


def test_a_refused_condition_does_not_affect_the_others(migration):
    migration.create(schema(("bad", "age > 1"), ("good", "age > 2")))
    found = migration.found(schema(("bad", "nobody_knows(age) > 1"), ("good", "age > 3")))
    assert "Drop check good of person" in found
    assert migration.connection.execute(sa.text("SELECT count(*) FROM person")).scalar() == 0


def test_no_temporary_table_is_left(postgresql_migration):
    postgresql_migration.create(schema(("one", "age IN (1, 2)")))
    postgresql_migration.found(schema(("one", "age IN (1, 3)")))
    names = sa.text("SELECT relname FROM pg_class WHERE relname LIKE 'mig\\_%'")
    assert postgresql_migration.connection.execute(names).all() == []


def test_only_expressions_that_differ_as_text_are_queried(migration):
    before, after = (sa.MetaData(), sa.MetaData())
    for metadata, words in ((before, "age >= 18"), (after, "( AGE  >= 18)")):
        sa.Table("person", metadata, sa.Column("age", sa.Integer), sa.CheckConstraint(words, name="one"))
    migration.create(before)
    migration.statements.clear()
    assert migration.found(after) == []
    assert not [statement for statement in migration.statements if "mig_expression" in statement]


def test_include_object_may_exclude_a_check(migration):
    def include(object_, name, type_, reflected, compare_to):
        assert type_ != "check_constraint" or isinstance(object_, sa.CheckConstraint)
        return not (type_ == "check_constraint" and name == "adult")

    migration.create(schema(("adult", "age >= 18"), ("other", "age > 1")))
    found = migration.found(schema(("adult", "age >= 21"), ("other", "age > 2")), include_object=include)
    assert found == ["Drop check other of person", "Create check other on person: age > 2"]


def test_the_plugin_with_alembic_s_name_compares_names_only(migration):
    migration.create(schema(("adult", "age >= 18"), ("gone", "age > 1"), (None, "age > 7")))
    after = schema(("adult", "age >= 21"), ("new", "age > 1"), (None, "age > 8"))
    found = migration.found(after, BYNAME)
    assert {"Drop check gone of person", "Create check new on person: age > 1"} <= set(found)
    automatic = {"sqlite": [], "postgresql": ["person_age_check"]}.get(migration.name, ["CONSTRAINT_1"])
    assert [each for each in found if each.split()[2] in automatic] == [
        f"Drop check {name} of person" for name in automatic
    ]
    assert len(found) == 2 + len(automatic), "a database names what has no name; the models have no such name"
    assert migration.found(after, ["alembic.autogenerate.*"]) == []
