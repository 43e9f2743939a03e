"""Passwords are masked, wherever and however they stand."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.util.secrets import mask_url, redact, remember


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql://ada:s3cret@db/x", "postgresql://ada:***@db/x"),
        ("postgresql://ada:s3@cr@et@db/x", "postgresql://ada:***@db/x"),
        ("postgresql://db/x?user=ada&password=s3cret&sslmode=on", "postgresql://db/x?user=ada&password=***&sslmode=on"),
        ("mssql+pyodbc://?odbc_connect=UID%3Dada%3BPWD%3Ds3cret", "mssql+pyodbc://?odbc_connect=UID=ada;PWD=***"),
        ("sqlite:///dev.db", "sqlite:///dev.db"),
        ("postgresql://ada@db/x", "postgresql://ada@db/x"),
    ],
)
def test_a_url_shows_all_but_its_secrets(url: str, masked: str) -> None:
    assert mask_url(url) == masked


def test_a_url_object_is_masked_too() -> None:
    url = sa.make_url("postgresql://ada:p%40ss:wd@db/x")
    assert "p@ss" not in mask_url(url)
    assert "p%40ss" not in mask_url(url)


def test_a_secret_once_seen_is_gone_from_every_text() -> None:
    mask_url("postgresql://ada:tr0ub%26dor@db/x")
    assert redact("driver says: tr0ub&dor or tr0ub%26dor is wrong") == "driver says: *** or *** is wrong"


def test_a_remembered_secret_is_replaced_in_any_quoting() -> None:
    remember("a b'c")
    assert redact("raw a b'c, quoted a%20b%27c, plus a+b%27c") == "raw ***, quoted ***, plus ***"


def test_a_url_nobody_masked_before_is_masked_in_text() -> None:
    assert redact("cannot reach mysql://root:hunter2@db/x today") == "cannot reach mysql://root:***@db/x today"
