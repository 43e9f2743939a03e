"""Which values of a notebook are models: a Base, a MetaData, a registry, what a registry has mapped, a list of these."""

from __future__ import annotations

import pytest

REGISTRY = """
import sqlalchemy as sa
from sqlalchemy.orm import registry
mappers = registry()
@mappers.mapped
class Pet:
    __tablename__ = "pets"
    id = sa.Column(sa.Integer, primary_key=True)
class Cat:
    pass
mappers.map_imperatively(Cat, sa.Table("cats", mappers.metadata, sa.Column("id", sa.Integer, primary_key=True)))
"""


@pytest.fixture
def mapped(notebook):
    notebook.run("%mig_connect sqlite:///dev.db\n%mig_init migrations")
    notebook.run(REGISTRY)
    return notebook


def test_a_registry_is_found_by_its_name(mapped):
    assert "`mappers` (2 tables)" in repr(mapped.run("%mig_diff"))
    mapped.run("%mig_autogenerate -m first --id a1 --write\n%mig_upgrade\n%mig_check")
    assert mapped.run("%mig").drift == 0


@pytest.mark.parametrize("target", ["mappers", "Pet", "Cat", "mappers.metadata"])
def test_each_of_its_values_names_its_models(mapped, target):
    assert len(mapped.run(f"%mig_diff {target}")) == 2


def test_a_class_stands_for_a_registry_without_a_name(mapped):
    mapped.run("del mappers, Pet")
    assert "`Cat` (2 tables)" in repr(mapped.run("%mig_diff"))


def test_a_registry_beside_a_base_is_a_second_candidate(mapped):
    mapped.declare()
    shown = mapped.fail("%mig_diff")
    assert "`Base` (1 table)" in shown
    assert "`mappers` (2 tables)" in shown


def test_the_status_is_shown_where_the_models_are_to_choose(mapped):
    mapped.declare()
    status = mapped.run("%mig")
    assert status.next == '%mig_autogenerate TARGET -m "..."'
    assert any("2 candidates" in note for note in status.notes)
    mapped.run("%config Mig.target = 'nobody'")
    assert any("Mig.target: 'nobody' is not defined" in note for note in mapped.run("%mig").notes)
    assert "Mig.target: 'nobody' is not defined" in mapped.fail("%mig_diff")


def test_a_list_names_all_models_in_it(mapped):
    mapped.declare()
    mapped.run("several = [Base, mappers]\npair = (Base.metadata, Pet)")
    assert len(mapped.run("%mig_diff several")) == len(mapped.run("%mig_diff pair")) == 3
    mapped.run("wrong = [Base, 7]\nempty = []")
    assert "'int' is of the type int: it has no models" in mapped.fail("%mig_diff wrong")
    assert "'empty' is of the type list: it has no models" in mapped.fail("%mig_diff empty")
