// Refuses to pack what would be no package: `component/` is made by `scripts/transpile.js`, and is not in the repository.

import { existsSync } from 'node:fs';

const PARTS = ['suspending.js', 'synchronous.js', 'component.core.wasm', 'component.core2.wasm', 'component.core3.wasm'];

const missing = PARTS.filter((name) => !existsSync(new URL(`../component/${name}`, import.meta.url)));
if (missing.length > 0) {
  process.stderr.write(`component/ has no ${missing.join(', ')}: \`npm run transpile -- <hookwright.wasm>\` makes it\n`);
  process.exitCode = 1;
}
