"""Passwords are masked in every text and in every form."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.util.secrets import mask_url, redact, remember, remember_environment


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql://ada:s3cret@db/x", "postgresql://ada:***@db/x"),
        ("postgresql://ada:s3@cr@et@db/x", "postgresql://ada:***@db/x"),
        ("postgresql://db/x?user=ada&password=s3cret&sslmode=on", "postgresql://db/x?user=ada&password=***&sslmode=on"),
        ("mssql+pyodbc://?odbc_connect=UID%3Dada%3BPWD%3Ds3cret", "mssql+pyodbc://?odbc_connect=UID=ada;PWD=***"),
        ("postgresql://db/x?user=a@b&password=s3cret", "postgresql://db/x?user=a@b&password=***"),
        ("postgresql://ada:s3cret@db/x?user=a@b&password=s3cret", "postgresql://ada:***@db/x?user=a@b&password=***"),
        ("sqlite:///dev.db", "sqlite:///dev.db"),
        ("postgresql://ada@db/x", "postgresql://ada@db/x"),
    ],
)
def test_a_url_shows_all_but_its_secrets(url: str, masked: str) -> None:
    assert mask_url(url) == masked


@pytest.mark.parametrize(
    "text",
    [
        "to postgresql://h/d?sslpassword=***: refused",
        "mssql+pyodbc:///?odbc_connect=DRIVER=X;UID=sa;PWD=***: no driver",
        "to postgresql://h/d?options=-c%20x=***: it was refused",
    ],
)
def test_a_text_that_is_masked_already_stays_the_same(text):
    assert redact(text) == text
    assert redact("a mask ***: and more") == "a mask ***: and more"


def test_a_url_object_is_masked_too() -> None:
    url = sa.make_url("postgresql://ada:p%40ss:wd@db/x")
    assert "p@ss" not in mask_url(url)
    assert "p%40ss" not in mask_url(url)


def test_a_known_secret_is_masked_in_every_text() -> None:
    mask_url("postgresql://ada:tr0ub%26dor@db/x")
    assert redact("driver says: tr0ub&dor or tr0ub%26dor is wrong") == "driver says: *** or *** is wrong"


def test_a_remembered_secret_is_replaced_in_any_quoting() -> None:
    remember("a b'c")
    assert redact("raw a b'c, quoted a%20b%27c, plus a+b%27c") == "raw ***, quoted ***, plus ***"


def test_a_url_is_masked_in_text_without_masking_it_before() -> None:
    assert redact("cannot reach mysql://root:hunter2@db/x today") == "cannot reach mysql://root:***@db/x today"


@pytest.mark.parametrize("password", ["a?b=c", "b-i/ts", "o:n:e", "q#r", "100%zz"])
def test_a_password_with_special_characters_is_masked_as_sqlalchemy_parses_it(password: str) -> None:
    url = f"postgresql://ada:{password}@db/x"
    assert sa.make_url(url).password == password
    assert mask_url(url) == "postgresql://ada:***@db/x"


def test_host_and_port_after_an_unquoted_at_sign_are_masked_too() -> None:
    mask_url("postgresql://ada:Kiwi@Lemon:Mango@db/x")
    assert redact("no host 'Lemon'; invalid literal for int(): 'Mango@db'") == (
        "no host '***'; invalid literal for int(): '***@db'"
    )


def test_a_short_password_is_masked_as_a_whole_word_only() -> None:
    mask_url("postgresql://ada:ostg@db/x")
    assert redact("postgresql says: ostg is wrong") == "postgresql says: *** is wrong"


def test_a_password_that_is_the_name_of_the_user_or_the_database_leaves_such_names_readable() -> None:
    assert mask_url("postgresql://postgres:postgres@db/postgres") == "postgresql://postgres:***@db/postgres"
    assert redact("role postgres, table postgres") == "role postgres, table postgres"


def test_a_path_is_not_a_password() -> None:
    assert mask_url("https://example.com/a:walnut@b") == "https://example.com/a:walnut@b"
    assert redact("walnut") == "walnut"


def test_the_environment_is_read_for_secrets_and_not_for_paths() -> None:
    remember_environment(
        {
            "APP_PASSWORD": "gorgonzola",
            "MYSQL_PWD": "mascarpone",
            "PWD": "/home/ada",
            "OLDPWD": "/home/eve",
            "SECRET_FILE": "/run/secrets/db",
            "GIT_ASKPASS": "/usr/bin/ask",
            "SHOP": "mysql://ada:pecorino1@db/x",
            "TOKEN": "dev",
        }
    )
    assert redact("gorgonzola mascarpone pecorino1") == "*** *** ***"
    same = "/home/ada /home/eve /run/secrets/db /usr/bin/ask dev"
    assert redact(same) == same


MISSPELT = {
    "postgresql+psycopg//ada:sw0rdfish1@db/x": "postgresql+psycopg//ada:***@db/x",
    "postgresql:/ada:sw0rdfish2@db/x": "postgresql:/ada:***@db/x",
    "mysql//ada:sw0rd@fish3@db:3306/x": "mysql//ada:***@db:3306/x",
    "postgresql://ada@db/x?options=-c x=sw0rdfish4": "postgresql://ada@db/x?options=-c%20x=***",
    "postgresql://ada@db/x?options=-c%20my.key%3Dsw0rdfish5": "postgresql://ada@db/x?options=-c%20my.key=***",
    "postgresql://ada@db/x?options=-c x=sw0rdfish7&password=sw0rdfish8": "postgresql://ada@db/x?options=-c%20x=***&password=***",
    "postgresql://ada@db/x?options=--app.token=sw0rdfish6": "postgresql://ada@db/x?options=--app.token=***",
}
SHOWN = (
    "postgresql://ada@db/x?options=-csearch_path=app",
    "postgresql://ada@db/x?options=-c statement_timeout=5s -c work_mem=64MB",
    "sqlite:///a.db",
    "see https://example.org/a:b and c@d",
    "folder/user:group of ada@example.org",
)


def test_a_secret_of_a_misspelt_url_or_of_an_option_of_the_server_is_masked():
    for url, expected in MISSPELT.items():
        assert mask_url(url) == expected
        said = redact(f"cannot use {url.replace(' ', '%20')} here")
        assert "sw0rd" not in said
        assert "fish" not in said


def test_other_text_is_shown():
    for text in SHOWN:
        assert redact(text) == text
