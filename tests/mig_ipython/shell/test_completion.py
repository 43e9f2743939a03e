"""Tab: every kind of value where it can stand."""

from __future__ import annotations

import os
import warnings

import pytest


@pytest.fixture
def complete(migrated):
    """Returns what Tab offers at the end of a text."""
    migrated.run("%mig_revision -m Left --id b2 --label left")
    with open("connections.ini", "w", encoding="utf-8") as ini:
        ini.write("[production]\nurl = sqlite:///p%.db\n[shop]\ndrivername = sqlite\n[loggers]\nkeys = root\n")
    migrated.run("import sqlalchemy as sa\nengine = sa.create_engine('sqlite://')")
    for folder in ("my projects/shop", "my-dir/inner"):
        os.makedirs(folder)
    migrated.run("sa.Table('pets', Base.metadata, sa.Column('x', sa.Integer))")

    def offered(text: str) -> set[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {one.text for one in migrated.shell.Completer.completions(text, len(text))}

    yield offered
    migrated["engine"].dispose()


@pytest.mark.parametrize(
    ("typed", "among"),
    [
        ("%mig mer", {"merge"}),
        ("%mig_upgrade --t", {"--try"}),
        ("%mig_upgrade ", {"head", "heads", "base", "a1", "b2", "left"}),
        ("%mig_upgrade le", {"left"}),
        ("%mig_downgrade a", {"a1"}),
        ("%mig_history a1:b", {"b2", "base"}),
        ("%mig_merge a1 b", {"b2", "base"}),
        ("%mig_revision --head b", {"b2", "base"}),
        ("%mig_revision -m x --depends-on a", {"a1"}),
        ("%mig_stamp a1 ", {"b2"}),
        ("%mig_show ", {"a1"}),
        ("%mig_autogenerate B", {"Base"}),
        ("%mig_autogenerate -m x B", {"Base"}),
        ("%mig_autogenerate --only p", {"pets"}),
        ("%mig_autogenerate --exclude ", {"pets", "users"}),
        ("%mig_autogenerate --branch ", {"left"}),
        ("%mig_autogenerate --accept s", {"safe"}),
        ("%mig_autogenerate --renames a", {"accept"}),
        ("%mig_autogenerate --accept=", {"all", "safe", "none"}),
        ("%mig_connect @", {"production", "shop"}),
        ("%mig_connect @pro", {"production"}),
        ("%%mig_models B", {"Base"}),
        ("%%migration 'x' --head a", {"a1"}),
        ("%mig_connect e", {"engine"}),
        ("%mig_connect d", {"dev"}),
        ("%mig_close d", {"dev"}),
        ("%mig_open mig", {"migrations"}),
        ("%mig_open migrations/a", {"migrations/alembic.ini"}),
        ("%mig_open 'my projects/sh", {"projects/shop/"}),
        ("%mig_init my-", {"my-dir/"}),
        ("%mig_init my-dir/", {"my-dir/inner/"}),
        ("%mig_export --sql ", {"dev.db", "migrations/"}),
        ("%mig_export --html migrations/a", {"migrations/alembic.ini"}),
        ("%mig_connect sqlite:///de", {"///dev.db"}),
        ("%mig_connect sqlite:///my-dir/i", {"///my-dir/inner/"}),
        ("%mig_downgrade -", {"-1", "-2", "--yes"}),
        ("%mig_downgrade ", {"-1", "a1"}),
        ("%mig_upgrade +", {"+1"}),
        ("%mig_history -", {"-1"}),
        ("%mig_init x --template gen", {"generic"}),
        ("%mig upgrade le", {"left"}),
        ("x = %mig_upgrade le", {"left"}),
    ],
)
def test_tab_offers(complete, typed, among):
    assert among <= complete(typed)


def test_a_broken_environment_does_not_break_tab(notebook, tmp_path):
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(nowhere)s\n")
    notebook.shell.Completer.use_jedi = False  # it only takes time here: Python cannot parse a line with a magic
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        list(notebook.shell.Completer.completions("%mig_upgrade x", 14))


def test_a_semicolon_silences_right_after_the_name_too(migrated):
    assert migrated.run("%mig_history;") is None
    assert migrated.run("%mig;") is None
    assert migrated.run("%mig_upgrade head;") is None
    migrated.run("kept = %mig_history;")
    assert migrated.run("text = '%mig_history;'\ntext") == "%mig_history;"
    migrated.run("%unload_ext mig_ipython")
    assert not [one for one in migrated.shell.input_transformers_post if one.__module__.startswith("mig_ipython")]
    migrated.run("%load_ext mig_ipython")
