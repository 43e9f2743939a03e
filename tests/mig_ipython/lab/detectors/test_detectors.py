"""Each detector finds its mistake, says what is there, and is silent about a right answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab_folders import AIRLINES, MODELS, Folder
from sampling import sampled

from mig_ipython.lab.detectors import Context, detectors
from mig_ipython.lab.looks import LookError
from mig_ipython.lab.state import State

BATCH = 'with op.batch_alter_table("airlines") as batch:\n    '
RENAME = BATCH + "batch.alter_column({!r}, new_column_name={!r})"
CHANGED = MODELS + "    country: Mapped[str | None]\n"
COUNTRY = 'op.add_column("airlines", sa.Column("country", sa.Text))', 'op.drop_column("airlines", "country")'
DROP_ADD = 'op.drop_column("airlines", "name")\nop.add_column("airlines", sa.Column("title", sa.String(50)))'
OF_COUNTRY = {"table": "airlines", "column": "country"}

Act = Callable[[Folder], object]


def up(code: str, undo: str = "pass", **kw: object) -> Act:
    """Write the revision b2 and run it."""

    def act(folder: Folder) -> None:
        folder.revision("b2", "a1", code, undo, **kw)
        folder.upgrade()

    return act


def written(code: str, undo: str = "pass", down: object = "a1") -> Act:
    return lambda folder: folder.revision("b2", down, code, undo)


def sql(script: str) -> Act:
    return lambda folder: folder.sql(script)


def several(*acts: Act) -> Act:
    return lambda folder: [act(folder) for act in acts]


def refill(values: str) -> str:
    return f'op.execute("UPDATE airlines SET country = {values}")'


CASES: list[tuple[str, dict[str, object], Act]] = [
    ("nothing_done", {}, lambda folder: None),
    ("no_environment", {}, lambda folder: (folder.path / "migrations" / "env.py").unlink()),
    ("environment_removed", {}, lambda folder: (folder.path / "migrations" / "env.py").unlink()),
    ("no_revision", {}, lambda folder: folder.models(CHANGED)),
    ("models_forgotten", {}, up(*COUNTRY)),
    ("models_broken", {}, lambda folder: folder.models("1 / 0")),
    ("not_upgraded", {}, written(*COUNTRY)),
    ("upgrade_fails", {}, written('op.drop_column("airlines", "land")')),
    ("partly_upgraded", {}, several(up(*COUNTRY), lambda folder: folder.revision("c3", "b2", "pass"))),
    ("not_downgraded", {}, lambda folder: None),
    ("downgraded_too_far", {"to": "a1"}, lambda folder: folder.downgrade("base")),
    ("empty_revision", {}, up("pass")),
    ("no_downgrade", {}, up(COUNTRY[0], "raise NotImplementedError")),
    ("lossy_downgrade", {}, up(DROP_ADD, 'op.drop_column("airlines", "title")\nop.add_column("airlines", sa.Column("name", sa.String(50)))')),
    ("lossy_downgrade", {}, up('op.execute("UPDATE airlines SET name = lower(name)")', 'op.execute("UPDATE airlines SET name = upper(name)")')),
    ("downgrade_fails", {}, up(COUNTRY[0], 'op.drop_column("airlines", "land")')),
    ("two_heads", {}, several(written("pass"), lambda folder: folder.revision("b3", "a1", "pass"))),
    ("merged", {}, several(written("pass"), lambda folder: (folder.revision("b3", "a1", "pass"), folder.revision("m", ("b2", "b3"), "pass")))),
    ("edited_applied", {}, lambda folder: folder.revision("a1", None, AIRLINES + "\n" + COUNTRY[0])),
    ("edited_since", {}, several(up(*COUNTRY), lambda folder: folder.revision("b2", "a1", COUNTRY[0], "pass"))),
    ("revision_removed", {}, lambda folder: folder.file_of("a1").unlink()),
    ("parent_changed", {}, several(written("pass", down=None), lambda folder: folder.revision("a1", "b2", AIRLINES))),
    ("lost_revision", {}, lambda folder: folder.file_of("a1").unlink()),
    ("stamped_not_run", {}, several(written(*COUNTRY), lambda folder: folder.stamp("b2"))),
    ("broken_script", {}, lambda folder: folder.file_of("b2").write_text("revision = (")),
    ("edited_by_hand", {}, sql("ALTER TABLE airlines ADD COLUMN country TEXT")),
    ("raw_sql_unseen", {}, up('op.execute("ALTER TABLE airlines ADD COLUMN country TEXT")')),
    ("drop_and_add", {}, up(DROP_ADD)),
    ("drop_and_add", {"table": "airlines"}, written(DROP_ADD)),
    ("drop_and_add", {}, up('op.drop_table("airlines")\nop.create_table("carriers", sa.Column("id", sa.Integer))')),
    ("table_lost", {}, sql("DROP TABLE airlines")),
    ("column_lost", {"column": "name"}, up(RENAME.format("name", "title"))),
    ("create_all", {}, sql("CREATE TABLE gates (id INTEGER)")),
    ("not_null_without_default", {}, written('op.add_column("airlines", sa.Column("country", sa.Text, nullable=False))')),
    ("not_null_without_default", {}, several(sql("UPDATE airlines SET name = NULL WHERE carrier = 'AA'"), written(BATCH + 'batch.alter_column("name", nullable=False)'))),
    ("wrong_type", {**OF_COUNTRY, "family": "integer"}, up(*COUNTRY)),
    ("wrong_nullable", {**OF_COUNTRY, "nullable": False}, up(*COUNTRY)),
    ("wrong_default", {**OF_COUNTRY, "default": "US"}, up(*COUNTRY)),
    ("default_left", OF_COUNTRY, up('op.add_column("airlines", sa.Column("country", sa.Text, server_default="US"))')),
    ("wrong_name", {"right": "country", "kind": "column", "table": "airlines"}, up('op.add_column("airlines", sa.Column("land", sa.Text))')),
    ("wrong_name", {"right": "gates"}, up('op.create_table("gate", sa.Column("id", sa.Integer))')),
    ("constraint_missing", {"table": "airlines", "kind": "unique", "columns": "name"}, lambda folder: None),
    ("constraint_missing", {"table": "airlines", "kind": "check"}, lambda folder: None),
    ("unnamed_constraint", {}, sql("CREATE TABLE gates (id INTEGER, code TEXT UNIQUE)")),
    ("unnamed_constraint", {}, written('op.create_unique_constraint(None, "airlines", ["name"])')),
    ("index_missing", {"table": "airlines", "columns": ["name"]}, lambda folder: None),
    ("other_change", {"only": ["gates"]}, up(*COUNTRY)),
    ("leftover_table", {}, sql("CREATE TABLE airlines_old (id INTEGER)")),
    ("wrong_order", {}, written(BATCH + 'batch.alter_column("name", nullable=False)\nop.execute("UPDATE airlines SET name = 1")')),
    ("wrong_order", {"first": "create_table", "then": "add_column"}, written(COUNTRY[0] + '\nop.create_table("gates", sa.Column("id", sa.Integer))')),
    ("rows_lost", {}, sql("DELETE FROM airlines WHERE carrier = 'AA'")),
    ("rows_added", {"table": "airlines"}, sql("INSERT INTO airlines VALUES ('ZZ', '')")),
    ("rows_changed", {}, sql("UPDATE airlines SET name = ''")),
    ("nulls_left", OF_COUNTRY, up(*COUNTRY)),
    ("all_null", OF_COUNTRY, up(*COUNTRY)),
    ("same_value", OF_COUNTRY, up(COUNTRY[0] + "\n" + refill("1"))),
    ("duplicate_rows", {"table": "airlines", "columns": "name"}, sql("UPDATE airlines SET name = ''")),
    ("broken_references", {}, sql("CREATE TABLE gates (carrier TEXT REFERENCES airlines (carrier)); INSERT INTO gates VALUES ('ZZ')")),
    ("rows_match", {"query": "SELECT count(*) FROM airlines WHERE name = ''"}, sql("UPDATE airlines SET name = ''")),
]  # fmt: skip
ELSEWHERE = {"cell_failed", "unfinished", "constraint_lost"}


@pytest.mark.parametrize("place", sampled(range(len(CASES)), 4), ids=lambda place: f"{CASES[place][0]} {place}")
def test_a_detector_finds_its_mistake(folder, place):
    name, spec, act = CASES[place]
    before = folder.state()
    act(folder)
    found = detectors[name](before, folder.state(), Context(spec))
    assert found, name
    assert found.endswith((".", '"')) or "error" in found


def test_every_detector_has_a_case():
    assert set(detectors) - {name for name, *_ in CASES} == ELSEWHERE


GENERAL = sorted(
    set(detectors)
    - {"not_downgraded", "models_forgotten", "cell_failed"}
    - {name for name, each in detectors.items() if each.required}
)


def test_detectors_are_silent_about_a_right_answer(folder):
    before = folder.state()
    folder.models(CHANGED)
    folder.revision("b2", "a1", COUNTRY[0] + "\n" + refill("carrier"), COUNTRY[1])
    folder.upgrade()
    after = folder.state()
    assert {name: detectors[name](before, after, Context()) for name in GENERAL} == dict.fromkeys(GENERAL)


@pytest.mark.parametrize(
    "name", sorted(name for name, each in detectors.items() if {"table", "column"} & {*each.required})
)
def test_a_column_that_is_missing_has_no_mistake_in_its_values(folder, name):
    spec = {"table": "airlines", "column": "land", "columns": ["land"], "family": "text", "nullable": True}
    spec |= {"default": "", "kind": "unique"}
    required = {field: spec[field] for field in detectors[name].required}
    state = folder.state()
    found = detectors[name](state, state, Context(required))
    assert found is None or name in ("index_missing", "constraint_missing")


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (written('op.drop_column("airlines", "land")'), "not_upgraded"),
        (several(up(*COUNTRY), lambda folder: folder.revision("c3", "b2", "1 / 0")), "partly_upgraded"),
    ],
)
def test_a_revision_that_cannot_run_was_not_forgotten(folder, act, name):
    before = folder.state()
    act(folder)
    after = folder.state()
    assert detectors[name](before, after, Context()) is None
    assert "ends with an error" in str(detectors["upgrade_fails"](before, after, Context()))
    assert detectors["upgrade_fails"](before, State.from_json(after.to_json()), Context()) is None


def test_a_rename_is_no_drop_and_add(folder):
    before = folder.state()
    up(RENAME.format("name", "title"), RENAME.format("title", "name"))(folder)
    after = folder.state()
    assert detectors["drop_and_add"](before, after, Context()) is None
    assert detectors["lossy_downgrade"](before, after, Context()) is None


def test_filling_before_not_null_is_the_right_order(folder):
    before = folder.state()
    fill = COUNTRY[0] + "\n" + refill("carrier") + "\n" + BATCH + 'batch.alter_column("country", nullable=False)'
    written(fill, COUNTRY[1])(folder)
    after = folder.state()
    assert detectors["wrong_order"](before, after, Context()) is None
    assert detectors["not_null_without_default"](before, after, Context()) is None


def test_a_constraint_or_trigger_that_a_rebuild_loses_is_found(folder):
    folder.sql("""
        CREATE TABLE gates (id INTEGER, code TEXT UNIQUE, CHECK (id > 0));
        CREATE TRIGGER t AFTER INSERT ON gates BEGIN SELECT 1; END;
    """)
    before = folder.state()
    for script, word in (
        ("DROP TRIGGER t", "trigger"),
        ("DROP TABLE gates; CREATE TABLE gates (id INTEGER, code TEXT UNIQUE)", "check"),
        ("DROP TABLE gates; CREATE TABLE gates (id INTEGER, code TEXT, CHECK (id > 0))", "unique"),
    ):
        folder.sql(script)
        assert word in str(detectors["constraint_lost"](before, folder.state(), Context()))


def test_the_error_of_a_cell_is_found_by_a_part_of_its_text(folder):
    state = folder.state()
    context = Context({"error": "integrityerror"}, "IntegrityError: NOT NULL constraint failed")
    assert detectors["cell_failed"](state, state, context) == f"The cell ended with an error: {context.error}"
    assert detectors["cell_failed"](state, state, Context({"error": "locked"}, context.error)) is None
    assert detectors["nothing_done"](state, state, Context(error="x")) is None


def test_a_missing_field_is_refused(folder):
    state = folder.state()
    with pytest.raises(LookError, match="`wrong_type` needs the field table"):
        detectors["wrong_type"](state, state, Context())
    with pytest.raises(LookError, match="has no field tabel"):
        detectors["rows_lost"](state, state, Context({"tabel": "airlines"}))
