"""``%%mig_models``: run again without complaint, all or nothing, and honest about what is left."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

HEAD = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, configure_mappers

class Base(DeclarativeBase):
    pass
"""
USER = """%%mig_models Base
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))
"""
PET = """%%mig_models Base
class Pet(Base):
    __tablename__ = "pets"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey({target}))
    owner: Mapped["User"] = relationship("User")
"""


@pytest.fixture
def book(notebook):
    """A notebook with an empty Base."""
    notebook.run(HEAD)
    return notebook


def metadata(book) -> sa.MetaData:
    return book["Base"].metadata


def test_a_cell_run_again_reports_that_nothing_changed(book):
    first = book.run(USER)
    assert repr(first).startswith("`Base`: 1 table declared here, 1 in all\n  + users: new table, 2 columns")
    again = book.run(USER)
    assert repr(again) == "`Base`: 1 table declared here, 1 in all; as before"
    assert book["User"].__table__ is metadata(book).tables["users"]


def test_a_changed_cell_lists_what_changed_and_a_removed_column_is_dropped(book):
    book.run(USER)
    changed = book.run(
        USER.replace(
            "name: Mapped[str] = mapped_column(sa.String(40))", "email: Mapped[str] = mapped_column(sa.String(80))"
        )
    )
    assert changed.changes == (
        ("-", "users", "column name VARCHAR(40) not null"),
        ("+", "users", "column email VARCHAR(80) not null"),
    )
    assert set(metadata(book).tables["users"].c.keys()) == {"id", "email"}
    longer = book.run(
        USER.replace(
            "name: Mapped[str] = mapped_column(sa.String(40))", "email: Mapped[str] = mapped_column(sa.String(90))"
        )
    )
    assert longer.changes == (("~", "users", "column email VARCHAR(90) not null (was VARCHAR(80) not null)"),)


def test_a_removed_class_removes_its_table_and_its_name_is_reported(book):
    book.run(
        USER + "\nclass Old(Base):\n    __tablename__ = 'olds'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )
    shown = book.run(USER)
    assert ("-", "olds", "table olds") in shown.changes
    assert shown.left_over == ("Old",)
    assert "Old is still bound to" in repr(shown)
    assert set(metadata(book).tables) == {"users"}
    assert shown.ghosts == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("class Broken(Base):\n    __tablename__ = 'broken'\n    x: Mapped[int]\n", "primary key"),
        (
            "class Again(Base):\n    __tablename__ = 'users'\n    id: Mapped[int] = mapped_column(primary_key=True)\n",
            "already defined",
        ),
    ],
)
def test_an_error_of_sqlalchemy_is_one_line_and_leaves_the_old_models(book, wrong, said):
    book.run(USER)
    table, cls = metadata(book).tables["users"], book["User"]
    shown = book.fail(USER.replace("40", "99") + "\n" + wrong)
    assert said in shown
    assert "The models are as they were" in shown
    assert metadata(book).tables["users"] is table
    assert set(metadata(book).tables) == {"users"}
    assert book["User"] is cls
    assert "Broken" not in book.shell.user_ns
    book.run(PET.format(target="'users.id'"))
    book.run("configure_mappers()")
    assert book.run("Pet.owner.property.mapper.class_") is cls


def test_an_error_of_the_person_keeps_its_traceback_and_leaves_the_old_models(book):
    book.run(USER)
    table = metadata(book).tables["users"]
    result = book.shell.run_cell(USER.replace("40", "99") + "\n1 / 0\n")
    shown = book.capsys.readouterr().out
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert "1 / 0" in shown
    assert metadata(book).tables["users"] is table
    assert book["User"].__table__ is table


