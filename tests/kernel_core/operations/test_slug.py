"""The suggested message of a revision, from its operations."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Column, Integer, String, text

from kernel_core.operations import ops
from kernel_core.operations.registry import all_operations

REGISTERED = [cls for cls in all_operations() if cls.__module__.startswith("kernel_core.")]


def add(name: str, table: str = "users") -> ops.AddColumnOp:
    return ops.AddColumnOp(table, Column(name, Integer))


@pytest.mark.parametrize("cls", REGISTERED, ids=lambda cls: cls.__name__)
def test_every_operation_has_a_part_of_a_file_name(cls: type[ops.MigrateOperation]) -> None:
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", cls.example().slug())
    assert cls.slug is not ops.MigrateOperation.slug, "it names what it does"


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (add("age"), "add_age_to_users"),
        (add("Full Name", "User s"), "add_full_name_to_user_s"),
        (ops.AlterColumnOp("users", "nick", modify_name="nickname"), "rename_nick_to_nickname_in_users"),
        (ops.AlterColumnOp("users", "nick", modify_name="n", modify_nullable=False), "alter_nick_of_users"),
        (ops.CreateIndexOp(None, "users", [text("lower(name)")]), "create_index_on_users"),
        (ops.CreateForeignKeyOp(None, "a", "b", ["x"], ["y"]), "create_foreign_key_from_a_to_b"),
        (ops.DropConstraintOp(None, "users", "primary"), "drop_primary_key_of_users"),
        (ops.CreateTableOp("../é", [Column("a", String)]), "create_é"),
    ],
)
def test_a_slug_names_what_is_changed(operation: ops.MigrateOperation, expected: str) -> None:
    assert operation.slug() == expected


class CreateViewOp(ops.MigrateOperation):
    """A user's operation that defines nothing but what it must."""

    def __init__(self, view_name: str) -> None:
        self.view_name = view_name


class RefreshOp(ops.MigrateOperation):
    """One that is about nothing that has a name."""


class Nameless(ops.MigrateOperation):
    """One that gives no slug."""

    def slug(self) -> str:
        return ""


class NoOperation:
    """What an add-on puts into a list of operations without deriving from ours."""


def test_a_custom_operation_has_a_slug_by_default() -> None:
    assert CreateViewOp("Adult").slug() == "create_view_adult"
    assert RefreshOp().slug() == "refresh"
    assert ops.UpgradeOps([NoOperation()]).slug() == "nooperation"  # type: ignore[list-item]


def test_several_are_joined_up_to_the_length_of_a_file_name() -> None:
    assert ops.UpgradeOps([add("a"), add("b")]).slug() == "add_a_to_users_add_b_to_users"
    assert ops.UpgradeOps([add(name) for name in "abc"]).slug() == "add_a_to_users_add_b_to_users_and_more"
    assert ops.UpgradeOps([add("a"), add("a" * 60), add("b")]).slug() == "add_a_to_users_and_more"
    assert len(ops.UpgradeOps([add("_".join("a" * 40))]).slug()) <= 40
    assert ops.UpgradeOps([add("a"), add("a")]).slug() == "add_a_to_users"


def test_a_new_table_is_named_without_its_indexes() -> None:
    table = ops.CreateTableOp("users", [Column("id", Integer, primary_key=True)])
    index = ops.ModifyTableOps("users", [ops.CreateIndexOp("ix", "users", ["id"])])
    assert ops.UpgradeOps([table, index]).slug() == "create_users"
    assert ops.UpgradeOps([index, ops.DropTableOp("users")]).slug() == "drop_users"


def test_without_any_slug_it_is_the_time() -> None:
    assert re.fullmatch(r"auto_\d{8}_\d{4}", ops.UpgradeOps([Nameless()]).slug())
    assert ops.UpgradeOps().slug() == ""


def test_a_script_for_several_databases_names_what_changes_in_each() -> None:
    script = ops.MigrationScript("a1", [ops.UpgradeOps([add("a")]), ops.UpgradeOps([add("b", "logs")])], [])
    assert script.slug() == "add_a_to_users_add_b_to_logs"
