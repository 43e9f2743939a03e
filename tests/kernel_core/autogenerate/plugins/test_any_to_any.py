"""With all plugins, generated code migrates any schema to any other, and back."""

import random

import pytest
from random_features import random_schema

SAMPLE, FULL = {"sqlite": 12, "postgresql": 3, "mysql": 2}, 60


def travel(migration, seed):
    chance = random.Random(seed)
    before, after = (random_schema(chance, migration.name, convention=bool(seed % 2)) for _ in range(2))
    try:
        migration.there_and_back(before, after)
    finally:
        migration.wipe()


@pytest.mark.slow
def test_any_schema_becomes_any_other_and_back(migration):
    for seed in range(SAMPLE[migration.name]):
        travel(migration, seed)


@pytest.mark.sweep
def test_any_schema_becomes_any_other_and_back_in_full(migration):
    for seed in range(FULL):
        travel(migration, seed)
