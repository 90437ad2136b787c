// Runs the cases of the storage contract against a driver. Each case gets an empty store.

import { CASES } from './cases.js';
import { DriverProcess } from './process.js';

// Processes among which the connections of a case are divided.
const PROCESSES = 2;

/**
 * Runs the wanted cases, and reports each of them as a line. Returns true if no case failed. `command` starts a driver.
 * @param {{ command: string[], isWanted?: (name: string) => boolean, timeoutMs?: number, report?: (line: string) => void }} options
 */
export async function checkStorage({ command, isWanted = () => true, timeoutMs = 60_000, report = console.log }) {
  const first = await DriverProcess.start(command, timeoutMs);
  const subject = new Subject(command, timeoutMs, first.durable);
  await first.close();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const oneCase of CASES.filter(({ name }) => isWanted(name))) {
    counts[await runCase(oneCase, subject, report)] += 1;
  }
  await subject.end('killed');
  report(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed === 0;
}

async function runCase({ name, durable, run }, subject, report) {
  if (durable && !subject.durable) {
    report(`skip  ${name}: the rows of this store are lost when its process exits`);
    return 'skipped';
  }
  const startedMs = performance.now();
  try {
    await subject.reset();
    await run(subject);
    report(`pass  ${name} (${Math.round(performance.now() - startedMs)} ms)`);
    return 'passed';
  } catch (error) {
    report(`FAIL  ${name}: ${error.message}`);
    return 'failed';
  }
}

// A driver's command, and its running processes.
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

  /** Ends every connection, and deletes every row. */
  async reset() {
    await this.end('killed');
    await (await this.#process(0)).reset();
  }

  /** Returns one more connection, like that of another worker. */
  connect() {
    const index = this.durable ? this.#connections % PROCESSES : 0;
    this.#connections += 1;
    return this.#process(index);
  }

  /** Ends connections. @param {'closed' | 'killed' | 'firstKilled'} how */
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

  async #process(index) {
    this.#processes[index] ??= await DriverProcess.start(this.#command, this.#timeoutMs);
    return this.#processes[index];
  }
}
