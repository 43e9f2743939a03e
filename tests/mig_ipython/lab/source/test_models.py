"""A change of ``models.py`` that is written as the classes that change."""

from __future__ import annotations

from mig_ipython.lab.source.models import patched

MODELS = """import sqlalchemy as sa


class Base: ...


class Plane(Base):
    seats = 1


class Flight(Base):
    number = 1
"""


def test_a_class_replaces_the_one_of_its_name_and_a_new_one_is_added():
    found = patched(MODELS, "class Plane(Base):\n    seats = 2\n\n\nclass Gate(Base):\n    gate = 1\n")
    assert found == MODELS.replace("seats = 1", "seats = 2") + "\n\nclass Gate(Base):\n    gate = 1\n"


def test_models_with_their_base_replace_everything():
    assert patched(MODELS, "class Base: ...\n") == "class Base: ...\n"


def test_the_first_models_are_taken_as_they_are():
    assert patched("", "class Plane: ...\n") == "class Plane: ...\n"
