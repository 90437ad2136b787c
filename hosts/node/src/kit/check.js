// Runs the cases of the storage contract against a driver, each with an empty store, and tells of each when it is done.

import { CASES } from './cases.js';
import { DriverProcess } from './process.js';

const PROCESSES = 2;

/**
 * Answers whether no case failed. `command` starts a driver; `tell` gets a line for each case.
 * @param {{ command: string[], wanted?: (name: string) => boolean, timeoutMs?: number, tell?: (line: string) => void }} options
 */
export async function checkStorage({ command, wanted = () => true, timeoutMs = 60_000, tell = console.log }) {
  const first = await DriverProcess.start(command, timeoutMs);
  const subject = new Subject(command, timeoutMs, first.durable);
  await first.close();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, durable, run } of CASES.filter(({ name }) => wanted(name))) {
    if (durable && !subject.durable) {
      counts.skipped += 1;
      tell(`skip  ${name}: the store dies with its process`);
      continue;
    }
    const begun = performance.now();
    try {
      await subject.fresh();
      await run(subject);
      counts.passed += 1;
      tell(`pass  ${name} (${Math.round(performance.now() - begun)} ms)`);
    } catch (error) {
      counts.failed += 1;
      tell(`FAIL  ${name}: ${error.message}`);
    }
  }
  await subject.end('killed');
  tell(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed === 0;
}

// A command and its processes, among which connections are shared out.
class Subject {
  #command;
  #timeoutMs;
  #processes = [];
  #connections = 0;

  constructor(command, timeoutMs, durable) {
    this.#command = command;
    this.#timeoutMs = timeoutMs;
    this.durable = durable;
  }

  /** Ends every connection and makes the store empty. */
  async fresh() {
    await this.end('killed');
    await (await this.#process(0)).reset();
  }

  /** One more connection, as another worker of a platform would have it. */
  connect() {
    const place = this.durable ? this.#connections % PROCESSES : 0;
    this.#connections += 1;
    return this.#process(place);
  }

  /** Ends connections: `closed`, `killed`, or `firstKilled`. */
  async end(how) {
    if (how === 'firstKilled') {
      const [first] = this.#processes.splice(0, 1, undefined);
      await first?.kill();
      return;
    }
    const processes = this.#processes.filter((process) => process !== undefined);
    this.#processes = [];
    this.#connections = 0;
    await Promise.all(processes.map((process) => (how === 'closed' ? process.close() : process.kill())));
  }

  async #process(place) {
    this.#processes[place] ??= await DriverProcess.start(this.#command, this.#timeoutMs);
    return this.#processes[place];
  }
}
