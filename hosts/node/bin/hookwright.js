#!/usr/bin/env node
// The package's command. It checks a store against the storage contract.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CASES } from '../src/kit/cases.js';
import { checkStorage } from '../src/kit/check.js';
import { drive } from '../src/kit/driver.js';

const HELP = `\
hookwright check-storage FILE [ARGUMENT...]    checks the store that a module opens against the storage contract
hookwright check-storage -- COMMAND...         checks the store of a driver, in any language (docs/storage-kit.md)
hookwright storage-driver FILE [ARGUMENT...]   is a driver for the store that a module opens

The default export of FILE opens the store. It gets the arguments:

    import { myStorage } from './mine.js';
    export default () => myStorage('test.db');

Every row of the store is deleted before each case. Write \`export const durable = false\` if the rows are lost when the
process exits.

  --case TEXT            runs only the cases whose name contains TEXT
  --call-timeout-s N     the longest time of one call, in seconds, by default 60
  --list                 prints the names of the cases

Exit codes: 0 every case passed; 1 a case failed; 2 the command line is wrong.`;

const OPTIONS = {
  case: { type: 'string' },
  'call-timeout-s': { type: 'string', default: '60' },
  list: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

process.exitCode = await run(process.argv.slice(2));

async function run([command, ...rest]) {
  const isHelp = (word) => word === '--help' || word === '-h';
  if (command === 'check-storage') {
    return check(rest);
  }
  if (command === 'storage-driver' && rest.length > 0 && !isHelp(rest[0])) {
    await drive(rest[0], rest.slice(1));
    return 0;
  }
  return isHelp(command) || isHelp(rest[0]) ? printHelp() : refuse(HELP);
}

async function check(args) {
  const split = args.indexOf('--');
  let parsed;
  try {
    parsed = parseArgs({ args: split < 0 ? args : args.slice(0, split), allowPositionals: true, options: OPTIONS });
  } catch (error) {
    return refuse(`hookwright: error: ${error.message}`);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    return printHelp();
  }
  if (values.list) {
    process.stdout.write(`${CASES.map(({ name }) => name).join('\n')}\n`);
    return 0;
  }
  const command = split < 0 ? ownDriver(positionals) : args.slice(split + 1);
  if (command.length === 0) {
    return refuse(HELP);
  }
  const timeoutMs = 1_000 * Number(values['call-timeout-s']);
  if (!(timeoutMs > 0)) {
    return refuse(`hookwright: error: --call-timeout-s is \`${values['call-timeout-s']}\`; write a number of seconds above 0`);
  }
  const isWanted = (name) => name.includes(values.case ?? '');
  if (!CASES.some(({ name }) => isWanted(name))) {
    return refuse(`hookwright: error: no case's name contains \`${values.case}\`; --list prints the names`);
  }
  return (await checkStorage({ command, isWanted, timeoutMs })) ? 0 : 1;
}

function ownDriver(args) {
  return args.length === 0 ? [] : [process.execPath, fileURLToPath(import.meta.url), 'storage-driver', ...args];
}

function printHelp() {
  process.stdout.write(`${HELP}\n`);
  return 0;
}

function refuse(text) {
  process.stderr.write(`${text}\n`);
  return 2;
}
