"""The similarity of names, and the choice of clear pairs."""

import pytest

from kernel_core.autogenerate.renames.search import clear_pairs
from kernel_core.autogenerate.renames.similarity import similarity, words


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("userName", "user_name"),
        ("name", "full_name"),
        ("qty", "quantity"),
        ("email", "email_address"),
        ("adress", "address"),
        ("category", "categories"),
        ("users", "user"),
        ("ORDER_ID", "order_id"),
        ("desc", "description"),
        ("created", "created_at"),
    ],
)
def test_names_that_mean_the_same_are_similar(old, new):
    assert similarity(old, new) >= 0.6
    assert similarity(new, old) == pytest.approx(similarity(old, new), abs=0.2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("created_at", "updated_at"),
        ("first_name", "last_name"),
        ("start_date", "end_date"),
        ("billing_address", "shipping_address"),
        ("is_active", "is_deleted"),
        ("price", "weight"),
        ("name", "title"),
        ("a", "b"),
        ("", "x"),
    ],
)
def test_names_that_only_share_letters_or_a_common_word_are_not_similar(old, new):
    assert similarity(old, new) < 0.6


def test_a_name_is_split_at_underscores_capitals_and_digits():
    assert words("HTTPStatus_code2") == ["http", "status", "code", "2"]
    assert words("ünï") == ["ünï"]


def test_each_member_is_in_its_best_pair():
    scores = {("a", "x"): 0.95, ("a", "y"): 0.75, ("b", "x"): 0.7, ("b", "y"): 0.9}
    assert clear_pairs(scores) == [("a", "x"), ("b", "y")]


def test_of_two_equally_good_pairs_none_is_taken():
    scores = {("name", "first_name"): 0.85, ("name", "last_name"): 0.84, ("age", "years"): 0.8}
    assert clear_pairs(scores) == [("age", "years")]


def test_a_contested_member_is_not_given_to_the_next_pair():
    assert clear_pairs({("a", "x"): 0.9, ("a", "y"): 0.88, ("b", "x"): 0.75}) == []
