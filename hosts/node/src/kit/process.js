// One process of a driver. Calls go to its stdin; results come from its stdout, in any order.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { StorageError } from '../storage/errors.js';
import { linesOf } from './lines.js';

/** A running driver, with the calls of a store. */
export class DriverProcess {
  #child;
  // The function that settles each pending call, by the call's id.
  #pending = new Map();
  #lastId = 0;
  #timeoutMs;
  #endReason = null;
  #exited;
  durable = false;

  /** Starts a driver, and opens its store. */
  static async start([program, ...args], timeoutMs) {
    const process = new DriverProcess(program, args, timeoutMs);
    const opened = await process.#call({ call: 'open' });
    if (opened.protocol !== 1 || typeof opened.durable !== 'boolean') {
      throw new Error(`the result of open is ${JSON.stringify(opened)}; it should be {"protocol":1,"durable":true|false}`);
    }
    process.durable = opened.durable;
    return process;
  }

  constructor(program, args, timeoutMs) {
    this.#timeoutMs = timeoutMs;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#exited = once(this.#child, 'close').catch((error) => [error.message]);
    this.#child.on('error', (error) => this.#end(`it cannot be started: ${error.message}`));
    // A write fails after the end of the process. The end of its output gives the reason.
    this.#child.stdin.on('error', () => {});
    this.#read();
  }

  async get(keys) {
    return (await this.#call({ call: 'get', keys })).map((row) => (row === null ? undefined : rowOf(row)));
  }

  async scan({ start, end }, limit, order) {
    return (await this.#call({ call: 'scan', start, end, limit, order })).map(rowOf);
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

  /** Deletes every row. */
  reset() {
    return this.#call({ call: 'reset' });
  }

  /** Ends the driver's input, and waits for its exit. */
  async close() {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#timeoutMs);
    const [code] = await this.#exited;
    clearTimeout(timer);
    if (code !== 0) {
      throw new Error(`the driver exited with ${code} after the end of its stdin; it should exit with 0`);
    }
  }

  /** Kills the driver, and waits for its exit. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #call(call) {
    if (this.#endReason !== null) {
      throw new StorageError('unknown', `the driver: ${this.#endReason}`);
    }
    const { ok, error } = await this.#send(call);
    if (error === undefined) {
      return ok;
    }
    const { kind, failed, message } = error;
    throw new StorageError(kind, kind === 'conflict' ? failed : message);
  }

  #send(call) {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#end(`it gave no result of ${call.call} within ${this.#timeoutMs} ms, and was killed`);
        this.#child.kill('SIGKILL');
      }, this.#timeoutMs);
      this.#pending.set(id, (result) => {
        clearTimeout(timer);
        resolve(result);
      });
      this.#child.stdin.write(`${JSON.stringify({ ...call, id })}\n`);
    });
  }

  async #read() {
    try {
      for await (const line of linesOf(this.#child.stdout)) {
        const result = JSON.parse(line);
        const settle = this.#pending.get(result.id);
        if (settle === undefined) {
          throw new Error(`it wrote a result of no pending call: ${line.slice(0, 200)}`);
        }
        this.#pending.delete(result.id);
        settle(result);
      }
      this.#end('it closed its stdout');
    } catch (error) {
      this.#end(error.message);
    }
  }

  #end(reason) {
    this.#endReason ??= reason;
    for (const settle of this.#pending.values()) {
      settle({ error: { kind: 'unknown', message: `the driver: ${reason}` } });
    }
    this.#pending.clear();
  }
}

function rowOf({ key, value, version }) {
  return { key, value, version: BigInt(version) };
}
