"""Builds the site: JupyterLite, the kernel, the notebooks, and a page that lists the lessons."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from kernel_core.util.exc import CommandError
from kernel_core.util.packages import pip_install

from . import downloads
from .front_page import front_page
from .kernel import KERNEL_EXTENSION, WIDGETS_EXTENSION, front_end_extension, write_kernel

KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
BINARY = (".db", ".sqlite", ".sqlite3", ".db-journal", ".sqlite-journal", ".sqlite3-journal")
"""Endings of files that the browser must keep as bytes; it would keep an unknown ending as text."""


def build_site(
    out: str, notebooks: Sequence[str], *, cache: str, pyodide: str | None = None, wheels: str | None = None
) -> list[str]:
    """Write the site into the folder ``out`` and return the names of its notebooks, in the order of their names.

    ``notebooks`` are files and folders, of which each ``*.ipynb`` is taken, and the folder ``images`` beside it;
    ``pyodide`` and ``wheels`` are folders in place of downloads. The folder ``out`` is replaced if it is empty or holds
    a site. Raises CommandError otherwise, for a notebook that does not exist, and for what cannot be downloaded.
    """
    contents = find_notebooks(notebooks)
    _check_replaceable(out)
    runtime = downloads.pyodide(cache, pyodide)
    pinned = downloads.wheels(cache, wheels)
    with tempfile.TemporaryDirectory() as folder:
        packages = write_kernel(os.path.join(folder, "static", "pyodide"), runtime, pinned, cache)
        _write_configuration(folder, packages)
        copy_contents(os.path.join(folder, "files"), contents)
        built = os.path.join(folder, "built")
        _run_jupyterlite(folder, built)
        with open(os.path.join(built, "index.html"), "w", encoding="utf-8") as stream:
            stream.write(front_page(contents))
        if os.path.isdir(out):
            shutil.rmtree(out)
        shutil.copytree(built, out)
    return [os.path.basename(path) for path in contents]


def find_notebooks(sources: Sequence[str]) -> list[str]:
    """Return the paths of notebooks, in the order of their names.

    Raises CommandError for a path that does not exist, if there are none, and for two of one name.
    """
    found: dict[str, str] = {}
    for source in sources:
        if not os.path.exists(source):
            raise CommandError(f"{source} does not exist. Name notebooks, or a folder that has some: --notebooks PATH.")
        inside = sorted(os.listdir(source)) if os.path.isdir(source) else [""]
        for path in (os.path.join(source, name) if name else source for name in inside):
            if not path.endswith(".ipynb"):
                continue
            name = os.path.basename(path)
            if name in found:
                raise CommandError(f"Two notebooks are named {name}: {found[name]} and {path}.")
            found[name] = path
    if not found:
        raise CommandError(f"No notebooks in {', '.join(sources)}.")
    return [found[name] for name in sorted(found)]


def copy_contents(folder: str, notebooks: Sequence[str]) -> None:
    """Copy notebooks into a folder, and the pictures in the folders ``images`` beside them."""
    os.mkdir(folder)
    for path in notebooks:
        with open(os.path.join(folder, os.path.basename(path)), "w", encoding="utf-8") as stream:
            json.dump(_for_the_kernel(path), stream, ensure_ascii=False, indent=1)
    for pictures in sorted({os.path.join(os.path.dirname(path), "images") for path in notebooks}):
        if os.path.isdir(pictures):
            shutil.copytree(pictures, os.path.join(folder, "images"), copy_function=_copy_picture, dirs_exist_ok=True)


def _copy_picture(source: str, target: str) -> None:
    """Copy a picture; other characters than ASCII in an SVG become references: JupyterLite cannot show them otherwise.

    It encodes the text by ``btoa()``, which raises an error for characters outside of Latin-1.
    """
    if not source.endswith(".svg"):
        shutil.copy(source, target)
        return
    with open(source, encoding="utf-8") as stream, open(target, "wb") as written:
        written.write(stream.read().encode("ascii", "xmlcharrefreplace"))


def _for_the_kernel(path: str) -> dict[str, object]:
    """Return a notebook that names the kernel of the site, so that no dialog asks for one when it is opened.

    Raises CommandError if the file is not a notebook.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            content: dict[str, object] = json.load(stream)
        metadata = content.setdefault("metadata", {})
        assert isinstance(metadata, dict)
        metadata["kernelspec"] = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
        metadata.setdefault("language_info", {"name": "python"})
    except (ValueError, AssertionError, AttributeError, TypeError) as error:
        raise CommandError(f"{path} is not a notebook: {error or 'it has no metadata'}.") from error
    return content


def _check_replaceable(out: str) -> None:
    if os.path.isdir(out) and os.listdir(out) and not os.path.isfile(os.path.join(out, "jupyter-lite.json")):
        raise CommandError(f"{out} is not empty and holds no site. Name an empty folder.")


def _write_configuration(folder: str, packages: Sequence[str]) -> None:
    """Write what JupyterLite reads: settings of the page, of its plugins, and of the build."""
    endings = {"extensions": list(BINARY), "fileFormat": "base64", "name": "sqlite", "mimeTypes": []}
    kernel = {
        "pyodideUrl": "./static/pyodide/pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": list(packages)},
    }
    page = {
        "appName": "Workshop",
        "defaultKernelName": "python",
        "fileTypes": {"sqlite": endings},
        "litePluginSettings": {KERNEL: kernel},
    }
    build = {
        "apps": ["lab"],
        "federated_extensions": [front_end_extension(each) for each in (KERNEL_EXTENSION, WIDGETS_EXTENSION)],
        "ignore_sys_prefix": ["federated_extensions"],
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
    }
    overrides = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}
    for name, content in (
        ("jupyter-lite.json", {"jupyter-lite-schema-version": 0, "jupyter-config-data": page}),
        ("jupyter_lite_config.json", {"LiteBuildConfig": build}),
        ("overrides.json", overrides),
    ):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            json.dump(content, stream)


def _run_jupyterlite(folder: str, out: str) -> None:
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", folder, "--output-dir", out]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - as above
    if ran.returncode:
        shown = "\n".join((ran.stderr or ran.stdout).strip().splitlines()[-10:])
        missing = re.search(r"No module named '?(\w+)", shown)
        remedy = f"{missing[1]} is missing: {pip_install(missing[1])}" if missing else "JupyterLite failed."
        raise CommandError(f"The site cannot be built: {remedy}\n{shown}")
