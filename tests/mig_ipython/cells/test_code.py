"""How the code of a cell is read and moved."""

from __future__ import annotations

import ast

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.cells.code import indented, read_cell, unknown_names


def test_bare_lines_are_the_upgrade():
    code = read_cell('# fill\nop.execute("SELECT 1")\n')
    assert code.upgrade == '# fill\nop.execute("SELECT 1")'
    assert code.downgrade is None


def test_functions_keep_their_bodies_and_comments():
    code = read_cell("def upgrade():\n    # why\n    op.f('a')\n\ndef downgrade():\n    pass\n")
    assert code.upgrade == "# why\nop.f('a')"
    assert code.downgrade == "pass"


@pytest.mark.parametrize("margin", ["  ", "    ", "\t"])
def test_a_text_of_several_lines_is_not_moved(margin):
    cell = f'def upgrade():\n{margin}op.execute("""\n  SELECT 1\n""")\n{margin}op.f("x")\n'
    module = read_cell(cell).module()
    assert '\n  SELECT 1\n""")\n    op.f(' in module
    values = [node.value for node in ast.walk(ast.parse(module)) if isinstance(node, ast.Constant)]
    assert "\n  SELECT 1\n" in values


def test_a_function_on_one_line_is_read():
    assert read_cell("def upgrade(): op.f('a'); op.f('b')").upgrade == "op.f('a')\nop.f('b')"


def test_imports_and_helpers_stand_above_the_functions():
    code = read_cell("import json\nfrom kernel_core import op\nRATE = 2\ndef upgrade():\n    op.f(json.dumps(RATE))\n")
    assert code.preamble == "import json\nRATE = 2"


def test_a_name_of_the_notebook_is_named():
    with pytest.raises(CommandError, match="flights: a name of the notebook"):
        read_cell("op.bulk_insert(flights, [])", {"flights"})


def test_a_name_that_does_not_exist_is_named():
    with pytest.raises(CommandError, match="flihgts is not defined in the cell"):
        read_cell("op.bulk_insert(flihgts, [])")


def test_names_made_inside_are_known():
    source = "import os as o\ndef f(a, *b):\n    return [c for c in b] + [a, o, len]\nx = f(1)\nclass K:\n    y = x\n"
    assert unknown_names(source) == []


@pytest.mark.parametrize(
    "body",
    [
        "global n; n = 1; op.f(n)",
        "global n\n    for n in (1, 2): op.f(n)",
        "global n\n    import json as n\n    n.dumps(1)",
        "global n\n    def n(): pass\n    n()",
        "def inner():\n        global n\n        n = 1\n    inner(); op.f(n)",
    ],
)
def test_a_name_that_a_function_makes_global_is_known(body):
    assert unknown_names(f"def upgrade():\n    {body}\n") == []


def test_a_global_that_nothing_sets_is_unknown():
    assert unknown_names("def upgrade():\n    global n\n    op.f(n)\n") == ["n"]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("", "empty"),
        ("import json", "does nothing"),
        ("def downgrade():\n    pass", "no def upgrade"),
        ("def upgrade(x):\n    pass", "takes arguments"),
        ("op.execute(", "line 1 of the cell is not Python"),
        ("%matplotlib inline", "line 1 of the cell is not Python"),
        ("async def upgrade():\n    op.execute('x')", r"upgrade\(\) is async"),
        ("def upgrade():\n    op.f()\nasync def downgrade():\n    op.f()", r"downgrade\(\) is async"),
        ("def upgrade():\n    yield op.execute('x')", r"upgrade\(\) has a yield"),
        ("def upgrade():\n    op.f()\ndef downgrade():\n    yield from op.f()", r"downgrade\(\) has a yield"),
        ("await op.execute('x')", "'await' outside"),
        ("[op.execute(x) async for x in ()]", "asynchronous comprehension outside"),
        ("return op.f()\nreturn = 1", "line 2 of the cell is not Python"),
        ("upgrade = lambda: op.execute('x')", "defines upgrade in another way than def upgrade"),
        ("if True:\n    def downgrade():\n        op.f()", "defines downgrade in another way"),
    ],
)
def test_what_is_not_a_migration_is_reported(cell, said):
    with pytest.raises(CommandError, match=said):
        read_cell(cell)


def test_indenting_leaves_the_first_line_and_inner_lines():
    assert indented('a = """\nb\n"""\nc = 1') == 'a = """\nb\n"""\n    c = 1'