@pytest.mark.parametrize("target", ["'users.id'", "User.id", "User.__table__.c.id"])
def test_tables_of_other_cells_refer_to_the_new_table(book, target):
    book.run(USER)
    book.run(PET.format(target=target))
    assert [table.name for table in metadata(book).sorted_tables] == ["users", "pets"]
    book.run(USER.replace("40", "80"))
    (key,) = metadata(book).tables["pets"].foreign_keys
    assert key.column is metadata(book).tables["users"].c.id
    assert [table.name for table in metadata(book).sorted_tables] == ["users", "pets"]
    assert metadata(book).tables["pets"].foreign_key_constraints.pop().referred_table is metadata(book).tables["users"]


def test_relationships_of_other_cells_that_lead_back_are_named_and_mend_when_run_again(book):
    book.run(USER)
    book.run(PET.format(target="'users.id'"))
    book.run("configure_mappers()")
    shown = book.run(USER)
    assert shown.stale == ("Pet",)
    assert "Pet has relationships to a replaced class: run its cell again." in repr(shown)
    assert book.run(PET.format(target="'users.id'")).stale == ()
    book.run("configure_mappers()")
    assert book.run("Pet.owner.property.mapper.class_") is book["User"]


def test_the_old_class_is_configured_no_more(book):
    book.run(USER + "    pets = relationship('Pet', back_populates='owner')\n")
    both = PET.format(target="'users.id'").replace(
        'relationship("User")', 'relationship("User", back_populates="pets")'
    )
    book.run(both)
    book.run(USER + "    pets = relationship('Pet', back_populates='owner')\n")
    book.run(both)
    book.run("configure_mappers()")
    assert book.run("User.pets.property.mapper.class_") is book["Pet"]


def test_a_table_that_no_cell_defines_any_more_is_listed(book):
    book.run("class Gone(Base):\n    __tablename__ = 'gone'\n    id: Mapped[int] = mapped_column(primary_key=True)\n")
    book.run("class Kept(Base):\n    __tablename__ = 'kept'\n    id: Mapped[int] = mapped_column(primary_key=True)\n")
    assert book.run(USER).ghosts == ()
    book.run("gone = Gone\ndel Gone")
    assert book.run(USER).ghosts == ()
    book.run("del gone")
    shown = book.run(USER)
    assert shown.ghosts == ("gone",)
    assert "gone is a ghost" in repr(shown)
    assert "gone is a ghost" in shown._repr_html_()


def test_a_cell_adopts_tables_that_an_ordinary_cell_declared(book):
    book.run(USER.replace("%%mig_models Base\n", ""))
    shown = book.run(USER.replace("40", "80"))
    assert shown.changes == (("~", "users", "column name VARCHAR(80) not null (was VARCHAR(40) not null)"),)


def test_plain_tables_and_a_metadata_serve_too(notebook):
    cell = "%%mig_models meta\nt = sa.Table('t', meta, sa.Column('x', sa.Integer, primary_key=True){more})\n"
    notebook.run("import sqlalchemy as sa\nmeta = sa.MetaData()")
    notebook.run(cell.format(more=""))
    shown = notebook.run(cell.format(more=", sa.Column('y', sa.String(3), server_default='a')"))
    assert shown.changes == (("+", "t", "column y VARCHAR(3) default a"),)
    assert notebook["meta"].tables["t"] is notebook["t"]


def test_the_base_may_stand_in_the_cell_itself(notebook):
    whole = "%%mig_models Base" + HEAD + USER.replace("%%mig_models Base\n", "")
    assert notebook.run(whole).tables == ("users",)
    assert repr(notebook.run(whole)).endswith("as before")
    assert notebook.run(whole.replace("40", "50")).changes[0][0] == "~"
    assert "already defined" in notebook.fail(whole + USER.replace("%%mig_models Base\nclass User", "class Again"))
    assert notebook["User"].__table__.c.name.type.length == 50


def test_without_a_name_the_only_models_are_meant(book):
    assert book.run(USER.replace(" Base\n", "\n", 1)).name == "Base"
    assert "as before" in repr(book.run(USER.replace(" Base\n", "\n", 1)))


