// A PostgreSQL server for the tests, in a folder of its own, with a Unix socket and no port. PostgreSQL is installed if
// it is missing.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

// The package's name in Debian and Ubuntu, for the version that they have.
const PACKAGE = 'postgresql';
const INSTALLED = '/usr/lib/postgresql';
const READY_WITHIN_MS = 60_000;

/** Starts a server. `url` is its address. `stop` ends it, and removes its folder. */
export async function startPostgres() {
  const bin = ensurePostgres();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hw-pg-'));
  const identity = unprivileged(folder);
  const data = path.join(folder, 'data');
  execFileSync(path.join(bin, 'initdb'), ['-D', data, '-U', 'hookwright', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'],
    { ...identity, stdio: 'pipe', cwd: folder });
  // Without flushes to disk, because the tests do not switch off the machine.
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

/** Returns the folder of PostgreSQL's programs. Installs them if they are missing. */
export function ensurePostgres() {
  return programs() ?? install();
}

// Debian keeps the server's programs outside the PATH.
function programs() {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => path.join(INSTALLED, version, 'bin')), ...process.env.PATH.split(path.delimiter)];
  return folders.find((folder) => existsSync(path.join(folder, 'initdb')));
}

function install() {
  process.stderr.write(`PostgreSQL is missing; installing the package ${PACKAGE} with apt-get, once\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', PACKAGE], { stdio: 'inherit', env });
    const bin = programs();
    if (bin === undefined) {
      throw new Error(`the package ${PACKAGE} contains no \`initdb\``);
    }
    return bin;
  } catch (error) {
    throw new Error(`PostgreSQL cannot be installed (${error.message}); install it, with \`initdb\` in the PATH`);
  }
}

// PostgreSQL refuses to run as root. Its package creates a user.
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
