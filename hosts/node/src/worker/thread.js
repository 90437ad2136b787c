// The thread of the background workers. It has instances, requests and a store of its own, away from the application's
// event loop.

import { parentPort, workerData } from 'node:worker_threads';
import { makeInstance } from '../component/make.js';
import { systemWorld } from '../component/world.js';
import { HttpClient } from '../http/client.js';
import { Signals } from '../http/signals.js';
import { deliverUntilDrained } from './run.js';

const { config, egress, portable, count } = workerData;
const log = (level, message) => parentPort.postMessage({ log: [level, message] });
const world = { ...systemWorld, log };
const signals = new Signals();

parentPort.on('message', (message) => {
  if (message === 'work') {
    signals.work();
  } else if (message === 'drain') {
    signals.drain();
  } else {
    parentPort.postMessage({ pong: true });
  }
});

const { [portable.name]: Store } = await import(portable.module);
const storage = new Store(...portable.args);
const client = new HttpClient(egress);
const make = () => makeInstance({ config, storage, world, client }, { signals, keepsAlive: true });
parentPort.postMessage({ ready: true });
await Promise.all(Array.from({ length: count }, () => deliverUntilDrained(make, signals, log)));
await client.close();
await storage.close();
parentPort.close();
