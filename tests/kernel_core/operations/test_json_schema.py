"""The JSON Schema in the package: it describes what is written, and refuses what cannot be read.

``python tests/kernel_core/operations/json_schema.py`` writes it again.
"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import kernel_core.operations
from kernel_core.operations import Operations
from kernel_core.operations.operation import MigrateOperation

from ..ddl import scripts, test_matrix
from . import json_schema, test_json

pytestmark = test_json.pytestmark
FILE = Path(kernel_core.operations.__file__).with_name("operations.schema.json")


def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(FILE.read_text()))


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
