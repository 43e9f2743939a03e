"""With every plugin on, any schema becomes any other by what is written, and is the old one again when undone."""

import random

import pytest
from random_features import random_schema

SAMPLE, FULL = {"sqlite": 12, "postgresql": 3, "mysql": 2}, 60


def travel(road, seed):
    chance = random.Random(seed)
    before, after = (random_schema(chance, road.name, convention=bool(seed % 2)) for _ in range(2))
    try:
        road.there_and_back(before, after)
    finally:
        road.wipe()


def test_any_schema_becomes_any_other_and_back(road):
    for seed in range(SAMPLE[road.name]):
        travel(road, seed)


@pytest.mark.sweep
def test_any_schema_becomes_any_other_and_back_in_full(road):
    for seed in range(FULL):
        travel(road, seed)
