// node bytecode.mjs PYODIDE [WHEEL TARGET]...: copies wheels, with the bytecode of each module beside its source.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const COMPILE = `
import importlib.util, io, zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

def compiled(content):
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content.to_bytes())) as source, zipfile.ZipFile(result, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            target.writestr(entry, data)
            if not entry.filename.endswith(".py"):
                continue
            try:
                code = compile(data, "/lib/python3.14/site-packages/" + entry.filename, "exec", dont_inherit=True)
            except SyntaxError:
                continue
            path = importlib.util.cache_from_source(entry.filename)
            bytecode = _code_to_hash_pyc(code, importlib.util.source_hash(data), False)
            target.writestr(zipfile.ZipInfo(path, entry.date_time), bytecode, zipfile.ZIP_DEFLATED)
    return result.getvalue()
`;

const [, , folder, ...paths] = process.argv;
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: `${folder}/` });
python.runPython(COMPILE);
const compiled = python.globals.get("compiled");
for (let each = 0; each < paths.length; each += 2) {
  const result = compiled(new Uint8Array(readFileSync(paths[each])));
  writeFileSync(paths[each + 1], result.toJs());
  result.destroy();
}
