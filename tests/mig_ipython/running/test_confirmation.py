"""The text that is typed before data is lost: what is wrong with it is said, in the widget and in the text."""

from __future__ import annotations

from types import SimpleNamespace

import html5lib
import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.errors import MigError
from mig_ipython.running.confirmation import Confirmation, mismatch, refuse_unconfirmed
from mig_ipython.views.plan import Loss, Plan

NAMES = "users, pets"

WRONG = {
    "pets, users": "only the order is different",
    "users,pets": "only spaces or commas are different",
    "users pets": "only spaces or commas are different",
    "'users', 'pets'": "only quotes are different",
    "“users”, “pets”": "only quotes are different",
    "Users, PETS": "only upper and lower case are different",
    "pets,users": "only spaces or commas and the order are different",
    '"Pets",users': "only upper and lower case, quotes, spaces or commas and the order are different",
    "users": "pets is missing",
    "pets": "users is missing",
    "users, pets, x": "a name is not asked for",
    "users, dogs": "pets is missing, and a name is not asked for",
    "users, users, pets": "a name is repeated",
    "dogs": "this is another text",
}

WRONG_ELSEWHERE = {
    ("5tables", "5 tables"): "only spaces or commas are different",
    ("users", "5 tables"): "this is another text",
    ("yes", "downgrade"): "this is another text",
    ("Downgrade", "downgrade"): "only upper and lower case are different",
    ("my  table", "my table"): "only spaces or commas are different",
}

UNFINISHED = ("", "  ", "use", "users,", "users, p", "pe", "pets, use")


def confirmation(*tables: str) -> Confirmation:
    losses = tuple(Loss(table, f"Drop table {table}", f"all rows of {table} are lost", 1) for table in tables)
    plan = Plan("downgrade", "base", (), losses, "sqlite dev.db", "sqlite", lambda: "")
    return Confirmation(plan, "%mig_downgrade base --yes", lambda: pytest.fail("it was run"))


@pytest.mark.parametrize("typed", WRONG)
def test_what_is_wrong_with_typed_names_is_said(typed):
    assert mismatch(typed, NAMES) == WRONG[typed]


@pytest.mark.parametrize(("typed", "wanted"), WRONG_ELSEWHERE)
def test_what_is_wrong_with_another_text_is_said(typed, wanted):
    assert mismatch(typed, wanted) == WRONG_ELSEWHERE[typed, wanted]


@pytest.mark.parametrize("typed", UNFINISHED)
def test_nothing_is_wrong_while_a_name_is_typed(typed):
    assert mismatch(typed, NAMES) == ""
    with pytest.raises(CommandError, match=r"^Type users, pets to confirm; nothing was run\.$"):
        refuse_unconfirmed(typed, NAMES)


@pytest.mark.parametrize("typed", [NAMES, f" {NAMES}\n"])
def test_the_right_text_confirms(typed):
    assert mismatch(typed, NAMES) == ""
    refuse_unconfirmed(typed, NAMES)


@pytest.mark.parametrize("typed", WRONG)
def test_the_text_of_a_refused_confirmation_says_what_is_wrong(typed):
    with pytest.raises(MigError) as refused:
        confirmation("users", "pets").confirm(typed)
    assert str(refused.value) == f"Not confirmed: {WRONG[typed]}. Type {NAMES} to confirm; nothing was run."


def said(line):
    """Return what a screen reader reads of a line, and how."""
    (paragraph,) = html5lib.parse(line.widget.value, namespaceHTMLElements=False).iter("p")
    assert (paragraph.get("role"), paragraph.get("aria-live")) == ("status", "polite")
    return paragraph.text or ""


@pytest.mark.parametrize("typed", [*WRONG, *UNFINISHED, NAMES])
def test_the_panel_of_a_question_says_while_it_is_typed_what_is_wrong(typed):
    from mig_ipython.widgets.confirm import ConfirmPanel

    panel = ConfirmPanel(confirmation("users", "pets"))
    panel.answer.value = typed
    assert said(panel._why) == (f"Not yet: {WRONG[typed]}. Type {NAMES}." if typed in WRONG else "")
    assert panel.yes.disabled is (typed != NAMES)


@pytest.mark.parametrize("typed", [*WRONG, *UNFINISHED, NAMES])
def test_the_question_of_a_review_says_while_it_is_typed_what_is_wrong(typed):
    from mig_ipython.widgets.review.ask import Ask
    from mig_ipython.widgets.review.parts import Status

    asks = Ask(Status(), lambda: None)
    asks.open([SimpleNamespace(table=table, sentence=f"Drop table {table}") for table in ("users", "pets")])
    asks.answer.value = typed
    assert said(asks._why) == (f"Not yet: {WRONG[typed]}. Type {NAMES}." if typed in WRONG else "")
    assert asks.yes.disabled is (typed != NAMES)
