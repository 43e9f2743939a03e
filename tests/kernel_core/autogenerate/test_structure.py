"""What differs from database to database is in the folders of databases/, and nowhere else in the comparison."""

import ast
from pathlib import Path

import pytest
import sqlalchemy as sa

import kernel_core.autogenerate
from kernel_core.autogenerate.databases import dialects_where, rules_of
from kernel_core.autogenerate.databases.inspected.rules import InspectedRules
from kernel_core.autogenerate.databases.rules import DatabaseRules

FOLDER = Path(kernel_core.autogenerate.__file__).parent
DIALECTS = {"postgresql", "mysql", "mariadb", "sqlite", "oracle", "mssql"}


def names_of_dialects(folder):
    """Return the string literals that are the name of a dialect; those that begin with one are names of options."""
    return [
        f"{path.relative_to(FOLDER)}:{node.lineno}: {node.value}"
        for path in sorted((FOLDER / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in DIALECTS
    ]


def imports_of_dialects(folder):
    """Return the imports of what belongs to one database alone: a folder of databases/, or of ddl/."""
    return [
        f"{path.relative_to(FOLDER)}:{node.lineno}: {node.module}"
        for path in sorted((FOLDER / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level and DIALECTS & set((node.module or "").split("."))
    ]


@pytest.mark.parametrize("folder", ["compare", "plugins"])
def test_a_comparison_names_no_dialect(folder):
    assert names_of_dialects(folder) == []


def test_a_comparison_of_all_databases_imports_nothing_of_one():
    assert imports_of_dialects("compare") == []


@pytest.mark.parametrize("dialect_name", sorted(DIALECTS))
def test_the_rules_of_every_database_keep_the_protocol(dialect_name):
    dialect = sa.create_mock_engine(f"{dialect_name}://", None).dialect
    rules = rules_of(dialect)
    declared = {name for name in (*vars(DatabaseRules), *DatabaseRules.__annotations__) if not name.startswith("_")}
    assert declared <= {name for name in dir(rules) if not name.startswith("_")}
    assert {name for name in dir(rules) if not name.startswith("_")} <= declared | {"dialect"}
    assert isinstance(rules, InspectedRules)


def test_a_feature_gives_the_dialects_that_have_it():
    assert dialects_where(lambda rules: rules.has_table_options) == ("mariadb", "mysql")
