#!/usr/bin/env node
// The package's command: trying a store against the contract.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CASES } from '../src/kit/cases.js';
import { checkStorage } from '../src/kit/check.js';
import { drive } from '../src/kit/driver.js';

const HELP = `\
hookwright check-storage FILE [ARGUMENT...]    tries the store that a module opens against the storage contract
hookwright check-storage -- COMMAND...         the same for a driver in any language (docs/storage-kit.md)
hookwright storage-driver FILE [ARGUMENT...]   drives the store that a module opens, for another kit

FILE is a module whose default export opens the store and answers it, given the arguments:

    import { myStorage } from './mine.js';
    export default () => myStorage('test.db');

The store is emptied before every case. \`export const durable = false\` says that its rows die with the process.

  --case TEXT            only cases whose name has this text
  --call-timeout-s N     how long a call may take; 60
  --list                 shows the names of the cases

Exit codes: 0 every case passed; 1 one failed; 2 the command line makes no sense.`;

process.exitCode = await run(process.argv.slice(2));

async function run([command, ...rest]) {
  const helps = (word) => word === '--help' || word === '-h';
  if (command === 'storage-driver' && rest.length > 0 && !helps(rest[0])) {
    await drive(rest[0], rest.slice(1));
    return 0;
  }
  if (command === 'check-storage') {
    return check(rest);
  }
  const asked = helps(command) || (command === 'storage-driver' && helps(rest[0]));
  (asked ? process.stdout : process.stderr).write(`${HELP}\n`);
  return asked ? 0 : 2;
}

async function check(args) {
  const split = args.indexOf('--');
  let parsed;
  try {
    parsed = parseArgs({
      args: split < 0 ? args : args.slice(0, split),
      allowPositionals: true,
      options: { case: { type: 'string' }, 'call-timeout-s': { type: 'string' }, list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    process.stderr.write(`hookwright: error: ${error.message}\n`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  if (values.list) {
    process.stdout.write(`${CASES.map(({ name }) => name).join('\n')}\n`);
    return 0;
  }
  const own = [process.execPath, fileURLToPath(import.meta.url), 'storage-driver', ...positionals];
  const command = split < 0 ? own : args.slice(split + 1);
  const timeoutMs = 1_000 * Number(values['call-timeout-s'] ?? 60);
  if ((split < 0 ? positionals : command).length === 0 || !(timeoutMs > 0)) {
    process.stderr.write(`${HELP}\n`);
    return 2;
  }
  const wanted = (name) => name.includes(values.case ?? '');
  if (!CASES.some(({ name }) => wanted(name))) {
    process.stderr.write(`hookwright: error: no case's name has \`${values.case}\`; --list shows them\n`);
    return 2;
  }
  return (await checkStorage({ command, wanted, timeoutMs })) ? 0 : 1;
}
