"""Hooks of mkdocs: add the generated reference, and the notebooks with their saved outputs, to the site."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

from mig_ipython.lab.site.build import build_site
from mig_ipython.lab.site.downloads import default_cache

ROOT = Path(__file__).parents[1]
WITH_WORKSHOP = bool(os.environ.get("MIG_WORKSHOP_SITE"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def on_files(files: Files, config: Any) -> Files:
    """Add what is generated; mkdocs calls it once it has listed the files of ``docs/``."""
    for path, text in {**_reference(), **{f"tutorial/{each.stem}.md": tutorial(each) for each in NOTEBOOKS}}.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Link the workshop's page to the workshop, where it is part of the built site."""
    if page.file.src_uri != "workshop_site.md" or not WITH_WORKSHOP:
        return markdown
    title, _, rest = markdown.partition("\n\n")
    return f'{title}\n\n<a class="md-button" href="lessons/index.html">Open the workshop</a>\n\n{rest}'


def on_post_build(config: Any) -> None:
    """Build the workshop into the folder ``lessons`` of the site, if the variable MIG_WORKSHOP_SITE is set."""
    if WITH_WORKSHOP:
        out = str(Path(config["site_dir"]) / "lessons")
        build_site(out, [str(ROOT / "notebooks" / "workshop")], cache=default_cache())


def tutorial(notebook: Path) -> str:
    """Return a notebook as Markdown, with the outputs that are saved in it."""
    exporter = MarkdownExporter()
    text, _ = exporter.from_filename(str(notebook))
    return str(text)


def _reference() -> dict[str, str]:
    """Return the generated pages; the module is loaded by its path because ``docs/`` is not a package."""
    sys.path.insert(0, str(ROOT))
    try:
        spec = importlib.util.spec_from_file_location("reference_pages", ROOT / "docs" / "reference_pages.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT))
    made: dict[str, str] = module.pages()
    return made
