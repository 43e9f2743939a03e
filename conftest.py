"""nbval, which compares the outputs saved in the notebooks (``--nbval``), without what takes a second to import.

It imports jsonschema, which builds 38 parsers of addresses where ``rfc3987_syntax`` is installed. The schema of
notebooks names no such format.
"""

import sys

# Where PYTHONDONTWRITEBYTECODE is set, each process would rewrite the asserts of all test files and of the plugins'
# packages (hypothesis has 100 modules) again. tests/conftest.py restores it once the tests are collected.
sys.dont_write_bytecode = False

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # importing it raises ImportError

if any(argument.startswith("--nbval") for argument in sys.argv):
    pytest_plugins = ["nbval.plugin"]
