"""CHECK constraints, compared by what they say."""

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


def test_a_condition_that_says_something_else_is_dropped_and_made(road):
    before, after = schema(("adult", "age >= 18")), schema(("adult", "age >= 21"))
    assert road.there_and_back(before, after) == [
        "Drop check adult of person",
        "Create check adult on person: age >= 21",
    ]


def test_new_and_gone_ones_are_found(road):
    before, after = schema(("gone", "age > 1"), ("same", "age > 2")), schema(("same", "age > 2"), ("new", "age > 3"))
    assert road.there_and_back(before, after) == [
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


def test_the_database_s_own_spelling_is_no_difference(road):
    named = [(f"c{number}", words) for number, words in enumerate(SPELLINGS)]
    metadata = schema(*named, *((None, words.replace("age", "size")) for words in SPELLINGS))
    road.create(metadata)
    assert road.found(metadata) == []


def test_a_quoted_name_stays_one(road):
    quote = road.connection.dialect.identifier_preparer.quote("Mixed Case")
    metadata = schema(("one", f"{quote} > 1"))
    road.create(metadata)
    assert road.found(metadata) == []


def test_an_unnamed_one_is_found_by_what_it_says(road):
    road.create(schema((None, "age >= 18")))
    assert road.found(schema((None, "age >= 18"))) == []
    after = schema((None, "age >= 21"), (None, "'x:y' <> name"))
    script = road.script(after)
    sentences = [leaf.sentence() for leaf in script.upgrade_ops.leaves()]
    assert sentences[0].startswith("Drop check ")
    assert "Create check on person: age >= 21" in sentences
    road.run(script.upgrade_ops)
    assert road.found(after) == []


def test_one_of_two_unnamed_ones_goes_and_the_other_stays(road):
    before, after = schema((None, "age>1"), (None, "size < 5 /* ) */")), schema((None, "size < 5"))
    assert [each.split()[:2] for each in road.there_and_back(before, after)] == [["Drop", "check"]]


def test_one_that_has_no_name_at_all_is_named_with_the_remedy(mariadb_road):
    metadata = schema()
    mariadb_road.create(metadata)
    mariadb_road.connection.exec_driver_sql("ALTER TABLE person MODIFY age int CHECK (age > 1), ADD COLUMN doc json")
    metadata.tables["person"].append_column(sa.Column("doc", sa.JSON))
    with pytest.warns(
        UserWarning, match=r"CHECK \(`age` > 1\) inside column \"age\" of \"person\".*MODIFY age"
    ) as said:
        assert mariadb_road.found(metadata) == []
    assert len(said) == 1


def test_a_naming_convention_gives_the_name(road):
    before = schema(("adult", "age >= 18"), convention=CONVENTION)
    after = schema(("adult", "age >= 21"), convention=CONVENTION)
    assert road.there_and_back(before, after)[0] == "Drop check ck_person_adult of person"


def test_a_check_of_a_new_column_is_understood(road):
    before, after = schema(("adult", "age >= 18")), schema(("adult", "age >= 18"), ("height", "height > 0"))
    after.tables["person"].append_column(sa.Column("height", sa.Integer))
    assert "Create check height on person: height > 0" in road.there_and_back(before, after)


def with_a_check_inside_a_column(words, *, name="adult", convention=None):
    """Models with a CHECK that is written inside a Column; MariaDB takes such a one without a name alone."""
    metadata = schema(convention=convention)
    check = sa.CheckConstraint(words, name=name)
    metadata.tables["person"].append_column(sa.Column("height", sa.Integer, check))
    return metadata


@pytest.mark.parametrize(("name", "convention"), [("adult", None), (None, None), ("adult", CONVENTION)])
def test_a_check_inside_a_column_is_one_of_the_table(road, name, convention):
    if road.name == "mysql":
        name = convention = None
    before = with_a_check_inside_a_column("height IN (1, 2)", name=name, convention=convention)
    after = with_a_check_inside_a_column("height IN (1, 3)", name=name, convention=convention)
    road.create(before)
    assert road.found(before) == []
    with (
        pytest.warns(UserWarning, match="cannot be dropped by a name")
        if road.name == "mysql"
        else contextlib.nullcontext()
    ):
        found = road.found(after)
    assert [each.rpartition(": ")[2] for each in found if each.startswith("Create check")] == ["height IN (1, 3)"]


def test_the_script_of_a_new_column_makes_its_check(road):
    found = road.there_and_back(schema(), with_a_check_inside_a_column("height IN (1, 2)"))
    assert "Create check adult on person: height IN (1, 2)" in found


def test_the_script_of_a_new_table_makes_the_checks_of_its_columns(road):
    after = schema()
    sa.Table("new", after, sa.Column("a", sa.Integer, sa.CheckConstraint("a IN (1, 2)", name="few")))
    road.there_and_back(schema(), after)


def test_what_the_database_refuses_does_not_spoil_the_rest(road):
    road.create(schema(("bad", "age > 1"), ("good", "age > 2")))
    found = road.found(schema(("bad", "nobody_knows(age) > 1"), ("good", "age > 3")))
    assert "Drop check good of person" in found
    assert road.connection.execute(sa.text("SELECT count(*) FROM person")).scalar() == 0


def test_nothing_is_left_of_the_question(postgresql_road):
    postgresql_road.create(schema(("one", "age IN (1, 2)")))
    postgresql_road.found(schema(("one", "age IN (1, 3)")))
    names = sa.text("SELECT relname FROM pg_class WHERE relname LIKE 'mig\\_%'")
    assert postgresql_road.connection.execute(names).all() == []


def test_only_what_differs_as_text_is_asked_for(road):
    before, after = (sa.MetaData(), sa.MetaData())
    for metadata, words in ((before, "age >= 18"), (after, "( AGE  >= 18)")):
        sa.Table("person", metadata, sa.Column("age", sa.Integer), sa.CheckConstraint(words, name="one"))
    road.create(before)
    road.statements.clear()
    assert road.found(after) == []
    assert not [statement for statement in road.statements if "mig_expression" in statement]


def test_hooks_may_leave_a_check_alone(road):
    def include(object_, name, type_, reflected, compare_to):
        assert type_ != "check_constraint" or isinstance(object_, sa.CheckConstraint)
        return not (type_ == "check_constraint" and name == "adult")

    road.create(schema(("adult", "age >= 18"), ("other", "age > 1")))
    found = road.found(schema(("adult", "age >= 21"), ("other", "age > 2")), include_object=include)
    assert found == ["Drop check other of person", "Create check other on person: age > 2"]


def test_the_plugin_of_alembic_s_name_goes_by_names_alone(road):
    road.create(schema(("adult", "age >= 18"), ("gone", "age > 1"), (None, "age > 7")))
    after = schema(("adult", "age >= 21"), ("new", "age > 1"), (None, "age > 8"))
    found = road.found(after, BYNAME)
    assert {"Drop check gone of person", "Create check new on person: age > 1"} <= set(found)
    automatic = {"sqlite": [], "postgresql": ["person_age_check"]}.get(road.name, ["CONSTRAINT_1"])
    assert [each for each in found if each.split()[2] in automatic] == [
        f"Drop check {name} of person" for name in automatic
    ]
    assert len(found) == 2 + len(automatic), "a database names what has no name; the models have no such name"
    assert road.found(after, ["alembic.autogenerate.*"]) == []
