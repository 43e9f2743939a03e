"""Our offline SQL beside that of an installed Alembic, for random directives on every dialect.

What differs must be a named difference: an entry of ``differences.toml`` says why, a function here says exactly how.
"""

from __future__ import annotations

import importlib.util
import io
import re
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext

pytestmark = pytest.mark.peer
alembic_migration = pytest.importorskip("alembic.migration", reason="the yardstick is not installed (extra peer)")
alembic_operations = pytest.importorskip("alembic.operations")

_spec = importlib.util.spec_from_file_location("directives", Path(__file__).with_name("directives.py"))
assert _spec
assert _spec.loader
directives = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(directives)

HOW_MANY, QUICK = 2000, 250
CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb", "mssql", "oracle")
REASONS: dict[str, dict[str, Any]] = {
    entry["name"]: entry
    for entry in tomllib.loads(Path(__file__).with_name("differences.toml").read_text())["difference"]
}

Statements = list[str]
Rule = Callable[["Pair"], None]
RULES: dict[str, Rule] = {}


class Pair:
    """One directive as both say it; ``None`` for the side that refuses."""

    def __init__(self, dialect: str, call: Any, ours: Statements | None, theirs: Statements | None) -> None:
        self.dialect, self.call, self.ours, self.theirs = dialect, call, ours, theirs

    @property
    def same(self) -> bool:
        return self.ours == self.theirs

    def agree(self) -> None:
        """What is left of the difference is explained."""
        self.theirs = self.ours

    def change_ours(self, pattern: str, to: str = "") -> None:
        if self.ours is not None:
            self.ours = [
                found
                for each in self.ours
                if (found := re.sub(pattern, to, each, flags=re.IGNORECASE | re.DOTALL).strip())
            ]

    def change_theirs(self, pattern: str, to: str = "") -> None:
        if self.theirs is not None:
            self.theirs = [
                found
                for each in self.theirs
                if (found := re.sub(pattern, to, each, flags=re.IGNORECASE | re.DOTALL).strip())
            ]


def rule(name: str) -> Callable[[Rule], Rule]:
    def register(function: Rule) -> Rule:
        RULES[name] = function
        return function

    return register


def statements(dialect: str, text: str) -> Statements:
    """Cut a script into its statements, each on one line."""
    separator = {"mssql": r"^GO$", "oracle": r"^/$"}.get(dialect, r";\s*$")
    parts = re.split(separator, text, flags=re.MULTILINE)
    return [" ".join(part.split()).rstrip(";").strip() for part in parts if part.strip()]


def run(seed: int, dialect: str, context_class: Any, operations_class: Any) -> tuple[Statements | None, Any]:
    buffer = io.StringIO()
    opts = {"as_sql": True, "output_buffer": buffer, "literal_binds": True}
    if seed % 3 == 0:
        opts["target_metadata"] = sa.MetaData(naming_convention=CONVENTION)
    context = context_class.configure(dialect_name=dialect, opts=opts)
    call = directives.say(seed, operations_class(context))
    return (None if call.error else statements(dialect, buffer.getvalue())), call


