"""A function that is read by the form of its file has the operations and lines of one that is read from the whole."""

from __future__ import annotations

import random
import re

import pytest
from sqlalchemy.dialects import postgresql

from kernel_core.recording import read_functions
from kernel_core.recording.forms import parsed_function
from tests.sampling import repeated

WHOLE = "\f"
"""A file that begins so, with what Python skips, is always parsed whole."""

HEADS = (
    '"""a table\n\nRevises: 1\n\ndef in a docstring\n"""\nimport sqlalchemy as sa\nfrom alembic import op\nrevision = "a1"\n',
    '"""a table"""\nimport sqlalchemy as sa\nfrom kernel_core import op\nrevision = "a1"\ndown_revision = "b2"\n',
    'from alembic import op\nimport sqlalchemy as sa\nNAMES = {"a", "b"}\n',
    '"""a table"""\nimport sqlalchemy as sa\nfrom alembic import op\nx = ("a"\n     "b")\n',
    '"""a table"""\nimport sqlalchemy as sa\nfrom alembic import op\nif True:\n    x = "abc"\n',
    '"""a table"""\nimport sqlalchemy as sa\nfrom alembic import op\nx = """\ndef upgrade():\n    pass\n"""\n',
    '"""a table"""\nimport sqlalchemy as sa\nfrom alembic import op\nx = 1 \\\n',
    '"""a table"""\nimport sqlalchemy as sa\nfrom alembic import op\n@decorator("abc")\n',
    '"""a table"""\nimport sqlalchemy as other\nfrom alembic import op\n',
    '"""\\N{BULLET} a table"""\nimport sqlalchemy as sa\nfrom alembic import op\n',
    '"""Größe"""\nimport sqlalchemy as sa\nfrom alembic import op\n',
    '"""a table"""\nimport sqlalchemy as sa\nfrom alembic import op\nx = (\n',
)
UPGRADES = (
    'def upgrade():\n    op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))\n',
    "def upgrade() -> None:\n    # ### commands ###\n    op.add_column('t', sa.Column('n', sa.String(50), nullable=True))\n",
    (
        'def upgrade():\n    with op.batch_alter_table("t", schema=None) as batch_op:\n'
        '        batch_op.drop_column("n")\n        batch_op.create_index("ix", ["a", \'b\'])\n'
    ),
    "def upgrade():\n    op.execute(\"UPDATE t SET a = 'x', b = 'y' WHERE c = 'it''s'\")\n",
    'def upgrade():\n    op.execute("UPDATE t " "SET" \' a = 1\')\n',
    'def upgrade():\n    op.execute("""\nUPDATE t SET a = "abc"\n""")\n',
    'def upgrade():\n    op.bulk_insert(sa.table("t", sa.column("a")), [{"a": "b", "c": b"abc"}, {"a": -1, "c": None}])\n',
    'def upgrade():\n    op.execute(b"abc")\n',
    'def upgrade():\n    op.create_index("ix", "t", {"a"})\n    op.drop_index(("ix" "y"), "t")\n',
    'def upgrade():\n    op.execute(f"DROP TABLE {name}")\n    op.drop_table("t")\n',
    'def upgrade():\n    op.execute("a "f"c")\n',
    'def upgrade():\n    op.drop_table(r"abc")\n    op.drop_table(u"abc")\n    op.drop_table("\\x41bc")\n',
    'def upgrade():\n    op.drop_table("t" if "a"in"bc" else "u")\n',
    (
        'def upgrade():\n    x = op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))\n'
        '    op.bulk_insert(x, [{"id": 1}])\n    helper("abc")\n'
    ),
    'def upgrade():\n    op.no_such_directive("abc")\n    op.drop_table("t")\n',
    'async def upgrade():\n    op.drop_table("t")\n',
    'def upgrade():\n    op.drop_table("t"\n',
    'def upgrade():\n\top.drop_table("t")\n        \n',
    'def upgrade(): op.drop_table("t"); op.drop_table("u")\n',
    'def upgrade():\n    """Drop "abc"."""\n    op.drop_table("t")\n',
)
TAILS = (
    'def downgrade():\n    op.drop_table("t")\n',
    'def downgrade():\n    op.drop_table("t"\n',
    "def downgrade():\npass\n",
    'def downgrade():\n    pass\n\ndef upgrade():\n    op.drop_table("other")\n',
    "def downgrade():\n    pass\n\nimport sqlalchemy.types as sa\n",
    "def downgrade():\n    pass\n\nop = sa = None\n",
    'class Later:\n    def upgrade(self):\n        op.drop_table("other")\n',
    "def downgrade():\r\n    pass\r\n",
    "def downgrade():\n    pass\n\f\n",
    'def downgrade():\n    x = "abc\n',
    "",
    "def downgrade(): pass",
)


