"""The import block of a version file."""

from __future__ import annotations

from kernel_core.util.source import import_block

HELPER = '''RATE = 2  # a b c
# why
@cache
def note():
    with open("x") as stream:
        stream.write("""
  kept
""")'''


def test_other_code_is_kept_after_the_imports():
    given = f"from functools import (\n    cache,\n)\n{HELPER}\nimport json"
    assert import_block("import sqlalchemy as sa", given) == (
        f"import json\nfrom functools import (\n    cache,\n)\n\nimport sqlalchemy as sa\n\n{HELPER}"
    )


def test_a_repeated_import_is_written_once():
    assert import_block("import json", "import json\nimport json") == "import json"
