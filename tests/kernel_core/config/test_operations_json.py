"""``mig show --json`` and ``--operations-json``: the operations of version files, without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from published import HISTORIES, Published, cache_of, folder_of

import kernel_core.operations
from kernel_core import command
from kernel_core.config import Config
from kernel_core.operations import from_json

Mig = Callable[..., tuple[int, str, str]]
SCHEMA = json.loads(Path(kernel_core.operations.__file__).with_name("operations.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision = {!r}\ndown_revision = {!r}\n"
PLAIN = """
def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("users", recreate="always") as batch_op:
        batch_op.add_column(sa.Column("name", sa.String(20)))

def downgrade():
    op.drop_table("users")
"""
LOOP = """
def upgrade():
    for name in ("a", "b"):
        op.add_column("users", sa.Column(name, sa.Integer()))

def downgrade():
    op.get_bind().execute(sa.text("SELECT 1")).scalar()
    op.drop_column("users", "a")
"""
EFFECT = """
open("was_run", "w").close()

def upgrade():
    op.drop_table("users")
"""


@pytest.fixture
def history(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two revisions: one is plain, the other loops."""
    (project.versions / "a1.py").write_text(HEAD.format("a1", None) + PLAIN)
    (project.versions / "b1.py").write_text(HEAD.format("b1", "a1") + LOOP)
    monkeypatch.chdir(project.folder)
    return project


def stream(mig: Mig, *arguments: str) -> list[dict[str, Any]]:
    code, out, err = mig(*arguments, "--operations-json")
    assert (code, err) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


def sentences(side: dict[str, Any]) -> list[str]:
    for operation in side["operations"]:
        VALIDATOR.validate(operation)
    return [from_json(operation).sentence() for operation in side["operations"]]


def test_show_has_the_operations_of_a_plain_file(mig: Mig, history: Any) -> None:
    shown = json.loads(mig("show", "a1", "--json")[1])
    assert sentences(shown["upgrade"]) == [
        "Create table users with 1 column",
        "Add column name String(20), to users",
    ]
    assert shown["upgrade"]["operations"][1]["options"] == {"$": "batch options", "recreate": "always"}
    assert sentences(shown["downgrade"]) == ["Drop table users"]
    assert shown["upgrade"]["complete"]


def test_show_runs_nothing_and_names_the_code_that_it_does_not_read(mig: Mig, history: Any) -> None:
    (history.versions / "c1.py").write_text(HEAD.format("c1", "b1") + EFFECT)
    shown = json.loads(mig("show", "b1", "--json")[1])
    assert shown["upgrade"] == {
        "complete": False,
        "unread": [{"line": 7, "lines": 2, "text": "for name in ('a', 'b'):"}],
        "operations": [],
    }
    assert sentences(json.loads(mig("show", "c1", "--json")[1])["upgrade"]) == ["Drop table users"]
    assert not Path("was_run").exists()


def test_a_range_is_a_line_of_json_for_each_revision_in_its_order(mig: Mig, history: Any) -> None:
    one, two = stream(mig, "upgrade", "base:head")
    assert (one["revision"], two["revision"], two["down_revision"], one["version"]) == ("a1", "b1", ["a1"], 1)
    assert sentences(two) == ["Add column a Integer, to users", "Add column b Integer, to users"]
    assert two["complete"]
    assert [each["revision"] for each in stream(mig, "upgrade", "a1:head")] == ["b1"]
    assert [each["revision"] for each in stream(mig, "upgrade", "head")] == ["a1", "b1"]


def test_what_follows_a_query_stays_unread(mig: Mig, history: Any) -> None:
    one, two = stream(mig, "downgrade", "head:base")
    assert (one["revision"], one["direction"], one["complete"]) == ("b1", "downgrade", False)
    assert one["unread"][0]["text"] == 'op.get_bind().execute(sa.text("SELECT 1")).scalar()'
    assert one["unread"][0]["line"] == 11
    assert sentences(two) == ["Drop table users"]


def test_mistakes_are_one_line(mig: Mig, history: Any) -> None:
    assert "needs both ends" in mig("downgrade", "base", "--operations-json")[2]
    assert "Choose one" in mig("upgrade", "base:head", "--sql", "--operations-json")[2]
    assert mig("upgrade", "nowhere", "--operations-json")[0] == 255


CASES = [
    pytest.param(published, dialect, id=f"{published.package}-{published.folder}-{dialect}")
    for published in HISTORIES
    for dialect, _ in published.complete
]


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore")  # of the libraries that their version files import
@pytest.mark.parametrize(("published", "dialect"), CASES)
def test_the_json_of_a_published_history_is_valid(
    published: Published, dialect: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = Config()
    config.set_main_option(
        "script_location", str(folder_of(published, cache_of(request.config, tmp_path), monkeypatch))
    )
    config.set_main_option("sqlalchemy.url", f"{dialect}://")
    revisions = list(command.operations_between(config, "base:heads"))
    assert len(revisions) >= published.revisions
    assert all(each["complete"] or each["unread"] for each in revisions)
    said = sum(len(sentences(each)) for each in revisions)
    assert said > 10 or published.package == "dagster"  # each of its revisions inspects the database
