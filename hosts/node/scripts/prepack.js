// Stops `npm pack` if `component/` is incomplete. `scripts/transpile.js` makes it; the repository does not contain it.

import { existsSync } from 'node:fs';

const PARTS = ['suspending.js', 'synchronous.js', 'component.core.wasm', 'component.core2.wasm', 'component.core3.wasm'];

const missing = PARTS.filter((name) => !existsSync(new URL(`../component/${name}`, import.meta.url)));
if (missing.length > 0) {
  process.stderr.write(`component/ has no ${missing.join(', ')}: run \`npm run transpile -- <hookwright.wasm>\`\n`);
  process.exitCode = 1;
}
