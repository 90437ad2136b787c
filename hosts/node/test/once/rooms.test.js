// The rooms of `src/`: a file imports only files of its own room and of the rooms before it.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
// In the order of docs/node-host.md. The last room are the files directly in `src/`.
const ROOMS = ['support', 'storage', 'http', 'component', 'worker', 'api', 'kit', '.'];

const roomOf = (file) => (file.includes(path.sep) ? file.split(path.sep)[0] : '.');

test('a file imports only from its own room and from the rooms before it', () => {
  const files = readdirSync(SRC, { recursive: true }).filter((file) => file.endsWith('.js'));
  const rooms = new Set(files.map(roomOf));
  assert.deepEqual([...rooms].sort(), ROOMS.toSorted());
  let imports = 0;
  for (const file of files) {
    const text = readFileSync(path.join(SRC, file), 'utf8');
    for (const [, target] of text.matchAll(/(?:from |import\(?|new URL\()'(\.[^']+\.js)'/g)) {
      const imported = path.relative(SRC, path.resolve(SRC, path.dirname(file), target));
      if (!imported.startsWith('..')) {
        imports += 1;
        assert.ok(ROOMS.indexOf(roomOf(imported)) <= ROOMS.indexOf(roomOf(file)), `${file} imports ${imported}`);
      }
    }
  }
  assert.ok(imports > 50, `${imports} imports were found`);
});