def compare(seed: int, dialect: str) -> tuple[Pair, list[str]]:
    """Return both sides and the names of the differences that explain them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, call = run(seed, dialect, MigrationContext, Operations)
        theirs, _ = run(seed, dialect, alembic_migration.MigrationContext, alembic_operations.Operations)
    pair, used = Pair(dialect, call, ours, theirs), []
    for name, function in RULES.items():
        if pair.same:
            break
        if dialect in REASONS[name]["dialects"] and call.name in ("batch_alter_table", *REASONS[name]["directives"]):
            before = (pair.ours, pair.theirs)
            function(pair)
            if (pair.ours, pair.theirs) != before:
                used.append(name)
    return pair, used


def unexplained(dialect: str, seeds: range) -> tuple[list[str], Counter[str]]:
    """Return the directives that differ without a name, and how often each name was seen; ``same`` are those that agree."""
    found, used = [], Counter[str]()
    for seed in seeds:
        pair, names = compare(seed, dialect)
        used.update(names or ["same"])
        if not pair.same:
            found.append(f"seed {seed}: {pair.call}\n  ours   {pair.ours or pair.call.error!r}\n  theirs {pair.theirs}")
    return found, used


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_sql_or_a_named_difference(dialect: str) -> None:
    found, used = unexplained(dialect, range(QUICK))
    assert not found, f"{len(found)} unexplained\n" + "\n".join(found[:12])
    assert used["same"] > QUICK / 2


@pytest.mark.sweep
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_sql_or_a_named_difference_in_full(
    dialect: str, record_property: Callable[[str, object], None]
) -> None:
    found, used = unexplained(dialect, range(HOW_MANY))
    record_property("the same word for word", used["same"])
    assert not found, f"{len(found)} unexplained\n" + "\n".join(found[:12])
    stale = [name for name, entry in REASONS.items() if dialect in entry["dialects"] and not used[name]]
    assert not stale, f"no longer seen: {stale}"


def test_every_difference_is_argued_and_every_argument_used() -> None:
    assert RULES.keys() == REASONS.keys()
    assert all(len(entry["why"]) > 40 for entry in REASONS.values())


# How exactly each difference shows. The order matters: what is only spelled differently comes first.


@rule("percent is not doubled")
def _percent(pair: Pair) -> None:
    pair.change_theirs("%%", "%")


@rule("a script switches variables off")
def _variables(pair: Pair) -> None:
    pair.change_ours(r"^(-- Run this script with sqlcmd -x: .*? variables of sqlcmd\.|SET DEFINE OFF) ")


@rule("no ADD COLUMN that SQLite never takes")
def _never_added(pair: Pair) -> None:
    if pair.ours is None and "cannot add column" in str(pair.call.error):
        pair.agree()


@rule("a comment comes right behind its column")
def _comment_first(pair: Pair) -> None:
    if pair.ours and pair.theirs and sorted(pair.ours) == sorted(pair.theirs):
        pair.agree()


@rule("a unique constraint carries columns along")
def _unique_include(pair: Pair) -> None:
    if pair.theirs is None and "postgresql_include" in pair.call.kw:
        pair.agree()


@rule("a colon in text is a colon")
def _colon(pair: Pair) -> None:
    if isinstance(pair.call.args[0], str) and ":" in pair.call.args[0]:
        pair.agree()


@rule("one word for execute")
def _execute(pair: Pair) -> None:
    pair.change_theirs(r"^exec (sp_\w+extendedproperty)", r"execute \1")


@rule("change of a comment updates it")
def _comment_update(pair: Pair) -> None:
    if pair.call.kw.get("existing_comment") is not None:
        pair.change_ours("sp_updateextended", "sp_addextended")
        pair.change_theirs("sp_updateextended", "sp_addextended")


@rule("comments have a default schema")
def _comment_schema(pair: Pair) -> None:
    if pair.theirs is None and pair.ours and any("'schema', dbo," in each for each in pair.ours):
        pair.agree()


@rule("a name beyond ASCII stands in a national string")
def _national(pair: Pair) -> None:
    beyond = r"N'(?=[^']*[^\x00-\x7f])"
    pair.change_ours(beyond, "'")
    pair.change_theirs(beyond, "'")


@rule("a table of unknown schema is quoted when it is looked up")
def _object_id(pair: Pair) -> None:
    pair.change_ours(r"object_id\('.*?'\)", "object_id")
    pair.change_theirs(r"object_id\('.*?'\)", "object_id")


@rule("a column is freed before it is altered")
def _free(pair: Pair) -> None:
    if any(name.startswith("mssql_drop_") for name in pair.call.kw):
        pair.change_ours(r"^declare @const_name.*")
        pair.change_theirs(r"^declare @const_name.*")


@rule("identity insert only where there is one")
def _identity_insert(pair: Pair) -> None:
    if pair.ours is not None and not any("IDENTITY_INSERT" in each for each in pair.ours):
        pair.change_theirs(r"^SET IDENTITY_INSERT.*")


@rule("a commented column is quoted and has its schema")
def _oracle_comment(pair: Pair) -> None:
    name = r"(?:\"([^\"]+)\"|(\w+))"
    place = rf"{name}\." if "schema" in pair.call.kw else "()()"
    pair.change_ours(rf"^COMMENT ON COLUMN {place}{name}\.{name} IS ", r"COMMENT ON COLUMN \3\4.\5\6 IS ")


@rule("an inline foreign key keeps its name")
def _inline_name(pair: Pair) -> None:
    pair.change_ours(r" CONSTRAINT \S+ (?=REFERENCES)", " ")


@rule("what is asked to be inline is said")
def _inline(pair: Pair) -> None:
    if pair.call.kw.get("inline_references") or pair.call.kw.get("inline_primary_key"):
        pair.change_ours(r"( REFERENCES .*| PRIMARY KEY)$")


@rule("a foreign key of a new column is stated inside it")
def _sqlite_references(pair: Pair) -> None:
    if pair.theirs is None and pair.ours and " REFERENCES " in pair.ours[0]:
        pair.agree()


@rule("if [not] exists is refused where no script can ask")
def _if_exists(pair: Pair) -> None:
    if (pair.call.kw.get("if_not_exists") or pair.call.kw.get("if_exists")) and pair.ours is None:
        pair.agree()


@rule("a constraint is dropped if it exists, or that is refused")
def _drop_if_exists(pair: Pair) -> None:
    if pair.call.kw.get("if_exists"):
        pair.change_ours("IF EXISTS ")
        if pair.ours is None:
            pair.agree()


@rule("no ALTER COLUMN that the database does not have")
def _sqlite_alter(pair: Pair) -> None:
    if pair.ours is None and any("ALTER COLUMN" in each for each in pair.theirs or ()):
        pair.agree()


@rule("a database without comments is not asked to comment")
def _sqlite_comment(pair: Pair) -> None:
    pair.change_theirs(r"^COMMENT ON .*")
    asked = pair.call.kw.get("comment", False)
    if pair.theirs is None and asked is not False:
        pair.agree()


@rule("a new column brings its enum type along")
def _enum(pair: Pair) -> None:
    pair.change_ours(r"^CREATE TYPE kind AS ENUM .*")


@rule("a CHECK goes with its type")
def _typed_check(pair: Pair) -> None:
    if getattr(pair.call.kw.get("existing_type"), "create_constraint", False):
        pair.change_ours(r"^ALTER TABLE .* DROP (CHECK|CONSTRAINT) \S*(ck_flag|kind)\S?$")


@rule("an old default does not stop a change of type")
def _default_first(pair: Pair) -> None:
    if "type_" in pair.call.kw and "server_default" in pair.call.kw and pair.ours and pair.theirs:
        pair.change_ours(r"^ALTER TABLE .* (DROP DEFAULT|MODIFY (\"[^\"]+\"|\w+) DEFAULT NULL)$")
        pair.change_theirs(r"^ALTER TABLE .* (DROP DEFAULT|MODIFY (\"[^\"]+\"|\w+) DEFAULT NULL)$")


@rule("a default stays when USING converts the type")
def _kept_default(pair: Pair) -> None:
    if "postgresql_using" in pair.call.kw and "type_" in pair.call.kw and "server_default" not in pair.call.kw:
        pair.change_ours(r"^ALTER TABLE .* (DROP DEFAULT|SET DEFAULT .*)$")


@rule("an identity ends before the type changes")
def _identity_first(pair: Pair) -> None:
    ends = pair.ours and pair.theirs and "type_" in pair.call.kw and pair.ours[0].endswith("DROP IDENTITY")
    if ends and sorted(pair.ours or ()) == sorted(pair.theirs or ()):
        pair.agree()


@rule("SQLite has no sequences")
def _sequences(pair: Pair) -> None:
    if pair.ours is None and pair.theirs and pair.theirs[0].startswith("CREATE SEQUENCE"):
        pair.agree()


@rule("type first, then null, then default")
def _order(pair: Pair) -> None:
    moved = "type_" in pair.call.kw or pair.call.name == "batch_alter_table"
    if pair.ours and pair.theirs and moved and sorted(pair.ours) == sorted(pair.theirs):
        pair.agree()


@rule("an identity is said in full")
def _identity(pair: Pair) -> None:
    if pair.ours is None or pair.theirs is None or len(pair.ours) != len(pair.theirs):
        return

    def full(ours: str, theirs: str) -> str:
        said, expected = ours.split(" SET "), theirs.split(" SET ")
        return ours if said[0] == expected[0] and set(expected) <= set(said) else theirs

    pair.theirs = [full(*both) for both in zip(pair.ours, pair.theirs, strict=True)]


@rule("a column is renamed without its type")
def _rename_column(pair: Pair) -> None:
    if pair.theirs is None and pair.ours and any(" RENAME COLUMN " in each for each in pair.ours):
        pair.agree()


@rule("MODIFY where the name stays")
def _modify(pair: Pair) -> None:
    pair.change_theirs(r" CHANGE (`[^`]+`|\w+) \1 ", r" MODIFY \1 ")


@rule("a default alone is set alone")
def _set_default(pair: Pair) -> None:
    if pair.ours and pair.theirs and " SET DEFAULT " in pair.ours[0]:
        pair.change_ours(r" SET DEFAULT \((.*)\)$", r" SET DEFAULT \1")
        pair.change_theirs(r" SET DEFAULT \((.*)\)$", r" SET DEFAULT \1")
        if " MODIFY " in pair.theirs[0]:
            pair.agree()


@rule("a generated column is stated again")
def _generated(pair: Pair) -> None:
    existing = type(pair.call.kw.get("existing_server_default")).__name__
    if pair.theirs is None and pair.ours is not None and existing in ("Identity", "Computed"):
        pair.agree()


@rule("a comment of None is none")
def _no_comment(pair: Pair) -> None:
    if pair.call.name == "create_table_comment" and pair.call.args[1] is None:
        pair.agree()


@rule("no statement where nothing changes")
def _nothing(pair: Pair) -> None:
    changes = ("nullable", "type_", "server_default", "new_column_name", "comment", "autoincrement")
    if not pair.ours and pair.call.error is None and not any(name in pair.call.kw for name in changes):
        pair.agree()


@rule("a CHECK of the new type names the new column")
def _new_name_in_check(pair: Pair) -> None:
    if "new_column_name" in pair.call.kw:
        pair.change_ours(r"CHECK \((`[^`]+`|\w+) IN", "CHECK (c IN")
        pair.change_theirs(r"CHECK \((`[^`]+`|\w+) IN", "CHECK (c IN")


@rule("no foreign key between the files of SQLite")
def _between_files(pair: Pair) -> None:
    if pair.ours is None and "between schemas" in str(pair.call.error):
        pair.agree()
