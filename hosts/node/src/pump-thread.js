// The thread on which a pump works: instances, requests and a connection to the store of its own, away from the
// application's event loop.

import { parentPort, workerData } from 'node:worker_threads';
import { makeInstance } from './blueprint.js';
import { HttpClient } from './http/client.js';
import { systemWorld } from './instance.js';
import { Wakes } from './wakes.js';
import { work } from './worker.js';

const { config, egress, portable, workers } = workerData;
const log = (level, message) => parentPort.postMessage({ log: [level, message] });
const world = { ...systemWorld, log };
const wakes = new Wakes();

parentPort.on('message', (message) => {
  if (message === 'work') {
    wakes.work();
  } else {
    wakes.drain();
  }
});

const { [portable.name]: Store } = await import(portable.module);
const storage = new Store(...portable.args);
const client = new HttpClient(egress);
const make = () => makeInstance({ config, storage, world, client }, wakes, true);
await Promise.all(Array.from({ length: workers }, () => work(make, wakes, log)));
await client.close();
await storage.close();
parentPort.close();
