"""Files are written atomically, only inside their folder, and never replace another."""

from __future__ import annotations

from pathlib import Path

import pytest
from any_text import any_text
from hypothesis import given
from hypothesis import strategies as st

from kernel_core.util.exc import CommandError
from kernel_core.util.files import inside, replace, slug, write_new


def test_a_new_file_never_replaces_one(tmp_path: Path) -> None:
    write_new(tmp_path / "a.py", "one\n")
    with pytest.raises(CommandError, match="already exists"):
        write_new(tmp_path / "a.py", "two\n")
    assert (tmp_path / "a.py").read_text() == "one\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


def test_replacing_a_file_leaves_no_temporary_file(tmp_path: Path) -> None:
    replace(tmp_path / "a.py", "one\n")
    replace(tmp_path / "a.py", "two\n")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.py", "two\n")]


@pytest.mark.parametrize("name", ["../x.py", "/etc/x.py", "a/../../x.py", ".", ""])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="outside"):
        inside(tmp_path, name)


def test_a_link_to_another_folder_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "out").symlink_to("/tmp")
    with pytest.raises(CommandError, match="outside"):
        inside(tmp_path / "versions", "out/x.py")


@pytest.mark.parametrize(
    ("message", "expected"),
    [("Größe für É", "größe_für_é"), ("Cafe\u0301", "café"), ("がくせい 한국", "がくせい_한국")],
)
def test_a_slug_keeps_letters_with_their_marks(message: str, expected: str) -> None:
    assert slug(message) == expected


@given(any_text(max_size=200), st.integers(1, 60))
def test_a_slug_is_a_plain_file_name_of_that_length(message: str, length: int) -> None:
    made = slug(message, length)
    assert len(made) <= length
    assert not set("./") & set(made)
    assert made == made.strip()
