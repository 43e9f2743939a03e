/* Changes the mounted drive of JupyterLite (see drive.py). Returns whether it did.

   Emscripten calls the methods of `stream_ops` for open files and those of `node_ops` for names; the drive's own methods
   are called for everything that is not about the content of an open file. */
(FS, mount) => {
  let root;
  try {
    root = FS.lookupPath(mount).node;
  } catch {
    return false;
  }
  const streams = root.stream_ops, names = root.node_ops, drive = streams?.fs;
  if (!drive?.API?.put || streams.fsync) return false;

  const open = new Map(); // the content of each open file by its path: {file, streams, changed, deleted}
  const own = {
    open: streams.open.bind(streams), close: streams.close.bind(streams), write: streams.write.bind(streams),
    getattr: names.getattr, setattr: names.setattr, unlink: names.unlink, rename: names.rename,
  };
  const pathOf = (value) => drive.realPath(value.node ?? value);
  const pathIn = (parent, name) => drive.PATH.join2(pathOf(parent), name);

  // One statement asks for the same attributes dozens of times, and each question stops the kernel for milliseconds.
  // Answers are kept for KEPT milliseconds, until this kernel changes something; those about locks are never kept.
  const KEPT = 200, KEPT_SIZE = 100000, questions = ["getattr", "getmode", "lookup", "readdir", "get"];
  const answers = new Map(), request = drive.API.request.bind(drive.API);
  drive.API.request = (data) => {
    if (!questions.includes(data.method)) {
      answers.clear();
      return request(data);
    }
    const question = `${data.method} ${data.path}`, known = answers.get(question);
    if (known && performance.now() - known.at < KEPT) return JSON.parse(known.text);
    const answer = request(data), text = JSON.stringify(answer);
    if (text && text.length < KEPT_SIZE && !data.path.endsWith(".lock")) {
      answers.set(question, { text, at: performance.now() });
    }
    return answer;
  };

  const store = (path, content) => {
    if (!content?.changed || content.deleted) return;
    drive.API.put(path, content.file);
    content.changed = false;
  };
  // SQLite commits by deleting or emptying its journal. Its sync of the database before that, fdatasync(), does nothing
  // in Emscripten and is not reported.
  const storeCommitted = (journal) => {
    const database = journal.endsWith("-journal") && journal.slice(0, -"-journal".length);
    if (database) store(database, open.get(database));
  };
  const resize = (content, size) => {
    const before = content.file.data;
    if (size === before.length) return;
    content.file.data = new Uint8Array(size);
    content.file.data.set(before.subarray(0, size));
    content.changed = true;
  };
  const forget = (path) => {
    const content = open.get(path);
    if (content) content.deleted = true;
    open.delete(path);
  };

  streams.open = (stream) => {
    const path = pathOf(stream), shared = open.get(path);
    if (shared) {
      stream.file = shared.file;
    } else {
      own.open(stream);
      if (!stream.file) return; // a folder
      open.set(path, { file: stream.file, streams: 0, changed: false, deleted: false });
    }
    stream.content = open.get(path);
    stream.content.streams += 1;
  };
  streams.dup = (stream) => {
    if (stream.content) stream.content.streams += 1;
  };
  streams.write = (stream, ...rest) => {
    const written = own.write(stream, ...rest);
    if (written && stream.content) stream.content.changed = true;
    return written;
  };
  streams.fsync = (stream) => {
    store(pathOf(stream), stream.content);
    return 0;
  };
  streams.close = (stream) => {
    const content = stream.content;
    if (!content) return own.close(stream);
    store(pathOf(stream), content);
    content.streams -= 1;
    if (!content.streams && open.get(pathOf(stream)) === content) open.delete(pathOf(stream));
    stream.file = stream.content = undefined;
  };

  names.getattr = (value) => {
    const content = open.get(pathOf(value));
    const attributes = own.getattr(value);
    return content ? { ...attributes, size: content.file.data.length } : attributes;
  };
  names.setattr = (value, { size, ...rest }) => {
    const path = pathOf(value), content = open.get(path);
    if (size === undefined) return own.setattr(value, rest);
    if (size === 0) storeCommitted(path);
    if (content) resize(content, size);
    return own.setattr(value, content ? rest : { size, ...rest });
  };
  names.unlink = (parent, name) => {
    storeCommitted(pathIn(parent, name));
    forget(pathIn(parent, name));
    return own.unlink(parent, name);
  };
  names.rename = (node, parent, name) => {
    const before = pathOf(node), after = pathIn(parent, name);
    const content = open.get(before);
    own.rename(node, parent, name);
    forget(after);
    open.delete(before);
    if (content) open.set(after, content);
  };
  return true;
}
