// The thread that has the application's side of a SQLite file: flushes to the disk never stop the event loop.

import { parentPort, workerData } from 'node:worker_threads';
import { StorageError } from '../errors.js';
import { SqliteFile } from './sqlite-file.js';

const store = new SqliteFile(workerData.file);

parentPort.on('message', ({ id, call, args }) => {
  let answer;
  try {
    answer = store[call](...args);
  } catch (error) {
    answer = Promise.reject(error);
  }
  if (typeof answer?.then === 'function') {
    answer.then((ok) => tell(id, ok), (error) => refuse(id, error));
  } else {
    tell(id, answer);
  }
});

function tell(id, ok) {
  parentPort.postMessage({ id, ok });
}

function refuse(id, error) {
  const payload = error instanceof StorageError ? error.payload : { tag: 'not-applied', val: error.message };
  parentPort.postMessage({ id, error: payload });
}
