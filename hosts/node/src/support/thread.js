// Starts the threads of this package.

import { Worker } from 'node:worker_threads';

/** Starts a thread that runs a module of this package. The thread inherits the options of the command line. */
export function startThread(module, workerData) {
  // `--input-type` applies to program text only. A thread that inherits it ends at once.
  const runsText = process.execArgv.some((argument) => argument.startsWith('--input-type'));
  return new Worker(module, { workerData, execArgv: runsText ? [] : undefined });
}
