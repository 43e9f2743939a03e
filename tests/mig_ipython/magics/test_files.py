"""Commands that write and delete files: merge, undo, export; and those that look at branches."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def forked(migrated_here):
    """Two heads, b2 and c2, above the applied a1."""
    migrated_here.run("%mig_revision -m Left --id b2 --label left")
    migrated_here.run("%mig_revision -m Right --id c2 --head a1 --splice")
    return migrated_here


def versions(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "migrations" / "versions").glob("*.py")}


def test_branches_name_where_the_history_divides_and_what_follows(forked):
    branches = forked.run("%mig_branches")
    assert [entry.revision for entry in branches] == ["b2", "a1"]
    assert branches.children["a1"] == ("b2", "c2")
    assert "branch left" in repr(branches)


def test_a_history_without_branches_reports_it(migrated):
    assert "Branches: none." in repr(migrated.run("%mig_branches"))


@pytest.mark.slow
def test_a_merge_joins_all_heads_and_shows_them(forked):
    shown = forked.run("%mig_merge -m 'Join both' --id d3")
    assert shown.entry.down == ("b2", "c2")
    assert [entry.revision for entry in forked.run("%mig_heads")] == ["d3"]
    assert "<- b2, c2" in repr(shown)
    assert "data:image/svg+xml" in shown._repr_html_()
    assert forked.run("%mig_upgrade").after == ("d3",)


def test_a_merge_can_name_its_parents_and_needs_no_message(forked):
    forked.run("%mig_revision -m Third --id e2 --head a1 --splice")
    shown = forked.run("%mig_merge b2 c2")
    assert shown.entry.down == ("b2", "c2")
    assert shown.entry.doc == "Merge b2 and c2"


def test_one_head_cannot_be_merged(migrated):
    assert "a1 is the only head" in migrated.fail("%mig_merge -m x")


def test_undo_deletes_the_last_file_and_then_the_one_before(forked, tmp_path):
    assert len(versions(tmp_path)) == 3
    assert "c2_right.py" in repr(forked.run("%mig_undo"))
    assert forked.run("u = %mig_undo\nu.path").endswith("b2_left.py")
    assert versions(tmp_path) == {"a1_add_users.py"}
    assert "is applied, so it was kept" in forked.fail("%mig_undo")
    assert versions(tmp_path) == {"a1_add_users.py"}


def test_undo_keeps_a_file_that_was_changed_or_is_followed(forked, tmp_path):
    path = Path(forked.run("h = %mig_heads\nh")[0].path)
    before = path.read_text()
    path.write_text(before + "# mine\n")
    assert "was changed" in forked.fail("%mig_undo")
    path.write_bytes(f"{before}# größer\n".encode("latin-1"))
    assert "was changed" in forked.fail("%mig_undo")
    path.write_text(before)
    (path.parent / "d3.py").write_text("revision = 'd3'\ndown_revision = 'c2'\n")
    assert "followed by d3" in forked.fail("%mig_undo")
    assert path.exists()


def test_undo_without_anything_written_reports_it(ready):
    assert ready.fail("%mig_undo").endswith("This kernel has written no version file, so there is nothing to undo.")


def test_after_a_restart_the_newest_file_is_named(migrated):
    shown = migrated.fail("%mig_undo")
    assert shown.endswith("is deleted by hand; the newest: migrations/versions/a1_add_users.py.")


def test_undo_reports_when_the_file_is_missing(forked):
    Path(forked.run("h = %mig_show c2\nh").path).unlink()
    assert "does not exist any more" in forked.fail("%mig_undo")
    forked.run("%mig_undo")


def test_what_the_review_wrote_can_be_undone(ready, tmp_path):
    ready.run("%mig_autogenerate -m 'Add users' --write")
    ready.run("%mig_undo")
    assert versions(tmp_path) == set()
    assert len(ready.run("%mig_autogenerate -m 'Add users' --write")) == 1


def test_a_check_fails_with_what_would_be_generated(ready):
    ready.run("%mig_connect sqlite:///dev.db")
    shown = ready.fail("%mig_check")
    assert "1 change between `Base` (1 table)" in shown
    assert "Create table users" in shown
    assert "%mig_autogenerate Base" in shown


def test_a_check_passes_where_nothing_would_be_generated(migrated):
    assert not migrated.run("%mig_check")
    migrated.run("%mig_revision -m later")
    assert "%mig_upgrade first" in migrated.fail("%mig_check")


def test_an_export_of_sql_is_the_script_of_the_range(forked, tmp_path):
    exported = forked.run("%mig_export base:a1 --sql up.sql")
    text = (tmp_path / "up.sql").read_text()
    assert "CREATE TABLE users" in text
    assert exported.size == len(text.encode())
    assert repr(exported) == f"Wrote the SQL of base:a1 to up.sql ({exported.size:,} bytes)"
    forked.run("%mig_export --sql up.sql")
    assert "c2" in (tmp_path / "up.sql").read_text()


@pytest.mark.slow
def test_an_export_of_html_is_self_contained(forked, tmp_path):
    import html5lib

    forked.run("%mig_export --html history.html")
    text = (tmp_path / "history.html").read_text()
    parser = html5lib.HTMLParser()
    parser.parse(text)
    assert parser.errors == []
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org", "")
    assert "op.create_table" in text
    assert "data:image/svg+xml;base64," in text


@pytest.mark.slow
def test_an_export_replaces_no_other_file_without_yes(forked, tmp_path):
    (tmp_path / "models.py").write_text("precious")
    assert "is not an export" in forked.fail("%mig_export --sql models.py")
    assert (tmp_path / "models.py").read_text() == "precious"
    forked.run("%mig_export --sql models.py --yes")
    assert "does not exist" in forked.fail("%mig_export --html nowhere/x.html")
    assert "--sql FILE" in forked.fail("%mig_export")


@pytest.mark.slow
def test_exports_are_the_same_bytes_when_run_again(forked, tmp_path):
    for command, name in (("--sql", "a.sql"), ("--html", "a.html")):
        forked.run(f"%mig_export {command} {name}")
        before = (tmp_path / name).read_bytes()
        forked.run(f"%mig_export {command} {name}")
        assert (tmp_path / name).read_bytes() == before


@pytest.mark.slow
def test_the_check_of_a_merge_names_the_operations_whose_order_matters(forked, tmp_path):
    for revision, kind in (("b2", "Integer"), ("c2", "String")):
        (path,) = (tmp_path / "migrations" / "versions").glob(f"{revision}_*.py")
        text = path.read_text()
        column = f"op.add_column('users', sa.Column('city', sa.{kind}))"
        path.write_text(text.replace("def upgrade() -> None:", f"def upgrade() -> None:\n    {column}"))
    shown = forked.run("%mig_merge --check")
    assert not shown
    assert "b2 and c2 do not commute" in repr(shown)
    assert "_left.py:" in repr(shown)
    assert "First conflicting operations" in shown._repr_html_()
    assert len(forked.run("%mig_heads")) == 2
    merged = forked.run("%mig_merge --id d3")
    assert "%mig_merge b2 c2 --check has the details" in merged.note
    assert "the order matters: b2 and c2 do not commute" in repr(forked.run("%mig_upgrade --plan"))


@pytest.mark.slow
def test_the_check_of_a_merge_reports_that_heads_commute(forked):
    shown = forked.run("%mig_merge --check")
    assert [each.verdict for each in shown] == ["commute"]
    assert shown
    assert "any order" not in forked.run("%mig_merge --id d3").note


@pytest.mark.slow
def test_one_head_can_be_put_after_the_other(forked):
    shown = forked.run("%mig_merge --rebase c2")
    assert shown.entry.down == ("b2",)
    assert "c2 follows b2 (before: a1)" in shown.note
    assert [entry.revision for entry in forked.run("%mig_heads")] == ["c2"]
    assert forked.run("%mig_upgrade").after == ("c2",)


def test_an_applied_head_is_not_put_after_the_other(forked):
    forked.run("%mig_upgrade c2")
    assert "c2 is applied in" in forked.fail("%mig_merge --rebase c2")
    assert len(forked.run("%mig_heads")) == 2
