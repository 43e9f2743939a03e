"""Bad input, as a person meets it: one clear line each, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

EVIL = 'Say """hi""" to ../../x\nimport os; os.system("x") \U0001f600 \\'


def versions(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "migrations" / "versions").glob("*.py"))


def test_a_directory_that_is_no_environment(notebook, tmp_path):
    (tmp_path / "plain").mkdir()
    assert "%mig_init plain" in notebook.fail("%mig_open plain")
    assert "does not exist" in notebook.fail("%mig_open nowhere")
    notebook.run("%mig_connect sqlite://")
    assert "%mig_init migrations" in notebook.fail("%mig_history")


def test_a_folder_with_other_things_is_left_as_it_is(notebook, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    assert "not empty" in notebook.fail("%mig_init full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]


def test_no_model(notebook):
    notebook.run("%mig_connect sqlite://\n%mig_init migrations")
    assert "No models found" in notebook.fail("%mig_autogenerate -m x")


def test_two_candidates_are_both_named(ready):
    ready.run("other = sa.MetaData()\nsa.Table('t', other, sa.Column('x', sa.Integer))")
    shown = ready.fail("%mig_autogenerate -m x")
    assert "`Base` (1 table)" in shown
    assert "`other` (1 table)" in shown
    assert len(ready.run("%mig_autogenerate other -m x")) == 1


def test_a_target_that_is_not_there_or_holds_no_models(ready):
    assert "The nearest is Base" in ready.fail("%mig_autogenerate Bsae")
    ready["number"] = 7
    assert "'number' is of the type int" in ready.fail("%mig_diff number")


def test_an_unknown_revision_names_the_nearest(migrated):
    migrated.run("%mig_revision -m x --id abc123")
    assert "abc123" in migrated.fail("%mig_upgrade abd123")
    assert "abd123" in migrated.fail("%mig_show abd123")


def test_an_empty_diff_is_reported_and_writes_nothing(migrated, tmp_path):
    before = versions(tmp_path)
    proposal = migrated.run("%mig_autogenerate -m nothing --write")
    assert "Nothing to do" in repr(proposal)
    assert versions(tmp_path) == before
    assert "nothing to do" in repr(migrated.run("%mig_upgrade"))


def test_pending_revisions_come_before_a_new_comparison(ready):
    ready.run("%mig_autogenerate -m x --write")
    assert "%mig_upgrade first" in ready.fail("%mig_autogenerate -m y --write")


@pytest.mark.parametrize(
    "text", ["revision = 'b2'\ndown_revision = 'a1'\ndef upgrade(:\n    pass\n", "down_revision = None\n"]
)
def test_a_broken_version_file_is_marked_and_the_others_are_shown(migrated, tmp_path, text):
    (tmp_path / "migrations" / "versions" / "b2_broken.py").write_text(text)
    for command in ("%mig_history", "%mig_graph", "%mig_status"):
        shown = migrated.run(command)
        assert "b2_broken.py" in repr(shown)
        assert "b2_broken.py" in shown._repr_html_()
        assert "a1" in repr(shown)
    assert migrated.run("%mig_status").next == "correct what is broken (see above)"
    assert "line" in repr(migrated.run("%mig_history")) or "down_revision = None" in text


def test_what_is_applied_is_not_known_without_a_connection(notebook):
    notebook.run("%mig_init migrations")
    assert ("current", "not known") in notebook.run("%mig_status").facts()


def test_heads_that_cannot_be_read_are_not_reported_as_none(ready, tmp_path):
    (tmp_path / "migrations" / "versions" / "a1.py").write_text("revision = (\n")
    assert "none that can be read" in repr(ready.run("%mig_heads"))
    assert "none that can be read" in repr(ready.run("%mig_status"))
    assert "No revisions yet" not in repr(ready.run("%mig_history"))


def test_a_message_never_becomes_code_or_leaves_the_folder(ready, tmp_path):
    ready["evil"] = EVIL
    ready.run("from mig_ipython import mig\np = mig.autogenerate(message=evil, write=True)")
    (path,) = versions(tmp_path)
    assert path.parent == tmp_path / "migrations" / "versions"
    compiled = compile(path.read_text(), str(path), "exec")
    assert "os" not in compiled.co_names
    ready.run("%mig_upgrade")
    assert "\U0001f600" in repr(ready.run("%mig_show head"))


@pytest.mark.parametrize(
    "message", ['it\'s "quoted"', "../../etc/passwd", "${1/0}", "<script>alert(1)</script>", "% endif"]
)
def test_messages_with_meaning_elsewhere_are_only_text(ready, tmp_path, message):
    ready["message"] = message
    ready.run("from mig_ipython import mig\np = mig.autogenerate(message=message, write=True, id='a1')")
    assert len(versions(tmp_path)) == 1
    assert ready.run("%mig_heads")[0].doc == message
    assert "<script>" not in ready.run("%mig_graph")._repr_html_()


def test_an_upgrade_that_fails_in_the_middle_is_rolled_back_and_reports_the_current_revision(migrated, tmp_path):
    migrated.run(
        "%%migration 'Half' --write --id b2\ndef upgrade():\n    op.create_table('half', sa.Column('x', sa.Integer))\n    op.execute('SELECT nonsense FROM nowhere')\ndef downgrade():\n    op.drop_table('half')\n"
    )
    shown = migrated.fail("%mig_upgrade")
    assert "b2" in shown
    assert "a1" in shown
    assert "nowhere" in shown
    with migrated.run("%mig_connect dev").engine.connect() as live:
        assert not sa.inspect(live).has_table("half")
    assert [entry.revision for entry in migrated.run("%mig_current")] == ["a1"]


def test_a_table_name_with_html_is_shown_as_text(ready):
    ready.run("evil = sa.MetaData()\nsa.Table('<img src=x onerror=alert(1)>', evil, sa.Column('<b>', sa.Integer))")
    for command in ("%mig_autogenerate evil -m '<i>'", "%mig_diff evil"):
        shown = ready.run(command)
        assert "<img src=x" not in shown._repr_html_()
        assert "&lt;img src=x" in shown._repr_html_()
        assert "<img src=x" in repr(shown)


def test_a_downgrade_without_yes_shows_its_plan_and_does_nothing(migrated):
    shown = migrated.fail("%mig_downgrade -1")
    assert "undo 1 revision: a1 (Add users)" in shown
    assert "%mig_downgrade -1 --yes" in shown
    assert [entry.revision for entry in migrated.run("%mig_current")] == ["a1"]


def test_a_proposal_made_from_older_models_is_refused(ready):
    ready.run("p = %mig_autogenerate -m x")
    ready.run("sa.Table('more', Base.metadata, sa.Column('x', sa.Integer))")
    assert "The models have changed" in ready.fail("p.write()")


def test_a_proposal_is_refused_when_a_revision_was_added_or_the_database_moved(migrated):
    migrated.run("sa.Table('more', Base.metadata, sa.Column('x', sa.Integer))")
    migrated.run("p = %mig_autogenerate -m x")
    migrated.run("%mig_revision -m between --id b2")
    assert "A revision was added" in migrated.fail("p.write()")
    migrated.run("%mig_stamp base")


def test_a_review_whose_history_was_deleted_says_which_version_file_is_gone(migrated):
    migrated.declare("age: Mapped[int | None]")
    migrated.run("p = %mig_autogenerate Base -m age --id b2")
    for path in Path("migrations/versions").glob("*.py"):
        path.unlink()
    gone = "The version file of a1 does not exist any more, which this review follows. Run %mig_autogenerate again"
    assert gone in migrated.fail("p.write()")


def test_a_wrong_value_blocks_writing(ready):
    ready.run("p = %mig_autogenerate -m x")
    ready.run("p.review[1].edit_text('table_name', '')" if False else "p.accept('none')")
    assert "No operation is accepted" in ready.fail("p.write()")
    assert "There is no row 9" in ready.fail("p.accept('9')")


def test_no_secret_is_shown_anywhere(notebook, postgresql_url):
    from sqlalchemy.engine import make_url

    secret = "swordfish-4711"
    notebook["url"] = make_url(postgresql_url).set(password=secret).render_as_string(hide_password=False)
    shown = ""
    for command in ("%mig_connect url", "%mig_connections", "%mig_init migrations", "%mig", "%mig_history"):
        value = notebook.run(command)
        shown += repr(value) + value._repr_html_() + notebook.printed
    assert secret not in shown


def test_an_environment_that_is_configured_for_another_database_is_refused_before_anything_runs(migrated, tmp_path):
    env = tmp_path / "migrations" / "env.py"
    env.write_text("raise SystemExit('it ran')\n")
    ini = tmp_path / "migrations" / "alembic.ini"
    ini.write_text("[alembic]\nscript_location = %(here)s\nsqlalchemy.url = postgresql://ada:swordfish5@db/prod\n")
    shown = migrated.fail("%mig_upgrade")
    assert "postgresql://ada:***@db/prod" in shown
    assert "sqlite" in shown
    assert "swordfish5" not in shown


@pytest.mark.sweep
def test_unattended_the_review_is_html_without_a_widget(models, tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    cells = [
        "%load_ext mig_ipython",
        "%mig_connect sqlite:///dev.db",
        "%mig_init migrations",
        models,
        "%mig_autogenerate -m x",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    (output,) = book.cells[-1].outputs
    assert set(output.data) == {"text/plain", "text/html"}
    assert "Create table users" in output.data["text/plain"]


@pytest.mark.parametrize(
    ("cell", "way_on"),
    [
        ("%mig_connect sqlite://dev.db", "sqlite:///dev.db"),
        ("%mig_show", "No revision exists yet"),
        ("%mig_history nope", "%mig_history lists the revisions"),
        ("%mig_open migrations --name production", "has a section [production]"),
        ("%mig_export --sql .", "is a folder"),
        ("%mig_check Bass", "The nearest is Base"),
        ("%mig_diff opne", "is not defined in this notebook. Run"),
        ("%%migration x\nop.ad_column('t')", "The nearest is add_column"),
    ],
)
def test_what_a_newcomer_mistypes_is_answered_with_the_way_on(ready, cell, way_on):
    assert way_on in ready.fail(cell)


def test_several_heads_are_to_be_upgraded_to_before_a_comparison(ready):
    ready.run("%mig_revision -m x --id a1\n%mig_revision -m y --id b2 --head base")
    assert "the newest revisions are a1, b2" in (shown := ready.fail("%mig_autogenerate Base"))
    assert "Run %mig_upgrade heads first." in shown


def test_an_environment_of_several_databases_that_are_not_named_reports_which_one_is_missing(notebook, tmp_path):
    notebook.run("%mig_connect sqlite:///dev.db\n%mig_init multi --template multidb")
    notebook.declare()
    assert "It migrates several databases: main, archive." in repr(notebook.run("%mig_open multi"))
    revision = notebook.run("%mig_revision -m first --id a1")
    assert "def upgrade_archive()" in revision.source
    history = notebook.run("%mig_history")
    assert [(entry.revision, entry.state) for entry in history] == [("a1", "unknown")]
    assert "What is applied is not known: The database main has no URL." in repr(history)
    status = notebook.run("%mig")
    assert (status.pending, status.drift) == (None, None)
    assert "What is applied is not known" in repr(status)
    assert "up to date" not in repr(status)
    for command in ("%mig_upgrade", "%mig_stamp head", "%mig_diff", "%mig_autogenerate -m x", "%mig_current"):
        assert "The database main has no URL. Set DATABASE_URL_MAIN" in notebook.fail(command)
    hand = "%%migration 'by hand' --write\ndef upgrade():\n    op.drop_table('t')\ndef downgrade():\n    pass"
    assert "complete upgrade_main() and the others" in notebook.fail(hand)
    assert len(list((tmp_path / "multi" / "versions").glob("*.py"))) == 1


def test_hundreds_of_heads_are_counted_and_not_all_listed(migrated, tmp_path):
    for number in range(100, 300):
        (tmp_path / "migrations" / "versions" / f"h{number}.py").write_text(
            f"revision = 'h{number}'\ndown_revision = 'a1'\ndef upgrade():\n    pass\n"
        )
    for command in ("%mig_upgrade", "%mig_revision -m x", "%mig_check"):
        shown = migrated.fail(command)
        assert "h100, h101" in shown
        assert "h111 and 188 more" in shown, command
        assert "h112" not in shown
    status = migrated.run("%mig")
    assert ("heads", ", ".join([*(f"h{number}" for number in range(100, 112))]) + " and 188 more") in status.facts()
    assert len(status.heads) == 200
