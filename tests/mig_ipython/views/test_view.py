"""What all views share."""

from __future__ import annotations

import pytest

from mig_ipython.views.html import Html
from mig_ipython.views.view import View


class Stopped(View):
    """A view whose rendering is interrupted."""

    def text(self) -> str:
        raise KeyboardInterrupt

    def html(self) -> Html:
        return Html("")


def test_stop_while_a_result_is_displayed_is_one_line() -> None:
    with pytest.raises(KeyboardInterrupt) as stopped:
        Stopped()._repr_mimebundle_()
    line = "KeyboardInterrupt: The command has ended. Its result was not displayed."
    assert stopped.value._render_traceback_() == [line]


def test_control_characters_of_a_database_are_not_sent_to_the_terminal(migrated):
    migrated.run("%mig_connect dev").engine.connect().close()
    import sqlite3

    with sqlite3.connect("dev.db") as connection:
        connection.execute("INSERT INTO alembic_version VALUES (?)", ("\x1b[2J\u202ex",))
    for command in ("%mig", "%mig_current", "%mig_history", "%mig_diff"):
        assert "\\x1b[2J\\u202ex" in repr(migrated.run(command)), command
        assert "\x1b" not in repr(migrated.run(command)), command
    shown = migrated.fail("%mig_upgrade")
    assert "\\x1b[2J" in shown
    assert "\x1b" not in shown