def test_a_cell_that_moved_to_another_cell_id_takes_its_table_along(book, monkeypatch):
    parent = {"metadata": {"cellId": "one"}}
    monkeypatch.setattr(book.shell, "get_parent", lambda: parent, raising=False)
    book.run(USER)
    parent["metadata"]["cellId"] = "two"
    assert repr(book.run(USER)).endswith("as before")
    other = "%%mig_models Base\nclass Other(Base):\n    __tablename__ = 'others'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
    parent["metadata"]["cellId"] = "one"
    shown = book.run(other)
    assert set(metadata(book).tables) == {"users", "others"}
    assert shown.ghosts == ()


def test_the_cell_is_never_expanded_and_may_hold_lines_of_ipython(book):
    book["x"] = "EXPANDED"
    book.run(USER + "    note: Mapped[str] = mapped_column(sa.String(9), server_default='$x {x}')\n")
    assert metadata(book).tables["users"].c.note.server_default.arg == "$x {x}"


def test_the_review_finds_what_the_cell_changed(book):
    book.run("%mig_connect sqlite:///dev.db\n%mig_init migrations")
    book.run(USER)
    book.run("%mig_autogenerate -m 'Add users' --id a1 --write")
    book.run("%mig_upgrade")
    book.run(USER + "    age: Mapped[int | None]\n")
    diff = book.run("%mig_diff")
    assert len(diff) == 1
    assert "age" in repr(diff)
    book.run(USER)
    assert not book.run("%mig_diff")


def test_no_warning_of_a_class_declared_twice(book, recwarn):
    book.run(USER)
    book.run(USER)
    book.fail(USER + "class Bad(Base):\n    __tablename__ = 'bad'\n    x: Mapped[int]\n")
    book.run(USER)
    assert [str(one.message) for one in recwarn if "already contains a class" in str(one.message)] == []


def test_a_cell_that_is_not_python_is_reported_in_one_line(book):
    shown = book.fail("%%mig_models Base\nclass User(Base:\n    pass\n").strip()
    assert shown.startswith("MigError: Line 1 of the cell is not valid Python (")
    assert "class User(Base:" in shown
    assert shown.endswith("The models are as they were before this cell.")
    assert len(shown.splitlines()) == 2


def test_keys_are_called_by_their_names(book):
    pets = (
        "%%mig_models Base\nclass Pet(Base):\n    __tablename__ = 'pets'\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "    owner: Mapped[int] = mapped_column(sa.ForeignKey('users.id'))\n"
    )
    book.run(USER)
    told = {what for _, _, what in book.run(pets).changes}
    assert {"primary key (id)", "foreign key (owner) to users.id"} < told


def test_a_changed_constraint_is_told_once_with_what_it_states(book):
    """Named or unnamed, of one column or several: the second run reports what the first did not have."""
    cell = (
        "%%mig_models Base\nclass Pet(Base):\n    __tablename__ = 'pets'\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "    owner: Mapped[int]\n    kind: Mapped[str] = mapped_column(sa.Enum('cat', 'dog', create_constraint=True))\n"
    )
    book.run(USER)
    book.run(cell)
    more = (
        "    __table_args__ = (sa.UniqueConstraint('owner', 'kind'), sa.CheckConstraint('owner > 0', name='ck_owner'),"
        " sa.ForeignKeyConstraint(['owner'], ['users.id'], name='fk_owner', ondelete='CASCADE'))\n"
    )
    assert {(sign, what) for sign, _, what in book.run(cell + more).changes} == {
        ("+", "unique (owner, kind)"),
        ("+", "check ck_owner (owner > 0)"),
        ("+", "foreign key fk_owner (owner) to users.id on delete CASCADE"),
    }
    changed = (
        more.replace("owner > 0", "owner > 1")
        .replace("'owner', 'kind'", "'kind', 'owner'")
        .replace("CASCADE", "SET NULL")
    )
    told = {(sign, what.split()[0]) for sign, _, what in book.run(cell + changed).changes}
    assert told == {("+", "unique"), ("-", "unique"), ("~", "check"), ("~", "foreign")}
