// One process of a driver: calls go to its stdin, answers are matched by their ids, whatever their order.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { StorageError } from '../storage/errors.js';
import { linesOf } from './driver.js';

/** A running driver. */
export class DriverProcess {
  #child;
  #waiting = new Map();
  #id = 0;
  #timeoutMs;
  #ended = null;
  #exited;
  durable = false;

  static async start([program, ...args], timeoutMs) {
    const process = new DriverProcess(program, args, timeoutMs);
    const said = await process.#call({ call: 'open' });
    if (said.protocol !== 1 || typeof said.durable !== 'boolean') {
      throw new Error(`the answer to open is ${JSON.stringify(said)}, not {"protocol":1,"durable":...}`);
    }
    process.durable = said.durable;
    return process;
  }

  constructor(program, args, timeoutMs) {
    this.#timeoutMs = timeoutMs;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#exited = once(this.#child, 'close').catch((error) => [error.message]);
    this.#child.on('error', (error) => this.#end(`it does not start: ${error.message}`));
    // What cannot be written is a process that is gone, and its output says how.
    this.#child.stdin.on('error', () => {});
    this.#read();
  }

  async get(keys) {
    return (await this.#call({ call: 'get', keys })).map((row) => (row === null ? undefined : entry(row)));
  }

  async scan({ start, end }, limit, order) {
    return (await this.#call({ call: 'scan', start, end, limit, order })).map(entry);
  }

  async commit(checks, mutations) {
    const versions = await this.#call({
      call: 'commit',
      checks: checks.map(({ key, version }) => ({ key, version: version === undefined ? null : String(version) })),
      mutations: mutations.map(({ tag, val }) =>
        (tag === 'put' ? { put: val.key, value: val.value } : { delete: val })),
    });
    return versions.map(BigInt);
  }

  reset() {
    return this.#call({ call: 'reset' });
  }

  /** Ends its input, and waits for its own end. */
  async close() {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#timeoutMs);
    const [code] = await this.#exited;
    clearTimeout(timer);
    if (code !== 0) {
      throw new Error(`the driver ended with ${code}, and not with exit code 0, after the end of its stdin`);
    }
  }

  /** `kill -9`, and its end. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #call(call) {
    if (this.#ended !== null) {
      throw new StorageError('unknown', `the driver: ${this.#ended}`);
    }
    this.#id += 1;
    const id = this.#id;
    const said = await new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#end(`no answer to ${call.call} within ${this.#timeoutMs} ms; it was killed`);
        this.#child.kill('SIGKILL');
      }, this.#timeoutMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#child.stdin.write(`${JSON.stringify({ ...call, id })}\n`);
    });
    if (said.error === undefined) {
      return said.ok;
    }
    const { kind, failed, message } = said.error;
    throw new StorageError(kind, kind === 'conflict' ? failed : message);
  }

  async #read() {
    try {
      for await (const line of linesOf(this.#child.stdout)) {
        const said = JSON.parse(line);
        const waiting = this.#waiting.get(said.id);
        if (waiting === undefined) {
          throw new Error(`it answered a call that does not wait: ${line.slice(0, 200)}`);
        }
        this.#waiting.delete(said.id);
        waiting(said);
      }
      this.#end('it has closed its stdout, or ended');
    } catch (error) {
      this.#end(error.message);
    }
  }

  #end(why) {
    this.#ended ??= why;
    for (const waiting of this.#waiting.values()) {
      waiting({ error: { kind: 'unknown', message: `the driver: ${why}` } });
    }
    this.#waiting.clear();
  }
}

function entry({ key, value, version }) {
  return { key, value, version: BigInt(version) };
}