def shown(source: str, function: str = "upgrade") -> tuple[object, ...]:
    """Return everything that is known of a function, as text."""
    found, recording = read_functions(source, postgresql.dialect(), function)
    return (
        [(type(each).__name__, {name: repr(value) for name, value in _values(each).items()}) for each in found],
        recording.lines,
        recording.unread,
        [(span.start, span.end, span.table_name, repr(span.options)) for span in recording.batches],
    )


def _values(found: object) -> dict[str, object]:
    return vars(found) if hasattr(found, "__dict__") else {"as it is": found}


def read_by_form(source: str, function: str = "upgrade") -> tuple[object, ...]:
    """Return what is known once the forms of a file have been met before."""
    shown(source, function)
    return shown(source, function)


def without_addresses(found: tuple[object, ...]) -> str:
    return re.sub(" at 0x[0-9a-f]+", "", repr(found))


@pytest.mark.parametrize("upgrade", UPGRADES)
def test_a_function_is_the_same_by_its_form(upgrade: str) -> None:
    source = HEADS[0] + "\n\n" + upgrade + "\n\n" + TAILS[0]
    assert without_addresses(read_by_form(source)) == without_addresses(shown(WHOLE + source))


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("head", HEADS)
def test_the_rest_of_the_file_counts(head: str, tail: str) -> None:
    source = head + UPGRADES[0] + tail
    assert without_addresses(read_by_form(source)) == without_addresses(shown(WHOLE + source))
    down = read_by_form(source, "downgrade")
    assert without_addresses(down) == without_addresses(shown(WHOLE + source, "downgrade"))


def test_the_strings_are_those_of_each_file() -> None:
    source = HEADS[1] + UPGRADES[0] + TAILS[0]
    read_by_form(source)
    other = source.replace('"t"', '"users"').replace('"id"', '"key"').replace("a1", "c3")
    assert parsed_function(other, "upgrade") is not None
    assert without_addresses(shown(other)) == without_addresses(shown(WHOLE + other))
    assert "users" in repr(shown(other))
    assert "'t'" not in repr(shown(other))


def differences(seeds: range) -> list[str]:
    """Return the random files that are not the same by their forms."""
    found = []
    for seed in seeds:
        dice = random.Random(seed)
        pieces = [dice.choice(HEADS), dice.choice(UPGRADES), dice.choice(TAILS), *dice.choices(UPGRADES + TAILS, k=2)]
        source = "\n".join(pieces)
        if dice.random() < 0.7:
            place = dice.randrange(len(source))
            source = source[:place] + dice.choice("\"'\\\n()#bf\t: ") + source[place + dice.randint(0, 2) :]
        if without_addresses(read_by_form(source)) != without_addresses(shown(WHOLE + source)):
            found.append(source)
    return found


def test_random_files_are_the_same_by_their_forms() -> None:
    assert differences(range(60)) == []


@pytest.mark.sweep
def test_thousands_of_random_files_are_the_same_by_their_forms() -> None:
    assert differences(range(60, repeated(10_000))) == []
