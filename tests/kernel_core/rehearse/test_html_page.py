"""The HTML page of a rehearsal: counts first, rows in tables, values of text masked, long lists folded."""

import re

from kernel_core.rehearse import Blocker, Rehearsal, RowChange, Statement, TableRows
from kernel_core.rehearse.html_page import as_html
from kernel_core.rehearse.masking import masked
from kernel_core.rehearse.report import as_text


def rehearsal(blockers=(), ran=(), rows=()):
    return Rehearsal("shop", "sqlite", ("b2",), (), ("b2",), ran, blockers, (), rows, None, 1.0, "copy")


def test_the_page_begins_with_the_counts_and_folds_what_is_long():
    for number, folded in ((3, 0), (50, 51)):
        blockers = tuple(Blocker("null", "b2", f"Alter {each}", "users", "no", 1, "SELECT 1") for each in range(number))
        ran = (Statement("b2", "", "SELECT 1", None, 0.1),) * 90
        page = as_html([rehearsal(blockers, ran)])
        counts = f"{number} blockers · 0 changes of the schema · 0 tables with changed rows · 90 statements"
        assert page.index(counts) < page.index("<h2>")
        assert page.count("<details>") == page.count("</details>") == folded
        assert ("and 10 more" in page) is bool(folded)


def test_rows_are_a_table_with_masked_text_and_without_quotes_around_it():
    sample = ({"id": 7, "mail": None}, {"id": 8, "mail": "ada@example.org"})
    page = as_html([rehearsal((Blocker("null", "b2", "Alter", "users", "no", 2, "SELECT '<'", sample),))])
    assert re.findall(r'<th scope="col">(.*?)</th>', page) == ["id", "mail"]
    assert re.findall(r"<td[^>]*>(.*?)</td>", page) == ["7", "<em>NULL</em>", "8", "text of 15 characters"]
    assert "<pre><code>SELECT &#x27;&lt;&#x27;</code></pre>" in page


def test_a_statement_that_failed_is_marked_by_a_sign_and_by_its_row():
    page = as_html([rehearsal(ran=(Statement("b2", "", "DROP TABLE x", None, 0.1, failed=True),))])
    assert '<tr class="failed"><td>✗</td>' in page


def test_a_masked_change_is_a_change_though_both_values_look_the_same():
    change = RowChange({"id": 1}, {"name": (masked("ada"), masked("ida")), "n": (1, 2)})
    rows = (TableRows("users", 1, 1, 0, 0, 1, ("id",), {"name": 1}, sample=(change,)),)
    assert "id = 1: name: text of 3 characters -> other text of 3 characters, n: 1 -> 2" in as_text(
        [rehearsal(rows=rows)]
    )
