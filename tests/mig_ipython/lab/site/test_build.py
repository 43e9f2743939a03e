"""The notebooks of a site, its first page, and folders that are not replaced."""

from __future__ import annotations

import json

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.lab.cli import main
from mig_ipython.lab.site.build import build_site, copy_contents, find_notebooks
from mig_ipython.lab.site.front_page import front_page, title_of


def notebook(path, *texts):
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"cell_type": "markdown", "source": text, "metadata": {}} for text in texts]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return str(path)


def test_files_and_folders_give_their_notebooks_in_the_order_of_their_names(tmp_path):
    second, first = notebook(tmp_path / "more" / "2_b.ipynb"), notebook(tmp_path / "1_a.ipynb")
    (tmp_path / "more" / "readme.md").touch()
    assert find_notebooks([str(tmp_path / "more"), first]) == [first, second]


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        (["gone"], "gone does not exist"),
        (["empty"], "No notebooks in empty"),
        (["a", "b"], "Two notebooks are named 1.ipynb"),
    ],
)
def test_what_gives_no_set_of_notebooks_is_named(tmp_path, monkeypatch, sources, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for folder in ("a", "b"):
        notebook(tmp_path / folder / "1.ipynb")
    with pytest.raises(CommandError, match=told):
        find_notebooks(sources)


def test_a_folder_with_something_else_is_not_replaced(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").touch()
    path = notebook(tmp_path / "1_a.ipynb")
    with pytest.raises(CommandError, match="is not empty and holds no site"):
        build_site(str(tmp_path / "out"), [path], cache=str(tmp_path / "cache"))
    assert (tmp_path / "out" / "thesis.txt").exists()
    assert main(["site", str(tmp_path / "out"), "--notebooks", path, "--cache", str(tmp_path / "cache")]) == 1
    assert "FAILED:" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "[]", "3", '{"metadata": 1}'])
def test_a_file_that_is_not_a_notebook_is_named(tmp_path, content):
    path = tmp_path / "1_a.ipynb"
    path.write_text(content)
    with pytest.raises(CommandError, match=r"1_a.ipynb is not a notebook"):
        copy_contents(str(tmp_path / "files"), [str(path)])


def test_a_copied_notebook_names_the_kernel_of_the_site_and_has_its_pictures(tmp_path):
    path = notebook(tmp_path / "from" / "1_a.ipynb", "# a")
    (tmp_path / "from" / "images").mkdir()
    (tmp_path / "from" / "images" / "a.svg").write_text("<svg><text>1 → 2</text></svg>", encoding="utf-8")
    (tmp_path / "from" / "images" / "a.png").write_bytes(b"\x89PNG")
    copy_contents(str(tmp_path / "files"), [path])
    copied = json.loads((tmp_path / "files" / "1_a.ipynb").read_text())
    assert copied["metadata"]["kernelspec"]["name"] == "python"
    assert copied["cells"][0]["source"] == "# a"
    assert (tmp_path / "files" / "images" / "a.svg").read_text() == "<svg><text>1 &#8594; 2</text></svg>"
    assert (tmp_path / "files" / "images" / "a.png").read_bytes() == b"\x89PNG"


def test_the_first_page_links_each_lesson_by_its_heading_and_escapes_it(tmp_path):
    path = notebook(tmp_path / "1 a&b.ipynb", "intro", '# <b>Why</b> "migrations"\n\ntext')
    page = front_page([path])
    assert '<a href="lab/index.html?path=1%20a%26b.ipynb">&lt;b&gt;Why&lt;/b&gt; &quot;migrations&quot;</a>' in page
    assert "<b>" not in page
    assert "http" not in page


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": [{"cell_type": "code", "source": "# x"}]}'])
def test_a_notebook_without_a_heading_is_named_by_its_file(tmp_path, content):
    path = tmp_path / "3_c.ipynb"
    path.write_text(content)
    assert title_of(str(path)) == "3_c.ipynb"
