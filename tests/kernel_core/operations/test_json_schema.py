"""The JSON Schema in the package: it describes what is written, and refuses what cannot be read.

``python tests/kernel_core/operations/json_schema.py`` writes it again.
"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import sqlalchemy as sa

import kernel_core.operations
from kernel_core.operations import Operations, ops
from kernel_core.operations.operation import MigrateOperation

from ..ddl import scripts, test_matrix
from . import json_schema, test_json

pytestmark = test_json.pytestmark
FILE = Path(kernel_core.operations.__file__).with_name("operations.schema.json")


def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(FILE.read_text()))


@pytest.mark.slow
def test_the_file_has_every_argument_of_every_operation() -> None:
    text = json_schema.as_text()
    assert FILE.read_text() == text
    jsonschema.Draft202012Validator.check_schema(json.loads(text))


class Validating(Operations):
    """Directives whose operations are validated instead of run."""

    checker = validator() if FILE.exists() else None

    def invoke(self, operation: MigrateOperation) -> None:
        document = operation.to_json()
        assert self.checker is not None
        errors = sorted(self.checker.iter_errors(document), key=lambda error: len(error.absolute_path))
        assert not errors, (document, [error.message for error in errors[:2]])


def test_a_flag_that_is_written_as_a_number_is_a_boolean() -> None:
    flagged = [
        ops.CreateIndexOp("i", "t", ["a"], unique=1, if_not_exists=1),
        ops.CreateTableOp(
            "t",
            [
                sa.Column("a", sa.Integer, sa.Identity(always=1, cycle=1), nullable=0, primary_key=1),
                sa.Column("b", sa.Integer, sa.ForeignKey("x.y", deferrable=1, use_alter=1), unique=1, index=1),
                sa.Column("c", sa.Integer, sa.Computed("1", persisted=1)),
                sa.UniqueConstraint("b", deferrable=1),
            ],
            if_not_exists=1,
        ),
        ops.AlterColumnOp("t", "a", existing_nullable=1, modify_nullable=0),
        ops.DropTableOp("t", if_exists=1),
        ops.AddColumnOp("t", sa.Column("a", sa.Integer, nullable=0), if_not_exists=1),
        ops.DropColumnOp("t", "a", if_exists=1),
        ops.DropIndexOp("i", "t", if_exists=1),
        ops.DropConstraintOp("c", "t", type_="check", if_exists=1),
    ]
    for operation in flagged:
        assert list(validator().iter_errors(json.loads(json.dumps(operation.to_json())))) == []
    assert flagged[0].to_json()["unique"] is True
    assert flagged[2].to_json()["modify_nullable"] is False


@pytest.mark.parametrize("cls", test_json.REGISTERED, ids=lambda cls: cls.__name__)
def test_the_example_of_every_operation_is_valid(cls: type[MigrateOperation]) -> None:
    scripts.script("postgresql", lambda op: Validating(op.migration_context).invoke(cls.example()))


@pytest.mark.parametrize("name", test_matrix.VARIANTS | test_json.ITEMS)
def test_every_form_of_a_directive_is_valid(name: str) -> None:
    directive = (test_matrix.VARIANTS | test_json.ITEMS)[name]
    scripts.script("postgresql", lambda op: directive(Validating(op.migration_context)))


@pytest.mark.parametrize("name", test_json.TYPES)
def test_every_type_is_valid(name: str) -> None:
    directive = test_json.column(test_json.TYPES[name])
    scripts.script("postgresql", lambda op: directive(Validating(op.migration_context)))


@pytest.mark.parametrize(
    "name",
    ["no version", "a later version", "a missing argument", "an unknown argument", "a dunder", "an unknown member"],
)
def test_what_cannot_be_read_is_not_valid(name: str) -> None:
    assert list(validator().iter_errors(test_json.HOSTILE[name][0]))


def test_a_user_defined_operation_is_valid_by_its_name() -> None:
    assert validator().is_valid({"version": 1, "operation": "grant_select", "role": "app"})
