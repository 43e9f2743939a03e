"""%mig_adopt and %mig_locate: the baseline as a review, its stamp, and the revision of an unstamped database."""

import sqlite3

import pytest


@pytest.fixture
def shop(notebook):
    """A notebook with an environment, connected to a database that has tables, a view and no history."""
    with sqlite3.connect("shop.db") as connection:
        connection.executescript(
            "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL);"
            "CREATE INDEX ix_name ON users (name); CREATE VIEW names AS SELECT name FROM users;"
        )
    connection.close()
    notebook.run("%mig_connect sqlite:///shop.db")
    notebook.run("%mig_init migrations")
    return notebook


def tables():
    with sqlite3.connect("shop.db") as connection:
        found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    return found


def test_the_status_names_it(shop):
    shown = repr(shop.run("%mig"))
    assert "The database has 1 table and is at no revision. %mig_adopt writes" in shown
    assert shop.run("%mig").next == "%mig_adopt"


def test_the_status_of_an_unstamped_database_with_other_tables_names_locate(shop):
    shop.run("%mig_revision -m 'Empty'")
    assert "at no revision. %mig_locate finds the revision" in repr(shop.run("%mig"))


def test_the_review_shows_the_baseline_and_what_is_outside(shop, tmp_path):
    found = shop.run("a = %mig_adopt\na")
    text = repr(found)
    assert "Create table users with 2 columns" in text
    assert "Create index ix_name" in text
    assert "Outside of the baseline, to be created by hand (1):\n  view names" in text
    assert text.endswith("Nothing is written yet: .write(), or %mig_adopt --write")
    assert list((tmp_path / "migrations/versions").glob("*.py")) == []
    assert tables() == {"users"}
    path = shop.run("a.write()")
    assert path.name.endswith("_baseline.py")
    assert "alembic_version" in tables()
    assert "compared with the database without any difference; it is marked as" in repr(found)
    assert shop.run("%mig").current == (found.rev_id,)
    assert shop.run("a.write()") == path


def test_it_is_written_without_a_front_end(shop, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    found = shop.run("%mig_adopt --write --models shop_models.py --id base1")
    assert "shop_models.py: model classes, equal to the database." in repr(found)
    assert shop.run("%mig_locate").is_certain
    shop.run("from shop_models import Base")
    assert "No difference" in repr(shop.run("%mig_check Base"))


def test_rows_that_do_not_describe_the_database_are_refused(shop, tmp_path):
    shop.run("a = %mig_adopt")
    shop.run("a.accept('1')")
    said = shop.fail("a.write()")
    assert "index ix_name of users is in the database, not in the revision" in said
    assert said.endswith("The database is not marked; the new files were deleted.")
    assert list((tmp_path / "migrations/versions").glob("*.py")) == []
    assert tables() == {"users"}


def test_a_database_with_a_history_is_refused_with_the_magic_to_type(shop):
    shop.run("%mig_adopt --write --id base1")
    assert "is at base1 already. Nothing was written. Compare it with the revisions: %mig_locate" in shop.fail(
        "%mig_adopt"
    )


def test_an_unstamped_database_is_located_and_marked(shop):
    shop.run("%mig_adopt --write --id base1")
    with sqlite3.connect("shop.db") as connection:
        connection.execute("DELETE FROM alembic_version")
    connection.close()
    assert shop.run("%mig").next == "%mig_stamp head"
    found = shop.run("%mig_locate")
    assert repr(found).endswith("Mark the database: %mig_locate --stamp")
    assert "Marked as being at base1; before: base." in repr(shop.run("%mig_locate --stamp"))
    assert shop.run("%mig").current == ("base1",)


def test_a_stamp_over_drift_is_refused(shop):
    shop.run("%mig_adopt --write --id base1")
    with sqlite3.connect("shop.db") as connection:
        connection.execute("ALTER TABLE users ADD COLUMN age INTEGER")
        connection.execute("DELETE FROM alembic_version")
    connection.close()
    assert "Nothing was stamped. First deviation: column users.age" in shop.fail("%mig_locate --stamp")
    page = shop.run("%mig_locate")._repr_html_()
    assert "column users.age is in the database, not in the revision" in page
    assert shop.run("%mig_locate --stamp --despite-drift").databases[0].marked == ("base1",)


def test_the_panel_names_what_is_outside(shop):
    found = shop.run("a = %mig_adopt\na")
    assert found.review.notes == ("Outside of the baseline, to be created by hand: view names.",)


@pytest.mark.slow
def test_what_cannot_be_followed_is_run_on_request(shop):
    shop.run("%mig_adopt --write --id base1")
    shop.run(
        "%%migration --write --no-downgrade --id other Other\ndef upgrade():\n    op.execute('CREATE TABLE other AS SELECT 1 AS n')"
    )
    shop.run("%mig_upgrade --yes")
    with sqlite3.connect("shop.db") as connection:
        connection.execute("DELETE FROM alembic_version")
    connection.close()
    found = shop.run("%mig_locate")
    assert not found.is_certain
    assert repr(found).endswith("Run what could not be followed on a scratch database: %mig_locate --by-running")
    found = shop.run("%mig_locate --by-running")
    assert found.is_certain
    assert repr(found).endswith("Mark the database: %mig_locate --by-running --stamp")
    line = "Run on SQLite in memory, because the version files do not show their whole effect: other."
    assert line in repr(found)
    assert line in found._repr_html_()
    assert "Marked as being at other; before: base." in repr(shop.run("%mig_locate --by-running --stamp"))
