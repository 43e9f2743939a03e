"""nbval, which compares the outputs saved in the notebooks, without what takes a second in each process of the tests.

It imports jsonschema, which builds 38 parsers of addresses where ``rfc3987_syntax`` is installed. The schema of
notebooks names no such format.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # importing it raises ImportError

pytest_plugins = ["nbval.plugin"]
