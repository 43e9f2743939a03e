"""Everything that is not HTML already is shown literally."""

from __future__ import annotations

import re

from kernel_core.util.secrets import remember
from mig_ipython.views.help import Help, Wish
from mig_ipython.views.html import Html, esc, page, picture, table, tag


def test_text_is_escaped_and_html_is_not_escaped_twice():
    assert tag("p", "<b>", tag("i", "&")) == "<p>&lt;b&gt;<i>&amp;</i></p>"
    assert isinstance(esc("x"), Html)


def test_attributes_are_escaped():
    assert tag("img", alt='"><script>') == '<img alt="&quot;&gt;&lt;script&gt;">'


def test_a_secret_is_masked():
    remember("swordfish9")
    assert "swordfish9" not in esc("at swordfish9!")


def test_a_view_is_self_contained():
    shown = page(table(("a",), [("<x>",)]))
    assert "<script" not in shown
    assert "http" not in shown
    assert "&lt;x&gt;" in shown


def test_a_view_is_well_formed():
    import html5lib

    parser = html5lib.HTMLParser(strict=False)
    parser.parseFragment(page(table(("a",), [("b",)]), tag("p", "x")))
    assert parser.errors == []


def test_a_view_has_no_blank_line_at_which_markdown_would_end_it():
    import html5lib

    source = "one\n\n  \n\ttwo\n\nthree\n\n"
    shown = page(tag("pre", source), tag("style", Html("p{}")))
    assert not re.search(r"\n[ \t]*\n", shown)
    assert html5lib.parseFragment(shown).find(".//{*}pre").text == source


def test_the_table_of_commands_breaks_no_option_in_two():
    shown = str(Help((Wish("see the SQL", ("%mig_upgrade --sql", "%mig")),)).html())
    assert '<code>%mig_upgrade <span style="white-space:nowrap">--sql</span></code>, <code>%mig</code>' in shown


def test_a_wide_drawing_is_made_smaller_as_long_as_it_stays_legible():
    shown = picture('<svg width="1200pt" height="90pt"></svg>', "wide")
    assert 'style="max-width:max(100%,1200px)"' in shown, "three quarters of 1,200 points, which are 1,600 pixels"
    assert 'alt="wide"' in shown
    assert 'tabindex="0"' in shown, "what still does not fit is scrolled by the keyboard"
