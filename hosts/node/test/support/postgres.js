// A PostgreSQL of the tests' own: in a folder of its own, on a Unix socket there, with no port. What is missing is
// installed, and said.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const PACKAGE = 'postgresql-15';
const READY_WITHIN_MS = 60_000;

/** Starts a server. `url` is how to connect; `stop` ends it and removes its folder. */
export async function startPostgres() {
  const bin = programs() ?? install();
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

function programs() {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => path.join(root, version, 'bin')).find((bin) => existsSync(path.join(bin, 'initdb')));
}

function install() {
  process.stderr.write(`there is no PostgreSQL in /usr/lib/postgresql; installing ${PACKAGE} with apt-get, once\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', PACKAGE], { stdio: 'inherit', env });
  return programs();
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
