// The thread that has a SQLite file open for the application.

import { parentPort, workerData } from 'node:worker_threads';
import { StorageError } from '../errors.js';
import { statementError } from './errors.js';
import { SqliteFile } from './file.js';

const file = new SqliteFile(workerData.file);

parentPort.on('message', ({ id, method, args }) => {
  let result;
  try {
    result = file[method](...args);
  } catch (error) {
    result = Promise.reject(error);
  }
  if (typeof result?.then === 'function') {
    result.then((later) => parentPort.postMessage({ id, result: later }), (error) => postError(id, error));
  } else {
    parentPort.postMessage({ id, result });
  }
});

function postError(id, error) {
  parentPort.postMessage({ id, error: (error instanceof StorageError ? error : statementError(error)).posted });
}
