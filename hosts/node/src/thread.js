// How this package's threads are started.

import { Worker } from 'node:worker_threads';

/** A thread that runs one of this package's modules. It inherits the command line's options, unless it cannot. */
export function startThread(module, workerData) {
  // How a program's text is read is no option for a file: a thread that inherits it ends at once.
  const ofText = process.execArgv.some((argument) => argument.startsWith('--input-type'));
  return new Worker(module, { workerData, execArgv: ofText ? [] : undefined });
}
