"""Hooks of mkdocs: add the generated reference, and the notebooks with their saved outputs, to the site."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def on_files(files: Files, config: Any) -> Files:
    """Add what is generated; mkdocs calls it once it has listed the files of ``docs/``."""
    for path, text in {**_reference(), **{f"tutorial/{each.stem}.md": tutorial(each) for each in NOTEBOOKS}}.items():
        files.append(File.generated(config, path, content=text))
    return files


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
