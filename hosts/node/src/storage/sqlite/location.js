// Where a SQLite store is: the path or URI of its file, and the comparison with the file of a connection.

import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { refuse, typeName } from '../../support/input.js';
import { refuseOtherDatabase } from '../transaction.js';

const FILE_HINT = 'pass the path of a file, or a `file:` URL';

/** Returns `{ open, file }`: what SQLite opens, and the absolute path of the file. */
export function locate(given) {
  if (!(given instanceof URL) && typeof given !== 'string') {
    refuse('file', `is ${typeName(given)}`, FILE_HINT);
  }
  const text = String(given);
  if (text === '' || /^(file:)?:memory:|^file:.*[?&]mode=memory\b/.test(text)) {
    // Each connection would have a database of its own.
    const hint = 'pass a path, or use memoryStorage() for tests';
    refuse('file', `is \`${text}\`, a database that only one connection sees`, hint);
  }
  if (!text.startsWith('file:')) {
    if (given instanceof URL) {
      refuse('file', `is a URL with the scheme \`${given.protocol}\``, FILE_HINT);
    }
    // The working directory may change later.
    const file = path.resolve(text);
    return { open: file, file };
  }
  const [, location, query = ''] = /^file:([^?#]*)(\?[^#]*)?/.exec(text);
  const file = location.startsWith('//')
    ? fileURLToPath(`file:${location}`)
    : path.resolve(decodeURIComponent(location));
  return { open: query === '' ? file : `file:${encodeURI(file)}${query}`, file };
}

/**
 * Throws unless the table `hookwright` of this connection is in the store's file. `databases` are those of the
 * connection, in the order in which SQLite looks for a table, with `{ name, file, hasTable() }`.
 */
export function requireSameFile(databases, file) {
  if (databases.length === 1 && databases[0].file === file) {
    return;
  }
  const inUse = databases.find(({ hasTable }) => hasTable()) ?? databases.find(({ name }) => name === 'main');
  if (inUse.file !== file && !isSameFile(inUse.file, file)) {
    const theirs = inUse.file ? `\`${inUse.file}\`` : 'a database in memory, or to a temporary table';
    refuseOtherDatabase(theirs, `\`${file}\``);
  }
}

// The folder must be the same, too: SQLite keeps the log beside the file, under the name by which the file was opened.
function isSameFile(one, other) {
  if (!one) {
    return false;
  }
  try {
    const [a, b] = [one, other].map((name) => path.parse(realpathSync.native(name)));
    const [folder, otherFolder] = [a, b].map(({ dir }) => statSync(dir, { bigint: true }));
    return a.base === b.base && folder.dev === otherFolder.dev && folder.ino === otherFolder.ino;
  } catch {
    return false;
  }
}
