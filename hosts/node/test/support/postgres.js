// A PostgreSQL of the tests' own: in a folder of its own, on a Unix socket there, with no port. What is missing is
// installed, and said.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

// Debian's and Ubuntu's name for whatever version they have.
const PACKAGE = 'postgresql';
const INSTALLED = '/usr/lib/postgresql';
const READY_WITHIN_MS = 60_000;

/** Starts a server. `url` is how to connect; `stop` ends it and removes its folder. */
export async function startPostgres() {
  const bin = ensurePostgres();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hw-pg-'));
  const identity = unprivileged(folder);
  const data = path.join(folder, 'data');
  execFileSync(path.join(bin, 'initdb'), ['-D', data, '-U', 'hookwright', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'],
    { ...identity, stdio: 'pipe', cwd: folder });
  // No flushes: nothing here pulls the plug of the machine.
  const settings = ['listen_addresses=', 'fsync=off', 'max_connections=60', 'shared_buffers=32MB'];
  const server = spawn(path.join(bin, 'postgres'),
    ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])],
    { ...identity, stdio: 'ignore', cwd: folder });
  const url = `postgresql://hookwright@/postgres?host=${folder}`;
  await ready(url, server);
  return {
    url,
    async stop() {
      server.kill('SIGINT');
      if (server.exitCode === null) {
        await once(server, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The folder of PostgreSQL's programs, which are installed if they are not there. */
export function ensurePostgres() {
  return programs() ?? install();
}

// Debian keeps the server's programs out of the PATH.
function programs() {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => path.join(INSTALLED, version, 'bin')), ...process.env.PATH.split(path.delimiter)];
  return folders.find((folder) => existsSync(path.join(folder, 'initdb')));
}

function install() {
  process.stderr.write(`there is no PostgreSQL here; installing the package ${PACKAGE} with apt-get, once\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', PACKAGE], { stdio: 'inherit', env });
    const bin = programs();
    if (bin === undefined) {
      throw new Error(`the package ${PACKAGE} brought no \`initdb\``);
    }
    return bin;
  } catch (error) {
    throw new Error(`PostgreSQL cannot be installed (${error.message}): install it so that \`initdb\` is in the PATH`);
  }
}

// PostgreSQL does not run as root; its package makes a user for it.
function unprivileged(folder) {
  if (process.getuid() !== 0) {
    return {};
  }
  const [, , uid, gid] = execFileSync('getent', ['passwd', 'postgres'], { encoding: 'utf8' }).split(':');
  chownSync(folder, Number(uid), Number(gid));
  return { uid: Number(uid), gid: Number(gid) };
}

async function ready(url, server) {
  const until = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > until || server.exitCode !== null) {
        throw new Error(`PostgreSQL does not answer: ${error.message}`);
      }
      await sleep(50);
    }
  }
}
